package identity_test

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/mail"
)

// letters records sent messages.
type letters struct {
	sent []mail.Message
	fail error
}

func (l *letters) Send(_ context.Context, _ mail.Settings, m mail.Message) error {
	if l.fail != nil {
		return l.fail
	}
	l.sent = append(l.sent, m)
	return nil
}

const canaryMail = "canary-smtp-8Wd"

func smtpSettings() mail.Settings {
	return mail.Settings{Host: " SMTP.example.org ", Port: 587, Security: mail.StartTLS, Username: "mates", Password: canaryMail, From: "mates@example.org"}
}

func TestMailIsKeptOnceItWorks(t *testing.T) {
	t.Parallel()
	h, cookie := guarded(t)
	l := &letters{fail: openmates.Errorf(openmates.EInvalid, "Nothing answers there.")}
	h.Sender = l
	set := func(change func(*mail.Settings)) (err error) {
		s := smtpSettings()
		if change != nil {
			change(&s)
		}
		h.as(t, cookie, func(ctx context.Context, c openmates.Caller) { err = h.SetMail(ctx, c, s, "ada@example.org") })
		return err
	}
	code(t, set(nil), openmates.EInvalid)
	if h.MailReady(t.Context()) {
		t.Error("settings that failed are kept")
	}
	l.fail = nil
	for name, change := range map[string]func(*mail.Settings){
		"host": func(s *mail.Settings) { s.Host = "https://x.example" }, "port": func(s *mail.Settings) { s.Port = 70000 },
		"security": func(s *mail.Settings) { s.Security = "" }, "from": func(s *mail.Settings) { s.From = "x" },
		"password": func(s *mail.Settings) { s.Password = "a\r\nb" }, "none": func(s *mail.Settings) { s.Password = "" },
		"name": func(s *mail.Settings) { s.Name = "a\nb" },
	} {
		if err := set(change); openmates.CodeOf(err) != openmates.EInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, set(nil))
	if !h.MailReady(t.Context()) || len(l.sent) != 1 || l.sent[0].To != "ada@example.org" {
		t.Errorf("sent %+v", l.sent)
	}
	must(t, set(func(s *mail.Settings) { s.Password = ""; s.From = "other@example.org" }))
	h.Pass(time.Hour)
	// The stored password does not go to another server, and not less protected.
	sent := len(l.sent)
	for name, change := range map[string]func(*mail.Settings){
		"another host": func(s *mail.Settings) { s.Host = "evil.example.org" }, "another port": func(s *mail.Settings) { s.Port = 19152 },
		"no encryption": func(s *mail.Settings) { s.Security = mail.Plain }, "another user": func(s *mail.Settings) { s.Username = "eve" },
		"another port without encryption": func(s *mail.Settings) { s.Port, s.Security = 19152, mail.Plain },
	} {
		err := set(func(s *mail.Settings) { s.Password = ""; change(s) })
		code(t, err, openmates.EInvalid)
		if said := openmates.MessageOf(err); !strings.Contains(said, "again") || !strings.Contains(said, "smtp.example.org, port 587") || len(l.sent) != sent {
			t.Errorf("%s: said %q, sent %d", name, said, len(l.sent)-sent)
		}
	}
	must(t, set(func(s *mail.Settings) { s.Password = ""; s.Security = mail.TLS; s.From = "other@example.org" })) // more of it is fine
	code(t, set(func(s *mail.Settings) { s.Password = "" }), openmates.EInvalid)
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		m, err := h.MailSettings(ctx, c)
		must(t, err)
		if m.Password != "" || !m.HasPassword || m.Host != "smtp.example.org" || m.From != "other@example.org" {
			t.Errorf("settings %+v", m)
		}
	})
	lines, err := h.DB.Audit(t.Context(), 0, 0, 100)
	must(t, err)
	all, err := json.Marshal(lines)
	must(t, err)
	stored, _, err := h.DB.Setting(t.Context(), "server.mail")
	must(t, err)
	sealed, _, err := h.DB.Setting(t.Context(), "server.mail_password")
	must(t, err)
	if strings.Contains(string(all)+stored+sealed+h.Log.String(), canaryMail) || !strings.Contains(string(all), "server.mail") {
		t.Error("the password stands readable in the database, the log or the record, or the change in none")
	}
	h.as(t, h.enter(t, "ben"), func(ctx context.Context, c openmates.Caller) {
		code(t, h.SetMail(ctx, c, smtpSettings(), "ben@example.org"), openmates.EForbidden)
		_, err := h.MailSettings(ctx, c)
		code(t, err, openmates.EForbidden)
		code(t, h.StopMail(ctx, c), openmates.EForbidden)
	})
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) { must(t, h.StopMail(ctx, c)) })
	if h.MailReady(t.Context()) {
		t.Error("mail goes on")
	}
}

func TestAddressIsConfirmedByMail(t *testing.T) {
	t.Parallel()
	h, cookie := guarded(t)
	l := &letters{}
	h.Sender = l
	set := func(address string) (awaits bool, err error) {
		h.as(t, cookie, func(ctx context.Context, c openmates.Caller) { awaits, err = h.SetEmail(ctx, c, address, goodPassword) })
		return awaits, err
	}
	is := func(want identity.Email) {
		t.Helper()
		h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
			if e, err := h.Email(ctx, c); e != want || err != nil {
				t.Errorf("address %+v (%v), want %+v", e, err, want)
			}
		})
	}
	_, err := set("not an address")
	code(t, err, openmates.EInvalid)
	awaits, err := set("ada@EXAMPLE.org") // no mail: taken as it is
	must(t, err)
	if awaits || len(l.sent) > 0 {
		t.Error("a confirmation without mail")
	}
	is(identity.Email{Address: "ada@example.org"})
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		must(t, h.SetMail(ctx, c, smtpSettings(), "ada@example.org"))
	})
	awaits, err = set("new@example.org")
	must(t, err)
	if !awaits || len(l.sent) != 2 || l.sent[1].To != "new@example.org" {
		t.Fatalf("sent %+v", l.sent)
	}
	is(identity.Email{Address: "ada@example.org", Awaited: "new@example.org", Mail: true})
	link := regexp.MustCompile(regexp.QuoteMeta(origin) + `/profile/address\?code=(\w{26})\n`).FindStringSubmatch(l.sent[1].Text)
	if link == nil {
		t.Fatalf("no link in %q", l.sent[1].Text)
	}
	confirm := func(name string) (err error) {
		h.as(t, h.enter(t, name), func(ctx context.Context, c openmates.Caller) {
			_, err = h.ConfirmEmail(ctx, c, openmates.Secret(link[1]))
		})
		return err
	}
	code(t, confirm("ben"), openmates.EInvalid)
	must(t, confirm("ada"))
	code(t, confirm("ada"), openmates.EInvalid)
	is(identity.Email{Address: "new@example.org", Confirmed: true, Mail: true})
	if strings.Contains(h.Log.String(), link[1]) {
		t.Error("the code is in the log")
	}
}

func TestExportHoldsOnlyOnesOwn(t *testing.T) {
	t.Parallel()
	h, cookie := guarded(t)
	h.turnOn(t, cookie)
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		_, err := h.DB.AddIdentity(ctx, openmates.Identity{UserID: c.User.ID, Network: "discord", AccountID: "4711", Name: "ada#1"})
		must(t, err)
		e, err := h.Export(ctx, c)
		must(t, err)
		b, err := json.Marshal(e)
		must(t, err)
		for _, want := range []string{`"username":"ada"`, `"team":"harbour"`, `"account_id":"4711"`, `"authenticator_app":true`} {
			if !strings.Contains(string(b), want) {
				t.Errorf("lacks %s: %s", want, b)
			}
		}
		a, err := h.DB.Authenticator(ctx, c.User.ID)
		must(t, err)
		phc, err := h.DB.Password(ctx, c.User.ID)
		must(t, err)
		if strings.Contains(string(b), a.Secret.Reveal()) || strings.Contains(string(b), phc) || strings.Contains(string(b), `"ben"`) {
			t.Errorf("holds a credential, or somebody else: %s", b)
		}
	})
}

func TestLeaving(t *testing.T) {
	t.Parallel()
	h, cookie := guarded(t)
	leave := func(name string) (err error) {
		h.as(t, h.enter(t, name), func(ctx context.Context, c openmates.Caller) { err = h.Leave(ctx, c, name, goodPassword) })
		return err
	}
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		code(t, h.Leave(ctx, c, "Ada", goodPassword), openmates.EInvalid)
		code(t, h.Leave(ctx, c, "ada", "not the password"), openmates.EForbidden)
	})
	err := leave("ada")
	code(t, err, openmates.EConflict)
	if !strings.Contains(err.Error(), "You're the only server admin.") {
		t.Errorf("said %v", err)
	}
	ben, err := h.DB.UserByName(t.Context(), "ben")
	must(t, err)
	ben.Admin = true
	must(t, h.DB.SaveUser(t.Context(), ben))
	err = leave("ada")
	code(t, err, openmates.EConflict)
	if !strings.Contains(err.Error(), "You're the only admin of Harbour.") {
		t.Errorf("said %v", err)
	}
	team, err := h.DB.TeamBySlug(t.Context(), "harbour")
	must(t, err)
	must(t, h.DB.AddMember(t.Context(), openmates.Membership{TeamID: team.ID, UserID: ben.ID, Role: openmates.RoleAdmin}))
	must(t, leave("ada"))
	if h.who(t, cookie) != "" {
		t.Error("an old session still works")
	}
	_, err = h.DB.UserByName(t.Context(), "ada")
	code(t, err, openmates.ENotFound)
	must(t, leave("eve")) // alone in her team: it goes along
	_, err = h.DB.TeamBySlug(t.Context(), "lighthouse")
	code(t, err, openmates.ENotFound)
	code(t, leave("ben"), openmates.EConflict) // the last admin of the server
}
