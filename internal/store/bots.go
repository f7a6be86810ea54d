package store

import (
	"context"
	"strings"

	"openmates"
	"openmates/internal/sqldb"
)

const botCols = `b.id, b.mate_id, b.network, b.app_id, b.user_id, b.name, b.token, b.secret, b.paused, b.revision,
	b.content, b.permissions, b.invite`

// Bots lists all bots, paused ones included, by the time they were made.
func (db *DB) Bots(ctx context.Context) ([]openmates.Bot, error) {
	return sqldb.List(ctx, db, db.scanBot, `SELECT `+botCols+` FROM bots b ORDER BY b.id`)
}

// ListeningBots lists the bots whose mates are switched on and not archived,
// and the server's own applications.
func (db *DB) ListeningBots(ctx context.Context) ([]openmates.Bot, error) {
	return sqldb.List(ctx, db, db.scanBot, `SELECT `+botCols+` FROM bots b LEFT JOIN mates m ON m.id = b.mate_id
		WHERE m.id IS NULL OR m.enabled AND NOT m.archived ORDER BY b.id`)
}

// Bot gives the bot with this ID.
func (db *DB) Bot(ctx context.Context, id openmates.ID) (openmates.Bot, error) {
	return first(ctx, db, "This bot", db.scanBot, `SELECT `+botCols+` FROM bots b WHERE b.id = $1`, id)
}

// BotOf gives a mate's bot on a network; mate 0 is the server's own
// application there.
func (db *DB) BotOf(ctx context.Context, mateID openmates.ID, n openmates.Network) (openmates.Bot, error) {
	return first(ctx, db, "This bot", db.scanBot, `SELECT `+botCols+` FROM bots b
		WHERE COALESCE(b.mate_id, 0) = $1 AND b.network = $2`, mateID, n)
}

// SaveBot makes a bot (ID 0) or changes one. An empty Token or Secret of a bot
// that exists leaves what is stored, also where that can't be read. The revision grows when the application or
// a credential changes. An application that another bot is, or a mate that has
// a bot on this network already, is EConflict.
func (db *DB) SaveBot(ctx context.Context, b openmates.Bot) (openmates.Bot, error) {
	given := b
	err := db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Bots)
		b = given
		if b.ID == 0 {
			return db.addBot(t, &b)
		}
		return db.changeBot(t, &b)
	})
	if key, ok := sqldb.Duplicate(err); ok {
		sentence := "This mate has a bot on this network already. Please change that one."
		if strings.Contains(key, "app_id") {
			sentence = "This application is set up for another mate already. Please make one application per mate."
		}
		return b, taken(err, sentence)
	}
	return b, taken(err, "")
}

func (db *DB) addBot(t *sqldb.Tx, b *openmates.Bot) error {
	b.ID, b.Revision = db.NextID(), 1
	token, secret, err := db.sealBot(*b)
	if err != nil {
		return err
	}
	_, err = t.Exec(`INSERT INTO bots (id, mate_id, network, app_id, user_id, name, token, secret, paused, revision, created, content, permissions, invite)
		VALUES ($1, NULLIF(CAST($2 AS BIGINT), 0), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		b.ID, b.MateID, b.Network, b.AppID, b.UserID, b.Name, token, secret, b.Paused, b.Revision, db.now(), b.Content, b.Permissions, b.Invite)
	return err
}

func (db *DB) changeBot(t *sqldb.Tx, b *openmates.Bot) error {
	was, err := first(t.Context(), t, "This bot", db.scanBot,
		`SELECT `+botCols+` FROM bots b WHERE b.id = $1`+db.ForUpdate(), b.ID)
	if err != nil {
		return err
	}
	if b.Token == "" {
		b.Token = was.Token
	}
	if b.Secret == "" {
		b.Secret = was.Secret
	}
	b.Revision = was.Revision
	if b.Token != was.Token || b.Secret != was.Secret || b.AppID != was.AppID || b.Content != was.Content {
		b.Revision++
	}
	token, secret, err := db.sealBot(*b)
	if err != nil {
		return err
	}
	// What can't be read is kept as it is: the old key may come back.
	var oldToken, oldSecret string
	if _, err := t.Get(`SELECT token, secret FROM bots WHERE id = $1`, []any{b.ID}, &oldToken, &oldSecret); err != nil {
		return err
	}
	if b.TokenLost = b.Token == "" && was.TokenLost; b.TokenLost {
		token = oldToken
	}
	if b.SecretLost = b.Secret == "" && was.SecretLost; b.SecretLost {
		secret = oldSecret
	}
	_, err = t.Exec(`UPDATE bots SET mate_id = NULLIF(CAST($2 AS BIGINT), 0), network = $3, app_id = $4, user_id = $5, name = $6,
		token = $7, secret = $8, paused = $9, revision = $10, content = $11, permissions = $12, invite = $13 WHERE id = $1`,
		b.ID, b.MateID, b.Network, b.AppID, b.UserID, b.Name, token, secret, b.Paused, b.Revision, b.Content, b.Permissions, b.Invite)
	return err
}

// PauseBot switches a bot's listener off or on.
func (db *DB) PauseBot(ctx context.Context, id openmates.ID, paused bool) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Bots)
		return must(t, "This bot", `UPDATE bots SET paused = $2 WHERE id = $1`, id, paused)
	})
}

// RestartBot makes the process that listens for a bot begin a new session.
func (db *DB) RestartBot(ctx context.Context, id openmates.ID) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Bots)
		return must(t, "This bot", `UPDATE bots SET revision = revision + 1 WHERE id = $1`, id)
	})
}

// BotNotes gives what SaveBotNotes last stored for a bot, nil at first.
func (db *DB) BotNotes(ctx context.Context, id openmates.ID) ([]byte, error) {
	var notes string
	ok, err := sqldb.Get(ctx, db, `SELECT notes FROM bot_notes WHERE bot_id = $1`, []any{id}, &notes)
	if err != nil || !ok {
		return nil, err
	}
	return sqldb.DecodeBytes(notes)
}

// SaveBotNotes keeps what a connector needs to go on where it stopped. It is a
// soft write: a connector can do without its latest notes.
func (db *DB) SaveBotNotes(ctx context.Context, id openmates.ID, notes []byte) error {
	if len(notes) > 64<<10 {
		return openmates.Errorf(openmates.EInvalid, "A connector's notes have at most 64 KiB; these have %d bytes.", len(notes))
	}
	_, err := db.Exec(ctx, sqldb.Soft, `INSERT INTO bot_notes (bot_id, notes, updated) VALUES ($1, $2, $3)
		ON CONFLICT (bot_id) DO UPDATE SET notes = excluded.notes, updated = excluded.updated`,
		id, sqldb.EncodeBytes(notes), db.now())
	return taken(err, "")
}

func (db *DB) sealBot(b openmates.Bot) (token, secret string, err error) {
	if token, err = db.seal.Seal("bots.token:"+b.ID.String(), b.Token); err != nil {
		return "", "", err
	}
	secret, err = db.seal.Seal("bots.secret:"+b.ID.String(), b.Secret)
	return token, secret, err
}

func (db *DB) scanBot(s sqldb.Row) (b openmates.Bot, err error) {
	var mate *int64
	var token, secret string
	err = s.Scan(&b.ID, &mate, &b.Network, &b.AppID, &b.UserID, &b.Name, &token, &secret, &b.Paused, &b.Revision,
		&b.Content, &b.Permissions, &b.Invite)
	if err != nil {
		return b, err
	}
	if mate != nil {
		b.MateID = openmates.ID(*mate)
	}
	if b.Token, b.TokenLost, err = db.unseal("bots.token:"+b.ID.String(), token); err != nil {
		return b, err
	}
	b.Secret, b.SecretLost, err = db.unseal("bots.secret:"+b.ID.String(), secret)
	return b, err
}
