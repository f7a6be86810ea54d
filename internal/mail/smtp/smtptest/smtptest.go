// Package smtptest is a mail server on a loopback port for tests. It implements
// as much of RFC 5321, RFC 3207 and RFC 4954 as mail programs need.
//
// It keeps what it receives, misbehaves as configured, and never delivers
// anything.
package smtptest

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"time"
)

// Config configures the server's behaviour.
type Config struct {
	Username string // with Password: the sender must sign in
	Password string
	TLS      bool // from the first byte
	StartTLS bool // offered
	// Names in the certificate; nil = 127.0.0.1 and localhost.
	Names []string
	// Refuse maps the start of a command ("MAIL FROM", "RCPT TO", "DATA", ".",
	// "AUTH") to the response to give instead of the usual one.
	Refuse map[string]string
	Mute   bool   // accepts connections and says nothing
	Hello  string // the first line; "" = the usual one
}

// Message is a received message.
type Message struct {
	From string
	To   []string
	Data string
	User string // who signed in
	TLS  bool   // came over an encrypted connection
}

// Server is a running mail server.
type Server struct {
	c        Config
	listener net.Listener
	conf     *tls.Config
	roots    *x509.CertPool
	wait     sync.WaitGroup

	mu    sync.Mutex
	taken []Message
	more  chan struct{} // closed and replaced when a message is received
	conns map[net.Conn]bool
	done  bool
}

// Open starts a server; Close stops it.
func Open(c Config) (*Server, error) {
	s := &Server{c: c, conns: map[net.Conn]bool{}, more: make(chan struct{})}
	var err error
	if s.conf, s.roots, err = certificate(c.Names); err != nil {
		return nil, err
	}
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	s.wait.Go(s.accept)
	return s, nil
}

// Host returns the address on which the server listens.
func (s *Server) Host() string { return "127.0.0.1" }

// Port returns the port.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port } //nolint:forcetypeassert // it is one of tcp

// Roots returns a pool that trusts the server's certificate.
func (s *Server) Roots() *x509.CertPool { return s.roots }

// Taken returns the messages received so far.
func (s *Server) Taken() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Message(nil), s.taken...)
}

// Wait waits for n messages and returns the last one.
func (s *Server) Wait(ctx context.Context, n int) (Message, error) {
	for {
		s.mu.Lock()
		taken, more := s.taken, s.more
		s.mu.Unlock()
		if len(taken) >= n {
			return taken[n-1], nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return Message{}, fmt.Errorf("%d of %d messages were taken: %w", len(taken), n, ctx.Err())
		}
	}
}

// Close stops the server and waits until all connections are closed.
func (s *Server) Close() {
	_ = s.listener.Close()
	s.mu.Lock()
	s.done = true
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.wait.Wait()
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.done {
			_ = conn.Close()
		}
		s.conns[conn] = true
		s.mu.Unlock()
		s.wait.Go(func() {
			defer func() {
				_ = conn.Close()
				s.mu.Lock()
				delete(s.conns, conn)
				s.mu.Unlock()
			}()
			s.serve(conn)
		})
	}
}

// talk is one connection.
type talk struct {
	s    *Server
	conn net.Conn
	in   *bufio.Reader
	now  Message
}

func (s *Server) serve(conn net.Conn) {
	t := &talk{s: s, conn: conn}
	if s.c.TLS {
		t.conn, t.now.TLS = tls.Server(conn, s.conf), true
	}
	t.in = bufio.NewReader(t.conn)
	if s.c.Mute {
		_, _ = t.in.ReadByte() // until the other side hangs up
		return
	}
	hello := s.c.Hello
	if hello == "" {
		hello = "220 mail.test ESMTP"
	}
	t.say(hello)
	for {
		line, err := t.in.ReadString('\n')
		if err != nil || !t.answer(strings.TrimRight(line, "\r\n")) {
			return
		}
	}
}

func (t *talk) say(lines ...string) { fmt.Fprint(t.conn, strings.Join(lines, "\r\n")+"\r\n") }

// answer returns false when the connection ends.
func (t *talk) answer(line string) bool {
	word := strings.ToUpper(line)
	for begins, refusal := range t.s.c.Refuse {
		if strings.HasPrefix(word, begins) {
			t.say(refusal)
			return true
		}
	}
	locked := t.s.c.Username != "" && t.now.User == ""
	switch {
	case strings.HasPrefix(word, "EHLO"), strings.HasPrefix(word, "HELO"):
		t.greet()
	case word == "STARTTLS" && t.s.c.StartTLS && !t.now.TLS:
		t.say("220 go ahead")
		t.conn, t.now.TLS = tls.Server(t.conn, t.s.conf), true
		t.in = bufio.NewReader(t.conn)
	case strings.HasPrefix(word, "AUTH "):
		t.auth(line)
	case strings.HasPrefix(word, "MAIL FROM:") && locked:
		t.say("530 5.7.0 Authentication required")
	case strings.HasPrefix(word, "MAIL FROM:"):
		t.now.From, t.now.To = between(line), nil
		t.say("250 ok")
	case strings.HasPrefix(word, "RCPT TO:"):
		t.now.To = append(t.now.To, between(line))
		t.say("250 ok")
	case word == "DATA":
		t.say("354 end with a dot")
		return t.data()
	case word == "RSET", word == "NOOP":
		t.say("250 ok")
	case word == "QUIT":
		t.say("221 bye")
		return false
	default:
		t.say("502 5.5.1 not known")
	}
	return true
}

func (t *talk) greet() {
	lines := []string{"250-mail.test", "250-8BITMIME"}
	if t.s.c.StartTLS && !t.now.TLS {
		lines = append(lines, "250-STARTTLS")
	}
	if t.s.c.Username != "" {
		lines = append(lines, "250-AUTH PLAIN LOGIN")
	}
	t.say(append(lines, "250 SIZE 1000000")...)
}

func (t *talk) auth(line string) {
	fields := strings.Fields(line)
	read := func(prompt string) string {
		t.say("334 " + base64.StdEncoding.EncodeToString([]byte(prompt)))
		answer, err := t.in.ReadString('\n')
		if err != nil {
			return ""
		}
		b, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(answer))
		return string(b)
	}
	var user, password string
	switch strings.ToUpper(fields[1]) {
	case "PLAIN":
		var raw string
		if len(fields) > 2 {
			b, _ := base64.StdEncoding.DecodeString(fields[2])
			raw = string(b)
		} else {
			raw = read("")
		}
		if parts := strings.Split(raw, "\x00"); len(parts) == 3 {
			user, password = parts[1], parts[2]
		}
	case "LOGIN":
		user = read("Username:")
		password = read("Password:")
	}
	if user != t.s.c.Username || password != t.s.c.Password {
		t.say("535 5.7.8 Username and password not accepted")
		return
	}
	t.now.User = user
	t.say("235 welcome")
}

func (t *talk) data() bool {
	var b strings.Builder
	for {
		line, err := t.in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
	if refusal := t.s.c.Refuse["."]; refusal != "" {
		t.say(refusal)
		return true
	}
	m := t.now
	m.Data = b.String()
	t.s.mu.Lock()
	t.s.taken = append(t.s.taken, m)
	close(t.s.more)
	t.s.more = make(chan struct{})
	t.s.mu.Unlock()
	t.say("250 taken")
	return true
}

// between returns the address within <>.
func between(line string) string {
	_, rest, _ := strings.Cut(line, "<")
	address, _, _ := strings.Cut(rest, ">")
	return address
}

// certificate returns a self-signed certificate.
func certificate(names []string) (*tls.Config, *x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, DNSNames: names}
	if names == nil {
		t.DNSNames, t.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, roots, nil
}
