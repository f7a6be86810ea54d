package store

import (
	"context"
	"errors"

	"openmates"
	"openmates/internal/sqldb"
)

// KeyStore checks whether sealed values can still be read.
type KeyStore struct{ *base }

// keyCheck is a sealed setting with one purpose: to check whether a process has
// the key with which the others, or it itself before, have sealed.
const keyCheck = "key.check"

// unseal opens what was sealed for a place. If it can't be opened it is
// reported as lost, which is not an error of the query.
func (db *base) unseal(place, sealed string) (plain openmates.Secret, lost bool, err error) {
	plain, err = db.seal.Open(place, sealed)
	if errors.Is(err, openmates.ErrUnreadable) {
		return "", true, nil
	}
	return plain, false, err
}

// Unreadable counts the stored credentials that this process can't open, except
// for short-lived ones.
func (db KeyStore) Unreadable(ctx context.Context) (u openmates.Unreadable, err error) {
	bots, err := BotStore(db).Bots(ctx)
	if err != nil {
		return u, err
	}
	for _, b := range bots {
		if len(b.Lost) > 0 {
			u.Bots++
		}
	}
	providers, err := ProviderStore(db).Providers(ctx)
	if err != nil {
		return u, err
	}
	for _, p := range providers {
		if p.KeyLost {
			u.Providers++
		}
	}
	// Sealed settings are recognised by the format of sealed text.
	u.Settings, err = db.countLost(ctx, settingPlace, `SELECT name, value FROM settings WHERE value LIKE 'v1.________.%' AND name <> '`+keyCheck+`'`)
	if err != nil {
		return u, err
	}
	if u.Passkeys, err = db.countLost(ctx, passkeyPlace, `SELECT credential, data FROM passkeys`); err != nil {
		return u, err
	}
	installation := func(key string) string { return "installations.token:" + key }
	if u.Installations, err = db.countLost(ctx, installation, `SELECT CAST(bot_id AS TEXT) || ':' || workspace, token FROM installations WHERE token <> ''`); err != nil {
		return u, err
	}
	owner := func(id string) string { return "authenticators.secret:" + id }
	u.Authenticators, err = db.countLost(ctx, owner, `SELECT CAST(user_id AS TEXT), secret FROM authenticators WHERE confirmed > 0`)
	return u, err
}

func (db *base) countLost(ctx context.Context, place func(string) string, query string) (n int, err error) {
	lost, err := sqldb.List(ctx, db, func(s sqldb.Row) (lost bool, err error) {
		var name, sealed string
		if err := s.Scan(&name, &sealed); err != nil {
			return false, err
		}
		_, lost, err = db.unseal(place(name), sealed)
		return lost, err
	}, query)
	for _, l := range lost {
		if l {
			n++
		}
	}
	return n, err
}

// SameKey reports whether this process has the key with which AdoptKey was last
// called, in any process; known is false if it never was.
func (db KeyStore) SameKey(ctx context.Context) (same, known bool, err error) {
	check, err := SettingStore(db).SecretSetting(ctx, keyCheck)
	if errors.Is(err, openmates.ErrUnreadable) {
		return false, true, nil
	}
	return check != "", check != "", err
}

// AdoptKey makes this process's key the one that SameKey checks.
func (db KeyStore) AdoptKey(ctx context.Context) error {
	return SettingStore(db).SetSecretSetting(ctx, keyCheck, "openmates")
}
