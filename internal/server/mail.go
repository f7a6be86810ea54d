package server

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"openmates"
	"openmates/internal/mail"
	"openmates/internal/policy"
	"openmates/internal/spelling"
)

// MailSettings contains how this server sends mail, without the password.
type MailSettings struct {
	mail.Settings
	HasPassword  bool
	PasswordLost bool // it can't be read and has to be entered again
	Set          bool
}

// MailSettings returns how mail is sent, without the password.
func (r *Room) MailSettings(ctx context.Context, c openmates.Caller) (MailSettings, error) {
	if err := policy.Require(c, policy.RunServer); err != nil {
		return MailSettings{}, err
	}
	s, err := r.post.Settings(ctx)
	m := MailSettings{Settings: s.Settings, HasPassword: s.Password != "", PasswordLost: s.Lost, Set: s.Set}
	m.Password = ""
	return m, err
}

// MailReady reports whether this server sends mail.
func (r *Room) MailReady(ctx context.Context) bool { return r.post.Ready(ctx) }

// SetMail sends a test message and, if the mail server accepted it, saves the
// settings. An empty password means the stored one, which is only sent where it
// was entered for, see trusts. The error of a failed test says what is wrong
// and how to fix it.
func (r *Room) SetMail(ctx context.Context, c openmates.Caller, s mail.Settings, to string) error {
	if err := policy.Require(c, policy.RunServer); err != nil {
		return err
	}
	before, err := r.post.Settings(ctx)
	if err != nil {
		return err
	}
	s, err = tidyMail(s)
	if err != nil {
		return err
	}
	if to, err = mail.Address(to); err != nil {
		return openmates.Errorf(openmates.EInvalid, "Enter your own address for the test message.")
	}
	if s.Username == "" {
		s.Password = ""
	} else if s.Password == "" && trusts(before.Settings, s) {
		s.Password = before.Password
	}
	if s.Username != "" && s.Password == "" && before.Lost {
		return openmates.Errorf(openmates.EInvalid, "Enter the password for %s again. The saved one was encrypted with another key and can't be read.", s.Username)
	}
	if s.Username != "" && s.Password == "" {
		if before.Password != "" {
			return openmates.Errorf(openmates.EInvalid, "Enter the password for %s again. The saved one is only ever sent to %s, port %d, for the same user and with at least the same encryption.", s.Username, before.Host, before.Port)
		}
		return openmates.Errorf(openmates.EInvalid, "Enter the password for %s.", s.Username)
	}
	if !r.post.CanSend() {
		return openmates.Errorf(openmates.EUnavailable, "This build of OpenMates can't send mail.")
	}
	test := mail.Letter{On: mail.Testing, To: to, By: c.User.ID, Languages: []string{c.User.Language, c.Language},
		Body: openmates.T("This is the test message of your OpenMates server.\n\nYou can read it, so mail works: invitations, confirmations of addresses, and links to choose a new password are sent from now on.\n")}
	if err := r.post.SendBy(ctx, s, test); err != nil {
		return err
	}
	return r.keepMail(ctx, c, before.Settings, before.Set, s)
}

// trusts reports whether the stored password may be used with other settings:
// the same host and port, the same user, and at least as much encryption.
func trusts(stored, s mail.Settings) bool {
	return s.Host == stored.Host && s.Port == stored.Port && s.Username == stored.Username && strength(s.Security) >= strength(stored.Security)
}

func strength(s mail.Security) int {
	switch s {
	case mail.TLS:
		return 2
	case mail.StartTLS:
		return 1
	}
	return 0
}

func (r *Room) keepMail(ctx context.Context, c openmates.Caller, before mail.Settings, was bool, s mail.Settings) error {
	kept, err := json.Marshal(s)
	if err != nil {
		return err
	}
	var from any
	if was {
		from = before
	}
	err = r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.SetMailSettings(ctx, string(kept), s.Password); err != nil {
			return fmt.Errorf("keep how mail is sent: %w", err)
		}
		return r.audit.Record(ctx, openmates.AuditEntry{Actor: c.User.ID, Action: "server.mail", Target: "server"}, from, s)
	})
	if err != nil {
		return err
	}
	r.log.InfoContext(ctx, "how mail is sent was changed", "host", s.Host, "actor", c.User.ID)
	return nil
}

// StopMail removes the mail settings.
func (r *Room) StopMail(ctx context.Context, c openmates.Caller) error {
	if err := policy.Require(c, policy.RunServer); err != nil {
		return err
	}
	before, err := r.post.Settings(ctx)
	if err != nil || !before.Set {
		return err
	}
	return r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.SetMailSettings(ctx, "", ""); err != nil {
			return err
		}
		return r.audit.Record(ctx, openmates.AuditEntry{Actor: c.User.ID, Action: "server.mail", Target: "server"}, before.Settings, nil)
	})
}

// tidyMail checks what can be checked without asking the mail server.
func tidyMail(s mail.Settings) (mail.Settings, error) {
	s.Host = strings.ToLower(strings.TrimSpace(s.Host))
	s.Username = strings.TrimSpace(s.Username)
	if s.Host == "" || len(s.Host) > 253 || strings.ContainsAny(s.Host, "/ @\t\r\n") {
		return s, openmates.Errorf(openmates.EInvalid, "Enter only the name of the mail server, such as smtp.example.org.")
	}
	if s.Port < 1 || s.Port > 65535 {
		return s, openmates.Errorf(openmates.EInvalid, "Enter the port of the mail server: usually 465 for TLS and 587 for STARTTLS.")
	}
	if s.Security != mail.TLS && s.Security != mail.StartTLS && s.Security != mail.Plain {
		return s, openmates.Errorf(openmates.EInvalid, "Choose how the connection to the mail server is encrypted.")
	}
	if len(s.Username) > 254 || len(s.Password) > 1024 || strings.ContainsAny(s.Username+s.Password.Reveal(), "\r\n\x00") {
		return s, openmates.Errorf(openmates.EInvalid, "The username or password contains characters that aren't allowed. Check both.")
	}
	var err error
	if s.From, err = mail.Address(s.From); err != nil {
		return s, openmates.Errorf(openmates.EInvalid, "Enter the address that mail is sent from, such as mates@example.org.")
	}
	if strings.TrimSpace(s.Name) == "" {
		s.Name = "OpenMates"
	}
	s.Name, err = spelling.Name(s.Name, openmates.T("the sender's name"), spelling.Longest)
	return s, err
}
