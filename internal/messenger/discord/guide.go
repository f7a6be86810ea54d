package discord

import (
	"openmates"
	"openmates/internal/messenger"
)

// Guide implements messenger.Inspector.
func (d *Connector) Guide(b openmates.Bot, w messenger.Wanted) []messenger.Step {
	name := "OpenMates"
	if w.Look != nil {
		name = w.Look.Name
	}
	at := func(section string) string { return d.portalPage(b.AppID, section) }
	steps := []messenger.Step{
		{Title: openmates.T("Create an application"), Label: openmates.T("Open Discord's developer portal"), URL: d.portalPage("", ""),
			Say: []openmates.Text{openmates.T("Press “New Application”, name it %s, agree to the terms, and press “Create”.", name)}},
		{Title: openmates.T("Copy the application ID"), Label: openmates.T("General Information"), URL: at("information"),
			Say: []openmates.Text{openmates.T("On the General Information page, press “Copy” under “Application ID”. You can also leave the field empty here: we can read it from the token.")}},
	}
	bot := messenger.Step{Title: openmates.T("Create a bot token"), Label: openmates.T("Bot"), URL: at("bot"),
		Say: []openmates.Text{openmates.T("On the Bot page, press “Reset Token” and “Copy”. Discord shows the token only once.")}}
	if w.Look != nil {
		bot.Say = append(bot.Say,
			openmates.T("On the same page, switch on “Public Bot” and “Requires OAuth2 Code Grant”."),
			openmates.T("Leave the three “Privileged Gateway Intents” off: answering mentions and direct messages doesn't need them."),
			openmates.T("Press “Save Changes”."))
	} else {
		bot.Say = append(bot.Say, openmates.T("Nothing else is needed there: this application never joins a Discord server, it only lets people prove who they are."))
	}
	return append(steps, bot,
		messenger.Step{Title: openmates.T("Create a client secret and add the redirect"), Label: openmates.T("OAuth2"), URL: at("oauth2"), Copy: w.Redirect,
			Say: []openmates.Text{openmates.T("On the OAuth2 page, press “Reset Secret” and “Copy”."),
				openmates.T("Under “Redirects”, press “Add Redirect”, paste exactly this address, and press “Save Changes”:")}},
		messenger.Step{Title: openmates.T("Paste the values here and press “Check and save”")})
}
