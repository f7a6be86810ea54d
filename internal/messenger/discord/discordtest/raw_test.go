package discordtest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/klauspost/compress/zlib"

	"openmates/internal/polltest"
)

const (
	basicIntents = intentGuilds | intentGuildMessages | intentDirectMessages
	seedPerms    = 377957239872 // the seed's number and VIEW_CHANNEL
)

// scene is a guild with a person and a bot in it.
type scene struct {
	*Server
	ada   Person
	app   Application
	guild Guild
	clock *clock
}

// clock is a time that only the test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newScene(t *testing.T, c Config) *scene {
	t.Helper()
	ck := &clock{at: time.Now()}
	if c.Clock == nil {
		c.Clock = ck.now
	}
	if c.MaxConcurrency == 0 {
		c.MaxConcurrency = 100
	}
	s := &scene{Server: Start(t, c), clock: ck}
	s.ada = s.AddPerson("Ada Lovelace")
	s.app = s.AddApplication(s.ada.ID, "Sophia")
	s.guild = s.AddGuild(s.ada.ID, "Analytical Engine")
	s.Install(s.guild.ID, s.app.ID, seedPerms)
	return s
}

// bounded ends with the test, long before the test binary's own limit.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), polltest.Patience)
	t.Cleanup(cancel)
	return ctx
}

type frame struct {
	Op int             `json:"op"`
	S  *int64          `json:"s"`
	T  string          `json:"t"`
	D  json.RawMessage `json:"d"`
}

// rawClient speaks the gateway's protocol by hand.
type rawClient struct {
	t   *testing.T
	ctx context.Context
	ws  *websocket.Conn
	in  bytes.Buffer
	zr  io.ReadCloser
	zip bool

	session string
	resume  string
	seq     int64
}

func dialRaw(t *testing.T, s *Server, query string) *rawClient {
	t.Helper()
	c := &rawClient{t: t, ctx: bounded(t), zip: strings.Contains(query, "zlib-stream")}
	ws, resp, err := websocket.Dial(c.ctx, s.gatewayURL()+"/?"+query, nil)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	if resp.Body != nil {
		resp.Body.Close()
	}
	ws.SetReadLimit(-1)
	t.Cleanup(func() { ws.CloseNow() })
	c.ws = ws
	return c
}

func connectRaw(t *testing.T, s *scene, intents int64) *rawClient {
	t.Helper()
	c := dialRaw(t, s.Server, "v=10&encoding=json")
	c.expect(opHello)
	c.identify(s.app.Token, intents)
	c.event("READY")
	if intents&intentGuilds != 0 {
		c.event("GUILD_CREATE")
	}
	return c
}

func (c *rawClient) send(op int, d any) {
	c.t.Helper()
	if err := c.ws.Write(c.ctx, websocket.MessageText, mustJSON(map[string]any{"op": op, "d": d})); err != nil {
		c.t.Fatalf("send op %d: %v", op, err)
	}
}

func (c *rawClient) identify(token string, intents int64) {
	c.t.Helper()
	c.send(opIdentify, map[string]any{
		"token": token, "intents": intents, "properties": map[string]string{"os": "linux", "browser": "raw", "device": "raw"},
	})
}

func (c *rawClient) resumeOn(s *scene, old *rawClient) {
	c.t.Helper()
	c.expect(opHello)
	c.send(opResume, map[string]any{"token": s.app.Token, "session_id": old.session, "seq": old.seq})
	c.session, c.seq = old.session, old.seq
}

func (c *rawClient) next() (frame, error) {
	_, b, err := c.ws.Read(c.ctx)
	if err != nil {
		return frame{}, err
	}
	if c.zip {
		b = c.inflate(b)
	}
	var f frame
	if err := json.Unmarshal(b, &f); err != nil {
		c.t.Fatalf("the gateway sent no JSON: %q", b)
	}
	if f.S != nil {
		c.seq = *f.S
	}
	if f.T == "READY" {
		var d struct {
			SessionID string `json:"session_id"`
			Resume    string `json:"resume_gateway_url"`
		}
		if err := json.Unmarshal(f.D, &d); err != nil {
			c.t.Fatal(err)
		}
		c.session, c.resume = d.SessionID, d.Resume
	}
	return f, nil
}

// inflate reads one payload with the context that lasts for the connection.
func (c *rawClient) inflate(b []byte) []byte {
	c.t.Helper()
	if !bytes.HasSuffix(b, []byte{0, 0, 0xff, 0xff}) {
		c.t.Fatal("a zlib-stream payload does not end with 00 00 ff ff")
	}
	c.in.Write(b)
	if c.zr == nil {
		zr, err := zlib.NewReader(&c.in)
		if err != nil {
			c.t.Fatal(err)
		}
		c.zr = zr
	}
	var v json.RawMessage
	if err := json.NewDecoder(byteByByte{c.zr}).Decode(&v); err != nil {
		c.t.Fatalf("inflate: %v", err)
	}
	return v
}

// byteByByte keeps the decoder from reading past the payload.
type byteByByte struct{ r io.Reader }

func (b byteByByte) Read(p []byte) (int, error) { return b.r.Read(p[:1]) }

// expect reads on until an opcode comes.
func (c *rawClient) expect(op int) frame {
	c.t.Helper()
	for {
		f, err := c.next()
		if err != nil {
			c.t.Fatalf("waiting for op %d: %v", op, err)
		}
		if f.Op == op {
			return f
		}
	}
}

// event reads on until an event comes.
func (c *rawClient) event(name string) frame {
	c.t.Helper()
	for {
		f, err := c.next()
		if err != nil {
			c.t.Fatalf("waiting for %s: %v", name, err)
		}
		if f.Op == 0 && f.T == name {
			return f
		}
	}
}

// nextEvent is the very next dispatch.
func (c *rawClient) nextEvent() frame {
	c.t.Helper()
	return c.expect(0)
}

type seen struct {
	ID, Content string
	ChannelID   string `json:"channel_id"`
	GuildID     string `json:"guild_id"`
	Type        int
	Nonce       json.RawMessage
	Author      struct {
		ID  string
		Bot bool
	}
	Mentions     []struct{ ID string }
	MentionRoles []string `json:"mention_roles"`
	Referenced   *seen    `json:"referenced_message"`
	Attachments  []struct{ URL, Filename string }
}

func (c *rawClient) message() seen {
	c.t.Helper()
	return decodeSeen(c.t, c.event("MESSAGE_CREATE").D)
}

func decodeSeen(t *testing.T, d []byte) seen {
	t.Helper()
	var m seen
	if err := json.Unmarshal(d, &m); err != nil {
		t.Fatalf("no message: %v in %s", err, d)
	}
	return m
}

// closedWith reads on until the server closes.
func (c *rawClient) closedWith(code int) {
	c.t.Helper()
	for {
		_, err := c.next()
		if err == nil {
			continue
		}
		if got := int(websocket.CloseStatus(err)); got != code {
			c.t.Fatalf("closed with %d (%v), want %d", got, err, code)
		}
		return
	}
}

// invalid waits for op 9.
func (c *rawClient) invalid(resumable bool) {
	c.t.Helper()
	if f := c.expect(opInvalidSession); (string(f.D) == "true") != resumable {
		c.t.Fatalf("op 9 d=%s, want %t", f.D, resumable)
	}
}

// rest makes a REST call.
func (s *scene) rest(t *testing.T, auth, method, path string, body any) (int, http.Header, []byte) {
	t.Helper()
	var r io.Reader
	if body != nil {
		r = bytes.NewReader(mustJSON(body))
	}
	req, err := http.NewRequestWithContext(bounded(t), method, s.API()+"/v10"+path, r)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", "DiscordBot (https://example.org, 1)")
	req.Header.Set("Content-Type", "application/json")
	if auth != "" {
		req.Header.Set("Authorization", auth)
	}
	return do(t, req)
}

func do(t *testing.T, req *http.Request) (int, http.Header, []byte) {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, b
}

func (s *scene) bot() string { return "Bot " + s.app.Token }

func (s *scene) asBot(t *testing.T, method, path string, body any) (int, []byte) {
	t.Helper()
	status, _, b := s.rest(t, s.bot(), method, path, body)
	return status, b
}

// refused checks status and code of an error.
func refused(t *testing.T, status int, b []byte, wantStatus, wantCode int) {
	t.Helper()
	var e struct {
		Code    int
		Message string
	}
	if err := json.Unmarshal(b, &e); err != nil {
		t.Fatalf("error is no JSON: %q", b)
	}
	if status != wantStatus || e.Code != wantCode || e.Message == "" {
		t.Errorf("got %d %s, want %d with code %d", status, b, wantStatus, wantCode)
	}
}
