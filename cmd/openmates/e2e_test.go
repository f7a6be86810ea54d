package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"openmates/internal/llm/llmtest"
	"openmates/internal/polltest"
	"openmates/internal/walktest"
)

// program is the real program, run by a test in this process.
type program struct{ *walktest.Program }

// start runs the program with these arguments and waits until it has printed
// its addresses.
func start(t *testing.T, env map[string]string, args ...string) *program {
	t.Helper()
	return &program{walktest.Start(t, len(args) > 0 && args[0] == "demo", func(ctx context.Context, out, log io.Writer) int {
		return run(ctx, args, environOf(env), out, log)
	})}
}

// member plays a person of the demo over Discord's REST API.
type member struct {
	*program
	token, guild, channel string
}

func (p *program) member(name string) *member {
	p.Helper()
	m := &member{program: p}
	var people []struct{ Name, Token string }
	m.get(p.Discord+"/sim/persons", &people)
	for _, who := range people {
		if who.Name == name {
			m.token = who.Token
		}
	}
	if m.token == "" {
		p.Fatalf("no person %s in %v", name, people)
	}
	var guilds []struct{ ID string }
	m.get(p.Discord+"/api/v10/users/@me/guilds", &guilds)
	m.guild = guilds[0].ID
	var channels []struct {
		ID   string
		Type int
	}
	m.get(p.Discord+"/api/v10/guilds/"+m.guild+"/channels", &channels)
	for _, c := range channels {
		if c.Type == 0 && m.channel == "" {
			m.channel = c.ID
		}
	}
	return m
}

func (m *member) do(method, at string, body, into any) {
	m.Helper()
	b, _ := json.Marshal(body)
	req, err := http.NewRequestWithContext(m.Context(), method, at, bytes.NewReader(b))
	if err != nil {
		m.Fatal(err)
	}
	req.Header.Set("Authorization", m.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		m.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	if res.StatusCode/100 != 2 {
		m.Fatalf("%s %s: %s: %s", method, at, res.Status, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		m.Fatalf("%s %s: %v: %s", method, at, err, text)
	}
}

func (m *member) get(at string, into any) { m.Helper(); m.do(http.MethodGet, at, nil, into) }

type chatMessage struct {
	ID, Content string
	Author      struct {
		ID, Username string
		Bot          bool
	}
	Reference *struct {
		ID string `json:"message_id"`
	} `json:"message_reference"`
}

// bot is the Discord id of a mate's bot.
func (m *member) bot(name string) string {
	m.Helper()
	var members []struct {
		User struct{ ID, Username string }
	}
	m.get(m.Discord+"/api/v10/guilds/"+m.guild+"/members?limit=100", &members)
	for _, x := range members {
		if x.User.Username == name {
			return x.User.ID
		}
	}
	m.Fatalf("%s is not in the guild", name)
	return ""
}

func (m *member) say(text string) chatMessage {
	m.Helper()
	var said chatMessage
	m.do(http.MethodPost, m.Discord+"/api/v10/channels/"+m.channel+"/messages", map[string]string{"content": text}, &said)
	return said
}

// answer waits for the reply to a message that ok accepts.
func (m *member) answer(to chatMessage, ok func(chatMessage) bool) chatMessage {
	m.Helper()
	var found chatMessage
	polltest.Until(m.T, "an answer comes", func() bool {
		var list []chatMessage
		m.get(m.Discord+"/api/v10/channels/"+m.channel+"/messages?limit=100&after="+to.ID, &list)
		i := slices.IndexFunc(list, func(c chatMessage) bool { return c.Reference != nil && c.Reference.ID == to.ID && ok(c) })
		if i >= 0 {
			found = list[i]
		}
		return i >= 0
	})
	return found
}

func demoArgs(t *testing.T) []string {
	return []string{"demo", "--addr", "127.0.0.1:0", "--log-level", "debug", "--data", t.TempDir()}
}

func TestTheDemoAnswersAMention(t *testing.T) {
	t.Parallel()
	p := start(t, nil, demoArgs(t)...)
	if !strings.HasPrefix(p.Lines[0], "web http://") || !strings.HasPrefix(p.Lines[1], "discord http://") {
		t.Errorf("its first lines are %q", p.Lines)
	}
	ada := p.member("Ada")
	sophia := ada.bot("Sophia")
	said := ada.say("<@" + sophia + "> hello")
	got := ada.answer(said, func(c chatMessage) bool { return strings.Contains(c.Content, "Sophia") })
	if got.Author.ID != sophia || !got.Author.Bot {
		t.Errorf("%+v answered", got.Author)
	}
}

func TestTheDemoStreamsALongAnswer(t *testing.T) {
	t.Parallel()
	p := start(t, nil, demoArgs(t)...)
	ben := p.member("Ben")
	said := ben.say("<@" + ben.bot("Mark") + "> long")
	ben.answer(said, func(c chatMessage) bool { return len(c.Content) > 1000 })
}

func TestTheDemoStartsAgainWithItsFolder(t *testing.T) {
	t.Parallel()
	args := demoArgs(t)
	p := start(t, nil, args...)
	ada := p.member("Ada")
	said := ada.say("<@" + ada.bot("Lisa") + "> hello")
	ada.answer(said, func(chatMessage) bool { return true })
	if code := p.Stop(); code != 0 {
		t.Fatalf("exit code %d: %s", code, p.Log)
	}
	again := start(t, nil, args...).member("Ada")
	var list []chatMessage
	again.get(again.Discord+"/api/v10/channels/"+again.channel+"/messages?limit=100&after="+said.ID, &list)
	if len(list) != 1 {
		t.Errorf("after the restart %d messages follow the question: %+v", len(list), list)
	}
	said = again.say("<@" + again.bot("Lisa") + "> hello again")
	again.answer(said, func(chatMessage) bool { return true })
}

func TestServeOnAFirstStart(t *testing.T) {
	t.Parallel()
	p := start(t, nil, "serve", "--addr", "127.0.0.1:0", "--data", t.TempDir())
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/": 200, "/nowhere/at/all": 404} {
		res, err := http.Get(p.Web + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("GET %s: %s, want %d", path, res.Status, want)
		}
	}
}

func TestCommandsThatOnlyPrint(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"version": "openmates ", "help": "Usage: openmates", "config": "OPENMATES_ADDR", "--help": "Usage: openmates",
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), []string{args}, environOf(nil), &out, &errs); code != 0 {
			t.Errorf("%s: exit code %d: %s", args, code, &errs)
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s printed %q", args, &out)
		}
	}
}

func TestAWrongSettingStopsTheStart(t *testing.T) {
	t.Parallel()
	busy := start(t, nil, "serve", "--addr", "127.0.0.1:0", "--data", t.TempDir())
	u, err := url.Parse(busy.Web)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, want string }{
		{"serve --addr nonsense", "OPENMATES_ADDR"},
		{"serve --addr " + u.Host + " --data " + t.TempDir(), "OPENMATES_ADDR"},
		{"serve --addr 127.0.0.1:0 --data /proc/nowhere", "OPENMATES_DATA"},
		{"serve --addr 127.0.0.1:0 --model nobody/knows --data " + t.TempDir(), "OPENMATES_MODEL"},
		{"fly", "fly"},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), strings.Fields(c.args), environOf(nil), &out, &errs); code != 2 {
			t.Errorf("%s: exit code %d", c.args, code)
		}
		if !strings.Contains(errs.String(), c.want) {
			t.Errorf("%s: said %q, want it to name %s", c.args, &errs, c.want)
		}
	}
}

func TestARealModelAnswersInTheDemo(t *testing.T) {
	t.Parallel()
	for _, api := range []llmtest.API{llmtest.OpenAI, llmtest.Anthropic, llmtest.Google} {
		t.Run(string(api), func(t *testing.T) {
			t.Parallel()
			model := llmtest.Start(t, llmtest.Config{API: api, Models: []string{"wise"}, Answer: func(llmtest.Question) llmtest.Reply {
				return llmtest.Reply{Text: "Because of the missing index."}
			}})
			name := strings.ToUpper(string(api))
			p := start(t, map[string]string{
				"OPENMATES_" + name + "_URL": model.URL(), "OPENMATES_" + name + "_KEY": "sk-canary",
			}, demoArgs(t)...)
			ada := p.member("Ada")
			said := ada.say("<@" + ada.bot("Sophia") + "> why does this query crawl?")
			ada.answer(said, func(c chatMessage) bool { return c.Content == "Because of the missing index." })
			q := model.Questions()[0]
			if q.Model != "wise" || !q.Stream || !strings.Contains(q.System, "You are Sophia") {
				t.Errorf("the model was asked %+v", q)
			}
			if strings.Contains(p.Log.String(), "canary") {
				t.Error("the log holds the key")
			}
		})
	}
}
