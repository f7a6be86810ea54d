package discord

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/messenger/discord/discordtest"
)

// The response to the POST is lost or refused in every way, repeatedly: the
// message is posted once.
func TestSendOnce(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string][]discordtest.Failure{
		"nothing":         nil,
		"lost reply":      {{Method: "POST", Status: 502, AfterEffect: true, Times: 3}},
		"trouble":         {{Method: "POST", Status: 500, Times: 2}},
		"limited":         {{Method: "POST", Status: 429, RetryAfter: 0.05, Times: 3}},
		"limited all":     {{Method: "POST", Status: 429, RetryAfter: 0.05, Global: true, NoBucket: true, Times: 2}},
		"a bit of it all": {{Method: "POST", Status: 503, Times: 1}, {Method: "POST", Status: 429, RetryAfter: 0.01, Times: 1}, {Method: "POST", Status: 504, AfterEffect: true, Times: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, discordtest.Config{})
			asked := s.sim.Say(s.guild.General, s.ann.ID, "<@"+s.app.BotID+"> hi")
			s.sim.Faults(s.app.ID, discordtest.Faults{Fail: fail})
			out := messenger.Outbound{Key: keyOf(s.bot, asked.ID), Channel: openmates.ChannelID(s.guild.General), ReplyTo: openmates.MessageID(asked.ID), Text: "hello @everyone", Ping: true}
			first, err := s.d.Send(t.Context(), via(s.bot), out)
			if err != nil {
				t.Fatal(err)
			}
			second, err := s.d.Send(t.Context(), via(s.bot), out)
			if err != nil || second != first {
				t.Fatalf("%s, then %s, %v", first, second, err)
			}
			if replies := s.sim.Replies(asked.ID); len(replies) != 1 || replies[0].ID != string(first) || replies[0].Content != "hello @everyone" {
				t.Fatalf("%+v", replies)
			}
		})
	}
}

// Long after the nonce is forgotten, what was posted is looked for.
func TestSendOnceAfterTheNonce(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{NonceWindow: time.Nanosecond})
	asked := s.sim.Say(s.guild.General, s.ann.ID, "<@"+s.app.BotID+"> hi")
	out := messenger.Outbound{Key: keyOf(s.bot, asked.ID), Channel: openmates.ChannelID(s.guild.General), ReplyTo: openmates.MessageID(asked.ID), Text: "part 0"}
	var ids []string
	for part := range 3 {
		out.Part = part
		id, err := s.d.Send(t.Context(), via(s.bot), out)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, string(id))
		s.sim.Say(s.guild.General, s.ann.ID, "meanwhile")
	}
	out.MaybePosted = true
	for part := range 4 {
		out.Part = part
		id, err := s.d.Send(t.Context(), via(s.bot), out)
		if err != nil || part < 3 && string(id) != ids[part] || part == 3 && slices.Contains(ids, string(id)) {
			t.Errorf("part %d: %s of %v, %v", part, id, ids, err)
		}
	}
	if n := len(s.sim.Replies(asked.ID)); n != 4 {
		t.Errorf("%d replies", n)
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	id, err := s.d.Send(t.Context(), via(s.bot), messenger.Outbound{Key: "k", Channel: openmates.ChannelID(s.guild.General), Text: "one"})
	if err != nil {
		t.Fatal(err)
	}
	s.sim.Faults(s.app.ID, discordtest.Faults{Fail: []discordtest.Failure{{Method: "DELETE", Status: 502, AfterEffect: true, Times: 1}}})
	for range 2 {
		if err := s.d.Remove(t.Context(), via(s.bot), ref(s.guild.General, id)); err != nil {
			t.Fatal(err)
		}
	}
	all := s.sim.Messages(s.guild.General)
	if m := all[len(all)-1]; m.ID != string(id) || !m.Deleted {
		t.Errorf("%+v", m)
	}
	asked := s.sim.Say(s.guild.General, s.ann.ID, "mine")
	err = s.d.Remove(t.Context(), via(s.bot), ref(s.guild.General, asked.ID))
	if e, ok := errors.AsType[*messenger.SendError](err); !ok || e.Kind != messenger.SendDenied {
		t.Errorf("somebody else's message: %v", err)
	}
	if err := s.d.Remove(t.Context(), via(s.bot), ref(s.guild.General, "../1")); err == nil {
		t.Error("a message id that is none is taken")
	}
}

func TestEditAndTyping(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	if err := s.d.Typing(t.Context(), via(s.bot), openmates.ChannelID(s.guild.General)); err != nil {
		t.Fatal(err)
	}
	id, err := s.d.Send(t.Context(), via(s.bot), messenger.Outbound{Key: "k", Channel: openmates.ChannelID(s.guild.General), Text: "one"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.d.Edit(t.Context(), via(s.bot), id, messenger.Outbound{Channel: openmates.ChannelID(s.guild.General), Text: "one, two"}); err != nil {
		t.Fatal(err)
	}
	all := s.sim.Messages(s.guild.General)
	if m := all[len(all)-1]; m.Content != "one, two" || len(m.Edits) != 1 {
		t.Errorf("%+v", m)
	}
	err = s.d.Edit(t.Context(), via(s.bot), "1308012345678901235", messenger.Outbound{Channel: openmates.ChannelID(s.guild.General), Text: "x"})
	if e, ok := errors.AsType[*messenger.SendError](err); !ok || e.Kind != messenger.SendGone {
		t.Errorf("a message that is not there: %v", err)
	}
}

func TestSendDenied(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	send := func(channel, replyTo string) *messenger.SendError {
		_, err := s.d.Send(t.Context(), via(s.bot), messenger.Outbound{Key: "k" + channel, Channel: openmates.ChannelID(channel), ReplyTo: openmates.MessageID(replyTo), Text: "hi"})
		e, _ := errors.AsType[*messenger.SendError](err)
		return e
	}
	want := func(e *messenger.SendError, kind messenger.SendKind, word string) {
		t.Helper()
		if e == nil || e.Kind != kind || !strings.Contains(e.Reason.String(), word) {
			t.Errorf("got %+v, want kind %d and %q", e, kind, word)
		}
	}
	s.sim.SetOverwrite(s.guild.General, s.app.BotID, 0, int64(SendMessages))
	want(send(s.guild.General, ""), messenger.SendDenied, "Send Messages")
	s.sim.SetOverwrite(s.guild.General, s.app.BotID, 0, int64(ViewChannel))
	want(send(s.guild.General, ""), messenger.SendDenied, "View Channel")
	want(send("1308012345678901235", ""), messenger.SendGone, "channel")
	dm := s.sim.DM(s.ann.ID, s.app.BotID)
	s.sim.RefuseDMs(s.ann.ID, true)
	want(send(dm.ID, ""), messenger.SendDenied, "direct messages")
}

// Real limits: a storm of answers to one channel goes through without a
// single message lost and without a 429.
func TestRateLimitStorm(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{RateLimits: true, Haste: 10})
	var wg sync.WaitGroup
	var mu sync.Mutex
	ids := map[string]bool{}
	const n = 7
	for i := range n {
		wg.Go(func() {
			id, err := s.d.Send(t.Context(), via(s.bot), messenger.Outbound{Key: "storm", Part: i, Channel: openmates.ChannelID(s.guild.General), Text: "x"})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			ids[string(id)] = true
		})
	}
	wg.Wait()
	if len(ids) != n {
		t.Errorf("%d messages of %d", len(ids), n)
	}
	limited := 0
	for _, r := range s.sim.Requests() {
		if r.Status == http.StatusTooManyRequests {
			limited++
		}
	}
	// On a busy machine, one request can arrive so late that it counts in the next
	// window. A client that ignores the headers gets two or more.
	if limited > 1 {
		t.Errorf("%d answers of 429, though the headers told the limits", limited)
	}
}

const backTo = "http://127.0.0.1:9/messenger/connect"

func TestCheck(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	p, err := s.d.Check(t.Context(), s.bot)
	if err != nil || p.AppID != s.app.ID || string(p.UserID) != s.app.BotID || p.Name != "Sophia" {
		t.Fatalf("%+v, %v", p, err)
	}
	bare := s.bot
	bare.AppID = ""
	if again, err := s.d.Check(t.Context(), bare); err != nil || again.AppID != p.AppID {
		t.Errorf("the token alone gives %+v, %v", again, err)
	}
	other := s.sim.AddApplication(s.ann.ID, "Other")
	for name, change := range map[string]func(b *openmates.Bot){
		"wrong token":    func(b *openmates.Bot) { b.Secrets = b.Secrets.With(fieldToken, "wrong") },
		"no token":       func(b *openmates.Bot) { b.Secrets = b.Secrets.With(fieldToken, "") },
		"another's ID":   func(b *openmates.Bot) { b.AppID = other.ID },
		"ID is no ID":    func(b *openmates.Bot) { b.AppID = "sophia" },
		"another's, too": func(b *openmates.Bot) { b.Secrets = b.Secrets.With(fieldToken, openmates.Secret(other.Token)) },
	} {
		b := s.bot
		change(&b)
		_, err := s.d.Check(t.Context(), b)
		if openmates.CodeOf(err) != openmates.EInvalid || !strings.HasSuffix(openmates.MessageOf(err), ".") {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.sim.Faults(s.app.ID, discordtest.Faults{Fail: []discordtest.Failure{{Status: 403, Times: 1}}})
	if _, err := s.d.Check(t.Context(), s.bot); openmates.CodeOf(err) != openmates.EUnavailable {
		t.Error(err)
	}
}

// query follows a redirect back.
func query(t *testing.T, to string, err error) url.Values {
	t.Helper()
	u, perr := url.Parse(to)
	if err != nil || perr != nil || u.Query().Get("state") != "st4te" {
		t.Fatalf("redirect %q, %v", to, err)
	}
	return u.Query()
}

func TestInstall(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	s.sim.Configure(s.app.ID, func(c *discordtest.Settings) { c.Redirects, c.CodeGrant = []string{backTo}, true })
	home := s.sim.AddGuild(s.ann.ID, "Home")
	link := s.d.InstallURL(s.bot, backTo, "st4te", openmates.WorkspaceID(home.ID))
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for k, want := range map[string]string{
		"client_id": s.app.ID, "scope": "bot applications.commands", "permissions": "377957239872", "response_type": "code",
		"redirect_uri": backTo, "state": "st4te", "guild_id": home.ID, "disable_guild_select": "true", "integration_type": "0",
	} {
		if q.Get(k) != want {
			t.Errorf("%s = %q, want %q", k, q.Get(k), want)
		}
	}
	if strings.Contains(s.d.InstallURL(s.bot, backTo, "st4te", ""), "guild_id") {
		t.Error("a guild is preselected without one")
	}
	to, err := s.sim.Approve(link, s.ann.ID, home.ID)
	back := query(t, to, err)
	g, err := s.d.Installed(t.Context(), s.bot, backTo, back)
	if err != nil || g.Workspace != (messenger.Workspace{ID: openmates.WorkspaceID(home.ID), Name: "Home"}) {
		t.Fatalf("%+v, %v", g, err)
	}
	_, err = s.d.Installed(t.Context(), s.bot, backTo, back)
	if openmates.CodeOf(err) != openmates.EInvalid {
		t.Errorf("a code works twice: %v", err)
	}

	to, err = s.sim.Approve(link, s.ann.ID, home.ID)
	back = query(t, to, err)
	back.Set("guild_id", s.guild.ID)
	if _, err = s.d.Installed(t.Context(), s.bot, backTo, back); openmates.CodeOf(err) != openmates.EForbidden {
		t.Errorf("a forged guild_id: %v", err)
	}

	to, err = s.sim.Deny(link, s.ann.ID)
	if _, err = s.d.Installed(t.Context(), s.bot, backTo, query(t, to, err)); openmates.CodeOf(err) != openmates.EForbidden || !strings.Contains(openmates.MessageOf(err), "cancelled") {
		t.Errorf("cancelled: %v", err)
	}

	s.sim.Faults(s.app.ID, discordtest.Faults{BareToken: true})
	to, err = s.sim.Approve(link, s.ann.ID, home.ID)
	if _, err = s.d.Installed(t.Context(), s.bot, backTo, query(t, to, err)); openmates.CodeOf(err) != openmates.EInvalid {
		t.Errorf("no guild in the answer: %v", err)
	}
	s.sim.Faults(s.app.ID, discordtest.Faults{})

	to, err = s.sim.Approve(link, s.ann.ID, home.ID)
	wrong := s.bot
	wrong.Secrets = wrong.Secrets.With(fieldSecret, "wrong-secret-value")
	_, err = s.d.Installed(t.Context(), wrong, backTo, query(t, to, err))
	if openmates.CodeOf(err) != openmates.EInvalid || !strings.Contains(openmates.MessageOf(err), "client secret") || strings.Contains(err.Error(), "wrong-secret-value") {
		t.Errorf("a wrong secret: %v", err)
	}
	for _, q := range []url.Values{{}, {"error": {"server_error"}}} {
		if _, err := s.d.Installed(t.Context(), s.bot, backTo, q); openmates.CodeOf(err) != openmates.EInvalid {
			t.Errorf("%v: %v", q, err)
		}
	}
}

// pictureOf is where Discord documents a person's picture to be.
func pictureOf(p discordtest.Person) string {
	return "https://cdn.discordapp.com/avatars/" + p.ID + "/" + p.Avatar + ".png"
}

func TestLink(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	s.sim.Configure(s.app.ID, func(c *discordtest.Settings) { c.Redirects = []string{backTo} })
	verifier := oauth2.GenerateVerifier()
	link := s.d.LinkURL(s.bot, backTo, "st4te", verifier)
	if strings.Contains(link, verifier) || !strings.Contains(link, "code_challenge_method=S256") {
		t.Errorf("link %s", link)
	}
	to, err := s.sim.Approve(link, s.ann.ID, "")
	a, err := s.d.Linked(t.Context(), s.bot, backTo, verifier, query(t, to, err))
	if err != nil || a != (messenger.Account{ID: openmates.AccountID(s.ann.ID), Name: "Ann", Avatar: pictureOf(s.ann)}) {
		t.Fatalf("%+v, %v", a, err)
	}
	revoked := false
	for _, r := range s.sim.Requests() {
		revoked = revoked || strings.HasSuffix(r.Path, "/oauth2/token/revoke") && r.Status == http.StatusOK
	}
	if !revoked {
		t.Error("the token was not given back")
	}
	to, err = s.sim.Approve(link, s.ann.ID, "")
	if _, err = s.d.Linked(t.Context(), s.bot, backTo, oauth2.GenerateVerifier(), query(t, to, err)); openmates.CodeOf(err) != openmates.EInvalid {
		t.Errorf("another verifier: %v", err)
	}
	s.sim.Faults("", discordtest.Faults{Fail: []discordtest.Failure{{Status: 500, Times: 9}}})
	to, err = s.sim.Approve(link, s.ann.ID, "")
	if _, err = s.d.Linked(t.Context(), s.bot, backTo, verifier, query(t, to, err)); openmates.CodeOf(err) == openmates.EInternal {
		t.Errorf("Discord in trouble: %v", err)
	}
}
