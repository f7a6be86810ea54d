package discord

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"openmates"
	"openmates/internal/messenger"
)

// Check implements messenger.Connector.
func (d *Connector) Check(ctx context.Context, b openmates.Bot) (messenger.Profile, error) {
	ctx, cancel := context.WithTimeout(ctx, d.patience)
	defer cancel()
	s := &inspection{d: d, bot: b}
	s.credentials(ctx)
	for _, f := range s.findings {
		switch f.State {
		case messenger.FindingBad:
			return messenger.Profile{}, openmates.Errorf(openmates.EInvalid, "%s %s", f.Sentence, f.Cure)
		case messenger.FindingUnknown:
			return messenger.Profile{}, &openmates.Error{Code: openmates.EUnavailable, Message: openmates.T("%s %s", f.Sentence, f.Cure), Err: s.err}
		}
	}
	return s.profile, nil
}

// applicationObject contains the fields that we read of an application
// (resources/application).
type applicationObject struct {
	ID           text       `json:"id"`
	Name         text       `json:"name"`
	Description  text       `json:"description"`
	Public       *bool      `json:"bot_public"`
	CodeGrant    *bool      `json:"bot_require_code_grant"`
	RedirectURIs list[text] `json:"redirect_uris"`
	Endpoint     text       `json:"interactions_endpoint_url"`
	Flags        number     `json:"flags"`
	Install      *struct {
		Scopes      list[text] `json:"scopes"`
		Permissions number     `json:"permissions"`
	} `json:"install_params"`
}

// credentials checks whether the token is valid and whose it is. It sets the
// profile only if both are right.
func (s *inspection) credentials(ctx context.Context) {
	if !s.looksRight() {
		return
	}
	if s.err = s.ask(ctx, "/applications/@me", "/applications/@me", &s.app); s.err != nil {
		s.tokenRefused(s.err)
		return
	}
	s.add(ok(messenger.CheckToken, openmates.T("Bot token"), openmates.T("Discord accepts the bot token.")))
	id := string(s.app.ID)
	switch {
	case s.bot.AppID == "":
		s.add(ok(messenger.CheckApplication, openmates.T("Application"), openmates.T("The token belongs to the application “%s”; we've filled in its ID %s.", s.app.Name, id)))
	case s.bot.AppID != id:
		s.add(messenger.Finding{Check: messenger.CheckApplication, Title: openmates.T("Application"), State: messenger.FindingBad, Blocks: true,
			Sentence: openmates.T("The token belongs to another application, “%s” with the ID %s, not to %s.", s.app.Name, id, s.bot.AppID),
			Cure:     openmates.T("Copy the ID and the token from the same application. If “%s” is the right one, leave the ID empty and we'll fill it in.", s.app.Name),
			CureURL:  s.page(s.bot.AppID, "bot")})
		return
	default:
		s.add(ok(messenger.CheckApplication, openmates.T("Application"), openmates.T("The token belongs to the application “%s”.", s.app.Name)))
	}
	s.bot.AppID = id
	if s.err = s.ask(ctx, "/users/@me", "/users/@me", &s.self); s.err != nil {
		s.tokenRefused(s.err)
		return
	}
	s.d.rest.account(s.bot).reinstate()
	s.profile = messenger.Profile{AppID: id, UserID: openmates.AccountID(s.self.ID), Name: s.self.name()}
}

// looksRight finds obvious mistakes without asking Discord. A token is three
// groups separated by dots; that isn't documented, but it catches what people
// paste instead.
func (s *inspection) looksRight() bool {
	token := tokenOf(s.bot).Reveal()
	bad := func(check string, title, sentence, cure openmates.Text, section string) bool {
		s.add(messenger.Finding{Check: check, Title: title, State: messenger.FindingBad, Blocks: true, Sentence: sentence, Cure: cure, CureURL: s.page(s.bot.AppID, section)})
		return false
	}
	switch {
	case token == "":
		return bad(messenger.CheckToken, openmates.T("Bot token"), openmates.T("The bot token is missing."),
			openmates.T("Press “Reset Token” on the application's Bot page, copy the token (Discord shows it only once), and paste it here."), "bot")
	case strings.Count(token, ".") != 2 || strings.Contains(token, ".."):
		what := openmates.T("That isn't a bot token: a token has three parts separated by dots.")
		if len(token) == 32 {
			what = openmates.T("That looks like a client secret, not a bot token.")
		} else if len(token) == 64 {
			what = openmates.T("That looks like the application's public key, not a bot token.")
		}
		return bad(messenger.CheckToken, openmates.T("Bot token"), what, openmates.T("Press “Reset Token” on the Bot page, not on the OAuth2 page, and copy the whole token."), "bot")
	case s.bot.AppID != "" && parseSnowflake(s.bot.AppID) == 0:
		return bad(messenger.CheckApplication, openmates.T("Application"), openmates.T("That isn't an application ID: an application ID is a long number."),
			openmates.T("Copy the Application ID from the General Information page, or leave the field empty: we can read it from the token."), "information")
	}
	return true
}

// tokenRefused says why Discord rejects the token.
func (s *inspection) tokenRefused(err error) {
	f := messenger.Finding{Check: messenger.CheckToken, Title: openmates.T("Bot token"), State: messenger.FindingUnknown, Blocks: true}
	e, isAPI := errors.AsType[*apiError](err)
	switch {
	case isAPI && e.status == http.StatusUnauthorized:
		f.State, f.Sentence, f.Cure, f.CureURL = messenger.FindingBad, tokenRefusal(), tokenCure(), s.page(s.bot.AppID, "bot")
	default:
		f.Sentence, f.Cure = s.d.trouble(err)
	}
	s.add(f)
}

// trouble says why Discord could not be asked, and what helps.
func (d *Connector) trouble(err error) (sentence, cure openmates.Text) {
	host := d.api
	if u, perr := url.Parse(d.api); perr == nil {
		host = u.Host
	}
	e, isAPI := errors.AsType[*apiError](err)
	_, isDial := errors.AsType[*net.OpError](err)
	_, isName := errors.AsType[*net.DNSError](err)
	timeout := errors.Is(err, context.DeadlineExceeded) || isAPI && e.limited && !errors.Is(err, context.Canceled)
	switch {
	case isAPI && e.broken:
		return openmates.T("Discord rejected so many requests that this server is pausing to avoid a ban."), openmates.T("Wait ten minutes and check again. In the meantime, check the permissions of the other bots.")
	case isName:
		return openmates.T("This server can't resolve the name %s.", host), openmates.T("Check the server's DNS and its connection to the internet, then check again.")
	case isAPI && e.status >= 500:
		return openmates.T("Discord is having problems (status %d).", e.status), openmates.T("Check discordstatus.com and try again in a few minutes. There's nothing to change here.")
	case isAPI && e.status == http.StatusTooManyRequests:
		return openmates.T("Discord is rate-limiting this server: there were too many requests."), openmates.T("Check again in a minute.")
	case isAPI && e.status != 0:
		return openmates.T("Discord returned an unexpected response (status %d).", e.status), openmates.T("Check again in a minute. If the problem persists, a proxy between this server and Discord may be changing the traffic.")
	case timeout:
		return openmates.T("Discord didn't answer within %s.", d.patience), openmates.T("Check again in a minute. If the problem persists, check discordstatus.com and this server's internet connection.")
	case isDial:
		return openmates.T("This server can't connect to %s.", host), openmates.T("Check the server's connection to the internet, its firewall and its proxy, then check again.")
	}
	return openmates.T("Discord isn't responding as expected."), openmates.T("Check again in a minute.")
}

func ok(check string, title, sentence openmates.Text) messenger.Finding {
	return messenger.Finding{Check: check, Title: title, State: messenger.FindingOK, Sentence: sentence}
}
