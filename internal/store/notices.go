package store

import (
	"context"

	"openmates"
	"openmates/internal/sqldb"
	"openmates/internal/team"
)

// mostNotices is how many a team is shown at once.
const mostNotices = 20

// Notices lists what a team's admins haven't read, newest first.
func (db TeamStore) Notices(ctx context.Context, teamID openmates.ID) ([]team.Notice, error) {
	return sqldb.List(ctx, db, func(s sqldb.Row) (n team.Notice, err error) {
		var at int64
		err = s.Scan(&n.ID, &n.Sentence, &at)
		n.At = sqldb.TimeOf(at)
		return n, err
	}, `SELECT id, sentence, at FROM team_notices WHERE team_id = $1 ORDER BY id DESC LIMIT $2`, teamID, mostNotices)
}

// AddNotice adds a notice for a team's admins.
func (db TeamStore) AddNotice(ctx context.Context, teamID openmates.ID, sentence openmates.Text) error {
	return db.Update(ctx, func(t *sqldb.Tx) error { return db.notice(t, teamID, sentence) })
}

func (db *base) notice(t *sqldb.Tx, teamID openmates.ID, sentence openmates.Text) error {
	_, err := t.Exec(`INSERT INTO team_notices (id, team_id, sentence, at) VALUES ($1, $2, $3, $4)`, db.NextID(), teamID, sentence, db.now())
	return err
}

// DropNotice deletes a notice that was read.
func (db TeamStore) DropNotice(ctx context.Context, teamID, id openmates.ID) error {
	return db.Update(ctx, func(t *sqldb.Tx) error {
		return must(t, team.ErrNoNotice, `DELETE FROM team_notices WHERE id = $1 AND team_id = $2`, id, teamID)
	})
}
