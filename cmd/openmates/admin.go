package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"openmates/internal/address"
	"openmates/internal/identity"
	"openmates/internal/server"
)

// The commands that let people back in.
const (
	resetPassword   = "admin reset-password"
	resetSecondStep = "admin reset-second-step"
	makeAdmin       = "admin make-admin"
)

// administer does one of them with the database of a server, which may run
// meanwhile.
func administer(ctx context.Context, command string, s settings, log *slog.Logger, out io.Writer) error {
	if err := s.isThere(); err != nil {
		return err
	}
	seal, err := s.keys()
	if err != nil {
		return err
	}
	db, err := s.database(ctx, seal, log)
	if err != nil {
		return err
	}
	defer db.Close()
	public, err := server.StoredURL(ctx, db)
	if err != nil {
		return err
	}
	if s.URL != "" {
		public = s.URL
	}
	guessed := public == ""
	if guessed {
		public = "http://" + reachable(s.Addr)
	}
	at, err := address.New(public, true)
	if err != nil {
		return err
	}
	p, err := newPeople(db, at, log)
	if err != nil {
		return err
	}
	room := p.identity
	defer room.Close()
	err = operate(ctx, command, s.person, room.Operator(), out)
	if err == nil && guessed && command == resetPassword {
		fmt.Fprintln(out, "Nobody has said yet where people reach this server. If it is elsewhere, change the beginning of the link, up to /signin.")
	}
	return err
}

func operate(ctx context.Context, command, person string, o identity.Operator, out io.Writer) error {
	switch command {
	case resetPassword:
		l, err := o.ResetPassword(ctx, person)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "With this link %s chooses a new password. It works once, until %s:\n%s\n", l.User.Username, l.Expires.UTC().Format("2 January 2006, 15:04 UTC"), l.URL.Reveal())
	case resetSecondStep:
		u, err := o.DropSecondStep(ctx, person)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "The second step and the passkeys of %s are removed. Their password alone signs them in, until they set up new ones.\n", u.Username)
	case makeAdmin:
		u, err := o.MakeAdmin(ctx, person)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s is now a server admin.\n", u.Username)
	default:
		return fmt.Errorf("there is no command %q", command)
	}
	return nil
}

// isThere says what is missing where no server has ever run with these
// settings: a command makes no database and no key. Nor does it run as another
// account than the server, which could not open what SQLite writes then.
func (s *settings) isThere() error {
	if s.Key == "" {
		if _, err := os.Stat(filepath.Join(s.Data, keyFile)); errors.Is(err, fs.ErrNotExist) { //nolint:gosec // the folder is the admin's own setting
			return invalid("key", "there is no key in %s; give the folder or the key that the server uses", s.Data)
		}
	}
	if s.DatabaseURL != "" {
		return nil
	}
	st, err := os.Stat(filepath.Join(s.Data, databaseFile)) //nolint:gosec // as above
	if errors.Is(err, fs.ErrNotExist) {
		return invalid("data", "there is no database in %s; give the folder that the server uses", s.Data)
	}
	if err != nil {
		return invalid("data", "%v", err)
	}
	if owner, known := ownerOf(st); known && owner != os.Geteuid() {
		return invalid("data", "the database in %s belongs to another account of this machine; run the command as that account: `sudo -u '#%d' openmates …`", s.Data, owner)
	}
	return nil
}
