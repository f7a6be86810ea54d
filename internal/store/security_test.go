package store_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/queue"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

func person(t *testing.T, db *store.DB, name string, admin bool) openmates.User {
	t.Helper()
	u, err := db.AddUser(t.Context(), openmates.User{Username: name, DisplayName: name, Admin: admin}, "phc")
	ok(t, err)
	return u
}

func TestGuardsOfAnAccount(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		ada, ben := person(t, db, "ada", true), person(t, db, "ben", false)
		k, err := db.AddPasskey(ctx, identity.Passkey{UserID: ada.ID, Credential: "c1", Data: "canary-passkey", Name: "Laptop"})
		ok(t, err)
		_, err = db.AddPasskey(ctx, identity.Passkey{UserID: ben.ID, Credential: "c1", Data: "d", Name: "stolen"})
		is(t, err, identity.ErrPasskeyKnown)
		k.Data = "canary-passkey-2"
		ok(t, db.UsePasskey(ctx, k))
		all, err := db.Passkeys(ctx, ada.ID)
		ok(t, err)
		same(t, []any{len(all), all[0].Data, all[0].Used.IsZero()}, []any{1, openmates.Secret("canary-passkey-2"), false})
		_, err = db.RemovePasskey(ctx, ben.ID, k.ID)
		is(t, err, identity.ErrNoPasskey)

		_, err = db.Authenticator(ctx, ada.ID)
		is(t, err, identity.ErrNoAuthenticator)
		is(t, db.ConfirmAuthenticator(ctx, ada.ID, 1, nil), identity.ErrNothingToConfirm)
		ok(t, db.BeginAuthenticator(ctx, ada.ID, "first"))
		ok(t, db.BeginAuthenticator(ctx, ada.ID, "canary-totp"))
		ok(t, db.ConfirmAuthenticator(ctx, ada.ID, 100, []string{"h1", "h2"}))
		is(t, db.BeginAuthenticator(ctx, ada.ID, "other"), identity.ErrAuthenticatorSet)
		a, err := db.Authenticator(ctx, ada.ID)
		ok(t, err)
		same(t, []any{a.Secret, a.Confirmed, a.Step}, []any{openmates.Secret("canary-totp"), true, int64(100)})
		ok(t, db.AskPasskey(ctx, ada.ID, true, nil))
		p, err := db.Protection(ctx, ada.ID)
		ok(t, err)
		same(t, p, identity.Protection{Authenticator: true, Passkeys: 1, AskPasskey: true, Recovery: 2})

		// Of several at the same moment, one step and one recovery code count.
		var steps, codes atomic.Int64
		var group sync.WaitGroup
		for range 6 {
			group.Go(func() {
				if fresh, err := db.UseStep(ctx, ada.ID, 101); err == nil && fresh {
					steps.Add(1)
				}
				if fits, err := db.UseRecovery(ctx, ada.ID, "h1"); err == nil && fits {
					codes.Add(1)
				}
			})
		}
		group.Wait()
		same(t, [2]int64{steps.Load(), codes.Load()}, [2]int64{1, 1})
		fits, err := db.UseRecovery(ctx, ben.ID, "h2")
		ok(t, err)
		same(t, fits, false)
		ok(t, db.SetRecovery(ctx, ada.ID, nil))
		ok(t, db.RemoveAuthenticator(ctx, ada.ID))
		want(t, db.RemoveAuthenticator(ctx, ada.ID), openmates.ENotFound)
		p, err = db.Protection(ctx, ada.ID)
		ok(t, err)
		same(t, p, identity.Protection{Passkeys: 1, AskPasskey: true})

		ok(t, db.SetMailSettings(ctx, "smtp", "canary-setting"))
		sealed, _, err := db.Setting(ctx, "server.mail_password")
		ok(t, err)
		settings, value, err := db.MailSettings(ctx)
		ok(t, err)
		same(t, []any{settings, value, strings.Contains(sealed, "canary")}, []any{"smtp", openmates.Secret("canary-setting"), false})
		ok(t, db.SetMailSettings(ctx, "", ""))
		settings, value, err = db.MailSettings(ctx)
		ok(t, err)
		same(t, []any{settings, value}, []any{"", openmates.Secret("")})
	})
}

func TestGuardsAreSealedInTheFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := storetest.SQLite(t, func(c *store.Config) { c.Dir = dir })
	ada := person(t, db, "ada", true)
	_, err := db.AddPasskey(t.Context(), identity.Passkey{UserID: ada.ID, Credential: "c", Data: "canary-passkey", Name: "visible-name"})
	ok(t, err)
	ok(t, db.BeginAuthenticator(t.Context(), ada.ID, "canary-totp"))
	ok(t, db.SetMailSettings(t.Context(), "smtp", "canary-setting"))
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	ok(t, err)
	all := ""
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil {
			all += string(b)
		}
	}
	same(t, []bool{strings.Contains(all, "visible-name"), strings.Contains(all, "canary")}, []bool{true, false})
}

func TestSessionsOfAPerson(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		until := time.Now().Add(time.Hour)
		for _, s := range []identity.SessionRecord{{Hash: "a", UserID: 1}, {Hash: "b", UserID: 1}, {Hash: "c", UserID: 2}, {Hash: "d"}} {
			s.Data, s.Expires = []byte("{}"), until
			ok(t, db.AddSession(ctx, s))
		}
		want(t, db.EndSession(ctx, 1, "c"), openmates.ENotFound)
		ok(t, db.EndSession(ctx, 1, "b"))
		ok(t, db.SaveSession(ctx, identity.SessionRecord{Hash: "b", UserID: 1, Data: []byte("{}"), Expires: until})) // comes too late
		all, err := db.SessionsOf(ctx, 1)
		ok(t, err)
		same(t, []any{len(all), all[0].Hash}, []any{1, "a"})
		u, err := db.AddUser(ctx, openmates.User{Username: "ada"}, "phc")
		ok(t, err)
		ok(t, db.AddSession(ctx, identity.SessionRecord{Hash: "e", UserID: u.ID, Data: []byte("{}"), Expires: until}))
		ended, err := db.EndAccess(ctx, identity.AccessEnd{UserID: u.ID})
		ok(t, err)
		same(t, ended, identity.AccessEnded{Epoch: 1})
		_, err = db.EndAccess(ctx, identity.AccessEnd{UserID: 2})
		want(t, err, openmates.ENotFound)
		for hash, there := range map[string]bool{"a": true, "b": false, "c": true, "d": true, "e": false} {
			_, found, err := db.Session(ctx, hash)
			ok(t, err)
			same(t, found, there)
		}
	})
}

func TestAddressCodes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
		db, ctx := open(storetest.Clock(func() time.Time { return now })), t.Context()
		ada, ben := person(t, db, "ada", true), person(t, db, "ben", false)
		ok(t, db.AddAddressCode(ctx, "old", ada.ID, "a@x.org", now.Add(time.Hour)))
		ok(t, db.AddAddressCode(ctx, "new", ada.ID, "b@x.org", now.Add(time.Hour)))
		ok(t, db.AddAddressCode(ctx, "late", ben.ID, "c@x.org", now))
		for hash, who := range map[string]openmates.ID{"old": ada.ID, "late": ben.ID, "none": ada.ID} {
			_, err := db.TakeAddressCode(ctx, hash, who)
			is(t, err, identity.ErrNoConfirmation)
		}
		_, err := db.TakeAddressCode(ctx, "new", ben.ID)
		want(t, err, openmates.ENotFound)
		address, err := db.TakeAddressCode(ctx, "new", ada.ID)
		ok(t, err)
		yes, err := db.EmailConfirmed(ctx, ada.ID)
		ok(t, err)
		u, err := db.User(ctx, ada.ID)
		ok(t, err)
		same(t, []any{address, yes, u.Email}, []any{"b@x.org", true, "b@x.org"})
		ok(t, db.SetEmail(ctx, ada.ID, "", false))
		yes, err = db.EmailConfirmed(ctx, ada.ID)
		ok(t, err)
		same(t, yes, false)
		ok(t, db.Sweep(ctx))
	})
}

func TestLeavingKeepsTheBooks(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		ada, ben := person(t, db, "ada", true), person(t, db, "ben", false)
		team, err := db.AddTeam(ctx, openmates.Team{Slug: "harbour", Name: "Harbour"})
		ok(t, err)
		ok(t, db.AddMember(ctx, openmates.Membership{TeamID: team.ID, UserID: ada.ID, Role: openmates.RoleAdmin}))
		ok(t, db.AddMember(ctx, openmates.Membership{TeamID: team.ID, UserID: ben.ID, Role: openmates.RoleMember}))
		id := openmates.Identity{UserID: ben.ID, Network: "discord", AccountID: "1", Name: "ben"}
		_, err = db.AddIdentity(ctx, id)
		ok(t, err)
		asked(t, db, team.ID, ben.ID)
		turns, err := db.OwnTurns(ctx, ben.ID)
		ok(t, err)
		same(t, []any{len(turns), turns[0].Question, turns[0].Team}, []any{1, "What is it?\n[a file]", "harbour"})
		usage, err := db.OwnUsage(ctx, ben.ID)
		ok(t, err)
		same(t, []any{len(usage), usage[0].Cost}, []any{1, openmates.Micros(70)})

		own, err := db.OwnTies(ctx, ben.ID)
		ok(t, err)
		same(t, []any{len(own.Memberships), own.Memberships[0].Team, own.Memberships[0].Role, len(own.Tokens), len(own.Invites)},
			[]any{1, "harbour", openmates.RoleMember, 0, 0})
		for _, action := range []string{"account.link", "account.password"} {
			ok(t, db.AddAuditAlone(ctx, openmates.AuditEntry{Actor: ben.ID, Action: action, After: "{}"}))
		}
		same(t, lastAdmin(t, db.RemoveUser(ctx, ada.ID)), "")
		ok(t, db.AddSession(ctx, identity.SessionRecord{Hash: "s", UserID: ben.ID, Data: []byte("{}"), Expires: time.Now().Add(time.Hour)}))
		ok(t, db.RemoveUser(ctx, ben.ID))
		_, found, err := db.Session(ctx, "s")
		ok(t, err)
		same(t, found, false)
		_, err = db.UserOf(ctx, "discord", "1")
		want(t, err, openmates.ENotFound)
		usage, err = db.OwnUsage(ctx, ben.ID)
		ok(t, err)
		same(t, []any{len(usage), usage[0].Cost}, []any{1, openmates.Micros(70)})
		turns, err = db.OwnTurns(ctx, ben.ID)
		ok(t, err)
		same(t, []any{turns[0].Question, turns[0].Answer}, []any{"", ""})
		history, err := db.History(ctx, "lane", 10)
		ok(t, err)
		same(t, len(history), 0)
		fresh, err := db.AddJob(ctx, queue.Job{Key: "k", Lane: "lane", Body: []byte("again")})
		ok(t, err)
		same(t, fresh, false) // the message is still known
		lines, err := db.Audit(ctx, 0, 0, 5)
		ok(t, err)
		same(t, []any{lines[0].After, lines[1].Action, lines[1].After}, []any{"{}", "account.link", ""}) // not which account it was
		id.UserID = ada.ID
		_, err = db.AddIdentity(ctx, id)
		ok(t, err)
	})
}

// asked is a turn of a person that was answered and cost something.
func asked(t *testing.T, db *store.DB, team, user openmates.ID) {
	t.Helper()
	ctx := t.Context()
	m, err := db.SaveMate(ctx, openmates.Mate{Handle: "sophia", Name: "Sophia", Prompt: "p"})
	ok(t, err)
	_, err = db.AddJob(ctx, queue.Job{Key: "k", Lane: "lane", Body: []byte("What is it?")})
	ok(t, err)
	use := openmates.Usage{TeamID: team, UserID: user, MateID: m.ID, Model: "x/y", Cost: 70}
	ok(t, db.Reserve(ctx, "k", use, nil))
	ok(t, db.Settle(ctx, openmates.Outcome{Key: "k", State: openmates.TurnAnswered, Author: "ben", Question: "What is it?", Shown: "[a file]", Text: "A lamp.", Note: " (cut)", TeamID: team, UserID: user, MateID: m.ID, Usage: use}))
	ok(t, db.CloseJob(ctx, "k", queue.Done))
}

// Of two admins who leave at the same moment, one stays.
func TestOneAdminStays(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db := open()
		a, b := person(t, db, "ada", true), person(t, db, "ben", true)
		errs := make(chan error, 2)
		for _, u := range []openmates.User{a, b} {
			go func() { errs <- db.RemoveUser(context.WithoutCancel(t.Context()), u.ID) }()
		}
		one, two := <-errs, <-errs
		if (one == nil) == (two == nil) {
			t.Errorf("%v, %v: one should stay", one, two)
		}
	})
}
