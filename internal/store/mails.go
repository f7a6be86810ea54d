package store

import (
	"context"
	"time"

	"openmates"
	"openmates/internal/mail"
	"openmates/internal/sqldb"
)

// MailStore stores how mail is sent, and counts messages.
type MailStore struct{ *base }

const (
	mailSetting         = "server.mail"
	mailPasswordSetting = "server.mail_password" //nolint:gosec // the name of a setting
)

// MailSettings returns how mail is sent, "" if it isn't set up, and the
// password that was saved with it. If this server's key can't open the
// password, the error is openmates.ErrUnreadable.
func (db MailStore) MailSettings(ctx context.Context) (settings string, password openmates.Secret, err error) {
	var sealed string
	ok, err := sqldb.Get(ctx, db, `SELECT COALESCE(MAX(CASE WHEN name = $1 THEN value END), ''), COALESCE(MAX(CASE WHEN name = $2 THEN value END), '')
		FROM settings WHERE name IN ($1, $2)`, []any{mailSetting, mailPasswordSetting}, &settings, &sealed)
	if err != nil || !ok || settings == "" || sealed == "" {
		return settings, "", err
	}
	password, err = db.seal.Open(settingPlace(mailPasswordSetting), sealed)
	return settings, password, err
}

// SetMailSettings sets how mail is sent together with its password, so that a
// password is never read with another server's settings.
func (db MailStore) SetMailSettings(ctx context.Context, settings string, password openmates.Secret) error {
	sealed := ""
	if password != "" {
		var err error
		if sealed, err = db.seal.Seal(settingPlace(mailPasswordSetting), password); err != nil {
			return err
		}
	}
	return db.Update(ctx, func(t *sqldb.Tx) error {
		if err := set(t, mailSetting, settings); err != nil {
			return err
		}
		return set(t, mailPasswordSetting, sealed)
	})
}

// BookMail counts a message that is about to be sent, unless a budget is used
// up: then it counts nothing and returns the budget that has room again last.
// If two processes book at the same moment, one waits for the other.
func (db MailStore) BookMail(ctx context.Context, m mail.Record, budgets []mail.Budget) (id openmates.ID, refused *mail.Refusal, err error) {
	err = db.Update(ctx, func(t *sqldb.Tx) error {
		refused = nil
		var name string
		if _, err := t.Get(`SELECT name FROM mail_counting`+db.ForUpdate(), nil, &name); err != nil {
			return err
		}
		for _, b := range budgets {
			again, full, err := usedUp(t, m, b)
			if err != nil {
				return err
			}
			if full && (refused == nil || again.After(refused.Again)) {
				refused = &mail.Refusal{Scope: b.Scope, Again: again}
			}
		}
		if refused != nil {
			return nil
		}
		id = db.NextID()
		_, err := t.Exec(`INSERT INTO mails (id, pot, recipient, sender, team_id, at) VALUES ($1, $2, $3, $4, $5, $6)`,
			id, m.Pot, m.Recipient, m.Sender, m.TeamID, m.At)
		return err
	})
	return id, refused, err
}

// usedUp reports whether a budget has no room for a message, and when it has
// again: once the oldest of its last Most messages is outside of the period.
func usedUp(t *sqldb.Tx, m mail.Record, b mail.Budget) (again time.Time, full bool, err error) {
	var where string
	var whose any
	switch b.Scope {
	case mail.ToRecipient:
		where, whose = "recipient = $4", m.Recipient
	case mail.BySender:
		where, whose = "sender = $4", m.Sender
	case mail.ByTeam:
		where, whose = "team_id = $4", m.TeamID
	default:
		where, whose = "0 = $4", 0
	}
	if whose == openmates.ID(0) {
		return again, false, nil // mail without a person isn't counted per person
	}
	var at int64
	full, err = t.Get(`SELECT at FROM mails WHERE pot = $1 AND at > $2 AND `+where+` ORDER BY at DESC LIMIT 1 OFFSET $3`,
		[]any{m.Pot, m.At.Add(-b.Within), b.Most - 1, whose}, &at)
	return sqldb.TimeOf(at).Add(b.Within), full, err
}

// UnbookMail records that a message wasn't delivered. It still counts for its
// sender.
func (db MailStore) UnbookMail(ctx context.Context, id openmates.ID) error {
	_, err := db.Exec(ctx, sqldb.Soft, `UPDATE mails SET recipient = '' WHERE id = $1`, id)
	return err
}

// ForgetMail deletes the records of messages up to a time.
func (db MailStore) ForgetMail(ctx context.Context, until time.Time) error {
	_, err := db.Exec(ctx, sqldb.Soft, `DELETE FROM mails WHERE at <= $1`, until)
	return err
}
