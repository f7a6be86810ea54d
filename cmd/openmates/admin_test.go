package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"openmates"
	"openmates/internal/address"
	"openmates/internal/identity"
	"openmates/internal/sqldb/sqldbtest"
	"openmates/internal/store"
	"openmates/internal/team"
)

// commands are run with the same settings as a server.
type commands struct {
	t    *testing.T
	set  settings
	args []string
}

func (c commands) do(want int, args ...string) string {
	c.t.Helper()
	var out, wrong bytes.Buffer
	if code := run(c.t.Context(), append(args, c.args...), func(string) (string, bool) { return "", false }, &out, &wrong); code != want {
		c.t.Fatalf("%v: exit code %d, want %d\n%s%s", args, code, want, &out, &wrong)
	}
	return out.String() + wrong.String()
}

// open is what a server has open while it runs.
func (c commands) open() (*store.DB, *service) {
	c.t.Helper()
	seal, err := c.set.keys()
	if err != nil {
		c.t.Fatal(err)
	}
	db, err := c.set.database(context.Background(), seal, slog.New(slog.DiscardHandler))
	if err != nil {
		c.t.Fatal(err)
	}
	at, err := address.New("http://127.0.0.1:1", false)
	if err != nil {
		c.t.Fatal(err)
	}
	srv := &service{log: slog.New(slog.DiscardHandler), db: db, address: at}
	if err := srv.people(); err != nil {
		c.t.Fatal(err)
	}
	return db, srv
}

// The only admin, who has lost password and second step, gets back in with
// commands, whether the server runs or not, on either database.
func TestCommandsLetPeopleBackIn(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			c := commands{t: t}
			c.set.Data = t.TempDir()
			c.args = []string{"--data", c.set.Data, "--url", "https://mates.example.org/"}
			if engine == "postgres" {
				c.set.DatabaseURL = sealed(sqldbtest.Address(t))
				c.args = append(c.args, "--database-url", string(c.set.DatabaseURL))
			}
			if said := c.do(2, "admin", "make-admin", "ada"); !strings.Contains(said, "there is no") {
				t.Errorf("without a server: %s", said)
			}
			if left, err := filepath.Glob(filepath.Join(c.set.Data, "*")); err != nil || len(left) > 0 {
				t.Errorf("a command has made %v, %v", left, err)
			}
			db, srv := c.open()
			_, users, err := srv.team.Seed(t.Context(), team.Plan{Team: "Harbour", People: []team.Person{
				{Username: "ada", Name: "Ada", Password: "three quiet lighthouses", Role: "admin", Admin: true}, {Username: "ben", Name: "Ben", Password: "three quiet lighthouses", Role: "member"}}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.AddPasskey(t.Context(), identity.Passkey{UserID: users[0].ID, Credential: "c", Data: "d", Name: "Lost"}); err != nil {
				t.Fatal(err)
			}
			c.comeBack(srv.identity) // while the server runs
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			said := c.do(0, "admin", "make-admin", "ben") // and while it does not
			if !strings.Contains(said, "ben is now a server admin") {
				t.Errorf("said %s", said)
			}
			db, _ = c.open()
			defer db.Close()
			if u, err := db.UserByName(t.Context(), "ben"); err != nil || !u.Admin {
				t.Errorf("ben: %+v, %v", u, err)
			}
		})
	}
}

func (c commands) comeBack(room *identity.Room) {
	t := c.t
	t.Helper()
	said := c.do(0, "admin", "reset-password", "ada")
	link := regexp.MustCompile(`https://mates\.example\.org/signin/reset\?code=(\w{26})\n`).FindStringSubmatch(said)
	if link == nil {
		t.Fatalf("no link in %s", said)
	}
	if strings.Count(said, link[1]) != 1 {
		t.Errorf("the code is logged: %s", said)
	}
	if _, err := room.Reset(t.Context(), netip.MustParseAddr("192.0.2.1"), "AAAA", "five slow wooden ferries"); err == nil {
		t.Error("any code fits")
	}
	if _, err := room.Reset(t.Context(), netip.MustParseAddr("192.0.2.1"), openmates.Secret(link[1]), "five slow wooden ferries"); err != nil {
		t.Error(err)
	}
	if said := c.do(2, "admin", "reset-second-step", "nobody"); !strings.Contains(said, "No one on this server has the username") {
		t.Errorf("said %s", said)
	}
	c.do(0, "admin", "reset-second-step", "ada")
	if said := c.do(2, "admin", "reset-second-step", "ada"); !strings.Contains(said, "has no second step") {
		t.Errorf("said %s", said)
	}
}
