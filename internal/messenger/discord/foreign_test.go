package discord

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"openmates"
	"openmates/internal/messenger"
)

// foreign is a server that speaks Discord's protocol carelessly: fields are
// missing or of other types, there are no limits' headers, a session can't be
// resumed, and there is noise between the payloads.
type foreign struct {
	t   testing.TB
	url string

	mu     sync.Mutex
	conns  []*websocket.Conn
	ops    []int
	seq    int
	said   []string // messages, newest first, for GET
	posted int
	news   chan struct{}
}

const foreignGuild = `{"id":"900","name":"Foreign","roles":[{"id":"901"},{"id":902,"tags":null},7],` +
	`"channels":[{"id":"903","type":"0","last_message_id":"%s"},null,"x"],"members":{"odd":true},"public_flags":"0"}`

func newForeign(t testing.TB) *foreign {
	t.Helper()
	f := &foreign{t: t, news: make(chan struct{}, 100)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v10/gateway/bot", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"url":%q}`, "ws"+strings.TrimPrefix(f.url, "http")+"/ws?x=1")
	})
	mux.HandleFunc("GET /api/v10/channels/{id}/messages", func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		fmt.Fprintf(w, "[%s]", strings.Join(f.said, ","))
	})
	mux.HandleFunc("POST /api/v10/channels/{id}/messages", func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.posted++
		fmt.Fprint(w, `{"id":12345,"author":{"public_flags":"1"}}`)
	})
	mux.HandleFunc("/ws", f.gateway)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	t.Cleanup(f.cut)
	f.url = srv.URL
	return f
}

func (f *foreign) gateway(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	f.mu.Lock()
	f.conns = append(f.conns, conn)
	f.mu.Unlock()
	defer conn.CloseNow()
	f.send(`{"op":10,"d":{"heartbeat_interval":"45000"}}`)
	for {
		_, raw, err := conn.Read(context.Background())
		if err != nil {
			return
		}
		var p struct {
			Op int `json:"op"`
		}
		_ = json.Unmarshal(raw, &p)
		f.mu.Lock()
		f.ops = append(f.ops, p.Op)
		f.mu.Unlock()
		switch p.Op {
		case opHeartbeat:
			f.send(`{"op":11}`)
		case opResume:
			f.send(`{"op":9}`) // not even d
		case opIdentify:
			last := "0"
			f.mu.Lock()
			if f.seq = 0; len(f.said) > 0 {
				last = "1408012345678901239"
			}
			f.mu.Unlock()
			f.send(`not a payload`)
			f.event("READY", `{"session_id":"only this","user":{"id":"42","public_flags":"x"},"guilds":[{"id":"900","unavailable":"?"},3]}`)
			f.event("GUILD_CREATE", fmt.Sprintf(foreignGuild, last))
			f.send(`{"op":77,"d":{}}`)
			f.event("GUILD_CREATE", `"nonsense"`)
			f.event("MESSAGE_CREATE", `[42]`)
			f.event("READY_SUPPLEMENTAL", `{}`)
		}
	}
}

func (f *foreign) event(name, d string) {
	f.mu.Lock()
	f.seq++
	s := f.seq
	f.mu.Unlock()
	f.send(fmt.Sprintf(`{"d":%s,"op":0,"s":%d,"t":%q,"extra":null}`, d, s, name))
}

func (f *foreign) send(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.conns[len(f.conns)-1].Write(context.Background(), websocket.MessageText, []byte(text))
}

func (f *foreign) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		_ = c.CloseNow()
	}
}

func foreignMessage(id string) string {
	return `{"id":` + id + `,"channel_id":903,"guild_id":"900","type":"0","content":"<@42> hi","author":{"id":5,"username":"bob",` +
		`"public_flags":"64","bot":null},"mentions":[{"id":"42","public_flags":"0","member":[]}],"mention_roles":null,"attachments":"none","nonce":{}}`
}

func TestForeignServer(t *testing.T) {
	t.Parallel()
	f := newForeign(t)
	own := ownTransport()
	t.Cleanup(own.CloseIdleConnections)
	d, err := New(Config{API: f.url + "/api", Authorize: f.url + "/authorize", HTTP: &http.Client{Transport: own}})
	if err != nil {
		t.Fatal(err)
	}
	d.pace = quick()
	b := openmates.Bot{ID: 1, AppID: "42", Secrets: openmates.Secrets{"token": "tok"}}
	h := newMemory()
	start(t, d, b, h)
	joined := func(h *memory) bool {
		return slices.ContainsFunc(h.changes, func(c messenger.WorkspaceChange) bool { return c.Workspace.ID == "900" })
	}
	h.until(t, "the start", joined)

	f.event("MESSAGE_CREATE", foreignMessage("1408012345678901235"))
	f.event("MESSAGE_CREATE", `{"id":"1408012345678901236","channel_id":"904","author":{"id":"5","username":"bob"},"content":"direct"}`)
	h.until(t, "two messages", func(h *memory) bool { return len(h.keys) == 2 })

	// The session can't be resumed; what was said meanwhile is read back.
	f.mu.Lock()
	f.said = []string{`7`, foreignMessage("1408012345678901238"), `{"id":[]}`, foreignMessage("1408012345678901237")}
	f.mu.Unlock()
	f.cut()
	h.until(t, "the missed messages", func(h *memory) bool { return len(h.keys) >= 4 })
	h.mu.Lock()
	defer h.mu.Unlock()
	var want []string
	for i := range 4 {
		want = append(want, fmt.Sprint("discord:42:140801234567890123", 5+i))
	}
	got := slices.Clone(h.keys)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("received %v", h.keys)
	}
	if in := h.seen[want[0]]; in.Text != "hi" || in.Author.Name != "bob" || in.Channel != "903" {
		t.Errorf("%+v", in)
	}
	f.mu.Lock()
	ops := slices.DeleteFunc(slices.Clone(f.ops), func(op int) bool { return op == opHeartbeat })
	f.mu.Unlock()
	if !slices.Equal(ops, []int{opIdentify, opResume, opIdentify}) {
		t.Errorf("the client sent %v", ops)
	}
	id, err := d.Send(t.Context(), via(b), messenger.Outbound{Key: "k", Channel: "903", Text: "hello"})
	if err != nil || id != "12345" {
		t.Errorf("%q, %v", id, err)
	}
}
