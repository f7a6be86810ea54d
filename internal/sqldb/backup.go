package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"openmates"
)

// Backup writes a SQLite database to a new, self-contained file with everything
// that was committed before it started. Servers can go on using the database
// meanwhile. If the file exists Backup returns EInvalid.
func Backup(ctx context.Context, from, to string) (err error) {
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // VACUUM INTO accepts an empty file
	if errors.Is(err, fs.ErrExist) {
		return openmates.Errorf(openmates.EInvalid, "%s already exists. Choose another file name, or remove that file first.", to)
	}
	if err != nil {
		return &openmates.Error{Code: openmates.EInvalid, Message: openmates.T("%s can't be written: %v.", to, err), Err: err}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(to))
		}
	}()
	if err := f.Close(); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", dsn(from))
	if err != nil {
		return fmt.Errorf("open %s: %w", from, err)
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", to)
	if err = errors.Join(err, db.Close()); err != nil {
		if e := diskError(err); e != nil {
			return &openmates.Error{Code: openmates.EInvalid, Message: openmates.T("%s can't be written: the disk is full or read-only.", to), Err: err}
		}
		return fmt.Errorf("back up %s: %w", from, err)
	}
	return syncFile(to)
}

// syncFile makes a file survive a power failure.
func syncFile(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
