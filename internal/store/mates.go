package store

import (
	"context"
	"encoding/json"
	"fmt"

	"openmates"
	"openmates/internal/mate"
	"openmates/internal/policy"
	"openmates/internal/sqldb"
)

// MateStore stores mates and all their versions.
type MateStore struct{ *base }

const mateCols = `m.id, m.handle, m.name, m.field, m.description, m.prompt, m.model, m.class, m.limits, m.enabled, m.version, m.archived`

// Mates lists all mates by handle, including archived ones.
func (db MateStore) Mates(ctx context.Context) ([]openmates.Mate, error) {
	return sqldb.List(ctx, db, scanMate, `SELECT `+mateCols+` FROM mates m ORDER BY m.handle`)
}

// Mate returns the mate with this ID.
func (db MateStore) Mate(ctx context.Context, id openmates.ID) (openmates.Mate, error) {
	return first(ctx, db, openmates.ErrNoMate, scanMate, `SELECT `+mateCols+` FROM mates m WHERE m.id = $1`, id)
}

// MateByHandle returns the mate with this handle.
func (db MateStore) MateByHandle(ctx context.Context, handle string) (openmates.Mate, error) {
	return first(ctx, db, openmates.ErrNoMate, scanMate, `SELECT `+mateCols+` FROM mates m WHERE m.handle = $1`, handle)
}

// SaveMate is ChangeMate by the server itself, whatever m's version.
func (db MateStore) SaveMate(ctx context.Context, m openmates.Mate) (openmates.Mate, error) {
	m.Version = 0
	return db.ChangeMate(ctx, m, 0)
}

// ChangeMate creates a mate (ID 0), enabled, or changes one; either way it
// stores a version. If another mate has the handle, the error is
// mate.ErrHandleTaken, and if m.Version is neither 0 nor the newest version,
// *mate.ChangedError.
func (db MateStore) ChangeMate(ctx context.Context, m openmates.Mate, actor openmates.ID) (openmates.Mate, error) {
	given := m
	err := db.Update(ctx, func(t *sqldb.Tx) error {
		t.Changed(Mates)
		m = given
		var err error
		if m.ID == 0 {
			err = db.addMate(t, &m)
		} else {
			err = db.changeMate(t, &m)
		}
		if err != nil {
			return err
		}
		return db.addMateVersion(t, m, actor)
	})
	return m, err
}

func (db *base) addMate(t *sqldb.Tx, m *openmates.Mate) error {
	m.ID, m.Version, m.Enabled = db.NextID(), 1, true
	_, err := t.Exec(`INSERT INTO mates (id, handle, name, field, description, prompt, model, class, limits, enabled, version, archived, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		m.ID, m.Handle, m.Name, m.Field, m.Description, m.Prompt, m.Model, m.Class, encodeLimits(m.Limits), m.Enabled, m.Version, m.Archived, db.now())
	if sqldb.Collision(err) {
		return err
	}
	return handleTaken(err)
}

func (db *base) changeMate(t *sqldb.Tx, m *openmates.Mate) error {
	was, err := first(t.Context(), t, openmates.ErrNoMate, scanMate, `SELECT `+mateCols+` FROM mates m WHERE m.id = $1`+db.ForUpdate(), m.ID)
	if err != nil {
		return err
	}
	if m.Version != 0 && m.Version != was.Version {
		return &mate.ChangedError{Name: was.Name, Version: was.Version}
	}
	// A mate from before versions existed has no first version.
	if err := db.addMateVersion(t, was, 0); err != nil {
		return err
	}
	m.Version = was.Version + 1
	if err := recount(t, policy.MateScope(m.ID)); err != nil {
		return err
	}
	_, err = t.Exec(`UPDATE mates SET handle = $2, name = $3, field = $4, description = $5, prompt = $6,
		model = $7, class = $8, limits = $9, enabled = $10, version = $11, archived = $12 WHERE id = $1`,
		m.ID, m.Handle, m.Name, m.Field, m.Description, m.Prompt, m.Model, m.Class, encodeLimits(m.Limits), m.Enabled, m.Version, m.Archived)
	return handleTaken(err)
}

func handleTaken(err error) error {
	return taken(err, mate.ErrHandleTaken)
}

// mateFormat is the format in which versions of mates are stored. It grows when
// a field changes its meaning.
const mateFormat = 1

// mateDocument is how a version of a mate is stored. Rows from before there was
// a format number have none and are read like those of format 1.
type mateDocument struct {
	Format int `json:"format"`
	mateFields
}

// mateFields are the fields of format 1. Existing rows depend on the names:
// fields may be added, but not renamed. Rows from before the tags have
// capitalised names, which JSON accepts, too.
type mateFields struct {
	ID          openmates.ID     `json:"id"`
	Handle      string           `json:"handle"`
	Name        string           `json:"name"`
	Field       string           `json:"field"`
	Description string           `json:"description"`
	Prompt      string           `json:"prompt"`
	Model       string           `json:"model"`
	Class       string           `json:"class"`
	Limits      openmates.Limits `json:"limits"`
	Enabled     bool             `json:"enabled"`
	Version     int64            `json:"version"`
	Archived    bool             `json:"archived"`
}

// addMateVersion stores a state of a mate, unless it is already stored.
func (db *base) addMateVersion(t *sqldb.Tx, m openmates.Mate, actor openmates.ID) error {
	data, err := json.Marshal(mateDocument{mateFormat, mateFields(m)})
	if err != nil {
		return fmt.Errorf("write version %d of the mate: %w", m.Version, err)
	}
	_, err = t.Exec(`INSERT INTO mate_versions (mate_id, version, data, actor, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (mate_id, version) DO NOTHING`, m.ID, m.Version, string(data), actor, db.now())
	return err
}

const versionCols = `v.data, v.actor, COALESCE(u.display_name, ''), v.at FROM mate_versions v LEFT JOIN users u ON u.id = v.actor`

// MateVersions lists a mate's versions, newest first.
func (db MateStore) MateVersions(ctx context.Context, id openmates.ID) ([]openmates.MateVersion, error) {
	return sqldb.List(ctx, db, scanMateVersion, `SELECT `+versionCols+` WHERE v.mate_id = $1 ORDER BY v.version DESC`, id)
}

// MateVersion returns one of them.
func (db MateStore) MateVersion(ctx context.Context, id openmates.ID, version int64) (openmates.MateVersion, error) {
	return first(ctx, db, mate.ErrNoVersion, scanMateVersion,
		`SELECT `+versionCols+` WHERE v.mate_id = $1 AND v.version = $2`, id, version)
}

func scanMateVersion(s sqldb.Row) (v openmates.MateVersion, err error) {
	var data string
	var at int64
	if err = s.Scan(&data, &v.Actor, &v.By, &at); err != nil {
		return v, err
	}
	v.At = sqldb.TimeOf(at)
	v.Mate, err = readMate([]byte(data))
	return v, err
}

// readMate reads a mateDocument. It rejects later formats, because a part of the
// mate could get lost.
func readMate(data []byte) (openmates.Mate, error) {
	var doc mateDocument
	if err := json.Unmarshal(data, &doc); err != nil {
		return openmates.Mate{}, fmt.Errorf("read a version of a mate: %w", err)
	}
	if doc.Format > mateFormat {
		return openmates.Mate{}, fmt.Errorf("read a version of a mate: its format is %d, and this program knows those up to %d", doc.Format, mateFormat)
	}
	return openmates.Mate(doc.mateFields), nil
}

func scanMate(s sqldb.Row) (m openmates.Mate, err error) {
	var limits string
	err = s.Scan(&m.ID, &m.Handle, &m.Name, &m.Field, &m.Description, &m.Prompt, &m.Model, &m.Class, &limits, &m.Enabled, &m.Version, &m.Archived)
	if err != nil {
		return m, err
	}
	m.Limits, err = decodeLimits(limits)
	return m, err
}
