package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"openmates"
)

// Store is the part of the database that the Postman needs. It learns neither
// what is sent nor to whom. Every method is one transaction.
type Store interface {
	// MailSettings returns how mail is sent and the password that was saved
	// with it; "" if it isn't set up. If this server's key can't open the
	// password, it returns the settings and openmates.ErrUnreadable.
	MailSettings(ctx context.Context) (settings string, password openmates.Secret, err error)
	// BookMail counts a message, across all processes, or returns the budget
	// that is used up.
	BookMail(ctx context.Context, m Record, budgets []Budget) (id openmates.ID, refused *Refusal, err error)
	// UnbookMail uncounts a message that wasn't delivered.
	UnbookMail(ctx context.Context, id openmates.ID) error
	// ForgetMail deletes the counts before a time.
	ForgetMail(ctx context.Context, until time.Time) error
}

// PostmanConfig configures a Postman.
type PostmanConfig struct {
	Store  Store
	Log    *slog.Logger
	Sender Sender          // nil = this server can't send mail
	Clock  openmates.Clock // nil = the real one
	Voices Voices          // nil = English
}

// Voices are the languages of the product; package locale has them.
type Voices interface {
	// Match returns the tag of the first of some languages that there is, else
	// that of English.
	Match(languages ...string) string
	// Say returns a text in that language.
	Say(t openmates.Text, languages ...string) string
}

// Postman sends all of the server's mail. It reads the settings each time,
// because any process may have changed them, and sends nothing that exceeds a
// budget. It is safe for concurrent use.
type Postman struct {
	store  Store
	sender Sender
	voices Voices
	log    *slog.Logger
	now    openmates.Clock
}

// NewPostman returns a Postman.
func NewPostman(c PostmanConfig) (*Postman, error) {
	if c.Store == nil || c.Log == nil {
		return nil, errors.New("mail: PostmanConfig needs Store and Log")
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return &Postman{store: c.Store, sender: c.Sender, voices: c.Voices, log: c.Log.With("pkg", "mail"), now: c.Clock}, nil
}

// Stored is how mail is sent, as set up by an admin.
type Stored struct {
	Settings
	Set  bool
	Lost bool // there is a password, but it can't be read
}

// Settings returns how mail is sent; Set is false if it isn't set up.
func (p *Postman) Settings(ctx context.Context) (s Stored, err error) {
	text, password, err := p.store.MailSettings(ctx)
	if s.Lost = errors.Is(err, openmates.ErrUnreadable); s.Lost {
		err = nil
	}
	if err != nil || text == "" {
		return Stored{}, err
	}
	if err := json.Unmarshal([]byte(text), &s.Settings); err != nil {
		return s, fmt.Errorf("read how mail is sent: %w", err)
	}
	s.Password, s.Set = password, s.Host != ""
	return s, nil
}

// Ready reports whether this server sends mail: it can, and an admin has set it
// up. If not, people get links that somebody passes on.
func (p *Postman) Ready(ctx context.Context) bool {
	s, err := p.Settings(ctx)
	if err != nil {
		p.log.ErrorContext(ctx, "can't read how mail is sent", "err", err)
	}
	return s.Set && !s.Lost && p.sender != nil
}

// CanSend reports whether this server has a Sender.
func (p *Postman) CanSend() bool { return p.sender != nil }

// Send sends a message. The error is an openmates.Error whose sentence says
// what to do: ELimit with the time when the budget has room again, EUnavailable
// if mail isn't set up.
func (p *Postman) Send(ctx context.Context, l Letter) error {
	s, err := p.Settings(ctx)
	if err != nil {
		return err
	}
	if !s.Set || s.Lost || p.sender == nil {
		return openmates.Errorf(openmates.EUnavailable, "This server can't send mail. A server admin can set that up under Server, Mail.")
	}
	return p.SendBy(ctx, s.Settings, l)
}

// SendBy is Send with settings that may differ from the stored ones.
func (p *Postman) SendBy(ctx context.Context, s Settings, l Letter) error {
	to, err := Address(l.To)
	if err != nil {
		return err
	}
	l.To = to
	now := p.now()
	if err := p.store.ForgetMail(ctx, now.Add(-longest)); err != nil {
		return fmt.Errorf("forget old mail: %w", err)
	}
	record := Record{Pot: l.On.pot(), Recipient: mailbox(to), Sender: l.By, TeamID: l.Team, At: now}
	id, refused, err := p.store.BookMail(ctx, record, l.On.budgets())
	if err != nil {
		return fmt.Errorf("count a message: %w", err)
	}
	if refused != nil {
		p.log.WarnContext(ctx, "a message was not sent: a budget is used up", "occasion", l.On, "of", refused.Scope, "sender", l.By, "team", l.Team)
		return overBudget(*refused, now)
	}
	err = p.sender.Send(ctx, s, p.message(l))
	if err == nil {
		return nil
	}
	p.log.WarnContext(ctx, "a message was not sent", "occasion", l.On, "err", err)
	if lost := p.store.UnbookMail(context.WithoutCancel(ctx), id); lost != nil {
		p.log.WarnContext(ctx, "a message that was not sent still counts", "err", lost)
	}
	return err
}

// message is a letter in the language of who reads it.
func (p *Postman) message(l Letter) Message {
	m := Message{To: l.To, Language: "en", Subject: l.On.subject().String(), Text: l.Body.String()}
	if p.voices != nil {
		m.Language = p.voices.Match(l.Languages...)
		m.Subject, m.Text = p.voices.Say(l.On.subject(), m.Language), p.voices.Say(l.Body, m.Language)
	}
	m.HTML = HTML(m.Language, m.Text)
	return m
}
