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
	"openmates/internal/locale"
	"openmates/internal/server"
)

// Commands for people who can't sign in.
const (
	resetPassword   = "admin reset-password"
	resetSecondStep = "admin reset-second-step"
	makeAdmin       = "admin make-admin"
)

// administer runs one of these commands on a server's database. The server may
// be running.
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
	book, err := locale.Open()
	if err != nil {
		return err
	}
	p, err := newPeople(db, at, book, log)
	if err != nil {
		return err
	}
	room := p.identity
	defer room.Close()
	err = operate(ctx, command, s.person, room.Operator(), out)
	if err == nil && guessed && command == resetPassword {
		fmt.Fprintln(out, "The public address isn't set yet. If people reach this server at another address, replace the part of the link before /signin.")
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
		fmt.Fprintf(out, "%s can choose a new password with this link. It works once, until %s:\n%s\n", l.User.Username, l.Expires.UTC().Format("2 January 2006, 15:04 UTC"), l.URL.Reveal())
	case resetSecondStep:
		u, err := o.DropSecondStep(ctx, person)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "Removed the second step and the passkeys of %s. They can sign in with only their password until they set up new ones.\n", u.Username)
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

// isThere returns an error that says what is missing if no server has ever run
// with these settings, because a command creates neither a database nor a key.
// It also refuses to run under another account than the server's, which
// couldn't open the files that SQLite would write.
func (s *settings) isThere() error {
	if s.Key == "" {
		if _, err := os.Stat(filepath.Join(s.Data, keyFile)); errors.Is(err, fs.ErrNotExist) { //nolint:gosec // the folder is the admin's own setting
			return invalid("key", "there is no key in %s; use the server's folder or key", s.Data)
		}
	}
	if s.DatabaseURL != "" {
		return nil
	}
	st, err := os.Stat(filepath.Join(s.Data, databaseFile)) //nolint:gosec // as above
	if errors.Is(err, fs.ErrNotExist) {
		return invalid("data", "there is no database in %s; use the server's folder", s.Data)
	}
	if err != nil {
		return invalid("data", "%v", err)
	}
	if owner, known := ownerOf(st); known && owner != os.Geteuid() {
		return invalid("data", "the database in %s belongs to another account on this machine; run the command as that account: `sudo -u '#%d' openmates …`", s.Data, owner)
	}
	return nil
}
