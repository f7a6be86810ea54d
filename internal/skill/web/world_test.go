package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/dns/dnsmessage"

	"openmates"
	"openmates/internal/skill"
	"openmates/internal/skill/web"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// names is a DNS server on the loopback: it answers each question for a name
// with the next of its addresses, and then with the last one again.
type names struct {
	mu    sync.Mutex
	hosts map[string][]netip.Addr
	asked map[string]int
}

func serveNames(t *testing.T, hosts map[string][]string) *net.Resolver {
	t.Helper()
	n := &names{hosts: map[string][]netip.Addr{}, asked: map[string]int{}}
	for host, addrs := range hosts {
		for _, a := range addrs {
			n.hosts[host+"."] = append(n.hosts[host+"."], netip.MustParseAddr(a))
		}
	}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = conn.Close(); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			k, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply := n.reply(buf[:k]); reply != nil {
				_, _ = conn.WriteTo(reply, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func (n *names) reply(packet []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(packet) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	out := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, Authoritative: true}, Questions: m.Questions}
	n.mu.Lock()
	defer n.mu.Unlock()
	addrs, known := n.hosts[q.Name.String()]
	if !known {
		out.RCode = dnsmessage.RCodeNameError
	}
	if known && (q.Type == dnsmessage.TypeA || q.Type == dnsmessage.TypeAAAA) {
		key := q.Name.String() + q.Type.String()
		a := addrs[min(n.asked[key], len(addrs)-1)]
		n.asked[key]++
		h := dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, Type: q.Type}
		switch {
		case a.Is4() && q.Type == dnsmessage.TypeA:
			out.Answers = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.AResource{A: a.As4()}}}
		case a.Is6() && q.Type == dnsmessage.TypeAAAA:
			out.Answers = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}}}
		}
	}
	packed, err := out.Pack()
	if err != nil {
		return nil
	}
	return packed
}

// site is a web server on the loopback that counts who came.
type site struct {
	*httptest.Server
	hits atomic.Int32
}

func serve(t *testing.T, addr string, h http.HandlerFunc) *site {
	t.Helper()
	s := &site{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hits.Add(1)
		h(w, r)
	}))
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Skipf("this machine has no %s: %v", addr, err)
	}
	_ = s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func (s *site) addr() netip.AddrPort { return netip.MustParseAddrPort(s.Listener.Addr().String()) }

func (s *site) port() string { _, p, _ := net.SplitHostPort(s.Listener.Addr().String()); return p }

func html(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(body))
	}
}

// reader is the app with what a test wants to see of it.
type reader struct {
	*skill.Registry
	log *safeBuffer
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}
func (s *safeBuffer) String() string { s.mu.Lock(); defer s.mu.Unlock(); return s.b.String() }

func open(t testing.TB, c web.Config) *reader {
	t.Helper()
	log := &safeBuffer{}
	c.Log = slog.New(slog.NewTextHandler(log, nil))
	if c.Time == 0 {
		c.Time = time.Minute
	}
	if c.Pace == 0 {
		c.Pace = 1
	}
	c.AnyAddress = true // TestOnlyAddressesThatWereNamedAreRead is about the other way
	a, err := web.New(c)
	if err != nil {
		t.Fatal(err)
	}
	r, err := skill.New(a)
	if err != nil {
		t.Fatal(err)
	}
	return &reader{r, log}
}

func (r *reader) read(t testing.TB, args map[string]any) (string, error) {
	t.Helper()
	text, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	res, err := r.Run(t.Context(), "web_read", skill.Call{Turn: "t1", Arguments: text, By: skill.Person{User: 7, Team: 3}})
	return res.Text, err
}

func (r *reader) page(t testing.TB, address string) string {
	t.Helper()
	text, err := r.read(t, map[string]any{"url": address})
	if err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	return text
}

// refuses reads a page that must not be read, and checks the sentence.
func (r *reader) refuses(t testing.TB, address, want string) {
	t.Helper()
	text, err := r.read(t, map[string]any{"url": address})
	switch said := openmates.MessageOf(err); {
	case err == nil:
		t.Errorf("%s was read: %.80q", address, text)
	case openmates.CodeOf(err) == openmates.EInternal || !strings.Contains(said, want):
		t.Errorf("%s: %v, want %q", address, err, want)
	case strings.Contains(said, "127.0.0") || strings.Contains(said, "refused to connect"):
		t.Errorf("%s: the sentence gives the network away: %s", address, said)
	}
}
