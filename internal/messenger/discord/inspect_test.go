package discord

import (
	"bytes"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/messenger/discord/discordtest"
)

func wanted() messenger.Wanted {
	return messenger.Wanted{Redirect: backTo, Look: &messenger.Look{Name: "Sophia", Description: "Writes code.", Portrait: picture()}}
}

func picture() []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 16, 16))) // to memory
	return b.Bytes()
}

// settled is a scene in which nothing is wrong.
func settled(t *testing.T) *scene {
	t.Helper()
	s := newScene(t, discordtest.Config{})
	s.sim.Configure(s.app.ID, func(c *discordtest.Settings) { c.Redirects, c.CodeGrant = []string{backTo}, true })
	if err := s.d.Dress(t.Context(), s.bot, *wanted().Look); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestInspectFindsNothingWrong(t *testing.T) {
	t.Parallel()
	s := settled(t)
	p, found := s.d.Inspect(t.Context(), s.bot, wanted())
	if p.AppID != s.app.ID || string(p.UserID) != s.app.BotID || p.Name != "Sophia" {
		t.Errorf("profile %+v", p)
	}
	var checks []string
	for _, f := range found {
		checks = append(checks, f.Check)
		if f.State != messenger.FindingOK || f.Cure != "" || !strings.HasSuffix(f.Sentence.String(), ".") || f.Title == "" {
			t.Errorf("%+v", f)
		}
	}
	want := "token application secret redirect public codegrant content interactions name portrait profile sessions place:" + s.guild.ID
	if got := strings.Join(checks, " "); got != want {
		t.Errorf("checks %s, want %s", got, want)
	}
	// The server's own application needs less, and changes nothing.
	before := len(s.sim.Requests())
	_, found = s.d.Inspect(t.Context(), s.bot, messenger.Wanted{Redirect: backTo})
	if len(found) != 4 {
		t.Errorf("of the application for linking: %+v", found)
	}
	for _, r := range s.sim.Requests()[before:] {
		if r.Method != "GET" && !strings.HasPrefix(r.Path, "/oauth2/token") {
			t.Errorf("an inspection makes %s %s", r.Method, r.Path)
		}
	}
}

func TestInspectFindsTheApplication(t *testing.T) {
	t.Parallel()
	s := settled(t)
	s.bot.AppID = ""
	p, found := s.d.Inspect(t.Context(), s.bot, wanted())
	if p.AppID != s.app.ID || found[1].State != messenger.FindingOK || !strings.Contains(found[1].Sentence.String(), s.app.ID) {
		t.Errorf("%+v %+v", p, found)
	}
}

func TestAlmost(t *testing.T) {
	t.Parallel()
	const want = "https://mates.example/messenger/connect"
	for have, part := range map[string]string{
		"https://mates.example/messenger/connect/":     "slash",
		"http://mates.example/messenger/connect":       "http://",
		"https://mates.example/Messenger/Connect":      "upper and lower case",
		"https://mates.example:8443/messenger/connect": "port",
		"https://mates.example":                        "path",
		"https://other.example/messenger/connect":      "other.example",
	} {
		if got := almost(have, want); !strings.Contains(got.String(), part) {
			t.Errorf("%s: %q, want it to speak of %q", have, got, part)
		}
	}
	if got := almost("https://elsewhere.example/callback", want); got != "" {
		t.Errorf("a stranger is almost right: %q", got)
	}
}

func TestRights(t *testing.T) {
	t.Parallel()
	roles := []roleRights{{"1", number(SendMessages | ViewChannel)}, {"2", number(ReadMessageHistory)}, {"3", number(AttachFiles)}}
	mine := list[text]{"2"}
	for name, c := range map[string]struct {
		over list[overwrite]
		want Permissions
	}{
		"roles add up":          {nil, SendMessages | ViewChannel | ReadMessageHistory},
		"everyone is denied":    {list[overwrite]{{ID: "1", Deny: number(ViewChannel)}}, SendMessages | ReadMessageHistory},
		"a role allows again":   {list[overwrite]{{ID: "2", Allow: number(ViewChannel)}, {ID: "1", Deny: number(ViewChannel)}}, SendMessages | ViewChannel | ReadMessageHistory},
		"the member comes last": {list[overwrite]{{ID: "9", Deny: number(SendMessages)}, {ID: "2", Allow: number(SendMessages)}}, ViewChannel | ReadMessageHistory},
		"others' don't count":   {list[overwrite]{{ID: "3", Deny: number(SendMessages)}, {ID: "8", Deny: number(SendMessages)}}, SendMessages | ViewChannel | ReadMessageHistory},
	} {
		if got := rights("1", "9", roles, mine, c.over); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestDress(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	s.sim.Rename(s.app.ID, "New Application")
	look := messenger.Look{Name: "Sophia", Description: strings.Repeat("Writes and explains code. ", 30), Portrait: picture()}
	b := s.bot
	b.Asks = (ViewChannel | SendMessages).String()
	for range 2 { // it may be repeated
		if err := s.d.Dress(t.Context(), b, look); err != nil {
			t.Fatal(err)
		}
	}
	got := s.sim.Look(s.app.ID)
	if got.BotName != "Sophia" || got.Avatar == "" || got.Icon == "" || measure(got.Description) > descriptionLimit ||
		!strings.HasSuffix(got.Description, "…") || got.Install == nil || got.Install.Permissions != "3072" || !slices.Equal(got.Install.Scopes, installScopes()) {
		t.Errorf("it looks like %+v", got)
	}
	if n := renames(s); n != 1 {
		t.Errorf("the name was set %d times", n)
	}
	s.sim.Rename(s.app.ID, "Other")
	s.sim.Faults(s.app.ID, discordtest.Faults{Fail: []discordtest.Failure{{Method: "PATCH", Path: "/users/@me", Status: 400}}})
	err := s.d.Dress(t.Context(), b, messenger.Look{Name: "Sophia", Description: "Short.", Portrait: picture()})
	if openmates.CodeOf(err) != openmates.EInvalid || !strings.Contains(openmates.MessageOf(err), "to change the name") {
		t.Errorf("a refused name: %v", err)
	}
	if s.sim.Look(s.app.ID).Description != "Short." {
		t.Error("a refused name keeps the description from being set")
	}
	b.Secrets = b.Secrets.With(fieldToken, "a.b.c")
	if err := s.d.Dress(t.Context(), b, look); openmates.CodeOf(err) != openmates.EInvalid || !strings.Contains(openmates.MessageOf(err), "Discord rejected the bot token") {
		t.Errorf("a dead token: %v", err)
	}
}

func renames(s *scene) int {
	n := 0
	for _, r := range s.sim.Requests() {
		if r.Method == "PATCH" && bytes.HasPrefix(r.Body, []byte(`{"username"`)) {
			n++
		}
	}
	return n
}

func TestTheInvitationAsksForWhatWasChosen(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	if at := s.d.InviteURL(s.bot, backTo); !strings.Contains(at, "permissions=377957239872") || strings.Contains(at, "state=") {
		t.Errorf("by default %s", at)
	}
	b := s.bot
	b.Asks = "3072"
	if at := s.d.InviteURL(b, backTo); !strings.Contains(at, "permissions=3072&") {
		t.Errorf("chosen %s", at)
	}
	var sum Permissions
	for _, p := range s.d.Permissions(s.bot) {
		if p.Name == "" || !strings.HasSuffix(p.Reason.String(), ".") || sum&bitOf(p) != 0 {
			t.Errorf("%+v", p)
		}
		if p.On {
			sum |= bitOf(p)
		}
	}
	if sum != Default {
		t.Errorf("the defaults sum up to %d, want %d", sum, Default)
	}
}

// The message content option changes what the bot identifies with.
func TestContentIsAskedForByOption(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	s.sim.Configure(s.app.ID, func(c *discordtest.Settings) { c.ContentIntent = true })
	s.bot.Settings = openmates.Settings{fieldContent: "true"}
	s.listen()
	s.ready()
	if got := s.sim.Connections(s.app.ID)[0].Intents; got&intentMessageContent == 0 {
		t.Errorf("intents %d", got)
	}
}

func TestASlowDiscordIsNotWaitedForLong(t *testing.T) {
	t.Parallel()
	s := settled(t)
	s.d.patience = 50 * time.Millisecond
	s.sim.Faults(s.app.ID, discordtest.Faults{Fail: []discordtest.Failure{{Hang: true, Times: 100}}})
	p, found := s.d.Inspect(t.Context(), s.bot, wanted())
	if p.AppID != "" || len(found) != 1 || found[0].State != messenger.FindingUnknown || !strings.Contains(found[0].Sentence.String(), "within 50ms") {
		t.Errorf("%+v %+v", p, found)
	}
}
