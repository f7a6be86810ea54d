package store

import (
	"context"
	"database/sql"

	"github.com/pressly/goose/v3"
)

// MigrateTo brings the schema to an older version, for tests of the next one.
func MigrateTo(ctx context.Context, db *sql.DB, postgres bool, version int64) error {
	d := sqliteWords
	if postgres {
		d = postgresWords
	}
	all, _, err := steps(d)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(d.goose, db, nil, goose.WithGoMigrations(all...), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = p.UpTo(ctx, version)
	return err
}
