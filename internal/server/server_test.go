package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/server"
)

// listening returns a server with this handler on its own port.
func listening(t *testing.T, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return s
}

func says(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// withCertificate is a server whose certificate is for these names until then.
func withCertificate(t *testing.T, until time.Time, names ...string) (address string, roots *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: until.Add(-48 * time.Hour), NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
			continue
		}
		c.DNSNames = append(c.DNSNames, n)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	must(t, err)
	s := httptest.NewUnstartedServer(says(200, "x"))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.StartTLS()
	t.Cleanup(s.Close)
	roots = x509.NewCertPool()
	leaf, err := x509.ParseCertificate(der)
	must(t, err)
	roots.AddCert(leaf)
	return s.URL, roots
}

// broken is a way to the network that fails like this.
type broken struct{ err error }

func (b broken) RoundTrip(*http.Request) (*http.Response, error) { return nil, b.err }

// Each way in which the public address can be wrong has its own sentence, with
// the cure in it.
func TestAWrongAddressIsDiagnosed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	hangUp, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = hangUp.Close() })
	go func() {
		for {
			c, err := hangUp.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4096)) // the question comes first
			_ = c.Close()
		}
	}()
	expired, trustExpired := withCertificate(t, time.Now().Add(-time.Hour), "127.0.0.1")
	other, trustOther := withCertificate(t, time.Now().Add(time.Hour), "other.example")
	unknown, _ := withCertificate(t, time.Now().Add(time.Hour), "127.0.0.1")
	plain := listening(t, says(200, "x"))
	trust := func(roots *x509.CertPool) http.RoundTripper {
		return &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots}}
	}
	dial := func(e error) http.RoundTripper { return broken{&net.OpError{Op: "dial", Net: "tcp", Err: e}} }

	seen := map[string]string{}
	for name, c := range map[string]struct {
		address string
		by      http.RoundTripper
		says    []string
	}{
		"no address":         {"mates.example.org", nil, []string{"such as https://"}},
		"another scheme":     {"ftp://mates.example.org", nil, []string{"such as https://"}},
		"a password in it":   {"https://ada:secret@mates.example.org", nil, []string{"such as https://"}},
		"a path":             {"https://example.org/mates", nil, []string{"OpenMates needs a domain of its own", "example.org"}},
		"http in public":     {"http://mates.example.org", nil, []string{"in front of the server and enter the address with https", "https://"}},
		"refused":            {"http://127.0.0.1:1", nil, []string{"Nothing answers", "open that port"}},
		"no such name":       {"https://mates.example.org", dial(&net.DNSError{Err: "no such host", IsNotFound: true}), []string{"doesn't exist", "DNS record"}},
		"no DNS":             {"https://mates.example.org", dial(&net.DNSError{Err: "server misbehaving", IsTemporary: true}), []string{"can't be looked up right now"}},
		"time-out":           {"https://mates.example.org", broken{context.DeadlineExceeded}, []string{"within 5 seconds", "anyway"}},
		"hangs up":           {"http://" + hangUp.Addr().String(), nil, []string{"closed the connection"}},
		"expired":            {expired, trust(trustExpired), []string{"has expired", "Renew"}},
		"another name":       {other, trust(trustOther), []string{"for another name"}},
		"untrusted":          {unknown, nil, []string{"comes from an authority that browsers"}},
		"no encryption":      {strings.Replace(plain.URL, "http:", "https:", 1), nil, []string{"without encryption"}},
		"redirect":           {listening(t, says(301, "", "Location", "https://www.example.org/x")).URL, nil, []string{"redirects to https://www.example.org"}},
		"redirect to itself": {listening(t, says(302, "")).URL, nil, []string{"Turn that redirect off"}},
		"proxy without us":   {listening(t, says(502, "bad gateway")).URL, nil, []string{"doesn't reach this server", "502"}},
		"sign-in in front":   {listening(t, says(401, "")).URL, nil, []string{"OpenMates has its own sign-in"}},
		"another server":     {listening(t, says(200, "<html>hello</html>")).URL, nil, []string{"Another server answers"}},
		"another OpenMates":  {listening(t, says(200, strings.Repeat("0a", 32)+"\n")).URL, nil, []string{"Another OpenMates server"}},
	} {
		h.Reach = c.by
		err := h.Reaches(t.Context(), c.address)
		if openmates.CodeOf(err) != openmates.EInvalid {
			t.Errorf("%s: %v", name, err)
			continue
		}
		said := openmates.MessageOf(err)
		for _, want := range c.says {
			if !strings.Contains(said, want) {
				t.Errorf("%s: it says %q, want %q", name, said, want)
			}
		}
		if strings.Contains(said, "secret") {
			t.Errorf("%s: the diagnosis shows a password", name)
		}
		if was := seen[said]; was != "" && !strings.Contains(said, "such as https://") {
			t.Errorf("%s and %s say the same: %q", name, was, said)
		}
		seen[said] = name
	}
}

func TestTheRightAddressLeadsHere(t *testing.T) {
	t.Parallel()
	h, stranger := newHouse(t), newHouse(t)
	me := func(r *server.Room) http.HandlerFunc {
		return func(w http.ResponseWriter, req *http.Request) {
			proof, err := r.Proof(req.Context(), strings.TrimPrefix(req.URL.Path, server.ReachPath))
			if err != nil {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			_, _ = w.Write([]byte(proof + "\n"))
		}
	}
	must(t, h.Reaches(t.Context(), listening(t, me(h.Room)).URL+"/"))
	err := h.Reaches(t.Context(), listening(t, me(stranger.Room)).URL)
	if !strings.Contains(openmates.MessageOf(err), "Another OpenMates") {
		t.Errorf("another server of the same kind: %v", err)
	}
	for _, nonce := range []string{"", "x", strings.Repeat("a", 26), strings.Repeat("A", 27), "../../../../etc/passwd"} {
		if _, err := h.Proof(t.Context(), nonce); openmates.CodeOf(err) != openmates.ENotFound {
			t.Errorf("%q is answered: %v", nonce, err)
		}
	}
}

func TestHostsOfOnesOwnNetwork(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"127.0.0.1": true, "::1": true, "localhost": true, "nas": true, "nas.local": true, "10.1.2.3": true, "192.168.0.9": true,
		"172.20.1.1": true, "100.100.1.1": true, "fd00::1": true, "169.254.1.1": true, "mates.home.arpa": true, "MATES.LAN": true,
		"mates.example.org": false, "8.8.8.8": false, "2001:db8::1": false, "local.example.org": false, "172.32.0.1": false, "::ffff:8.8.8.8": false,
	} {
		if got := server.Private(host); got != want {
			t.Errorf("private(%q) = %v", host, got)
		}
	}
}

// Whatever the admin settles holds, and is in the audit log once.
func TestSettlingTheServer(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := newHouse(t)
	var record []openmates.AuditEntry
	h.Audit = func(_ context.Context, e openmates.AuditEntry) error { record = append(record, e); return nil }

	code, err := h.SetupCode(ctx)
	must(t, err)
	ada, _, err := h.Setup(ctx, from(1), founder(code))
	must(t, err)
	s, err := h.Settings(ctx)
	must(t, err)
	if s != (server.Settings{Currency: "USD"}) {
		t.Errorf("at first: %+v", s)
	}
	must(t, h.Rename(ctx, ada.ID, " Harbour "))
	must(t, h.Rename(ctx, ada.ID, "Harbour"))
	must(t, h.SetSignUp(ctx, ada.ID, server.InviteOnly))
	must(t, h.SetSignUp(ctx, ada.ID, server.OpenToTeams))
	must(t, h.SetCurrency(ctx, ada.ID, "EUR"))
	for _, err := range []error{h.Rename(ctx, ada.ID, ""), h.SetSignUp(ctx, ada.ID, "all"), h.SetCurrency(ctx, ada.ID, "euro")} {
		if openmates.CodeOf(err) != openmates.EInvalid {
			t.Errorf("nonsense is taken: %v", err)
		}
	}
	bad := listening(t, says(502, "")).URL
	if err := h.SetURL(ctx, ada.ID, bad, false); openmates.CodeOf(err) != openmates.EInvalid {
		t.Errorf("a wrong address is taken: %v", err)
	}
	if h.Public.URL() != "http://mates.example" {
		t.Error("a wrong address is used")
	}
	must(t, h.SetURL(ctx, ada.ID, bad+"/", true))
	if err := h.SetURL(ctx, ada.ID, "nonsense", true); openmates.CodeOf(err) != openmates.EInvalid {
		t.Errorf("nonsense is taken anyway: %v", err)
	}
	s, err = h.Settings(ctx)
	must(t, err)
	if s.Name != "Harbour" || s.URL != bad || !strings.Contains(s.Problem.String(), "502") || s.SignUp != server.OpenToTeams || s.Currency != "EUR" || h.Public.URL() != bad {
		t.Errorf("now: %+v, moved to %v", s, h.Public.URL())
	}
	var actions []string
	for _, e := range record {
		actions = append(actions, e.Action)
		if e.Actor != ada.ID || e.Target != "server" || e.After == "" {
			t.Errorf("recorded: %+v", e)
		}
		if strings.Contains(e.Before+e.After, goodPassword) || strings.Contains(e.Before+e.After, code.Reveal()) {
			t.Errorf("the record of %s holds a secret", e.Action)
		}
	}
	if got := strings.Join(actions, " "); got != "server.setup server.rename server.sign_up server.sign_up server.currency server.url" {
		t.Errorf("recorded %s", got)
	}
	if e := record[3]; e.Before != `{"server.sign_up":"invite"}` || e.After != `{"server.sign_up":"open"}` {
		t.Errorf("before %s, after %s", e.Before, e.After)
	}
}
