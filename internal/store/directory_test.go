package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"openmates"
	"openmates/internal/store/storetest"
)

// The lists for the server's admins: their content, literal search, and pages
// without gaps.
func TestDirectory(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx, now := open(), t.Context(), time.Now()
		w := storetest.Seed(t, db)
		ok(t, db.Reserve(ctx, "k", openmates.Usage{MateID: w.Mate.ID, TeamID: w.Team.ID, UserID: w.User.ID, Model: "m", Cost: 7, At: now}, nil))
		ok(t, db.Reserve(ctx, "old", openmates.Usage{MateID: w.Mate.ID, TeamID: w.Team.ID, UserID: w.User.ID, Model: "m", Cost: 9, At: now.AddDate(0, -2, 0)}, nil))
		ok(t, db.SetRole(ctx, w.Team.ID, w.User.ID, openmates.RoleAdmin))
		_, err := db.AddUser(ctx, openmates.User{Username: "ben", DisplayName: "100% Ben"}, "")
		ok(t, err)

		people, err := db.FindPeople(ctx, openmates.DirectorySearch{Limit: 10})
		ok(t, err)
		if len(people) != 2 || people[0].User.Username != "ada" || !slices.Equal(people[0].Teams, []string{"Acme"}) || people[1].Teams != nil {
			t.Errorf("people %+v", people)
		}
		for text, want := range map[string]int{"%": 1, "_": 0, "0% b": 1, "ADA": 1, "!": 0, "nobody": 0} {
			found, err := db.FindPeople(ctx, openmates.DirectorySearch{Text: text, Limit: 10})
			if ok(t, err); len(found) != want {
				t.Errorf("%q finds %d", text, len(found))
			}
		}
		if next, err := db.FindPeople(ctx, openmates.DirectorySearch{After: "ada", Limit: 10}); err != nil || len(next) != 1 {
			t.Errorf("after ada come %+v, %v", next, err)
		}

		teams, err := db.FindTeams(ctx, openmates.DirectorySearch{Text: "aCm", Limit: 10}, now)
		ok(t, err)
		if len(teams) != 1 || teams[0].Members != 1 || teams[0].Places != 1 || teams[0].Mates != 1 || teams[0].Spent != 7 || !slices.Equal(teams[0].Admins, []string{"ada"}) {
			t.Errorf("teams %+v", teams)
		}

		places, err := db.FindWorkspaces(ctx, openmates.DirectorySearch{Limit: 10})
		ok(t, err)
		if len(places) != 1 || places[0].Key() != "discord/guild" || places[0].Team.ID != w.Team.ID || !slices.Equal(places[0].Mates, []string{"Sophia"}) || places[0].Since.IsZero() {
			t.Errorf("workspaces %+v", places)
		}
		ok(t, db.LeftWorkspace(ctx, w.Bot.ID, "guild"))
		if places, err = db.FindWorkspaces(ctx, openmates.DirectorySearch{Text: "acme", Limit: 10}); err != nil || len(places) != 1 || places[0].Mates != nil {
			t.Errorf("after its mate has left: %+v, %v", places, err)
		}
		if next, err := db.FindWorkspaces(ctx, openmates.DirectorySearch{After: "discord/guild", Limit: 10}); err != nil || len(next) != 0 {
			t.Errorf("after the last come %+v, %v", next, err)
		}
	})
}

// Even if all of the server's admins step down or are removed at once, one
// stays.
func TestOneAdminOfTheServerStays(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		var all []openmates.User
		for i := range 6 {
			u, err := db.AddUser(ctx, openmates.User{Username: fmt.Sprint("a", i), DisplayName: "A", Admin: true}, "")
			ok(t, err)
			all = append(all, u)
		}
		var wait sync.WaitGroup
		for i, u := range all {
			wait.Go(func() {
				if i%2 == 0 {
					_ = db.SetServerAdmin(ctx, u.ID, false)
				} else {
					_ = db.RemoveUser(ctx, u.ID)
				}
			})
		}
		wait.Wait()
		users, err := db.Users(ctx)
		ok(t, err)
		admins := slices.DeleteFunc(users, func(u openmates.User) bool { return !u.Admin })
		if len(admins) != 1 {
			t.Fatalf("%d admins are left", len(admins))
		}
		same(t, lastAdmin(t, db.SetServerAdmin(ctx, admins[0].ID, false)), "")
		same(t, lastAdmin(t, db.RemoveUser(ctx, admins[0].ID)), "")
		ok(t, db.SetServerAdmin(ctx, admins[0].ID, true))
	})
}
