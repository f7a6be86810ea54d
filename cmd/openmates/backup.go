package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"openmates"
	"openmates/internal/sqldb"
)

// backup writes the SQLite database to one file; the server may be running. The
// backup doesn't contain the key: with both, anyone could read the stored
// credentials.
func backup(ctx context.Context, s settings, to string, stdout io.Writer) error {
	if s.DatabaseURL != "" {
		return openmates.Errorf(openmates.EInvalid,
			"This server's data is in PostgreSQL. Back it up with pg_dump, for example: pg_dump --format=custom --file=%s \"$OPENMATES_DATABASE_URL\"", to)
	}
	from := filepath.Join(s.Data, databaseFile)
	if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
		return openmates.Errorf(openmates.EInvalid, "There's no database at %s. Set the data folder with --data.", from)
	}
	if err := sqldb.Backup(ctx, from, to); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Saved the database to %s.\n", to)
	if s.Key == "" {
		fmt.Fprintf(stdout, "It doesn't contain the key for stored credentials. Keep a copy of %s, too, in another place.\n", filepath.Join(s.Data, keyFile))
	}
	return nil
}
