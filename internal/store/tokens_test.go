package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/store/storetest"
)

func TestAccessTokens(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		w := storetest.Seed(t, db)
		now := time.Now().UTC().Truncate(time.Millisecond)
		own, err := db.AddAccessToken(ctx, openmates.AccessToken{UserID: w.User.ID, Name: "own", Hint: "abcd", By: w.User.ID,
			Scopes: []openmates.Scope{openmates.ScopeRead, openmates.ScopeWrite}, Created: now, Expires: now.Add(time.Hour)}, "hash-own", 2)
		ok(t, err)
		team, err := db.AddAccessToken(ctx, openmates.AccessToken{UserID: w.User.ID, TeamID: w.Team.ID, Name: "team", By: w.User.ID, Created: now}, "hash-team", 2)
		ok(t, err)
		ears, err := db.AddAccessToken(ctx, openmates.AccessToken{Name: "ears", By: w.User.ID, Scopes: []openmates.Scope{openmates.ScopeListener}, Created: now}, "hash-ears", 2)
		ok(t, err)
		got, stored, err := db.AccessToken(ctx, "hash-own")
		ok(t, err)
		same(t, stored, "hash-own")
		same(t, got, own)
		_, _, err = db.AccessToken(ctx, "hash-none")
		want(t, err, openmates.ENotFound)
		for _, l := range []struct {
			user, team openmates.ID
			want       openmates.AccessToken
		}{{w.User.ID, 0, own}, {0, w.Team.ID, team}, {0, 0, ears}} {
			all, err := db.AccessTokens(ctx, l.user, l.team)
			ok(t, err)
			if len(all) != 1 || all[0].Name != l.want.Name {
				t.Errorf("%d/%d lists %+v, want %q alone", l.user, l.team, all, l.want.Name)
			}
		}
		// The bound holds for each owner by itself.
		_, err = db.AddAccessToken(ctx, openmates.AccessToken{UserID: w.User.ID, Created: now}, "hash-2", 2)
		ok(t, err)
		_, err = db.AddAccessToken(ctx, openmates.AccessToken{UserID: w.User.ID, Created: now}, "hash-3", 2)
		is(t, err, identity.ErrTooManyTokens)
		// Nobody ends what is not in their list.
		_, err = db.DropAccessToken(ctx, 5, 0, own.ID)
		want(t, err, openmates.ENotFound)
		_, err = db.DropAccessToken(ctx, w.User.ID, 0, team.ID)
		want(t, err, openmates.ENotFound)
		_, err = db.DropAccessToken(ctx, w.User.ID, 0, ears.ID)
		want(t, err, openmates.ENotFound)
		ok(t, db.TouchAccessToken(ctx, own.ID, now))
		got, _, err = db.AccessToken(ctx, "hash-own")
		ok(t, err)
		if !got.Used.Equal(now) {
			t.Errorf("used %v, want %v", got.Used, now)
		}
		gone, err := db.DropAccessToken(ctx, w.User.ID, 0, own.ID)
		ok(t, err)
		same(t, gone.Name, "own")
		_, _, err = db.AccessToken(ctx, "hash-own")
		want(t, err, openmates.ENotFound)
	})
}

func TestKeptAnswers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		now := time.Now().UTC().Truncate(time.Millisecond)
		ask := openmates.KeptAnswer{Request: "r1", Begun: now}
		var wg sync.WaitGroup
		var won atomic.Int64
		for range 8 {
			wg.Go(func() {
				_, mine, err := db.ClaimAnswer(ctx, "me", "k", ask, now.Add(-time.Minute), now.Add(time.Hour))
				if err != nil {
					t.Error(err)
				}
				if mine {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		same(t, won.Load(), int64(1))
		ok(t, db.KeepAnswer(ctx, "me", "k", openmates.KeptAnswer{Request: "r1", Status: 201, Type: "application/json", Body: "canary-body"}))
		is, mine, err := db.ClaimAnswer(ctx, "me", "k", openmates.KeptAnswer{Request: "r2", Begun: now}, now.Add(time.Minute), now.Add(time.Hour))
		ok(t, err)
		if mine || is.Status != 201 || is.Request == "r2" || is.Request == "r1" || is.Body != "canary-body" || is.Type != "application/json" {
			t.Errorf("mine %v, %+v", mine, is)
		}
		_, mine, err = db.ClaimAnswer(ctx, "other", "k", ask, now, now.Add(time.Hour))
		ok(t, err)
		same(t, mine, true)
		ok(t, db.DropAnswer(ctx, "other", "k", ""))
		ok(t, db.DropAnswer(ctx, "me", "k", "")) // what was answered stays
		_, mine, err = db.ClaimAnswer(ctx, "me", "k", ask, now, now.Add(time.Hour))
		ok(t, err)
		same(t, mine, false)
		// One that died half-way is taken over by the same request alone.
		_, _, err = db.ClaimAnswer(ctx, "me", "dead", ask, now, now.Add(time.Hour))
		ok(t, err)
		_, mine, err = db.ClaimAnswer(ctx, "me", "dead", openmates.KeptAnswer{Request: "r2", Begun: now}, now, now.Add(time.Hour))
		ok(t, err)
		same(t, mine, false)
		_, mine, err = db.ClaimAnswer(ctx, "me", "dead", ask, now, now.Add(time.Hour))
		ok(t, err)
		same(t, mine, true)
		// After a day the key is free.
		late := ask
		late.Begun = now.Add(2 * time.Hour)
		_, mine, err = db.ClaimAnswer(ctx, "me", "k", late, now, now.Add(3*time.Hour))
		ok(t, err)
		same(t, mine, true)
	})
}

func TestTeamAt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		w := storetest.Seed(t, db)
		ok(t, db.BindWorkspace(ctx, "discord", "4711", "Guild", w.Team.ID))
		got, err := db.TeamAt(ctx, "discord", "4711")
		ok(t, err)
		same(t, got.ID, w.Team.ID)
		_, err = db.TeamAt(ctx, "slack", "4711")
		want(t, err, openmates.ENotFound)
	})
}

func TestRemoveTeam(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		w := storetest.Seed(t, db)
		ok(t, db.BindWorkspace(ctx, "discord", "4711", "Guild", w.Team.ID))
		_, err := db.AddAccessToken(ctx, openmates.AccessToken{UserID: w.User.ID, TeamID: w.Team.ID, By: w.User.ID, Created: time.Now()}, "hash-team", 2)
		ok(t, err)
		ok(t, db.RemoveTeam(ctx, w.Team.ID))
		want(t, db.RemoveTeam(ctx, w.Team.ID), openmates.ENotFound)
		for _, err := range []error{
			second(db.Team(ctx, w.Team.ID)), second(db.TeamAt(ctx, "discord", "4711")), second(db.AccessTokens(ctx, 0, w.Team.ID)),
		} {
			if err != nil {
				want(t, err, openmates.ENotFound)
			}
		}
		_, _, err = db.AccessToken(ctx, "hash-team")
		want(t, err, openmates.ENotFound)
		role, err := db.Role(ctx, w.Team.ID, w.User.ID)
		ok(t, err)
		same(t, role, openmates.Role(""))
		_, err = db.User(ctx, w.User.ID) // the person stays
		ok(t, err)
	})
}

func second[T any](_ T, err error) error { return err }
