package store_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"openmates"
	"openmates/internal/secret"
	"openmates/internal/sqldb"
	"openmates/internal/sqldb/sqldbtest"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
	"openmates/internal/team"
)

// old is a database as the program left it before a migration.
type old struct {
	raw  *sql.DB
	conf store.Config
}

// before makes a database with the schema of a version.
func before(t *testing.T, engine string, version int64) old {
	t.Helper()
	ring, err := secret.New(bytes.Repeat([]byte{7}, 32))
	ok(t, err)
	o := old{conf: store.Config{Dir: t.TempDir(), Seal: ring, Log: slog.New(slog.DiscardHandler)}}
	driver, address := "sqlite", filepath.Join(o.conf.Dir, "openmates.db")
	if engine == "postgres" {
		driver, o.conf.URL = "pgx", sqldbtest.Address(t)
		address = o.conf.URL
	}
	then, err := sqldb.Open(t.Context(), sqldb.Config{URL: address, Name: "openmates", Dir: o.conf.Dir, Migrations: upTo(t, version), Log: o.conf.Log})
	ok(t, err)
	ok(t, then.Close())
	o.raw, err = sql.Open(driver, address)
	ok(t, err)
	o.raw.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = o.raw.Close() })
	return o
}

// upTo is the schema's files up to a version.
func upTo(t *testing.T, version int64) fs.FS {
	t.Helper()
	all, err := fs.Glob(store.Migrations(), "*.sql")
	ok(t, err)
	some := fstest.MapFS{}
	for _, name := range all {
		text, err := fs.ReadFile(store.Migrations(), name)
		ok(t, err)
		if name < fmt.Sprintf("%04d_~", version) {
			some[name] = &fstest.MapFile{Data: text}
		}
	}
	return some
}

func (o old) exec(t *testing.T, text string, args ...any) {
	t.Helper()
	_, err := o.raw.ExecContext(t.Context(), text, args...)
	ok(t, err)
}

// open lets the program of today update it.
func (o old) open(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), o.conf)
	ok(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestNamesOfBeforeGetTheirOneForm(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			o := before(t, engine, 13)
			for n, slug := range []string{"harbour", "42", "1234567890123456789", "007", "team-42", "77", "12345678901234567890"} {
				o.exec(t, `INSERT INTO teams (id, slug, name, created) VALUES ($1, $2, 'T', 1)`, n+1, slug)
			}
			for n, u := range []struct {
				name, email string
				confirmed   bool
			}{
				{"ada", "Ada@Example.org", true},
				{"benl", "two@example.org", true},
				{"ben1", "two@example.org", true},
				{"eve", "\u212aim@example.org", true},
				{"kim", "kim@example.org", true},
				{"nora", "", true},
			} {
				o.exec(t, `INSERT INTO users (id, username, display_name, email, email_confirmed, created) VALUES ($1, $2, 'N', $3, $4, $5)`, n+1, u.name, u.email, u.confirmed, 1000*n)
			}
			for n, l := range []struct {
				actor          int
				action, target string
			}{
				{1, "account.password", "ada"},
				{9, "account.password", "gone"},
				{1, "team.role", "person ben1"},
				{1, "team.role", "person gone"},
				{1, "team.role", "person nora"},
				{1, "account.link", "discord account"},
				{1, "team.rename", "team harbour"},
			} {
				at := 9000
				if l.target == "person nora" {
					at = 4999 // before she had an account: another person of that name
				}
				o.exec(t, `INSERT INTO audit (id, at, actor, team_id, action, target, after) VALUES ($1, $2, $3, 0, $4, $5, '{}')`, n+1, at, l.actor, l.action, l.target)
			}
			db, ctx := o.open(t), t.Context()

			for slug, id := range map[string]openmates.ID{
				"harbour": 1, "team-42-renamed-because-digits-alone-are-an-id": 2, "team-1234567890123456789": 3, "007": 4, "team-42": 5, "team-77": 6, "12345678901234567890": 7,
			} {
				team, err := db.TeamBySlug(ctx, slug)
				if err != nil || team.ID != id {
					t.Errorf("%s is team %d, %v; want %d", slug, team.ID, err, id)
				}
			}
			for id, is := range map[openmates.ID]string{1: "ada@example.org true", 2: "two@example.org false", 3: "two@example.org false", 4: "\u212aim@example.org false", 5: "kim@example.org true", 6: " false"} {
				u, err := db.User(ctx, id)
				ok(t, err)
				yes, err := db.EmailConfirmed(ctx, id)
				ok(t, err)
				same(t, fmt.Sprint(u.Email, " ", yes), is)
			}
			lines, err := db.Audit(ctx, 0, 0, 20)
			ok(t, err)
			var targets []string
			for _, l := range lines {
				targets = append([]string{fmt.Sprint(l.Target, "/", l.Subject)}, targets...)
			}
			same(t, targets, []string{"person ada/1", "person a former member/9", "person ben1/3", "person a former member/-1", "person a former member/-1", "discord account/0", "team harbour/0"})
			is(t, db.SetEmail(ctx, 3, "kim@example.org", true), openmates.ErrEmailTaken)
			ok(t, db.SetEmail(ctx, 3, "kim@example.org", false))
			_, err = db.AddUser(ctx, openmates.User{Username: "be-n1", DisplayName: "B"}, "")
			ok(t, err)
			_, err = db.AddUser(ctx, openmates.User{Username: "be.nl", DisplayName: "B"}, "")
			is(t, err, openmates.ErrUsernameTaken)
		})
	}
}

// After somebody's account is deleted, no file contains their name or address,
// and a new owner of the name inherits nothing.
func TestNothingReadableIsLeftOfAPerson(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		boss := person(t, db, "boss", true)
		acme, err := db.AddTeam(ctx, openmates.Team{Slug: "harbour", Name: "Harbour"})
		ok(t, err)
		ok(t, db.AddMember(ctx, openmates.Membership{TeamID: acme.ID, UserID: boss.ID, Role: openmates.RoleAdmin}))
		sock, err := db.AddUser(ctx, openmates.User{Username: "sock2", DisplayName: "Sock Puppet", Email: "sock2@example.org"}, "phc")
		ok(t, err)
		at := time.Now()
		for _, only := range [][]string{{"sock2@example.org"}, {"sock2@example.org", "xsock2@example.org", "@example.com"}} {
			i, err := db.AddInvite(ctx, openmates.Invite{TeamID: acme.ID, Role: openmates.RoleMember, Only: only, By: boss.ID, Created: at, Expires: at.Add(time.Hour)}, only[len(only)-1])
			ok(t, err)
			ok(t, db.AddInviteMail(ctx, team.InviteMail{InviteID: i.ID, Email: "sock2@example.org", Expires: at.Add(time.Hour)}, "mail"+i.ID.String(), at))
		}
		ok(t, db.AddMember(ctx, openmates.Membership{TeamID: acme.ID, UserID: sock.ID, Role: openmates.RoleMember}))
		ok(t, db.AddAuditAlone(ctx, openmates.AuditEntry{Actor: boss.ID, TeamID: acme.ID, Action: "team.role"}.AboutPerson(sock.ID)))
		ok(t, db.AddAuditAlone(ctx, openmates.AuditEntry{Actor: sock.ID, Action: "account.password"}.AboutPerson(sock.ID)))
		target := func(teamID openmates.ID) string {
			t.Helper()
			lines, err := db.Audit(ctx, teamID, 0, 1)
			ok(t, err)
			found, err := db.FindAudit(ctx, openmates.AuditSearch{Target: lines[0].Target, Limit: 10})
			ok(t, err)
			if len(found) == 0 || found[0].Target != lines[0].Target {
				t.Errorf("a search for %q finds %+v", lines[0].Target, found)
			}
			return lines[0].Target
		}
		same(t, []string{target(acme.ID), target(0)}, []string{"person sock2", "person sock2"})

		ok(t, db.RemoveUser(ctx, sock.ID))
		_, err = db.AddUser(ctx, openmates.User{Username: "sock2", DisplayName: "Another"}, "phc")
		ok(t, err)
		same(t, []string{target(acme.ID), target(0)}, []string{"person a former member", "person a former member"})
		found, err := db.FindAudit(ctx, openmates.AuditSearch{Text: "sock2", Limit: 10})
		ok(t, err)
		same(t, len(found), 0)
		lines, err := db.Invites(ctx, acme.ID)
		ok(t, err)
		same(t, []string{strings.Join(lines[0].Only, " "), strings.Join(lines[1].Only, " ")}, []string{"xsock2@example.org @example.com", ""})
		same(t, []openmates.InviteState{lines[0].State(at), lines[1].State(at)}, []openmates.InviteState{openmates.InviteOpen, openmates.InviteRevoked})
		for _, l := range lines {
			_, err := db.InviteMail(ctx, "mail"+l.ID.String())
			want(t, err, openmates.ENotFound)
		}
	})
}
