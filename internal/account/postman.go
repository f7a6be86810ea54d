package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"openmates"
	"openmates/internal/mail"
)

// Posting is what the room keeps of mail. What is sent and to whom is in none
// of it.
type Posting interface {
	// MailSettings are how mail is sent and the password that belongs to it,
	// as they were written together; "" where nobody set it up. Where this
	// server's key does not open the password, it gives the settings and
	// openmates.ErrUnreadable.
	MailSettings(ctx context.Context) (settings string, password openmates.Secret, err error)
	SetMailSettings(ctx context.Context, settings string, password openmates.Secret) error
	// BookMail counts a message, for all processes, or says which budget is
	// used up.
	BookMail(ctx context.Context, m openmates.MailRecord, budgets []openmates.MailBudget) (id openmates.ID, refused *openmates.MailRefusal, err error)
	// UnbookMail says that the mailbox got nothing.
	UnbookMail(ctx context.Context, id openmates.ID) error
	ForgetMail(ctx context.Context, until time.Time) error
}

// postman is the one way by which mail leaves the server. It looks up how mail
// is sent each time, since any process may have changed it, and sends nothing
// that is over a budget.
type postman struct {
	store  Posting
	sender mail.Sender // nil = this server can't send mail
	log    *slog.Logger
	now    openmates.Clock
}

// stored is how mail is sent, as the store has it.
type stored struct {
	mail.Settings
	set  bool
	lost bool // there is a password that can't be read
}

func (p *postman) settings(ctx context.Context) (s stored, err error) {
	text, password, err := p.store.MailSettings(ctx)
	if s.lost = errors.Is(err, openmates.ErrUnreadable); s.lost {
		err = nil
	}
	if err != nil || text == "" {
		return stored{}, err
	}
	if err := json.Unmarshal([]byte(text), &s.Settings); err != nil {
		return s, fmt.Errorf("read how mail is sent: %w", err)
	}
	s.Password, s.set = password, s.Host != ""
	return s, nil
}

// ready reports whether an admin has set mail up. Where it is false, people are
// helped by links that somebody hands on.
func (p *postman) ready(ctx context.Context) bool {
	s, err := p.settings(ctx)
	if err != nil {
		p.log.ErrorContext(ctx, "can't read how mail is sent", "err", err)
	}
	return s.set && !s.lost && p.sender != nil
}

// send hands one message to the mail server. What went wrong comes as an
// openmates.Error whose sentence names the cure: ELimit with the time when the
// budget has room again, EUnavailable where mail is not set up.
func (p *postman) send(ctx context.Context, l letter) error {
	s, err := p.settings(ctx)
	if err != nil {
		return err
	}
	if !s.set || s.lost || p.sender == nil {
		return openmates.Errorf(openmates.EUnavailable, "This server can't send mail. An admin of the server can set that up under Server, Mail.")
	}
	return p.sendBy(ctx, s.Settings, l)
}

// sendBy sends by settings that need not be those that are kept.
func (p *postman) sendBy(ctx context.Context, s mail.Settings, l letter) error {
	to, err := mail.Address(l.to)
	if err != nil {
		return err
	}
	l.to = to
	now := p.now()
	if err := p.store.ForgetMail(ctx, now.Add(-longest)); err != nil {
		return fmt.Errorf("forget old mail: %w", err)
	}
	record := openmates.MailRecord{Pot: l.on.pot(), Recipient: mailbox(to), Sender: l.by, TeamID: l.team, At: now}
	id, refused, err := p.store.BookMail(ctx, record, l.on.budgets())
	if err != nil {
		return fmt.Errorf("count a message: %w", err)
	}
	if refused != nil {
		p.log.WarnContext(ctx, "a message was not sent: a budget is used up", "occasion", l.on, "of", refused.Scope, "sender", l.by, "team", l.team)
		return overBudget(*refused, now)
	}
	err = p.sender.Send(ctx, s, mail.Message{To: to, Subject: l.on.subject(), Text: l.body, HTML: mail.HTML(l.body)})
	if err == nil {
		return nil
	}
	p.log.WarnContext(ctx, "a message was not sent", "occasion", l.on, "err", err)
	if lost := p.store.UnbookMail(context.WithoutCancel(ctx), id); lost != nil {
		p.log.WarnContext(ctx, "a message that was not sent still counts", "err", lost)
	}
	return err
}
