package discord

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/messenger/discord/discordtest"
)

func TestSurvey(t *testing.T) {
	t.Parallel()
	s := settled(t)
	quiet := s.sim.AddChannel(s.guild.ID, "announcements")
	hidden := s.sim.AddChannel(s.guild.ID, "board")
	s.sim.SetOverwrite(quiet.ID, s.app.BotID, 0, int64(SendMessages))
	s.sim.SetOverwrite(hidden.ID, s.guild.ID, 0, int64(ViewChannel))
	got, err := s.d.Survey(t.Context(), in(s.bot, s.guild.ID))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Lacking) != 0 || len(got.Channels) < 2 {
		t.Fatalf("%+v", got)
	}
	by := map[string]messenger.ChannelView{}
	for _, c := range got.Channels {
		by[string(c.ID)] = c
	}
	if !by[s.guild.General].Answers() {
		t.Errorf("general: %+v", by[s.guild.General])
	}
	if c := by[quiet.ID]; !c.Seen || !slices.Equal(c.Missing, []openmates.Text{openmates.T("Send Messages")}) || c.Name != "#announcements" {
		t.Errorf("announcements: %+v", c)
	}
	if c, listed := by[hidden.ID]; listed && (c.Seen || !slices.Contains(c.Missing, openmates.T("View Channels"))) {
		t.Errorf("board: %+v", c)
	}
}

func TestLeave(t *testing.T) {
	t.Parallel()
	s := settled(t)
	for range 2 { // the second finds nothing to leave
		if err := s.d.Leave(t.Context(), in(s.bot, s.guild.ID)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.d.Survey(t.Context(), in(s.bot, s.guild.ID)); openmates.CodeOf(err) != openmates.ENotFound {
			t.Errorf("after leaving: %v", err)
		}
	}
	if err := s.d.Leave(t.Context(), in(s.bot, "../channels")); err == nil {
		t.Error("a workspace that is no id passes")
	}
}

// A code from one flow is rejected by the other with a clear message, and the
// account's token is revoked.
func TestACodeOfTheWrongKind(t *testing.T) {
	t.Parallel()
	s := settled(t)
	approve := func(address, guild string) url.Values {
		to, err := s.sim.Approve(address, s.guild.OwnerID, guild)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		return u.Query()
	}
	back := approve(s.d.InstallURL(s.bot, backTo, "state", ""), s.guild.ID)
	_, err := s.d.Linked(t.Context(), s.bot, backTo, oauth2.GenerateVerifier(), back)
	if openmates.CodeOf(err) != openmates.EInvalid || !strings.Contains(openmates.MessageOf(err), "for adding a mate") {
		t.Errorf("a bot's code on the link flow: %v", err)
	}
	back = approve(s.d.LinkURL(s.bot, backTo, "state", oauth2.GenerateVerifier()), "")
	if _, err = s.d.Installed(t.Context(), s.bot, backTo, back); openmates.CodeOf(err) != openmates.EInvalid || !strings.Contains(openmates.MessageOf(err), "something else") {
		t.Errorf("an account's code on the install flow: %v", err)
	}
	// Without PKCE only its scopes tell.
	plain := s.d.oauth(s.bot, backTo, "identify").AuthCodeURL("state")
	if _, err = s.d.Installed(t.Context(), s.bot, backTo, approve(plain, "")); openmates.CodeOf(err) != openmates.EInvalid || !strings.Contains(openmates.MessageOf(err), "linking an account") {
		t.Errorf("an account's code without proof on the install flow: %v", err)
	}
	// A mismatch names the guild all the same, so that the bot can leave it.
	back = approve(s.d.InstallURL(s.bot, backTo, "state", ""), s.guild.ID)
	back.Set("guild_id", "1")
	if g, err := s.d.Installed(t.Context(), s.bot, backTo, back); openmates.CodeOf(err) != openmates.EForbidden || string(g.Workspace.ID) != s.guild.ID {
		t.Errorf("a mismatch gave %+v, %v", g.Workspace, err)
	}
	s.sim.Faults(s.app.ID, discordtest.Faults{BareToken: true})
	back = approve(s.d.InstallURL(s.bot, backTo, "state", ""), s.guild.ID)
	if g, err := s.d.Installed(t.Context(), s.bot, backTo, back); openmates.CodeOf(err) != openmates.EInvalid || g.Workspace.ID != "" {
		t.Errorf("a bare token gave %+v, %v", g.Workspace, err)
	}
}

func TestLackingPermissions(t *testing.T) {
	t.Parallel()
	d := connectorTo(t, newScene(t, discordtest.Config{}).sim)
	for have, want := range map[Permissions]int{Default: 0, administrator: 0, Default &^ AttachFiles: 1, ViewChannel: 8} {
		if got := d.lacking(openmates.Bot{}, have); len(got) != want {
			t.Errorf("with %d it lacks %v, want %d", have, got, want)
		}
	}
}
