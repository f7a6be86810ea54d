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

// backup writes the SQLite database into one file, also while the server runs.
// The key is not in it: who has both can read the stored credentials.
func backup(ctx context.Context, s settings, to string, stdout io.Writer) error {
	if s.DatabaseURL != "" {
		return openmates.Errorf(openmates.EInvalid,
			"The data of this server is in PostgreSQL. Please back it up with pg_dump, for example: pg_dump --format=custom --file=%s \"$OPENMATES_DATABASE_URL\"", to)
	}
	from := filepath.Join(s.Data, databaseFile)
	if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
		return openmates.Errorf(openmates.EInvalid, "There's no database at %s. Set the data folder with --data.", from)
	}
	if err := sqldb.Backup(ctx, from, to); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "The database is saved in %s.\n", to)
	if s.Key == "" {
		fmt.Fprintf(stdout, "The key for stored credentials is not in it. Keep a copy of %s too, at another place.\n", filepath.Join(s.Data, keyFile))
	}
	return nil
}
