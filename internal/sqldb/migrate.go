package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"openmates"
)

// migrate migrates the schema. Each file is one transaction; a process that
// starts at the same time waits.
func migrate(ctx context.Context, db *sql.DB, d dialect, files fs.FS) error {
	steps, newest, err := steps(d, files)
	if err != nil {
		return err
	}
	opts := []goose.ProviderOption{goose.WithGoMigrations(steps...), goose.WithDisableGlobalRegistry(true)}
	if d.goose == goose.DialectPostgres {
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
		if err != nil {
			return err
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(d.goose, db, nil, opts...)
	if err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	has, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if has > newest {
		return openmates.Errorf(openmates.EInvalid,
			"The database was written by a newer version of OpenMates (schema %d; this version knows %d). Start that version, or restore a backup from before the update.", has, newest)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("update the schema: %w", err)
	}
	return nil
}

// steps returns one migration per file, in the engine's dialect.
func steps(d dialect, files fs.FS) (all []*goose.Migration, newest int64, err error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, 0, err
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, 0, err
		}
		digits, _, _ := strings.Cut(name, "_")
		version, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return nil, 0, fmt.Errorf("migration %s has no number: %w", name, err)
		}
		newest = max(newest, version)
		words := d.schema(string(text))
		all = append(all, goose.NewGoMigration(version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, words)
			return err
		}}, nil))
	}
	return all, newest, nil
}
