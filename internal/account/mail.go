package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"openmates"
	"openmates/internal/mail"
)

// Mailer sends mail on behalf of the server. It adds nothing that would tell
// whether a message was read.
type Mailer interface {
	// Ready says whether an admin has set mail up. Where it is false, people
	// are helped by links that somebody hands on.
	Ready(ctx context.Context) bool
	// Send hands one message of plain text to the mail server; a link stands
	// on a line of its own. What went wrong comes as an openmates.Error whose
	// sentence names the cure, EUnavailable where mail is not set up.
	Send(ctx context.Context, to, subject, text string) error
}

// SecretSettings are values by name that are stored sealed.
type SecretSettings interface {
	// SecretSetting is "" where it was never set.
	SecretSetting(ctx context.Context, name string) (openmates.Secret, error)
	SetSecretSetting(ctx context.Context, name string, value openmates.Secret) error
}

// The names under which the store keeps how mail is sent.
const (
	mailSetting         = "server.mail"
	mailPasswordSetting = "server.mail_password" //nolint:gosec // the name of a setting
)

// postman is the Mailer of a server: it looks up how mail is sent each time,
// since any process may have changed it.
type postman struct {
	store interface {
		Settings
		SecretSettings
	}
	sender mail.Sender // nil = this server can't send mail
	log    *slog.Logger
}

// stored is how mail is sent, as the store has it.
type stored struct {
	mail.Settings
	set  bool
	lost bool // there is a password that can't be read
}

func (p *postman) settings(ctx context.Context) (s stored, err error) {
	text, ok, err := p.store.Setting(ctx, mailSetting)
	if err != nil || !ok || text == "" {
		return stored{}, err
	}
	if err := json.Unmarshal([]byte(text), &s.Settings); err != nil {
		return s, fmt.Errorf("read how mail is sent: %w", err)
	}
	s.Password, err = p.store.SecretSetting(ctx, mailPasswordSetting)
	if s.lost = errors.Is(err, openmates.ErrUnreadable); s.lost {
		err = nil
	}
	s.set = err == nil && s.Host != ""
	return s, err
}

// Ready reports whether mail can be sent.
func (p *postman) Ready(ctx context.Context) bool {
	s, err := p.settings(ctx)
	if err != nil {
		p.log.ErrorContext(ctx, "can't read how mail is sent", "err", err)
	}
	return s.set && !s.lost && p.sender != nil
}

// Send hands one message to the mail server.
func (p *postman) Send(ctx context.Context, to, subject, text string) error {
	s, err := p.settings(ctx)
	if err != nil {
		return err
	}
	if !s.set || s.lost || p.sender == nil {
		return openmates.Errorf(openmates.EUnavailable, "This server can't send mail. An admin of the server can set that up under Server, Mail.")
	}
	if err := p.sender.Send(ctx, s.Settings, mail.Message{To: to, Subject: subject, Text: text, HTML: mail.HTML(text)}); err != nil {
		p.log.WarnContext(ctx, "a message was not sent", "err", err)
		return err
	}
	return nil
}

// MailSettings are how this server sends mail, without the password.
type MailSettings struct {
	mail.Settings
	HasPassword  bool
	PasswordLost bool // it can't be read and has to be typed again
	Set          bool
}

// MailSettings gives how mail is sent. Its password stays where it is.
func (r *Room) MailSettings(ctx context.Context, c Caller) (MailSettings, error) {
	if err := Require(c, RunServer); err != nil {
		return MailSettings{}, err
	}
	s, err := r.post.settings(ctx)
	m := MailSettings{Settings: s.Settings, HasPassword: s.Password != "", PasswordLost: s.lost, Set: s.set}
	m.Password = ""
	return m, err
}

// MailReady says whether this server sends mail.
func (r *Room) MailReady(ctx context.Context) bool { return r.mail.Ready(ctx) }

// SetMail sends a test message to an address and, if the mail server took it,
// keeps the settings. An empty password means the stored one, as long as host
// and username stay: elsewhere it is not sent. The error of a failed test is
// the diagnosis with its cure.
func (r *Room) SetMail(ctx context.Context, c Caller, s mail.Settings, to string) error {
	if err := Require(c, RunServer); err != nil {
		return err
	}
	before, err := r.post.settings(ctx)
	if err != nil {
		return err
	}
	s, err = tidyMail(s)
	if err != nil {
		return err
	}
	if to, err = mail.Address(to); err != nil {
		return openmates.Errorf(openmates.EInvalid, "Please enter your own address for the test message.")
	}
	if s.Username == "" {
		s.Password = ""
	} else if s.Password == "" && s.Host == before.Host && s.Username == before.Username {
		s.Password = before.Password
	}
	if s.Username != "" && s.Password == "" && before.lost {
		return openmates.Errorf(openmates.EInvalid, "Please type the password of %s again. The stored one can’t be read, because it was stored under another key of this server.", s.Username)
	}
	if s.Username != "" && s.Password == "" {
		return openmates.Errorf(openmates.EInvalid, "Please type the password of %s. The stored one is not sent to another server or for another user.", s.Username)
	}
	if r.post.sender == nil {
		return openmates.Errorf(openmates.EUnavailable, "This server was built without a way to send mail.")
	}
	if !r.byMail.allow(c.User.ID.String(), r.now()) {
		return tooMany()
	}
	text := "This is the test message of your OpenMates server.\n\nYou can read it, so mail works: invitations and confirmations of addresses are sent from now on.\n"
	if err := r.post.sender.Send(ctx, s, mail.Message{To: to, Subject: "Mail works", Text: text, HTML: mail.HTML(text)}); err != nil {
		return err
	}
	return r.keepMail(ctx, c, before.Settings, before.set, s)
}

func (r *Room) keepMail(ctx context.Context, c Caller, before mail.Settings, was bool, s mail.Settings) error {
	kept, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := r.store.SetSecretSetting(ctx, mailPasswordSetting, s.Password); err != nil {
		return fmt.Errorf("keep how mail is sent: %w", err)
	}
	if err := r.store.SetSetting(ctx, mailSetting, string(kept)); err != nil {
		return fmt.Errorf("keep how mail is sent: %w", err)
	}
	r.log.InfoContext(ctx, "how mail is sent was changed", "host", s.Host, "actor", c.User.ID)
	e := openmates.AuditEntry{Actor: c.User.ID, Action: "server.mail", Target: "server"}
	if !was {
		return r.record(ctx, e, nil, s)
	}
	return r.record(ctx, e, before, s)
}

// StopMail forgets how mail is sent.
func (r *Room) StopMail(ctx context.Context, c Caller) error {
	if err := Require(c, RunServer); err != nil {
		return err
	}
	before, err := r.post.settings(ctx)
	if err != nil || !before.set {
		return err
	}
	if err := r.store.SetSetting(ctx, mailSetting, ""); err != nil {
		return err
	}
	if err := r.store.SetSetting(ctx, mailPasswordSetting, ""); err != nil {
		return err
	}
	return r.record(ctx, openmates.AuditEntry{Actor: c.User.ID, Action: "server.mail", Target: "server"}, before.Settings, nil)
}

// tidyMail checks what can be checked without asking the mail server.
func tidyMail(s mail.Settings) (mail.Settings, error) {
	s.Host = strings.ToLower(strings.TrimSpace(s.Host))
	s.Username = strings.TrimSpace(s.Username)
	if s.Host == "" || len(s.Host) > 253 || strings.ContainsAny(s.Host, "/ @\t\r\n") {
		return s, openmates.Errorf(openmates.EInvalid, "Please enter the name of the mail server alone, such as smtp.example.org.")
	}
	if s.Port < 1 || s.Port > 65535 {
		return s, openmates.Errorf(openmates.EInvalid, "Please enter the port of the mail server: usually 465 for TLS and 587 for STARTTLS.")
	}
	if s.Security != mail.TLS && s.Security != mail.StartTLS && s.Security != mail.Plain {
		return s, openmates.Errorf(openmates.EInvalid, "Please choose how the way to the mail server is encrypted.")
	}
	if len(s.Username) > 254 || len(s.Password) > 1024 || strings.ContainsAny(s.Username+s.Password.Reveal(), "\r\n\x00") {
		return s, openmates.Errorf(openmates.EInvalid, "Username or password can't be typed like this. Please check both.")
	}
	var err error
	if s.From, err = mail.Address(s.From); err != nil {
		return s, openmates.Errorf(openmates.EInvalid, "Please enter the address that mail is sent from, such as mates@example.org.")
	}
	if strings.TrimSpace(s.Name) == "" {
		s.Name = "OpenMates"
	}
	s.Name, err = validName(s.Name, "the sender's name")
	return s, err
}
