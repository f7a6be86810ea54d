package smtp

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"openmates"
	"openmates/internal/mail"
	"openmates/internal/mail/smtp/smtptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const canary = "canary-mail-4Tz"

func open(t *testing.T, c smtptest.Config) *smtptest.Server {
	t.Helper()
	s, err := smtptest.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func settings(s *smtptest.Server, how mail.Security) mail.Settings {
	return mail.Settings{Host: s.Host(), Port: s.Port(), Security: how, From: "mates@example.org", Name: "Mates: the server"}
}

func message() mail.Message {
	text := "Grüße,\n\nhttps://mates.example.org/confirm?code=" + strings.Repeat("x", 90) + "\n"
	return mail.Message{To: "ada@example.org", Subject: "Bitte bestätigen\r\nBcc: eve@example.org", Text: text, HTML: mail.HTML("de", text), Language: "de"}
}

func TestSend(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		server smtptest.Config
		how    mail.Security
		login  bool
	}{
		"in the clear":             {smtptest.Config{}, mail.Plain, false},
		"in the clear, signed in":  {smtptest.Config{Username: "u", Password: canary}, mail.Plain, true},
		"with STARTTLS, signed in": {smtptest.Config{StartTLS: true, Username: "u", Password: canary}, mail.StartTLS, true},
		"with TLS, signed in":      {smtptest.Config{TLS: true, Username: "u", Password: canary}, mail.TLS, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := open(t, tc.server)
			set := settings(srv, tc.how)
			if tc.login {
				set.Username, set.Password = "u", canary
			}
			if err := New(Config{Roots: srv.Roots()}).Send(t.Context(), set, message()); err != nil {
				t.Fatal(err)
			}
			got := srv.Taken()
			if len(got) != 1 || got[0].From != "mates@example.org" || len(got[0].To) != 1 || got[0].To[0] != "ada@example.org" {
				t.Fatalf("taken: %+v", got)
			}
			if got[0].TLS != (tc.how != mail.Plain) || (got[0].User != "") != tc.login {
				t.Errorf("came by %+v", got[0])
			}
			head, body, _ := strings.Cut(got[0].Data, "\r\n\r\n")
			for _, want := range []string{"Auto-Submitted: auto-generated", "multipart/alternative", "Message-ID: "} {
				if !strings.Contains(head, want) {
					t.Errorf("the head lacks %q:\n%s", want, head)
				}
			}
			for _, bad := range []string{"\nBcc:", "User-Agent", "X-Mailer"} {
				if strings.Contains(head, bad) {
					t.Errorf("the head holds %q:\n%s", bad, head)
				}
			}
			if !strings.Contains(body, "text/plain") || !strings.Contains(body, "text/html") || strings.Contains(body, "<img") {
				t.Errorf("body:\n%s", body)
			}
		})
	}
}

// Every way in which it fails has a sentence of its own, and none says the
// password.
func TestEveryFailureNamesItsCure(t *testing.T) {
	t.Parallel()
	said := map[string]string{}
	for _, tc := range []struct {
		name   string
		server smtptest.Config
		how    mail.Security
		change func(*mail.Settings)
		code   openmates.Code
		want   string
		trust  bool
	}{
		{"unknown host", smtptest.Config{}, mail.Plain, func(s *mail.Settings) { s.Host = "mail.invalid" }, "", "mail.invalid", true},
		{"nobody there", smtptest.Config{}, mail.Plain, func(s *mail.Settings) { s.Port = 1 }, openmates.EInvalid, "Nothing answers", true},
		{"says nothing", smtptest.Config{Mute: true}, mail.Plain, nil, openmates.EUnavailable, "didn't answer in time", true},
		{"no mail server", smtptest.Config{Hello: "HTTP/1.1 400 Bad Request"}, mail.Plain, nil, openmates.EInvalid, "no mail server", true},
		{"certificate of nobody", smtptest.Config{TLS: true}, mail.TLS, nil, openmates.EInvalid, "comes from an authority that this server", false},
		{"certificate of another", smtptest.Config{TLS: true, Names: []string{"other.example.org"}}, mail.TLS, nil, openmates.EInvalid, "certificate isn't for", true},
		{"no TLS there", smtptest.Config{}, mail.TLS, nil, openmates.EInvalid, "doesn't start with TLS", true},
		{"no STARTTLS there", smtptest.Config{}, mail.StartTLS, nil, openmates.EInvalid, "use no encryption only within your own network", true},
		{"wrong password", smtptest.Config{StartTLS: true, Username: "u", Password: "right"}, mail.StartTLS, nil, openmates.EInvalid, "rejected the username or the password", true},
		{"wants a password", smtptest.Config{StartTLS: true, Username: "u", Password: "right"}, mail.StartTLS, func(s *mail.Settings) { s.Username = "" }, openmates.EInvalid, "Enter the username and password of the mailbox", true},
		{"knows no passwords", smtptest.Config{StartTLS: true}, mail.StartTLS, nil, openmates.EInvalid, "support a sign-in method that OpenMates knows", true},
		{"sender refused", smtptest.Config{Refuse: map[string]string{"MAIL FROM": "553 5.7.1 not owned by user"}}, mail.Plain, func(s *mail.Settings) { s.Username = "" }, openmates.EInvalid, "doesn't send mail for mates@example.org", true},
		{"recipient refused", smtptest.Config{Refuse: map[string]string{"RCPT TO": "550 5.1.1 no such user"}}, mail.Plain, func(s *mail.Settings) { s.Username = "" }, openmates.EInvalid, "doesn't accept mail for ada@example.org", true},
		{"later", smtptest.Config{Refuse: map[string]string{"RCPT TO": "451 4.7.1 greylisted"}}, mail.Plain, func(s *mail.Settings) { s.Username = "" }, openmates.EUnavailable, "in a few minutes", true},
		{"message refused", smtptest.Config{Refuse: map[string]string{".": "550 5.7.26 unauthenticated"}}, mail.Plain, func(s *mail.Settings) { s.Username = "" }, openmates.EInvalid, "SPF and DKIM", true},
		{"answer with the password", smtptest.Config{StartTLS: true, Username: "u", Password: "right", Refuse: map[string]string{"AUTH": "535 wrong: " + canary}}, mail.StartTLS, nil, openmates.EInvalid, "", true},
	} {
		srv := open(t, tc.server)
		set := settings(srv, tc.how)
		set.Username, set.Password = "u", canary
		if tc.change != nil {
			tc.change(&set)
		}
		c := Config{Patience: 5 * time.Second}
		if tc.server.Mute {
			c.Patience = 50 * time.Millisecond
		}
		c.Roots = x509.NewCertPool()
		if tc.trust {
			c.Roots = srv.Roots()
		}
		err := New(c).Send(t.Context(), set, message())
		sentence := openmates.MessageOf(err)
		if err == nil || tc.code != "" && openmates.CodeOf(err) != tc.code || !strings.Contains(sentence, tc.want) {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the error holds the password: %v", tc.name, err)
		}
		if other, ok := said[sentence]; ok && tc.want != "" {
			t.Errorf("%s says the same as %s: %s", tc.name, other, sentence)
		}
		said[sentence] = tc.name
		if len(srv.Taken()) > 0 {
			t.Errorf("%s: taken all the same", tc.name)
		}
	}
}

// Without encryption the password goes to this machine at most.
func TestNoPasswordInTheClear(t *testing.T) {
	t.Parallel()
	if authType(mail.Settings{Host: "mail.example.org", Security: mail.Plain}) != "AUTODISCOVER" {
		t.Error("a password may travel in the clear")
	}
}
