package discordtest

import "testing"

func TestContentRules(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := connectRaw(t, s, basicIntents)
	role := s.ManagedRole(s.guild.ID, s.app.ID)
	dm := s.DM(s.ada.ID, s.app.BotID)
	own := s.Say(s.guild.General, s.app.BotID, "mine")
	if m := c.message(); m.Content != "mine" {
		t.Errorf("own message has content %q", m.Content)
	}
	cases := []struct {
		name string
		say  func() Message
		want string
	}{
		{"unrelated", func() Message { return s.Say(s.guild.General, s.ada.ID, "hello all") }, ""},
		{"mention", func() Message { return s.Say(s.guild.General, s.ada.ID, "<@"+s.app.BotID+"> hi") }, "<@" + s.app.BotID + "> hi"},
		{"old mention", func() Message { return s.Say(s.guild.General, s.ada.ID, "<@!"+s.app.BotID+"> hi") }, "<@!" + s.app.BotID + "> hi"},
		{"role mention", func() Message { return s.Say(s.guild.General, s.ada.ID, "<@&"+role+"> hi") }, "<@&" + role + "> hi"},
		{"reply with ping", func() Message { return s.Reply(s.guild.General, s.ada.ID, "pinged", own.ID, true) }, "pinged"},
		{"reply without ping", func() Message { return s.Reply(s.guild.General, s.ada.ID, "unpinged", own.ID, false) }, ""},
		{"everyone", func() Message { return s.Say(s.guild.General, s.ada.ID, "@everyone hi") }, ""},
		{"direct", func() Message { return s.Say(dm.ID, s.ada.ID, "psst") }, "psst"},
	}
	for _, tc := range cases {
		said := tc.say()
		if said.ID == "" {
			t.Fatalf("%s: not said", tc.name)
		}
		m := c.message()
		if m.ID != said.ID || m.Content != tc.want {
			t.Errorf("%s: got %s %q, want %s %q", tc.name, m.ID, m.Content, said.ID, tc.want)
		}
		if (m.GuildID == "") != (tc.name == "direct") {
			t.Errorf("%s: guild_id is %q", tc.name, m.GuildID)
		}
	}
}

func TestReferencedContentIsGated(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := connectRaw(t, s, basicIntents)
	secret := s.Say(s.guild.General, s.ada.ID, "between us")
	c.message()
	s.Reply(s.guild.General, s.ada.ID, "<@"+s.app.BotID+"> what of this?", secret.ID, false)
	m := c.message()
	if m.Content == "" || m.Referenced == nil || m.Referenced.ID != secret.ID || m.Referenced.Content != "" {
		t.Errorf("the mention is %+v answering %+v", m, m.Referenced)
	}
}

func TestRoleMentionContentIsASetting(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	s.Configure(s.app.ID, func(x *Settings) { x.RoleMentionContent = false })
	c := connectRaw(t, s, basicIntents)
	role := s.ManagedRole(s.guild.ID, s.app.ID)
	s.Say(s.guild.General, s.ada.ID, "<@&"+role+"> hi")
	if m := c.message(); m.Content != "" || len(m.MentionRoles) != 1 || m.MentionRoles[0] != role {
		t.Errorf("the role mention is %+v", m)
	}
}

func TestIntentsFilter(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	dm := s.DM(s.ada.ID, s.app.BotID)
	c := connectRaw(t, s, intentDirectMessages)
	s.Say(s.guild.General, s.ada.ID, "<@"+s.app.BotID+"> in the guild")
	s.AddChannel(s.guild.ID, "new")
	s.Say(dm.ID, s.ada.ID, "direct")
	if f := c.nextEvent(); f.T != "MESSAGE_CREATE" || decodeSeen(t, f.D).ChannelID != dm.ID {
		t.Errorf("%s %s passed the intents", f.T, f.D)
	}
}
