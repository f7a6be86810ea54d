package discord

import (
	"log/slog"
	"slices"
	"strings"
	"testing"

	"openmates"
	"openmates/internal/messenger"
)

// sampleFrame is a MESSAGE_CREATE of about a kilobyte in the form that
// Discord sends.
const sampleFrame = `{"t":"MESSAGE_CREATE","s":2,"op":0,"d":{"type":0,"tts":false,"timestamp":"2026-11-23T10:00:00.000000+00:00","pinned":false,"nonce":"1308012345678901234","mentions":[{"username":"sophia","public_flags":0,"primary_guild":null,"member":{"roles":["111111111111111111"],"premium_since":null,"pending":false,"nick":null,"mute":false,"joined_at":"2024-01-01T00:00:00.000000+00:00","flags":0,"deaf":false,"communication_disabled_until":null,"banner":null,"avatar":null},"id":"222222222222222222","global_name":"Sophia","discriminator":"0","collectibles":null,"clan":null,"bot":true,"avatar_decoration_data":null,"avatar":null}],"mention_roles":[],"mention_everyone":false,"member":{"roles":[],"premium_since":null,"pending":false,"nick":"Addy","mute":false,"joined_at":"2024-01-01T00:00:00.000000+00:00","flags":0,"deaf":false,"communication_disabled_until":null,"banner":null,"avatar":null},"id":"1308012345678901235","flags":0,"embeds":[],"edited_timestamp":null,"content":"<@222222222222222222> what is new?","components":[],"channel_type":0,"channel_id":"333333333333333333","author":{"username":"ada","public_flags":0,"primary_guild":null,"id":"444444444444444444","global_name":"Ada","discriminator":"0","collectibles":null,"clan":null,"avatar_decoration_data":null,"avatar":"a_0123456789abcdef0123456789abcdef"},"attachments":[],"guild_id":"555555555555555555"}}`

const (
	botID   = "222222222222222222"
	roleID  = "777777777777777777"
	guildID = "555555555555555555"
)

type quietHost struct{ messenger.Host }

// testListener knows one guild with one role and one channel.
func testListener(t testing.TB) (*listener, openmates.Bot) {
	t.Helper()
	d, err := New(Config{API: "http://127.0.0.1:1/api", Authorize: "http://127.0.0.1:1/oauth2/authorize"})
	if err != nil {
		t.Fatal(err)
	}
	b := openmates.Bot{ID: 5, AppID: "42", UserID: botID, Network: Network}
	n := readNotes(nil)
	l := &listener{d: d, bot: b, host: quietHost{}, log: slog.New(slog.DiscardHandler), world: newWorld(b, n), needle: []byte(botID)}
	l.pipe = newPipe(d, l.host, l.log, n)
	l.world.create(&guildObject{
		ID: guildID, Name: "Guild",
		Roles: list[roleObject]{{ID: "888", Name: "team"}, {ID: roleID, Name: "Sophia", Tags: struct {
			BotID text `json:"bot_id"`
		}{botID}}},
		Channels: list[channelObject]{{ID: "9", Name: "general"}},
	})
	return l, b
}

func TestMeans(t *testing.T) {
	t.Parallel()
	l, _ := testListener(t)
	message := func(fields string) string {
		return `{"id":"1308012345678901235","channel_id":"9","author":{"id":"4"},"mentions":[],"mention_roles":[],"member":{},` + fields + `}`
	}
	const guild = `"guild_id":"555555555555555555"`
	const me = `"mentions":[{"id":"222222222222222222"}]`
	for name, c := range map[string]struct {
		d    string
		want bool
	}{
		"mention":                 {message(guild + `,` + me), true},
		"reply with ping":         {message(guild + `,` + me + `,"type":19`), true},
		"reply without ping":      {message(guild + `,"type":19,"referenced_message":{"author":{"id":"222222222222222222"}}`), false},
		"my role":                 {message(guild + `,"mention_roles":["777777777777777777"]`), true},
		"another role":            {message(guild + `,"mention_roles":["888"]`), false},
		"somebody else":           {message(guild + `,"mentions":[{"id":"8"}]`), false},
		"nobody":                  {message(guild), false},
		"everyone":                {message(guild + `,"mention_everyone":true,"content":"@everyone"`), false},
		"direct message":          {`{"id":"1","channel_id":"9","author":{"id":"4"},"content":"hi"}`, true},
		"forward in a DM":         {`{"id":"1","channel_id":"9","author":{"id":"4"},"message_reference":{"guild_id":"8"}}`, true},
		"of a bot":                {message(guild + `,` + me + `,"author":{"id":"4","bot":true}`), false},
		"of a webhook":            {message(guild + `,` + me + `,"webhook_id":"3"`), false},
		"of a webhook, no member": {`{"id":"1","channel_id":"9","guild_id":"5","author":{"id":"4"},"webhook_id":"3"}`, false},
		"of itself":               {message(guild + `,` + me + `,"author":{"id":"222222222222222222"}`), false},
		"command":                 {message(guild + `,` + me + `,"type":20`), false},
		"context command":         {message(guild + `,` + me + `,"type":23`), false},
		"join notice":             {message(guild + `,` + me + `,"type":7`), false},
		"odd types": {message(guild + `,"mentions":[7,{"id":222222222222222222,"public_flags":"0"}],"type":"0",` +
			`"author":{"id":4,"bot":"no","public_flags":"64"},"application_id":null,"attachments":{},"member":"?"`), true},
		"a role, spaced": {message(guild + `,"mention_roles" : [ "777777777777777777" ]`), true},
		"no author":      {`{"id":"1","channel_id":"9","content":"hi"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			do, err := l.work(envelope{event: "MESSAGE_CREATE", data: []byte(c.d)})
			if err != nil || (do != nil) != c.want {
				t.Errorf("means = %v, %v", do != nil, err)
			}
		})
	}
	for _, event := range []string{"MESSAGE_UPDATE", "MESSAGE_DELETE", "INTERACTION_CREATE"} {
		if do, _ := l.work(envelope{event: event, data: []byte(message(guild + `,` + me))}); do != nil {
			t.Errorf("%s is taken", event)
		}
	}
}

// The cheap look agrees with the decoded truth in what it lets pass.
func TestConcerns(t *testing.T) {
	t.Parallel()
	e, err := parseEnvelope([]byte(sampleFrame))
	if err != nil {
		t.Fatal(err)
	}
	if !concerns(e.data, []byte(botID)) {
		t.Error("a mention is overlooked")
	}
	if concerns(e.data, []byte("1")) == false {
		t.Error("the needle is not looked for")
	}
	if concerns(e.data, []byte("999999999999999999")) {
		t.Error("what is said to others is not passed over")
	}
	nested := `{"guild_id":"1","member":{},"mention_roles":[],"referenced_message":{"mention_roles":["5"]}}`
	if !concerns([]byte(nested), []byte("9")) {
		t.Error("it stops at the first mention_roles")
	}
}

func TestInbound(t *testing.T) {
	t.Parallel()
	l, b := testListener(t)
	e, _ := parseEnvelope([]byte(sampleFrame))
	m := new(messageObject)
	if err := decode(e.data, m); err != nil {
		t.Fatal(err)
	}
	m.Attachments = list[attachmentObject]{{Filename: "a.png", ContentType: "image/png", Size: 12, URL: "http://x/a"}, {Filename: "no address"}}
	m.Reference.MessageID = "66"
	in := l.world.inbound(m)
	if in.Key != "discord:42:1308012345678901235" || in.BotID != b.ID || in.Network != "discord" || in.Workspace != guildID ||
		in.Channel != "333333333333333333" || in.Message != "1308012345678901235" || in.ReplyTo != "66" ||
		in.Author != (messenger.Account{ID: "444444444444444444", Name: "Addy"}) || in.Text != "what is new?" {
		t.Errorf("%+v", in)
	}
	m.GuildID, m.Member = "", memberObject{}
	if in := l.world.inbound(m); in.Author != (messenger.Account{ID: "444444444444444444", Name: "Ada",
		Avatar: "https://cdn.discordapp.com/avatars/444444444444444444/a_0123456789abcdef0123456789abcdef.png"}) {
		t.Errorf("in private it is by %+v", in.Author)
	}
	if want := []messenger.File{{Name: "a.png", Type: "image/png", Size: 12, URL: "http://x/a"}}; !slices.Equal(in.Files, want) {
		t.Errorf("files %+v", in.Files)
	}
	if got := in.At.Format("2006-01-02"); got != "2024-11-18" {
		t.Errorf("at %s", got)
	}
}

// A picture's address holds what Discord said and nothing else.
func TestPicture(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ id, avatar, want string }{
		{"5", "0a1b", "https://cdn.discordapp.com/avatars/5/0a1b.png"},
		{"5", "a_0a1b", "https://cdn.discordapp.com/avatars/5/a_0a1b.png"},
		{"5", "", ""}, {"", "0a1b", ""}, {"x", "0a1b", ""},
		{"5", "../0a1b", ""}, {"5", "0a1b?x", ""}, {"5", "0A", ""}, {"5", strings.Repeat("a", 65), ""},
	} {
		if got := (userObject{ID: text(c.id), Avatar: text(c.avatar)}).picture(); got != c.want {
			t.Errorf("%s of %s: %q", c.avatar, c.id, got)
		}
	}
}

func TestReadable(t *testing.T) {
	t.Parallel()
	n := names{
		bot: "1", role: "2",
		user:    func(id string) string { return map[string]string{"1": "Sophia", "3": "Bob"}[id] },
		roles:   func(id string) string { return map[string]string{"2": "Sophia", "4": "team"}[id] },
		channel: func(id string) string { return map[string]string{"5": "general"}[id] },
	}
	for in, want := range map[string]string{
		"<@1> hello":                  "hello",
		"<@!1>, hello":                "hello",
		"  <@1>   <@&2>: hi":          "hi",
		"<@&2>":                       "",
		"":                            "",
		"hey <@1>, ask <@3>":          "hey @Sophia, ask @Bob",
		"<@3> <@1> hi":                "@Bob @Sophia hi",
		"<@1> <@&4> in <#5>":          "@team in #general",
		"<@1> <@9> <#9> <@&9>":        "<@9> <#9> <@&9>",
		"<@1> <:wave:77> <a:dance:8>": ":wave: :dance:",
		"<@1> a < b <t:123:R> <@x>":   "a < b <t:123:R> <@x>",
		"<@1>\nline\n  two":           "line\n  two",
		"<@1> <@":                     "<@",
	} {
		if got := readable(in, n); got != want {
			t.Errorf("%q → %q, want %q", in, got, want)
		}
	}
}

// What changes while the bot is connected is known for the next message.
func TestWorldChanges(t *testing.T) {
	t.Parallel()
	l, _ := testListener(t)
	event := func(name, d string) step {
		t.Helper()
		do, err := l.work(envelope{event: name, data: []byte(d)})
		if err != nil {
			t.Fatal(err)
		}
		return do
	}
	role := func() string {
		r, _ := l.world.roleIn(guildID)
		return r
	}
	if event("GUILD_ROLE_UPDATE", `{"guild_id":"555555555555555555","role":{"id":"888","name":"crew"}}`) != nil {
		t.Error("another role concerns the notes")
	}
	if event("GUILD_ROLE_DELETE", `{"guild_id":"555555555555555555","role_id":"777777777777777777"}`) == nil || role() != "" {
		t.Errorf("the role is gone, but %q is known", role())
	}
	do := event("GUILD_ROLE_CREATE", `{"guild_id":"555555555555555555","role":{"id":"70","name":"S","tags":{"bot_id":"222222222222222222"}}}`)
	if do == nil || role() != "70" {
		t.Fatalf("the new role is %q", role())
	}
	if err := do(t.Context()); err != nil || l.pipe.notes.Guilds[guildID] != "70" {
		t.Errorf("notes %+v, %v", l.pipe.notes, err)
	}
	event("CHANNEL_UPDATE", `{"guild_id":"555555555555555555","id":"9","name":"lobby","type":"0","application_id":null}`)
	event("THREAD_CREATE", `{"guild_id":"555555555555555555","id":"10","name":"plans"}`)
	event("CHANNEL_DELETE", `{"guild_id":"555555555555555555","id":"10"}`)
	event("CHANNEL_CREATE", `{"guild_id":"1","id":"11","name":"elsewhere"}`)
	in := l.world.inbound(&messageObject{GuildID: guildID, Content: "<#9> <#10> <#11> <@&888> <@&70>"})
	if in.Text != "#lobby <#10> <#11> @crew @S" {
		t.Errorf("text %q", in.Text)
	}
	if event("GUILD_DELETE", `{"id":"555555555555555555","unavailable":true}`) != nil || len(l.world.guilds) != 1 {
		t.Error("an outage counts as leaving")
	}
	if event("GUILD_CREATE", `{"id":"556","unavailable":true}`) != nil || len(l.world.guilds) != 1 {
		t.Error("an outage counts as joining")
	}
	if event("GUILD_DELETE", `{"id":"555555555555555555"}`) == nil || len(l.world.guilds) != 0 {
		t.Error("leaving is not seen")
	}
}

func FuzzReadable(f *testing.F) {
	f.Add("<@1> <:a:1> <#5>")
	f.Add("<@&2><@!1>,:")
	f.Fuzz(func(t *testing.T, s string) {
		got := readable(s, names{bot: "1", role: "2"})
		if strings.HasPrefix(got, "<@1>") || strings.HasPrefix(got, "<@&2>") {
			t.Fatalf("%q → %q keeps the mention", s, got)
		}
	})
}

func FuzzDecodeMessage(f *testing.F) {
	f.Add([]byte(`{"id":1,"mentions":[1,{"id":"2"}],"type":"0","author":"x"}`))
	f.Add([]byte(`{"author":{"bot":"true"},"attachments":[{"size":1e99}]}`))
	l, _ := testListener(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, event := range []string{"MESSAGE_CREATE", "GUILD_CREATE", "GUILD_DELETE", "READY", "GUILD_ROLE_UPDATE", "THREAD_CREATE"} {
			_, _ = l.work(envelope{event: event, data: data})
		}
		m := new(messageObject)
		if decode(data, m) == nil {
			_ = l.world.inbound(m)
		}
	})
}

func TestDecodeKeepsTheRest(t *testing.T) {
	t.Parallel()
	var g guildObject
	err := decode([]byte(`{"id":5,"name":["?"],"unavailable":"yes","roles":[{"id":"1","tags":null},"x",{"id":"2","tags":{"bot_id":3}}],"channels":{"a":1},"threads":[{"id":"4","type":"11"}]}`), &g)
	if err != nil || g.ID != "5" || g.Name != "" || g.Unavailable || len(g.Roles) != 2 || g.Roles[1].Tags.BotID != "3" || g.Channels != nil || g.Threads[0].ID != "4" {
		t.Fatalf("%+v, %v", g, err)
	}
	if decode([]byte(`{"id":`), &g) == nil {
		t.Fatal("what is not JSON is taken")
	}
}
