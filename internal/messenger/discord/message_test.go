package discord

import (
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

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
		"mention":            {message(guild + `,` + me), true},
		"reply with ping":    {message(guild + `,` + me + `,"type":19`), true},
		"reply without ping": {message(guild + `,"type":19,"content":"and in French?","referenced_message":{"author":{"id":"222222222222222222"}}`), true},
		"reply without ping that names another bot": {message(guild + `,"type":19,"content":"<@8> and you?","mentions":[{"id":"8","bot":true}],"referenced_message":{"id":"7","author":{"id":"222222222222222222"}}`), false},
		"reply with ping that names another bot":    {message(guild + `,"type":19,"content":"<@8> is that right?","mentions":[{"id":"8","bot":true},{"id":"222222222222222222","bot":true}],"referenced_message":{"id":"7","author":{"id":"222222222222222222"}}`), false},
		"reply with ping that names a person":       {message(guild + `,"type":19,"content":"tell <@8>","mentions":[{"id":"8"},{"id":"222222222222222222","bot":true}],"referenced_message":{"id":"7","author":{"id":"222222222222222222"}}`), true},
		"reply to another bot that names me":        {message(guild + `,"type":19,"content":"<@222222222222222222> is that right?","mentions":[{"id":"222222222222222222","bot":true},{"id":"8","bot":true}],"referenced_message":{"id":"7","author":{"id":"8"}}`), true},
		"reply to another bot that names nobody":    {message(guild + `,"type":19,"content":"thanks","mentions":[{"id":"8","bot":true}],"referenced_message":{"id":"7","author":{"id":"8"},"content":"<@222222222222222222>"}`), false},
		"both are named":                            {message(guild + `,"content":"<@8> <@222222222222222222> hi","mentions":[{"id":"8","bot":true},{"id":"222222222222222222","bot":true}]`), true},
		"named in the text alone":                   {message(guild + `,"content":"<@!222222222222222222> hi"`), true},
		"named in code":                             {message(guild + "," + `"content":"see ` + "```<@222222222222222222>```" + `"`), false},
		"named in a span of code":                   {message(guild + "," + `"content":"see ` + "`<@222222222222222222>`" + `"`), false},
		"my role":                                   {message(guild + `,"mention_roles":["777777777777777777"]`), true},
		"another role":                              {message(guild + `,"mention_roles":["888"]`), false},
		"somebody else":                             {message(guild + `,"mentions":[{"id":"8"}]`), false},
		"nobody":                                    {message(guild), false},
		"everyone":                                  {message(guild + `,"mention_everyone":true,"content":"@everyone"`), false},
		"direct message":                            {`{"id":"1","channel_id":"9","author":{"id":"4"},"content":"hi"}`, true},
		"forward in a DM":                           {`{"id":"1","channel_id":"9","author":{"id":"4"},"message_reference":{"guild_id":"8"}}`, true},
		"of a bot":                                  {message(guild + `,` + me + `,"author":{"id":"4","bot":true}`), false},
		"of a webhook":                              {message(guild + `,` + me + `,"webhook_id":"3"`), false},
		"of a webhook, no member":                   {`{"id":"1","channel_id":"9","guild_id":"5","author":{"id":"4"},"webhook_id":"3"}`, false},
		"of itself":                                 {message(guild + `,` + me + `,"author":{"id":"222222222222222222"}`), false},
		"command":                                   {message(guild + `,` + me + `,"type":20`), false},
		"context command":                           {message(guild + `,` + me + `,"type":23`), false},
		"join notice":                               {message(guild + `,` + me + `,"type":7`), false},
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

// The cheap check agrees with the full decoder about what to pass.
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

// Quoted and forwarded content is included.
func TestQuotes(t *testing.T) {
	t.Parallel()
	l, _ := testListener(t)
	const head = `{"id":"1308012345678901235","channel_id":"9","guild_id":"555555555555555555","author":{"id":"4","username":"ada"},"content":"<@222222222222222222> what do you think of this?"`
	const answered = `,"type":19,"message_reference":{"message_id":"7","channel_id":"9"}`
	for name, c := range map[string]struct {
		fields string
		want   []messenger.Quote
	}{
		"nothing": {``, nil},
		"a reply": {answered + `,"referenced_message":{"id":"7","author":{"id":"5","username":"ben","global_name":"Ben"},"content":"ship on <@4>'s Friday?","mentions":[{"id":"4","username":"ada"}],"attachments":[{"filename":"plan.md","size":3,"url":"https://cdn.discordapp.com/x"}]}`,
			[]messenger.Quote{{Kind: "reply", ID: "7", Author: "Ben", Text: "ship on @ada's Friday?", Files: []messenger.File{{Name: "plan.md", Size: 3, URL: "https://cdn.discordapp.com/x"}}}}},
		"a reply to the mate": {answered + `,"referenced_message":{"id":"7","author":{"id":"222222222222222222","username":"sophia","bot":true},"content":"Hello!"}`,
			[]messenger.Quote{{Kind: "reply", ID: "7", Author: "sophia", Own: true, Text: "Hello!"}}},
		"a reply of which only the id is told": {answered, []messenger.Quote{{Kind: "reply", ID: "7", State: messenger.QuoteUnread}}},
		"a reply to what was deleted":          {answered + `,"referenced_message":null`, []messenger.Quote{{Kind: "reply", ID: "7", State: messenger.QuoteDeleted}}},
		"a forward": {`,"type":0,"message_reference":{"type":1,"message_id":"70","channel_id":"80"},"message_snapshots":[{"message":{"content":"the build fails","attachments":[{"filename":"log.txt","size":9,"url":"https://cdn.discordapp.com/y"}]}}]`,
			[]messenger.Quote{{Kind: "forward", Text: "the build fails", Files: []messenger.File{{Name: "log.txt", Size: 9, URL: "https://cdn.discordapp.com/y"}}}}},
		"a poll":    {`,"poll":{"question":{"text":"Lunch?"},"answers":[{"answer_id":1,"poll_media":{"text":"Pizza"}},{"answer_id":2,"poll_media":{"text":"Salad"}}]}`, []messenger.Quote{{Kind: "poll", Text: "Lunch?\n- Pizza\n- Salad"}}},
		"a sticker": {`,"sticker_items":[{"id":"3","name":"thumbs up","format_type":1}]`, []messenger.Quote{{Kind: "sticker", Text: "thumbs up"}}},
		"an embed":  {`,"embeds":[{"title":"Build 7","url":"https://ci.example/7","description":"failed","fields":[{"name":"step","value":"lint"}]}]`, []messenger.Quote{{Kind: "embed", Text: "Build 7\nhttps://ci.example/7\nfailed\nstep: lint"}}},
		"a reply to an embed": {answered + `,"referenced_message":{"id":"7","author":{"id":"6","username":"ci","bot":true},"content":"","embeds":[{"title":"Build 7"}]}`,
			[]messenger.Quote{{Kind: "reply", ID: "7", Author: "ci", Text: "[embed] Build 7"}}},
		"odd types": {`,"sticker_items":{},"poll":[],"embeds":[7],"message_snapshots":"?","referenced_message":7`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := new(messageObject)
			if err := decode([]byte(head+c.fields+`}`), m); err != nil {
				t.Fatal(err)
			}
			got := newInbound(l.bot, m, names{bot: botID})
			for i := range got.Quotes {
				got.Quotes[i].At = time.Time{}
			}
			if !reflect.DeepEqual(got.Quotes, c.want) {
				t.Errorf("got  %+v\nwant %+v", got.Quotes, c.want)
			}
			if strings.Contains(c.fields, `"type":1,`) && got.ReplyTo != "" {
				t.Errorf("a forward answers %s", got.ReplyTo)
			}
		})
	}
	m := &messageObject{ID: "5", ChannelID: "9", Content: "see https://discord.com/channels/555555555555555555/9/77 and https://discord.com/channels/555555555555555555/10/78"}
	if got := newInbound(l.bot, m, names{}).Quotes; len(got) != 1 || got[0].ID != "77" || got[0].Kind != messenger.QuoteLink || got[0].State != messenger.QuoteUnread {
		t.Errorf("links: %+v", got)
	}
	long := &messageObject{Snapshots: list[snapshotObject]{{Message: messageObject{Content: text(strings.Repeat("é", messenger.MaxQuote))}}}}
	for range 50 {
		long.Snapshots = append(long.Snapshots, long.Snapshots[0])
	}
	got := newInbound(l.bot, long, names{}).Quotes
	if len(got) != messenger.MaxQuotes || len(got[0].Text) > messenger.MaxQuote || !got[0].Cut {
		t.Errorf("%d quotes of %d bytes, cut %t", len(got), len(got[0].Text), got[0].Cut)
	}
	voice := &messageObject{Flags: flagVoice, Attachments: list[attachmentObject]{{Filename: "voice-message.ogg", ContentType: "audio/ogg", URL: "https://cdn.discordapp.com/v"}}}
	if in := newInbound(l.bot, voice, names{}); len(in.Files) != 1 || !in.Files[0].Voice {
		t.Errorf("a voice message: %+v", in.Files)
	}
}
