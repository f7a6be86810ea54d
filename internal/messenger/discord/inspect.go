package discord

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"openmates"
	"openmates/internal/messenger"
)

// inspection is one check of a bot's setup.
type inspection struct {
	d        *Connector
	bot      openmates.Bot
	want     messenger.Wanted
	app      applicationObject
	self     userObject
	profile  messenger.Profile
	findings []messenger.Finding
	err      error // why Discord rejected the token
}

func (s *inspection) add(f messenger.Finding) { s.findings = append(s.findings, f) }

// ask makes a call for an inspection. It tries at most twice, because a person
// is waiting.
func (s *inspection) ask(ctx context.Context, route, path string, out any) error {
	return s.d.rest.do(ctx, s.bot, call{method: "GET", route: route, path: path, test: true, tries: 2}, out)
}

// page returns the address of an application's page in the developer portal.
func (s *inspection) page(app, section string) string { return s.d.portalPage(app, section) }

// portalPage returns an address in the developer portal, which is next to the
// consent page. The sections are those of the portal's menu.
func (d *Connector) portalPage(app, section string) string {
	base := strings.TrimSuffix(d.authorize, "/oauth2/authorize") + "/developers/applications"
	if parseSnowflake(app) == 0 {
		return base
	}
	return base + "/" + app + "/" + section
}

// Inspect implements messenger.Inspector.
func (d *Connector) Inspect(ctx context.Context, b openmates.Bot, w messenger.Wanted) (messenger.Profile, []messenger.Finding) {
	ctx, cancel := context.WithTimeout(ctx, d.patience)
	defer cancel()
	s := &inspection{d: d, bot: b, want: w}
	s.credentials(ctx)
	if s.profile.AppID == "" {
		s.perhapsDeleted(ctx)
		return messenger.Profile{}, s.findings
	}
	s.add(s.secret(ctx))
	s.redirect()
	if w.Look == nil {
		return s.profile, s.findings
	}
	s.switches()
	s.look()
	s.sessions(ctx)
	s.places(ctx)
	return s.profile, s.findings
}

// secret tests the client secret by requesting a token for the application's
// owner (topics/oauth2, Client Credentials Grant), which it then revokes.
func (s *inspection) secret(ctx context.Context) messenger.Finding {
	f := messenger.Finding{Check: fieldSecret, Title: openmates.T("Client secret"), Blocks: true, CureURL: s.page(s.bot.AppID, "oauth2")}
	if secretOf(s.bot) == "" {
		f.State, f.Sentence = messenger.FindingBad, openmates.T("The client secret is missing. Without it, no one can add the bot to a Discord server or link an account.")
		f.Cure = openmates.T("Press “Reset Secret” on the application's OAuth2 page, copy the secret, and paste it here.")
		return f
	}
	conf := clientcredentials.Config{ClientID: s.bot.AppID, ClientSecret: secretOf(s.bot).Reveal(), TokenURL: s.d.api + "/oauth2/token", Scopes: []string{"identify"}, AuthStyle: oauth2.AuthStyleInHeader}
	t, err := conf.Token(s.d.oauthContext(ctx))
	if err == nil {
		s.d.revoke(ctx, s.bot, t)
		return ok(fieldSecret, openmates.T("Client secret"), openmates.T("Discord accepts the client secret."))
	}
	status, code := retrieveError(err)
	switch {
	case code == "invalid_client" || status == http.StatusUnauthorized:
		f.State, f.Sentence = messenger.FindingBad, openmates.T("Discord rejected the client secret.")
		f.Cure = openmates.T("Press “Reset Secret” on the application's OAuth2 page, copy the secret, and paste it here. The bot token is something else.")
	case status >= 400 && status < 500 && status != http.StatusTooManyRequests:
		f.State, f.Sentence = messenger.FindingUnknown, openmates.T("Discord doesn't let us check this application's client secret on its own. Whether it's right shows once someone adds the bot or links an account.")
		f.CureURL = ""
	default:
		f.State, f.CureURL = messenger.FindingUnknown, ""
		f.Sentence, f.Cure = openmates.T("The client secret couldn't be checked: Discord isn't responding as expected."), openmates.T("Check again in a minute.")
	}
	return f
}

// perhapsDeleted finds out why the token is rejected: if the secret is rejected
// as well, the application is deleted or unknown.
func (s *inspection) perhapsDeleted(ctx context.Context) {
	last := len(s.findings) - 1
	if last < 0 || s.findings[last].State != messenger.FindingBad || s.findings[last].Sentence != tokenRefusal() || secretOf(s.bot) == "" || parseSnowflake(s.bot.AppID) == 0 {
		return
	}
	f := s.secret(ctx)
	if f.State == messenger.FindingBad {
		s.findings[last] = messenger.Finding{Check: messenger.CheckToken, Title: openmates.T("Application"), State: messenger.FindingBad, Blocks: true,
			Sentence: openmates.T("Discord rejected both the bot token and the client secret: the application %s was deleted, or both were reset.", s.bot.AppID),
			Cure:     openmates.T("Look for it in the developer portal. If it's there, reset the token on its Bot page and the secret on its OAuth2 page; if not, create a new application. Then enter the values here."),
			CureURL:  s.page("", "")}
		return
	}
	s.add(f)
}

// redirect compares the registered addresses exactly, as Discord does.
func (s *inspection) redirect() {
	if s.want.Redirect == "" {
		return
	}
	f := messenger.Finding{Check: "redirect", Title: openmates.T("Redirect"), State: messenger.FindingBad, Blocks: true, CureURL: s.page(s.bot.AppID, "oauth2")}
	if slices.Contains(s.app.RedirectURIs, text(s.want.Redirect)) {
		s.add(ok(f.Check, f.Title, openmates.T("The address %s is registered.", s.want.Redirect)))
		return
	}
	f.Sentence = openmates.T("The address %s isn't registered, so no one can add the bot or link an account.", s.want.Redirect)
	f.Cure = openmates.T("On the application's OAuth2 page, press “Add Redirect”, paste exactly this address, and save: %s", s.want.Redirect)
	for _, have := range s.app.RedirectURIs {
		if why := almost(string(have), s.want.Redirect); why != "" {
			f.Sentence = openmates.T("A registered address is almost right, but %s: it's %s, and Discord compares every character.", why, have)
			f.Cure = openmates.T("On the application's OAuth2 page, replace it with exactly this address, and save: %s", s.want.Redirect)
			break
		}
	}
	s.add(f)
}

// almost says how an address differs from the wanted one, or "" if it is
// completely different.
func almost(have, want string) openmates.Text {
	h, herr := url.Parse(strings.TrimSpace(have))
	w, werr := url.Parse(want)
	if herr != nil || werr != nil {
		return ""
	}
	samePath := strings.Trim(h.Path, "/") == strings.Trim(w.Path, "/")
	switch {
	case strings.TrimRight(have, "/") == strings.TrimRight(want, "/"):
		return openmates.T("the trailing slash differs")
	case h.Scheme != w.Scheme && h.Host == w.Host && samePath:
		return openmates.T("it starts with %s:// instead of %s://", h.Scheme, w.Scheme)
	case strings.EqualFold(have, want):
		return openmates.T("upper and lower case differ")
	case h.Hostname() == w.Hostname() && h.Port() != w.Port() && samePath:
		return openmates.T("its port is different")
	case h.Host == w.Host && strings.Trim(h.Path, "/") == "":
		return openmates.T("the path %s is missing", w.Path)
	case h.Host != w.Host && samePath:
		return openmates.T("it points to %s instead of %s", h.Host, w.Host)
	}
	return ""
}

// switches checks what only a person can switch in the portal.
func (s *inspection) switches() {
	state := func(check string, title openmates.Text, value *bool, section string, good, bad, cure openmates.Text) {
		f := messenger.Finding{Check: check, Title: title, State: messenger.FindingBad, Sentence: bad, Cure: cure, CureURL: s.page(s.bot.AppID, section)}
		switch {
		case value == nil:
			f.State, f.Sentence, f.CureURL = messenger.FindingUnknown, openmates.T("Discord didn't tell us this setting."), ""
		case *value:
			f = ok(check, title, good)
		}
		s.add(f)
	}
	state("public", openmates.T("Public Bot"), s.app.Public, "bot", openmates.T("Other people can add the bot to their Discord servers, too."),
		openmates.T("The bot is private: only its application's owner can add it to a Discord server."),
		openmates.T("Switch on “Public Bot” on the application's Bot page, and save."))
	state("codegrant", openmates.T("Requires OAuth2 Code Grant"), s.app.CodeGrant, "bot", openmates.T("The bot joins a Discord server only after it has been connected to a team here."),
		openmates.T("Anyone with the bare link can add the bot to a Discord server without connecting it to a team here; it won't answer there."),
		openmates.T("Switch on “Requires OAuth2 Code Grant” on the application's Bot page, and save."))
	s.content()
	if s.app.Endpoint != "" {
		s.add(messenger.Finding{Check: "interactions", Title: openmates.T("Interactions Endpoint URL"), State: messenger.FindingBad,
			Sentence: openmates.T("The bot's commands and buttons are sent to %s and never reach this server.", clip(string(s.app.Endpoint), 120)),
			Cure:     openmates.T("Clear the field “Interactions Endpoint URL” on the application's General Information page, and save."),
			CureURL:  s.page(s.bot.AppID, "information")})
		return
	}
	s.add(ok("interactions", openmates.T("Interactions Endpoint URL"), openmates.T("It's empty, so commands and buttons reach this server.")))
}

func (s *inspection) content() {
	check, title := "content", openmates.T("Message Content Intent")
	on := s.app.Flags&(flagMessageContent|flagMessageContentLimited) != 0
	wanted := s.d.intentsOf(s.bot)&intentMessageContent != 0
	switch {
	case wanted && !on:
		s.add(messenger.Finding{Check: check, Title: title, State: messenger.FindingBad,
			Sentence: openmates.T("The bot is set to read the text of all messages, but the Message Content Intent is off for its application, so Discord rejects the connection (code 4014)."),
			Cure:     openmates.T("Switch on “Message Content Intent” on the application's Bot page and save, or untick “Read the text of all messages” here."),
			CureURL:  s.page(s.bot.AppID, "bot")})
	case wanted:
		s.add(ok(check, title, openmates.T("It's on, and the bot uses it: Discord delivers the text of all messages.")))
	case on:
		s.add(ok(check, title, openmates.T("It's on but not needed: Discord delivers mentions, replies to the bot and direct messages without it. You can switch it off.")))
	default:
		s.add(ok(check, title, openmates.T("It's off and not needed: Discord delivers mentions, replies to the bot and direct messages without it.")))
	}
}

// sessions checks how many more sessions the bot may start today
// (events/gateway, Session Start Limit Object).
func (s *inspection) sessions(ctx context.Context) {
	check, title := "sessions", openmates.T("Connection starts")
	var body struct {
		Limit struct {
			Total      number  `json:"total"`
			Remaining  *number `json:"remaining"`
			ResetAfter number  `json:"reset_after"`
		} `json:"session_start_limit"`
	}
	err := s.ask(ctx, "/gateway/bot", "/gateway/bot", &body)
	switch left := body.Limit.Remaining; {
	case err != nil || left == nil:
		s.add(messenger.Finding{Check: check, Title: title, State: messenger.FindingUnknown, Sentence: openmates.T("Discord didn't tell us how many connection starts are left today."), Cure: openmates.T("Check again in a minute.")})
	case *left <= 0:
		wait := body.Limit.ResetAfter.millis(0, budgetWindow)
		s.add(messenger.Finding{Check: check, Title: title, State: messenger.FindingBad,
			Sentence: openmates.T("The bot has used all %d connection starts that Discord allows per day. The next one is possible in %s.", body.Limit.Total, about(wait)),
			Cure:     openmates.T("It will then reconnect by itself. Find out why the bot keeps reconnecting: another program may be using the same bot token. If so, reset the token on the Bot page and enter the new one here."),
			CureURL:  s.page(s.bot.AppID, "bot")})
	case *left < body.Limit.Total/10:
		s.add(messenger.Finding{Check: check, Title: title, State: messenger.FindingWarn,
			Sentence: openmates.T("%s", openmates.Quantity{N: int(*left), One: "Only %d connection start left today.", Many: "Only %d connection starts left today."}),
			Cure:     openmates.T("Find out why the bot keeps reconnecting: another program may be using the same bot token.")})
	default:
		s.add(ok(check, title, openmates.T("%s", openmates.Quantity{N: int(*left), One: "%d connection start left today.", Many: "%d connection starts left today."})))
	}
}

// refusal describes a failed call for a person.
func (d *Connector) refusal(err error) error {
	e, isAPI := errors.AsType[*apiError](err)
	if isAPI && e.status == http.StatusUnauthorized {
		return &openmates.Error{Code: openmates.EInvalid, Message: openmates.T("%s %s", tokenRefusal(), tokenCure()), Err: err}
	}
	sentence, cure := d.trouble(err)
	return &openmates.Error{Code: openmates.EUnavailable, Message: openmates.T("%s %s", sentence, cure), Err: err}
}

// about rounds a pause up to minutes, or to hours if it is long.
func about(d time.Duration) openmates.Quantity {
	if d > 2*time.Hour {
		return openmates.Quantity{N: int(math.Ceil(d.Hours())), One: "%d hour", Many: "%d hours"}
	}
	return openmates.Quantity{N: max(int(math.Ceil(d.Minutes())), 1), One: "%d minute", Many: "%d minutes"}
}
