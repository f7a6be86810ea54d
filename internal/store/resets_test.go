package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

func TestResets(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		now := time.UnixMilli(1_000_000_000_000).UTC()
		ctx, db := t.Context(), open()
		ada, ben := person(t, db, "ada", true), person(t, db, "ben", true)
		ok(t, db.SetEmail(ctx, ben.ID, "ben@example.org", true))
		found, err := db.ConfirmedUsers(ctx, "ben@example.org")
		ok(t, err)
		same(t, len(found) == 1 && found[0].ID == ben.ID, true)

		add := func(hash string, r identity.PasswordReset) {
			t.Helper()
			r.UserID, r.Expires = ben.ID, now.Add(time.Hour)
			ok(t, db.AddReset(ctx, r, hash, now))
		}
		holds := func(hash string, yes bool) {
			t.Helper()
			if _, err := db.Reset(ctx, hash, now); (err == nil) != yes {
				t.Errorf("%s holds: %v, want %v", hash, err, yes)
			}
		}
		byAdmin := identity.PasswordReset{Origin: identity.ResetByAdmin, Maker: ada.ID}
		byMail := identity.PasswordReset{Origin: identity.ResetByMail, Address: "ben@example.org"}
		add("mail", byMail)
		add("admin", byAdmin)
		add("command", identity.PasswordReset{Origin: identity.ResetByCommand, Second: true})
		holds("mail", true)
		holds("admin", false) // another one was handed on since
		holds("command", true)
		add("admin", byAdmin)
		holds("admin", true)

		// A link does not outlive what it was made by.
		ok(t, db.SetEmail(ctx, ben.ID, "new@example.org", true))
		holds("mail", false)
		ok(t, db.SetEmail(ctx, ben.ID, "ben@example.org", false))
		holds("mail", false)
		ok(t, db.SetEmail(ctx, ben.ID, "ben@example.org", true))
		holds("mail", true)
		_, err = db.EndAccess(ctx, identity.AccessEnd{UserID: ada.ID})
		ok(t, err)
		holds("admin", false)

		add("mail2", byMail)
		useOnce(t, db, ben, now)
		for _, hash := range []string{"mail", "mail2", "command"} {
			holds(hash, false) // one use ends them all
		}
		add("late", byMail)
		now = now.Add(time.Hour)
		holds("late", false)
		_, _, err = db.UseReset(ctx, "late", "phc", now)
		want(t, err, openmates.ENotFound)
	})
}

// useOnce uses the reset "mail" up several times at one moment.
func useOnce(t *testing.T, db *store.DB, ben openmates.User, now time.Time) {
	t.Helper()
	ctx := t.Context()
	ok(t, db.AddSession(ctx, identity.SessionRecord{Hash: "s", UserID: ben.ID, Data: []byte("{}"), Expires: time.UnixMilli(2_000_000_000_000)}))
	ok(t, db.SetRecovery(ctx, ben.ID, []string{"h"}))
	var used atomic.Int64
	var group sync.WaitGroup
	for range 5 {
		group.Go(func() {
			if r, _, err := db.UseReset(ctx, "mail", "new phc", now); err == nil && r.UserID == ben.ID {
				used.Add(1)
			}
		})
	}
	group.Wait()
	same(t, used.Load(), int64(1))
	phc, err := db.Password(ctx, ben.ID)
	ok(t, err)
	same(t, phc, "new phc")
	sessions, err := db.SessionsOf(ctx, ben.ID)
	ok(t, err)
	p, err := db.Protection(ctx, ben.ID)
	ok(t, err)
	same(t, []int{len(sessions), p.Recovery}, []int{0, 1})
	ok(t, db.DropSecondStep(ctx, ben.ID))
	p, err = db.Protection(ctx, ben.ID)
	ok(t, err)
	same(t, p, identity.Protection{})
}
