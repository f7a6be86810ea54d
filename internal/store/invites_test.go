package store_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"openmates"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
	"openmates/internal/team"
)

func invited(t *testing.T, db *store.DB, w storetest.World, change func(*openmates.Invite)) openmates.Invite {
	t.Helper()
	i := openmates.Invite{
		TeamID: w.Team.ID, Role: openmates.RoleMember, Note: "for the crew", Only: []string{"@example.org"}, Uses: 1, By: w.User.ID,
		Created: time.UnixMilli(1000).UTC(), Expires: time.UnixMilli(9000).UTC(),
	}
	if change != nil {
		change(&i)
	}
	i, err := db.AddInvite(t.Context(), i, "hash of "+i.Note)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestInvites(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		ctx, db := t.Context(), open()
		w := storetest.Seed(t, db)
		i := invited(t, db, w, nil)
		got, stored, err := db.InviteByHash(ctx, "hash of for the crew")
		if err != nil || stored != "hash of for the crew" {
			t.Fatal(stored, err)
		}
		same(t, got, i)
		_, _, err = db.InviteByHash(ctx, "another")
		is(t, err, team.ErrNoInvite)

		now := time.UnixMilli(5000)
		_, err = db.Join(ctx, i.ID, w.User, "", "", now) // in the team already
		is(t, err, team.ErrJoined)
		_, err = db.Join(ctx, i.ID, openmates.User{Username: "bob", DisplayName: "Bob"}, "", "", i.Expires)
		is(t, err, team.ErrInviteOver)
		_, err = db.Join(ctx, i.ID, openmates.User{Username: "ada", DisplayName: "Other"}, "", "", now) // a name that is taken
		is(t, err, openmates.ErrUsernameTaken)
		bob, err := db.Join(ctx, i.ID, openmates.User{Username: "bob", DisplayName: "Bob"}, "", "", now)
		if err != nil {
			t.Fatal(err)
		}
		if role, _ := db.Role(ctx, w.Team.ID, bob.ID); role != openmates.RoleMember {
			t.Errorf("role %q", role)
		}
		_, err = db.Join(ctx, i.ID, openmates.User{Username: "cid", DisplayName: "Cid"}, "", "", now)
		is(t, err, team.ErrInviteOver)
		if _, err := db.UserByName(ctx, "cid"); openmates.CodeOf(err) != openmates.ENotFound {
			t.Errorf("who came too late has an account: %v", err)
		}

		free := invited(t, db, w, func(i *openmates.Invite) { i.Uses, i.Only, i.Note = 0, nil, "open" })
		want(t, db.RevokeInvite(ctx, w.Team.ID+1, free.ID, now), openmates.ENotFound)
		if err := db.RevokeInvite(ctx, w.Team.ID, free.ID, now); err != nil {
			t.Fatal(err)
		}
		want(t, db.RevokeInvite(ctx, w.Team.ID, free.ID, now), openmates.ENotFound)
		_, err = db.Join(ctx, free.ID, openmates.User{Username: "cid", DisplayName: "Cid"}, "", "", now)
		is(t, err, team.ErrInviteOver)

		all, err := db.Invites(ctx, w.Team.ID)
		if err != nil || len(all) != 2 {
			t.Fatal(all, err)
		}
		if all[0].ID != free.ID || all[0].State(now) != openmates.InviteRevoked || all[1].State(now) != openmates.InviteUsed || all[1].Maker != "Ada" {
			t.Errorf("%+v", all)
		}
		same(t, all[1].Joined, []team.Joined{{User: team.Username{Username: "bob", DisplayName: "Bob"}, At: now.UTC()}})
		if other, err := db.Invites(ctx, w.Team.ID+1); err != nil || len(other) != 0 {
			t.Errorf("another team sees %v %v", other, err)
		}

		m := team.InviteMail{InviteID: i.ID, Email: "x@example.org", Expires: time.UnixMilli(9000).UTC()}
		if err := db.AddInviteMail(ctx, m, "h", now); err != nil {
			t.Fatal(err)
		}
		back, err := db.InviteMail(ctx, "h")
		if err != nil {
			t.Fatal(err)
		}
		same(t, back, m)
		if err := db.AddInviteMail(ctx, m, "later", time.UnixMilli(9000)); err != nil {
			t.Fatal(err)
		}
		_, err = db.InviteMail(ctx, "h")
		want(t, err, openmates.ENotFound)
	})
}

// Of many at the same moment as many get in as the invite has uses.
func TestRaceForTheLastUse(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db := open()
		w := storetest.Seed(t, db)
		i := invited(t, db, w, func(i *openmates.Invite) { i.Uses = 3 })
		const n = 12
		errs := make(chan error, n)
		for k := range n {
			go func() {
				_, err := db.Join(t.Context(), i.ID, openmates.User{Username: "p" + strconv.Itoa(k), DisplayName: "P"}, "", "", time.UnixMilli(5000))
				errs <- err
			}()
		}
		won := 0
		for range n {
			if err := <-errs; err == nil {
				won++
			} else if !errors.Is(err, team.ErrInviteOver) {
				t.Errorf("a loser got %v", err)
			}
		}
		users, err := db.Users(t.Context())
		if err != nil || won != 3 || len(users) != 1+3 {
			t.Errorf("%d got in, %d accounts, %v", won, len(users), err)
		}
	})
}

// Two admins who remove each other at the same moment leave one.
func TestATeamKeepsAnAdmin(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		ctx, db := t.Context(), open()
		w := storetest.Seed(t, db)
		told := make(chan string, 100)
		db.OnChange(func(kind string) { told <- kind })
		ada, pier, err := db.FoundTeam(ctx, openmates.User{Username: "ann", DisplayName: "Ann"}, "", openmates.Team{Slug: "pier", Name: "Pier", Limits: openmates.Limits{PerMinute: 5}})
		if err != nil {
			t.Fatal(err)
		}
		if back, err := db.TeamBySlug(ctx, "pier"); err != nil || back.Limits.PerMinute != 5 {
			t.Errorf("%+v %v", back, err)
		}
		_, _, err = db.FoundTeam(ctx, openmates.User{Username: "late", DisplayName: "L"}, "", openmates.Team{Slug: "pier", Name: "P"})
		is(t, err, openmates.ErrSlugTaken)
		if _, err := db.UserByName(ctx, "late"); openmates.CodeOf(err) != openmates.ENotFound {
			t.Errorf("an account is left of a team that could not be founded: %v", err)
		}
		is(t, db.SetRole(ctx, pier.ID, ada.ID, openmates.RoleMember), team.ErrLastAdmin)
		is(t, db.DropMember(ctx, pier.ID, ada.ID), team.ErrLastAdmin)
		want(t, db.SetRole(ctx, pier.ID, w.User.ID, openmates.RoleAdmin), openmates.ENotFound) // no member
		want(t, db.DropMember(ctx, pier.ID, w.User.ID), openmates.ENotFound)
		if err := db.AddMember(ctx, openmates.Membership{TeamID: pier.ID, UserID: w.User.ID, Role: openmates.RoleAdmin}); err != nil {
			t.Fatal(err)
		}
		errs := make(chan error, 2)
		for _, id := range []openmates.ID{ada.ID, w.User.ID} {
			go func() { errs <- db.DropMember(context.WithoutCancel(ctx), pier.ID, id) }()
		}
		a, b := <-errs, <-errs
		if (a == nil) == (b == nil) || !errors.Is(errors.Join(a, b), team.ErrLastAdmin) {
			t.Errorf("both left: %v, %v", a, b)
		}
		members := false
		for len(told) > 0 {
			kind := <-told
			members = members || kind == store.Members
		}
		if !members {
			t.Error("nobody was told that a member has left")
		}
	})
}

func TestPrivacyAndTopics(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		ctx, db := t.Context(), open()
		w := storetest.Seed(t, db)
		p := openmates.Privacy{
			Usual: map[openmates.Fact]bool{openmates.FactName: false},
			Mates: map[string]map[openmates.Fact]bool{"sophia": {openmates.FactTopics: true}},
		}
		if err := db.SetPrivacy(ctx, w.User.ID, p); err != nil {
			t.Fatal(err)
		}
		got, err := db.Privacy(ctx, w.User.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, p)
		a, err := db.Asker(ctx, w.Bot.ID, "guild", "account")
		if err != nil {
			t.Fatal(err)
		}
		same(t, a.Privacy, p)
		_, err = db.Privacy(ctx, 12345)
		want(t, err, openmates.ENotFound)

		u := w.User
		u.DisplayName, u.TimeZone, u.Admin, u.Username = "Ada L", "Europe/Berlin", true, "root"
		u.Preferences.Goals = "less meetings"
		if err := db.SetPerson(ctx, u); err != nil {
			t.Fatal(err)
		}
		back, err := db.User(ctx, u.ID)
		if err != nil || back.Admin || back.Username != "ada" || back.DisplayName != "Ada L" || back.Preferences.Goals != "less meetings" {
			t.Errorf("%+v %v", back, err)
		}

		for i, q := range []string{"first", "second", "third"} {
			key := "k" + strconv.Itoa(i)
			addJob(t, db, key, "c")
			o := openmates.Outcome{Key: key, State: openmates.TurnAnswered, Text: "x", Question: q, TeamID: w.Team.ID, UserID: w.User.ID, MateID: w.Mate.ID,
				Usage: openmates.Usage{TeamID: w.Team.ID, UserID: w.User.ID, MateID: w.Mate.ID, Model: "m/" + q, Cost: 100, At: time.Date(2026, 11, 3+i, 12, 0, 0, 0, time.UTC)}}
			if i == 1 {
				o.TeamID, o.Usage.TeamID = 99, 99
			}
			if err := db.Settle(ctx, o); err != nil {
				t.Fatal(err)
			}
		}
		topics, err := db.Topics(ctx, w.Team.ID, w.User.ID, 5)
		if err != nil {
			t.Fatal(err)
		}
		same(t, topics, []string{"third", "first"})

		sum, err := db.TeamMonth(ctx, w.Team.ID, time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		if sum.Requests != 2 || sum.Cost != 200 || len(sum.Days) != 30 || sum.Days[2].Cost != 100 || sum.Days[3].Cost != 0 || sum.Days[4].Requests != 1 {
			t.Errorf("%+v", sum)
		}
		same(t, sum.People, []openmates.SpendLine{{Name: "Ada L", Requests: 2, Cost: 200}})
		same(t, sum.Mates, []openmates.SpendLine{{Name: "Sophia", Requests: 2, Cost: 200}})
		if len(sum.Models) != 2 {
			t.Errorf("models %+v", sum.Models)
		}
	})
}
