package web

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/messenger/discord"
	"openmates/internal/messenger/discord/discordtest"
)

// broken is one way in which a bot's set-up goes wrong, and what the page then
// says about it and what it says to do.
type broken struct {
	name  string
	conf  sceneConfig
	act   func(s *botScene) answer // leads to the page; nil where only the listener tells
	check string                   // whose line it is on; "" = the listener's
	tone  string
	say   string
	cure  string
	link  string // part of the address behind the cure
}

func brokenStates() []broken {
	enter := func(change ...func(url.Values)) func(*botScene) answer {
		return func(s *botScene) answer { return s.set(change...) }
	}
	// after breaks something of a bot that was perfect.
	after := func(do func(s *botScene)) func(*botScene) answer {
		return func(s *botScene) answer {
			s.perfect()
			do(s)
			return s.again()
		}
	}
	configure := func(change func(s *botScene, c *discordtest.Settings)) func(*botScene) answer {
		return after(func(s *botScene) {
			s.sim.Configure(s.app.ID, func(c *discordtest.Settings) { change(s, c) })
		})
	}
	deny := func(p discord.Permissions) func(*botScene) answer {
		return after(func(s *botScene) {
			s.sim.SetOverwrite(s.guild.General, s.sim.ManagedRole(s.guild.ID, s.app.ID), 0, int64(p))
		})
	}
	failing := func(f discordtest.Failure) func(*botScene) answer {
		f.Times = 1000
		return func(s *botScene) answer {
			s.sim.Faults(s.app.ID, discordtest.Faults{Fail: []discordtest.Failure{f}})
			return s.set()
		}
	}
	return []broken{
		{name: "empty token", act: enter(with("token", "")), check: "token", tone: "bad",
			say: "The bot token is missing", cure: "Press “Reset Token” on the application's Bot page", link: "/bot"},
		{name: "malformed token", act: enter(with("token", "not-a-token")), check: "token", tone: "bad",
			say: "a token has three parts separated by dots", cure: "not on the OAuth2 page", link: "/bot"},
		{name: "client secret in place of the token", act: enter(with("token", strings.Repeat("x", 32))), check: "token", tone: "bad",
			say: "looks like a client secret", cure: "Press “Reset Token” on the Bot page"},
		{name: "public key in place of the token", act: enter(with("token", strings.Repeat("ab", 32))), check: "token", tone: "bad",
			say: "looks like the application's public key", cure: "Press “Reset Token” on the Bot page"},
		{name: "wrong token", act: enter(with("token", "MTIz.abcdef.ghijkl")), check: "token", tone: "bad",
			say: "Discord rejected the bot token.", cure: "reset the token, and enter the new one here", link: "/bot"},
		{name: "ID is no ID", act: enter(with("app_id", "sophia")), check: "application", tone: "bad",
			say: "an application ID is a long number", cure: "leave the field empty"},
		{name: "token of another application", act: func(s *botScene) answer {
			return s.set(with("token", s.application("Mark").Token))
		}, check: "application", tone: "bad", say: "belongs to another application, “Mark”", cure: "Copy the ID and the token from the same application"},
		{name: "wrong secret", act: enter(with("secret", "wrong-secret")), check: "secret", tone: "bad",
			say: "Discord rejected the client secret. It wasn't saved.", cure: "OAuth2 page, copy the secret, and paste it here", link: "/oauth2"},
		{name: "no secret", act: enter(with("secret", "")), check: "secret", tone: "bad",
			say: "The client secret is missing", cure: "OAuth2 page, copy the secret, and paste it here"},
		{name: "secret reset later", act: after(func(s *botScene) { s.sim.ResetSecret(s.app.ID) }), check: "secret", tone: "bad",
			say: "Discord rejected the client secret.", cure: "Press “Reset Secret”"},
		{name: "redirect missing", act: configure(func(_ *botScene, c *discordtest.Settings) { c.Redirects = nil }), check: "redirect", tone: "bad",
			say: "so no one can add the bot or link an account", cure: "press “Add Redirect”, paste exactly this address", link: "/oauth2"},
		{name: "redirect with a slash", act: configure(func(_ *botScene, c *discordtest.Settings) { c.Redirects[0] += "/" }), check: "redirect", tone: "bad",
			say: "the trailing slash differs", cure: "replace it with exactly this address"},
		{name: "redirect with https", act: configure(func(_ *botScene, c *discordtest.Settings) {
			c.Redirects[0] = strings.Replace(c.Redirects[0], "http:", "https:", 1)
		}), check: "redirect", tone: "bad", say: "it starts with https:// instead of http://", cure: "replace it with exactly this address"},
		{name: "private bot", act: configure(func(_ *botScene, c *discordtest.Settings) { c.Public = false }), check: "public", tone: "bad",
			say: "The bot is private", cure: "Switch on “Public Bot”", link: "/bot"},
		{name: "code grant off", act: configure(func(_ *botScene, c *discordtest.Settings) { c.CodeGrant = false }), check: "codegrant", tone: "bad",
			say: "Anyone with the bare link can add the bot to a Discord server without connecting it to a team here", cure: "Switch on “Requires OAuth2 Code Grant”", link: "/bot"},
		{name: "content intent demanded but off", act: enter(with("content", "1")), check: "content", tone: "bad",
			say: "but the Message Content Intent is off for its application", cure: "Switch on “Message Content Intent”", link: "/bot"},
		{name: "interactions elsewhere", act: configure(func(_ *botScene, c *discordtest.Settings) { c.InteractionsURL = "https://elsewhere.example/x" }), check: "interactions", tone: "bad",
			say: "are sent to https://elsewhere.example/x", cure: "Clear the field “Interactions Endpoint URL”", link: "/information"},
		{name: "another name", act: after(func(s *botScene) { s.sim.Rename(s.app.ID, "Bot 7") }), check: "name", tone: "warn",
			say: "The bot is called “Bot 7” and the mate “Sophia”", cure: "Apply name and picture"},
		{name: "no picture", act: enter(), check: "portrait", tone: "warn", say: "The bot has no picture.", cure: "Apply name and picture"},
		{name: "no description", act: enter(), check: "profile", tone: "warn", say: "describe Sophia, or its button asks for other permissions", cure: "Apply name and picture"},
		{name: "sessions used up", conf: sceneConfig{sim: discordtest.Config{Identifies: 1}}, act: func(s *botScene) answer {
			wants(s.t, s.set(), 200)
			s.listening()
			return s.again()
		}, check: "sessions", tone: "bad", say: "The bot has used all 1 connection starts", cure: "another program may be using the same bot token"},
		{name: "no View Channel", act: deny(discord.ViewChannel), check: "place", tone: "bad",
			say: "so it receives no messages", cure: "switch on “View Channels”"},
		{name: "no Send Messages", act: deny(discord.SendMessages), check: "place", tone: "bad",
			say: "write in any channel", cure: "switch on “Send Messages”"},
		{name: "no Read Message History", act: deny(discord.ReadMessageHistory), check: "place", tone: "bad",
			say: "read older messages in any channel where it can write", cure: "switch on “Read Message History”"},
		{name: "kicked", act: after(func(s *botScene) { s.sim.Kick(s.guild.ID, s.app.BotID) }), check: "place", tone: "warn",
			say: "The bot was removed from the Discord server “Harbour”", cure: "a member of the team can add it again from the"},
		{name: "in no server", act: func(s *botScene) answer {
			s.sim.Kick(s.guild.ID, s.app.BotID)
			return s.set()
		}, check: "places", tone: "warn", say: "The bot isn't in any Discord server yet.", cure: "Open your team's page and add the mate there"},
		{name: "application deleted", act: after(func(s *botScene) { s.sim.DeleteApplication(s.app.ID) }), check: "token", tone: "bad",
			say: "Discord rejected both the bot token and the client secret", cure: "create a new application"},
		{name: "Discord is having problems", act: failing(discordtest.Failure{Status: 503}), check: "token", tone: "plain",
			say: "Discord is having problems (status 503).", cure: "There's nothing to change here"},
		{name: "Discord is slow", conf: sceneConfig{patience: 200 * time.Millisecond}, act: failing(discordtest.Failure{Hang: true}), check: "token", tone: "plain",
			say: "Discord didn't answer within 200ms.", cure: "Check again in a minute"},
		{name: "Discord is out of reach", conf: sceneConfig{api: "http://127.0.0.1:1/api"}, act: enter(), check: "token", tone: "plain",
			say: "This server can't connect to 127.0.0.1:", cure: "its firewall and its proxy"},
		{name: "wrong public address", act: func(s *botScene) answer {
			s.perfect()
			must(s.t, s.db.SetSetting(context.Background(), "server.set_up_host", "mates.example"))
			return s.ada.hosted("mates.example", sophiaAt)
		}, check: "address", tone: "bad", say: "You opened this page at mates.example", cure: "set the public address to the one people use", link: "/server/settings"},
		{name: "intent refused at connect (4014)", act: func(s *botScene) answer {
			wants(s.t, s.set(with("content", "1")), 200)
			return answer{}
		}, say: "The bot asks for the Message Content intent, which isn't enabled", cure: "Switch on \"Message Content Intent\""},
		{name: "token reset while running (4004)", act: func(s *botScene) answer {
			s.perfect()
			s.sim.ResetToken(s.app.ID)
			s.sim.Drop(s.app.ID)
			return answer{}
		}, say: "Discord rejected the bot token.", cure: "reset the token, and enter the new one here"},
		{name: "sessions used up while running", conf: sceneConfig{sim: discordtest.Config{Identifies: 1}}, act: func(s *botScene) answer {
			wants(s.t, s.set(), 200)
			s.listening()
			s.sim.CloseWith(s.app.ID, 4009)
			return answer{}
		}, say: "The bot has used all connection starts that Discord allows per day", cure: "another program may be using the same bot token"},
	}
}

// hosted opens a page under another name of the server.
func (b *browser) hosted(host, path string) answer {
	b.h.t.Helper()
	req, err := http.NewRequest(http.MethodGet, b.h.url+path, nil)
	must(b.h.t, err)
	req.Host = host
	for _, c := range b.c.Jar.Cookies(req.URL) { // the jar goes by the name
		req.AddCookie(c)
	}
	resp, err := b.c.Do(req)
	must(b.h.t, err)
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	must(b.h.t, err)
	return answer{resp.StatusCode, resp.Header, string(all)}
}

var diagnosis = regexp.MustCompile(`<h3>([^<]*)</h3><p>([^<]*)</p>(?:<p><strong>([^<]*)</strong></p>)?`)

// diagnosed fails for a page without a diagnosis.
func (s *botScene) diagnosed(t *testing.T, body string) {
	t.Helper()
	if !diagnosis.MatchString(body) {
		t.Errorf("no diagnosis:\n%s", body)
	}
}

// spoken fails for a text that another language has no words for.
func (s *botScene) spoken(t *testing.T, texts ...openmates.Text) {
	t.Helper()
	book := s.web.pages.book
	for _, l := range book.Languages() {
		for _, text := range texts {
			if l.Tag != "en" && text != "" && book.Voice(l.Tag).Say(text) == text.String() {
				t.Errorf("no words in %s for %q", l.Name, text)
			}
		}
	}
}

// Every broken state has a diagnosis and a cure of its own on the page.
func TestBrokenStates(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, b := range brokenStates() {
		if b.check != "" {
			if other := seen[b.check+b.say]; other != "" && !strings.HasPrefix(b.say, "Discord rejected the client secret") {
				t.Errorf("%s and %s have one diagnosis", b.name, other)
			}
			seen[b.check+b.say] = b.name
		}
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			s := newBotScene(t, b.conf)
			got := b.act(s)
			if b.check == "" {
				body := s.shows(sophiaAt, b.say, b.cure)
				checkPage(t, b.name, body)
				m, err := s.connect.Mate(context.Background(), "sophia")
				must(t, err)
				s.spoken(t, m.Bots[0].State.Reason, m.Bots[0].State.Cure)
				return
			}
			f, ok := findings(got.body)[b.check]
			if b.check == "place" {
				f, ok = findings(got.body)["place:"+s.guild.ID]
			}
			if !ok {
				t.Fatalf("no line for %s:\n%s", b.check, got.body)
			}
			if f.tone != b.tone || !strings.Contains(f.text, b.say) || !strings.Contains(f.text, b.cure) {
				t.Errorf("the line is %s: %s\nwant %s: %q and %q", f.tone, f.text, b.tone, b.say, b.cure)
			}
			if b.link != "" && !strings.Contains(f.text, b.link) {
				t.Errorf("no link with %q in %s", b.link, f.text)
			}
			checkPage(t, b.name, got.body)
			s.diagnosed(t, got.body)
			for _, secret := range []string{s.app.Token, s.app.Secret} {
				if strings.Contains(html.UnescapeString(got.body), secret) {
					t.Error("the page holds a credential")
				}
			}
		})
	}
	if len(seen) < 15 {
		t.Errorf("only %d states", len(seen))
	}
}

// A bot in which nothing is wrong gets no diagnosis.
func TestAPerfectBot(t *testing.T) {
	t.Parallel()
	s := newBotScene(t, sceneConfig{})
	s.perfect()
	got := s.again()
	for check, f := range findings(got.body) {
		if f.tone != "good" {
			t.Errorf("%s: %s", check, f.text)
		}
	}
	s.diagnosed(t, got.body)
	if n := len(findings(got.body)); n != 14 {
		t.Errorf("%d lines", n)
	}
	for _, b := range brokenStates() {
		if b.check == "" && strings.Contains(html.UnescapeString(got.body), b.say) {
			t.Errorf("it shows %q", b.say)
		}
	}
	wants(t, got, 200, "Online", "permissions=377957239872", "Check again", `data-copy="`+html.EscapeString(s.url)+`/messenger/connect"`)
	look := s.sim.Look(s.app.ID)
	if look.BotName != "Sophia" || look.Avatar == "" || look.Description != "Sophia helps." {
		t.Errorf("it looks like %+v", look)
	}
}
