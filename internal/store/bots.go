package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/messenger"
	"openmates/internal/sqldb"
)

// BotStore stores bots, their checks and their states.
type BotStore struct{ *base }

const botCols = `b.id, b.mate_id, b.network, b.app_id, b.user_id, b.name, b.settings, b.secrets, b.paused, b.revision,
	b.asks, b.invite`

// Bots lists all bots, including paused ones, by creation time.
func (db BotStore) Bots(ctx context.Context) ([]openmates.Bot, error) {
	return sqldb.List(ctx, db, db.scanBot, `SELECT `+botCols+` FROM bots b ORDER BY b.id`)
}

// ListeningBots lists the bots whose mates are enabled and not archived, and
// the server's own applications.
func (db BotStore) ListeningBots(ctx context.Context) ([]openmates.Bot, error) {
	return sqldb.List(ctx, db, db.scanBot, `SELECT `+botCols+` FROM bots b LEFT JOIN mates m ON m.id = b.mate_id
		WHERE m.id IS NULL OR m.enabled AND NOT m.archived ORDER BY b.id`)
}

// Bot returns the bot with this ID.
func (db BotStore) Bot(ctx context.Context, id openmates.ID) (openmates.Bot, error) {
	return first(ctx, db, openmates.ErrNoBot, db.scanBot, `SELECT `+botCols+` FROM bots b WHERE b.id = $1`, id)
}

// BotOf returns a mate's bot on a network; mate 0 is the server's own
// application there.
func (db BotStore) BotOf(ctx context.Context, mateID openmates.ID, n openmates.Network) (openmates.Bot, error) {
	return first(ctx, db, openmates.ErrNoBot, db.scanBot, `SELECT `+botCols+` FROM bots b
		WHERE COALESCE(b.mate_id, 0) = $1 AND b.network = $2`, mateID, n)
}

// SaveBot creates a bot (ID 0) or changes one. An empty or missing secret keeps
// the stored one, even if that can't be read. The revision grows when the
// application, a setting or a credential changes. If another bot has the
// application, the error is connect.ErrAppTaken, and if the mate already has a
// bot on this network, connect.ErrHasBot.
func (db BotStore) SaveBot(ctx context.Context, b openmates.Bot) (openmates.Bot, error) {
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
		if strings.Contains(key, "app_id") {
			return b, taken(err, connect.ErrAppTaken)
		}
		return b, taken(err, connect.ErrHasBot)
	}
	return b, taken(err, nil)
}

func (db *base) addBot(t *sqldb.Tx, b *openmates.Bot) error {
	b.ID, b.Revision = db.NextID(), 1
	settings, secrets, err := db.encodeBot(*b, nil)
	if err != nil {
		return err
	}
	_, err = t.Exec(`INSERT INTO bots (id, mate_id, network, app_id, user_id, name, settings, secrets, paused, revision, created, asks, invite)
		VALUES ($1, NULLIF(CAST($2 AS BIGINT), 0), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		b.ID, b.MateID, b.Network, b.AppID, b.UserID, b.Name, settings, secrets, b.Paused, b.Revision, db.now(), b.Asks, b.Invite)
	return err
}

func (db *base) changeBot(t *sqldb.Tx, b *openmates.Bot) error {
	was, err := first(t.Context(), t, openmates.ErrNoBot, db.scanBot,
		`SELECT `+botCols+` FROM bots b WHERE b.id = $1`+db.ForUpdate(), b.ID)
	if err != nil {
		return err
	}
	// Keep what can't be read: the old key may come back.
	var stored string
	if _, err := t.Get(`SELECT secrets FROM bots WHERE id = $1`, []any{b.ID}, &stored); err != nil {
		return err
	}
	kept := map[string]string{}
	if err := json.Unmarshal([]byte(stored), &kept); err != nil {
		return fmt.Errorf("read the credentials of bot %s: %w", b.ID, err)
	}
	all, changed := maps.Clone(was.Secrets), false
	for name, value := range b.Secrets {
		if value != "" && value != was.Secrets[name] {
			all, changed = all.With(name, value), true
			delete(kept, name)
		}
	}
	b.Secrets = all
	b.Lost = slices.DeleteFunc(slices.Clone(was.Lost), func(name string) bool { return b.Secrets[name] != "" })
	b.Revision = was.Revision
	if changed || b.AppID != was.AppID || !maps.Equal(b.Settings, was.Settings) {
		b.Revision++
	}
	settings, secrets, err := db.encodeBot(*b, kept)
	if err != nil {
		return err
	}
	_, err = t.Exec(`UPDATE bots SET mate_id = NULLIF(CAST($2 AS BIGINT), 0), network = $3, app_id = $4, user_id = $5, name = $6,
		settings = $7, secrets = $8, paused = $9, revision = $10, asks = $11, invite = $12 WHERE id = $1`,
		b.ID, b.MateID, b.Network, b.AppID, b.UserID, b.Name, settings, secrets, b.Paused, b.Revision, b.Asks, b.Invite)
	return err
}

// PauseBot stops or starts a bot's listener.
func (db BotStore) PauseBot(ctx context.Context, id openmates.ID, paused bool) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Bots)
		return must(t, openmates.ErrNoBot, `UPDATE bots SET paused = $2 WHERE id = $1`, id, paused)
	})
}

// RestartBot makes the process that listens for the bot start a new session.
func (db BotStore) RestartBot(ctx context.Context, id openmates.ID) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Bots)
		return must(t, openmates.ErrNoBot, `UPDATE bots SET revision = revision + 1 WHERE id = $1`, id)
	})
}

// BotNotes returns what SaveBotNotes last stored for a bot, or nil.
func (db BotStore) BotNotes(ctx context.Context, id openmates.ID) ([]byte, error) {
	var notes string
	ok, err := sqldb.Get(ctx, db, `SELECT notes FROM bot_notes WHERE bot_id = $1`, []any{id}, &notes)
	if err != nil || !ok {
		return nil, err
	}
	return sqldb.DecodeBytes(notes)
}

// SaveBotNotes stores what a connector needs to resume. It is a soft write: a
// connector can do without the latest notes.
func (db BotStore) SaveBotNotes(ctx context.Context, id openmates.ID, notes []byte) error {
	if len(notes) > 64<<10 {
		return fmt.Errorf("%w: %d bytes", messenger.ErrLongNotes, len(notes))
	}
	_, err := db.Exec(ctx, sqldb.Soft, `INSERT INTO bot_notes (bot_id, notes, updated) VALUES ($1, $2, $3)
		ON CONFLICT (bot_id) DO UPDATE SET notes = excluded.notes, updated = excluded.updated`,
		id, sqldb.EncodeBytes(notes), db.now())
	return taken(err, nil)
}

// encodeBot encodes a bot's form as JSON, each secret sealed for its bot and
// name. Sealed secrets in kept are used as they are.
func (db *base) encodeBot(b openmates.Bot, kept map[string]string) (settings, secrets string, err error) {
	sealed := map[string]string{}
	maps.Copy(sealed, kept)
	for name, value := range b.Secrets {
		if value == "" || sealed[name] != "" {
			continue
		}
		if sealed[name], err = db.seal.Seal(botPlace(b.ID, name), value); err != nil {
			return "", "", err
		}
	}
	plain := b.Settings
	if plain == nil {
		plain = openmates.Settings{}
	}
	out, err := json.Marshal(plain)
	if err != nil {
		return "", "", err
	}
	credentials, err := json.Marshal(sealed)
	return string(out), string(credentials), err
}

func botPlace(id openmates.ID, name string) string { return "bots." + name + ":" + id.String() }

func (db *base) scanBot(s sqldb.Row) (b openmates.Bot, err error) {
	var mate *int64
	var settings, secrets string
	err = s.Scan(&b.ID, &mate, &b.Network, &b.AppID, &b.UserID, &b.Name, &settings, &secrets, &b.Paused, &b.Revision,
		&b.Asks, &b.Invite)
	if err != nil {
		return b, err
	}
	if mate != nil {
		b.MateID = openmates.ID(*mate)
	}
	if settings != "{}" {
		if err := json.Unmarshal([]byte(settings), &b.Settings); err != nil {
			return b, fmt.Errorf("read the settings of bot %s: %w", b.ID, err)
		}
	}
	sealed := map[string]string{}
	if err := json.Unmarshal([]byte(secrets), &sealed); err != nil {
		return b, fmt.Errorf("read the credentials of bot %s: %w", b.ID, err)
	}
	b.Secrets = make(openmates.Secrets, len(sealed))
	for name, value := range sealed {
		plain, lost, err := db.unseal(botPlace(b.ID, name), value)
		switch {
		case err != nil:
			return b, err
		case lost:
			b.Lost = append(b.Lost, name)
		case plain != "":
			b.Secrets[name] = plain
		}
	}
	slices.Sort(b.Lost)
	return b, nil
}
