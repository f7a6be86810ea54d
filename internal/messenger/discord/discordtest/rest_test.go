package discordtest

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestPostReplyAndNonce(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{NonceWindow: time.Minute})
	path := "/channels/" + s.guild.General + "/messages"
	asked := s.Say(s.guild.General, s.ada.ID, "<@"+s.app.BotID+"> hi")
	body := map[string]any{
		"content": "  hello @everyone <@" + s.ada.ID + ">  ", "nonce": "abc", "enforce_nonce": true,
		"message_reference": map[string]any{"message_id": asked.ID, "fail_if_not_exists": false},
		"allowed_mentions":  map[string]any{"parse": []string{}, "replied_user": true},
	}
	status, b := s.asBot(t, "POST", path, body)
	m := decodeSeen(t, b)
	if status != 200 || m.Type != typeReply || m.Content != "hello @everyone <@"+s.ada.ID+">" || string(m.Nonce) != `"abc"` {
		t.Errorf("got %d %s", status, b)
	}
	if len(m.Mentions) != 1 || m.Mentions[0].ID != s.ada.ID || strings.Contains(string(b), `"mention_everyone":true`) {
		t.Errorf("it mentions %+v", m.Mentions)
	}
	if m.Referenced == nil || m.Referenced.ID != asked.ID {
		t.Errorf("it answers %+v", m.Referenced)
	}
	_, b = s.asBot(t, "POST", path, body)
	if again := decodeSeen(t, b); again.ID != m.ID {
		t.Errorf("the same nonce made %s beside %s", again.ID, m.ID)
	}
	if r := s.Replies(asked.ID); len(r) != 1 || r[0].Nonce != "abc" || !r[0].Bot {
		t.Errorf("replies are %+v", r)
	}
	s.clock.pass(2 * time.Minute)
	_, b = s.asBot(t, "POST", path, body)
	late := decodeSeen(t, b)
	if late.ID == m.ID {
		t.Error("the nonce outlived its window")
	}
	s.asBot(t, "DELETE", path+"/"+late.ID, nil)
	status, b = s.asBot(t, "POST", path, body)
	refused(t, status, b, 404, 10008)
}

func TestPostRefused(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	general := "/channels/" + s.guild.General + "/messages"
	hidden := s.AddChannel(s.guild.ID, "hidden")
	s.SetOverwrite(hidden.ID, s.guild.ID, 0, permView)
	mute := s.AddChannel(s.guild.ID, "mute")
	s.SetOverwrite(mute.ID, s.ManagedRole(s.guild.ID, s.app.ID), 0, permSend)
	blind := s.AddChannel(s.guild.ID, "blind")
	s.SetOverwrite(blind.ID, s.app.BotID, 0, permHistory)
	target := s.Say(blind.ID, s.ada.ID, "old")
	foreign := s.AddPerson("Stranger")
	shy := s.AddPerson("Shy")
	s.RefuseDMs(shy.ID, true)
	dm := s.DM(s.app.BotID, shy.ID)
	ref := func(id string) map[string]any {
		return map[string]any{"content": "x", "message_reference": map[string]string{"message_id": id}}
	}
	text := func(c string) map[string]any { return map[string]any{"content": c} }
	cases := []struct {
		name, auth, method, path string
		body                     any
		status, code             int
	}{
		{"2001 characters", s.bot(), "POST", general, text(strings.Repeat("a", 2001)), 400, 50035},
		{"1001 emoji are 2002 units", s.bot(), "POST", general, text(strings.Repeat("😀", 1001)), 400, 50035},
		{"empty", s.bot(), "POST", general, text("   "), 400, 50006},
		{"long nonce", s.bot(), "POST", general, map[string]any{"content": "x", "nonce": strings.Repeat("n", 26)}, 400, 50035},
		{"wrong type", s.bot(), "POST", general, map[string]any{"content": 7}, 400, 50035},
		{"unknown reference", s.bot(), "POST", general, ref("123"), 400, 50035},
		{"unknown channel", s.bot(), "POST", "/channels/123/messages", text("x"), 404, 10003},
		{"no snowflake", s.bot(), "POST", "/channels/abc/messages", text("x"), 400, 50035},
		{"hidden channel", s.bot(), "POST", "/channels/" + hidden.ID + "/messages", text("x"), 403, 50001},
		{"may not send", s.bot(), "POST", "/channels/" + mute.ID + "/messages", text("x"), 403, 50013},
		{"reply without history", s.bot(), "POST", "/channels/" + blind.ID + "/messages", ref(target.ID), 403, 160002},
		{"not a member", foreign.Token, "POST", general, text("x"), 403, 50001},
		{"direct messages refused", s.bot(), "POST", "/channels/" + dm.ID + "/messages", text("x"), 403, 50007},
		{"no token", "", "POST", general, text("x"), 401, 0},
		{"bot token without Bot", s.app.Token, "POST", general, text("x"), 401, 0},
		{"a person's token with Bot", "Bot " + s.ada.Token, "POST", general, text("x"), 401, 0},
		{"unknown message", s.bot(), "GET", general + "/123", nil, 404, 10008},
		{"foreign message", s.bot(), "PATCH", "/channels/" + blind.ID + "/messages/" + target.ID, text("x"), 403, 50005},
		{"foreign message to delete", s.bot(), "DELETE", "/channels/" + blind.ID + "/messages/" + target.ID, nil, 403, 50013},
		{"unknown guild", s.bot(), "GET", "/guilds/123", nil, 404, 10004},
		{"unknown user", s.bot(), "GET", "/users/123", nil, 404, 10013},
		{"unknown path", s.bot(), "GET", "/sounds", nil, 404, 0},
		{"unknown method", s.bot(), "DELETE", "/users/@me", nil, 405, 0},
		{"exclusive mentions", s.bot(), "POST", general, map[string]any{
			"content": "x", "allowed_mentions": map[string]any{"parse": []string{"users"}, "users": []string{"1"}},
		}, 400, 50035},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			status, _, b := s.rest(t, tc.auth, tc.method, tc.path, tc.body)
			refused(t, status, b, tc.status, tc.code)
		})
	}
}

func TestNestedErrorShape(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	_, b := s.asBot(t, "POST", "/channels/"+s.guild.General+"/messages", map[string]string{"content": strings.Repeat("a", 2001)})
	want := `{"code":50035,"errors":{"content":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH","message":"Must be 2000 or fewer in length."}]}},"message":"Invalid Form Body"}`
	if string(b) != want {
		t.Errorf("got %s", b)
	}
}

func TestUserAgent(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	for agent, want := range map[string]int{
		"curl/8": 403, "": 403, "DiscordBot": 403,
		"DiscordBot (https://discord.js.org, 14.28.1) Node.js/v24": 200,
		"DiscordBot (https://github.com/disgoorg/disgo, v0.19.6)":  200,
	} {
		req, err := http.NewRequestWithContext(bounded(t), "GET", s.API()+"/v10/users/@me", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", s.bot())
		req.Header.Set("User-Agent", agent)
		status, _, b := do(t, req)
		if status != want {
			t.Errorf("%q gives %d", agent, status)
		}
		if want == 403 {
			refused(t, status, b, 403, 40333)
		}
	}
}

func TestReferenceMayMiss(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	status, b := s.asBot(t, "POST", "/channels/"+s.guild.General+"/messages", map[string]any{
		"content": "x", "message_reference": map[string]any{"message_id": "123", "fail_if_not_exists": false},
	})
	if m := decodeSeen(t, b); status != 200 || m.Type != typeDefault {
		t.Errorf("got %d %s", status, b)
	}
}

func TestListMessages(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	var ids []string
	for _, text := range []string{"0", "1", "2", "3", "4", "5"} {
		ids = append(ids, s.Say(s.guild.General, s.ada.ID, text).ID)
	}
	path := "/channels/" + s.guild.General + "/messages"
	s.rest(t, s.ada.Token, "DELETE", path+"/"+ids[5], nil)
	for query, want := range map[string]string{
		"":                                  "43210",
		"?limit=2":                          "43",
		"?after=" + ids[1]:                  "432",
		"?after=" + ids[0] + "&limit=2":     "21",
		"?before=" + ids[2]:                 "10",
		"?around=" + ids[2] + "&limit=3":    "321",
		"?after=" + ids[4] + "&limit=100":   "",
		"?after=" + ids[1][:len(ids[1])-10]: "43210",
	} {
		status, _, b := s.rest(t, s.ada.Token, "GET", path+query, nil)
		var list []seen
		mustDecode(t, b, &list)
		got := ""
		for _, m := range list {
			got += m.Content
		}
		if status != 200 || got != want {
			t.Errorf("%s: %d %q, want %q", query, status, got, want)
		}
	}
	status, b := s.asBot(t, "GET", path+"?limit=101", nil)
	refused(t, status, b, 400, 50035)
	_, b = s.asBot(t, "GET", path+"?limit=1", nil)
	var list []seen
	if mustDecode(t, b, &list); len(list) != 1 || list[0].Content != "" {
		t.Errorf("content of unrelated talk reaches the bot by REST: %s", b)
	}
	s.SetOverwrite(s.guild.General, s.app.BotID, 0, permHistory)
	if _, b = s.asBot(t, "GET", path, nil); string(b) != "[]" {
		t.Errorf("without READ_MESSAGE_HISTORY it gives %s", b)
	}
}

func TestEditKeepsPing(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	asked := s.Say(s.guild.General, s.ada.ID, "q")
	mine := s.Reply(s.guild.General, s.app.BotID, "part", asked.ID, true)
	status, b := s.asBot(t, "PATCH", "/channels/"+s.guild.General+"/messages/"+mine.ID, map[string]any{"content": "part and all"})
	m := decodeSeen(t, b)
	if status != 200 || m.Content != "part and all" || len(m.Mentions) != 1 || m.Referenced == nil {
		t.Errorf("got %d %s", status, b)
	}
	if got := s.Replies(asked.ID); len(got) != 1 || got[0].Content != "part and all" || got[0].Edits[0].Content != "part" {
		t.Errorf("replies are %+v", got)
	}
}

func TestUploadAndDownload(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, _ := w.CreateFormField("payload_json")
	io.WriteString(part, `{"content":"see file"}`)
	part, _ = w.CreateFormFile("files[0]", "notes.txt")
	io.WriteString(part, "forty-two")
	w.Close()
	req, err := http.NewRequestWithContext(bounded(t), "POST", s.API()+"/v10/channels/"+s.guild.General+"/messages", &form)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", s.ada.Token)
	req.Header.Set("Content-Type", w.FormDataContentType())
	status, _, b := do(t, req)
	m := decodeSeen(t, b)
	if status != 200 || m.Content != "see file" || len(m.Attachments) != 1 || m.Attachments[0].Filename != "notes.txt" {
		t.Fatalf("got %d %s", status, b)
	}
	fetch := func(url string) (int, string) {
		req, err := http.NewRequestWithContext(bounded(t), "GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		status, _, b := do(t, req)
		return status, string(b)
	}
	if status, text := fetch(m.Attachments[0].URL); status != 200 || text != "forty-two" {
		t.Errorf("the file gives %d %q", status, text)
	}
	bare, _, _ := strings.Cut(m.Attachments[0].URL, "?")
	if status, _ := fetch(bare); status != 404 {
		t.Errorf("without a signature it gives %d", status)
	}
	s.clock.pass(attachmentLife + time.Minute)
	if status, _ := fetch(m.Attachments[0].URL); status != 404 {
		t.Errorf("after its expiry it gives %d", status)
	}
}

func TestDirectMessages(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	status, b := s.asBot(t, "POST", "/users/@me/channels", map[string]string{"recipient_id": s.ada.ID})
	var ch struct {
		ID         string
		Type       int
		Recipients []struct{ ID string }
	}
	mustDecode(t, b, &ch)
	if status != 200 || ch.Type != dmChannel || len(ch.Recipients) != 1 || ch.Recipients[0].ID != s.ada.ID {
		t.Errorf("got %d %s", status, b)
	}
	if got := s.DM(s.ada.ID, s.app.BotID); got.ID != ch.ID {
		t.Error("there are two channels between two accounts")
	}
	if status, _ := s.asBot(t, "POST", "/channels/"+ch.ID+"/messages", map[string]string{"content": "hi"}); status != 200 {
		t.Errorf("posting gives %d", status)
	}
	_, b = s.asBot(t, "GET", "/users/@me/channels", nil)
	if string(b) != "[]" {
		t.Errorf("a bot lists direct messages: %s", b)
	}
	_, _, b = s.rest(t, s.ada.Token, "GET", "/users/@me/channels", nil)
	if !strings.Contains(string(b), ch.ID) {
		t.Errorf("a person does not list them: %s", b)
	}
}

func TestThreads(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	m := s.Say(s.guild.General, s.ada.ID, "a long story")
	path := "/channels/" + s.guild.General + "/messages/" + m.ID + "/threads"
	status, b := s.asBot(t, "POST", path, map[string]string{"name": "story"})
	if status != 201 || !strings.Contains(string(b), `"id":"`+m.ID+`"`) {
		t.Errorf("got %d %s", status, b)
	}
	status, b = s.asBot(t, "POST", path, map[string]string{"name": "story"})
	refused(t, status, b, 400, 160004)
	status, b = s.asBot(t, "POST", "/channels/"+s.guild.General+"/threads", map[string]any{"name": "private"})
	if status != 201 || !strings.Contains(string(b), `"type":12`) {
		t.Errorf("got %d %s", status, b)
	}
	bob := s.AddPerson("Bob")
	s.Join(s.guild.ID, bob.ID)
	_, _, b = s.rest(t, bob.Token, "GET", "/guilds/"+s.guild.ID+"/threads/active", nil)
	if !strings.Contains(string(b), `"story"`) || strings.Contains(string(b), `"private"`) {
		t.Errorf("Bob sees %s", b)
	}
	if status, _, b := s.rest(t, bob.Token, "POST", "/channels/"+m.ID+"/messages", map[string]string{"content": "in it"}); status != 200 {
		t.Errorf("posting in a thread: %d %s", status, b)
	}
}

func TestGuildAndSelf(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	s.Configure(s.app.ID, func(x *Settings) { x.Redirects, x.CodeGrant = []string{"https://example.org/back"}, true })
	for path, want := range map[string]string{
		"/users/@me":                                     `"bot":true`,
		"/users/" + s.ada.ID:                             `"global_name":"Ada Lovelace"`,
		"/applications/@me":                              `"redirect_uris":["https://example.org/back"]`,
		"/oauth2/applications/@me":                       `"bot_require_code_grant":true`,
		"/users/@me/guilds":                              `"permissions":"`,
		"/guilds/" + s.guild.ID:                          `"name":"Analytical Engine"`,
		"/guilds/" + s.guild.ID + "/roles":               `"tags":{"bot_id":"` + s.app.BotID + `"}`,
		"/guilds/" + s.guild.ID + "/channels":            `"name":"general"`,
		"/guilds/" + s.guild.ID + "/members/" + s.ada.ID: `"joined_at"`,
		"/channels/" + s.guild.General:                   `"type":0`,
		"/gateway/bot":                                   `"remaining":1000`,
	} {
		if status, b := s.asBot(t, "GET", path, nil); status != 200 || !strings.Contains(string(b), want) {
			t.Errorf("%s: %d %s", path, status, b)
		}
	}
	status, b := s.asBot(t, "GET", "/guilds/"+s.guild.ID+"/members?limit=10", nil)
	refused(t, status, b, 403, 50001) // needs the GUILD_MEMBERS intent
	status, b = s.asBot(t, "PATCH", "/applications/@me", map[string]any{"description": "thinks", "flags": appContentLimited})
	if status != 200 || !strings.Contains(string(b), `"flags":524288`) {
		t.Errorf("PATCH gives %d %s", status, b)
	}
	if status, _ := s.asBot(t, "DELETE", "/users/@me/guilds/"+s.guild.ID, nil); status != 204 {
		t.Errorf("leaving gives %d", status)
	}
	status, b = s.asBot(t, "GET", "/guilds/"+s.guild.ID, nil)
	refused(t, status, b, 404, 10004)
}

func TestPermissionOrder(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	sees := func() bool {
		status, _ := s.asBot(t, "GET", "/channels/"+s.guild.General, nil)
		return status == 200
	}
	role := s.ManagedRole(s.guild.ID, s.app.ID)
	for i, step := range []struct {
		id          string
		allow, deny int64
		want        bool
	}{
		{s.guild.ID, 0, permView, false},  // everyone may not
		{role, permView, 0, true},         // the role beats everyone
		{s.app.BotID, 0, permView, false}, // the member beats the role
		{s.app.BotID, permView, 0, true},
		{role, 0, permView, true},
	} {
		s.SetOverwrite(s.guild.General, step.id, step.allow, step.deny)
		if sees() != step.want {
			t.Errorf("step %d: seen is %t", i, !step.want)
		}
	}
	s.SetOverwrite(s.guild.General, s.app.BotID, 0, permView)
	s.Install(s.guild.ID, s.app.ID, permAdministrator)
	if !sees() {
		t.Error("an administrator does not see the channel")
	}
}
