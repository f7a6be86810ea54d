package store_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/identity"
	"openmates/internal/mate"
	"openmates/internal/messenger"
	"openmates/internal/polltest"
	"openmates/internal/server"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, err error, code openmates.Code) {
	t.Helper()
	if openmates.CodeOf(err) != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func is(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("got %v, want %v", err, target)
	}
}

// lastAdmin returns of which team somebody is the last admin, "" = the server.
func lastAdmin(t *testing.T, err error) string {
	t.Helper()
	last, is := errors.AsType[*openmates.LastAdminError](err)
	if !is {
		t.Fatalf("got %v for the last admin", err)
	}
	return last.Team
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		u, err := db.AddUser(ctx, openmates.User{Username: "ada", DisplayName: "Ada \x00\xff", Admin: true,
			Preferences: openmates.Preferences{Tone: "dry"}}, "$argon2id$x")
		ok(t, err)
		got, err := db.UserByName(ctx, "ada")
		ok(t, err)
		u.DisplayName = "Ada \uFFFD"
		same(t, got, u)
		_, err = db.AddUser(ctx, openmates.User{Username: "ada"}, "")
		is(t, err, openmates.ErrUsernameTaken)
		phc, err := db.Password(ctx, u.ID)
		ok(t, err)
		same(t, phc, "$argon2id$x")
		ok(t, db.SetPassword(ctx, u.ID, "new"))
		phc, _ = db.Password(ctx, u.ID)
		same(t, phc, "new")
		u.Language, u.Admin = "de", false
		ok(t, db.SaveUser(ctx, u))
		got, _ = db.User(ctx, u.ID)
		same(t, got, u)
		_, err = db.User(ctx, 5)
		is(t, err, openmates.ErrNoUser)
		_, err = db.UserByName(ctx, "eve")
		want(t, err, openmates.ENotFound)
		_, err = db.Password(ctx, 5)
		want(t, err, openmates.ENotFound)
		want(t, db.SaveUser(ctx, openmates.User{ID: 5, Username: "x"}), openmates.ENotFound)
	})
}

func TestTeams(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		w := storetest.Seed(t, db)
		got, err := db.TeamBySlug(ctx, "acme")
		ok(t, err)
		same(t, got, w.Team)
		_, err = db.AddTeam(ctx, openmates.Team{Slug: "acme"})
		is(t, err, openmates.ErrSlugTaken)
		role, err := db.Role(ctx, w.Team.ID, w.User.ID)
		ok(t, err)
		same(t, role, openmates.RoleMember)
		ok(t, db.AddMember(ctx, openmates.Membership{TeamID: w.Team.ID, UserID: w.User.ID, Role: openmates.RoleAdmin}))
		members, err := db.Members(ctx, w.Team.ID)
		ok(t, err)
		same(t, members, []openmates.Member{{User: w.User, Role: openmates.RoleAdmin}})
		is(t, db.AddMember(ctx, openmates.Membership{TeamID: 5, UserID: w.User.ID}), openmates.ErrReference)
		teams, err := db.TeamsOf(ctx, w.User.ID)
		ok(t, err)
		same(t, teams, []openmates.Team{w.Team})
		ok(t, db.RemoveMember(ctx, w.Team.ID, w.User.ID))
		role, err = db.Role(ctx, w.Team.ID, w.User.ID)
		ok(t, err)
		same(t, role, openmates.Role(""))
	})
}

func TestFounding(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		for _, hash := range []string{"one", "two"} {
			isOpen, err := db.SetSetupHash(ctx, hash)
			ok(t, err)
			same(t, isOpen, true)
		}
		_, _, err := db.Found(ctx, "one", openmates.User{Username: "old"}, "", openmates.Team{Slug: "old"})
		is(t, err, server.ErrSetUp)
		var won atomic.Int64
		var all sync.WaitGroup
		for _, name := range []string{"ada", "bob", "eve", "joe"} {
			all.Go(func() {
				u, team, err := db.Found(ctx, "two", openmates.User{Username: name}, "phc", openmates.Team{Slug: name, Name: name})
				if err != nil {
					is(t, err, server.ErrSetUp)
					return
				}
				won.Add(1)
				role, err := db.Role(ctx, team.ID, u.ID)
				if err != nil || role != openmates.RoleAdmin || !u.Admin {
					t.Errorf("the founder is %q, admin %v, %v", role, u.Admin, err)
				}
			})
		}
		all.Wait()
		same(t, won.Load(), int64(1))
		users, err := db.Users(ctx)
		ok(t, err)
		same(t, len(users), 1)
		isOpen, err := db.SetSetupHash(ctx, "three")
		ok(t, err)
		same(t, isOpen, false)
		hash, err := db.SetupHash(ctx)
		ok(t, err)
		same(t, hash, "")
	})
}

func TestBots(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		w := storetest.Seed(t, db)
		got, err := db.Bot(ctx, w.Bot.ID)
		ok(t, err)
		same(t, got, w.Bot)
		same(t, got.Secrets["token"].Reveal()+got.Secrets["secret"].Reveal(), "tokensecret")

		change := w.Bot
		change.Secrets, change.Name = nil, "Sofia"
		saved, err := db.SaveBot(ctx, change)
		ok(t, err)
		same(t, saved.Revision, int64(1))
		same(t, saved.Secrets["token"].Reveal(), "token")
		change.Secrets = openmates.Secrets{"token": "renewed", "secret": ""}
		saved, err = db.SaveBot(ctx, change)
		ok(t, err)
		same(t, saved.Revision, int64(2))
		got, _ = db.Bot(ctx, w.Bot.ID)
		same(t, got.Secrets["token"].Reveal()+got.Secrets["secret"].Reveal(), "renewedsecret")

		server, err := db.SaveBot(ctx, openmates.Bot{Network: "discord", AppID: "server", Secrets: openmates.Secrets{"token": "t"}})
		ok(t, err)
		got, err = db.BotOf(ctx, 0, "discord")
		ok(t, err)
		same(t, got, server)
		got, err = db.BotOf(ctx, w.Mate.ID, "discord")
		ok(t, err)
		same(t, got.ID, w.Bot.ID)

		_, err = db.SaveBot(ctx, openmates.Bot{Network: "discord", AppID: "other"})
		is(t, err, connect.ErrHasBot)
		_, err = db.SaveBot(ctx, openmates.Bot{MateID: w.Mate.ID, Network: "discord", AppID: "second"})
		is(t, err, connect.ErrHasBot)
		other, err := db.SaveMate(ctx, openmates.Mate{Handle: "max"})
		ok(t, err)
		_, err = db.SaveBot(ctx, openmates.Bot{MateID: other.ID, Network: "discord", AppID: "app"})
		is(t, err, connect.ErrAppTaken)
		_, err = db.SaveBot(ctx, openmates.Bot{MateID: 5, Network: "x", AppID: "y"})
		want(t, err, openmates.ENotFound)
		_, err = db.SaveBot(ctx, openmates.Bot{ID: 5, Network: "x", AppID: "y"})
		want(t, err, openmates.ENotFound)

		ok(t, db.PauseBot(ctx, w.Bot.ID, true))
		all, err := db.Bots(ctx)
		ok(t, err)
		same(t, len(all), 2)
		same(t, all[0].Paused, true)

		notes, err := db.BotNotes(ctx, w.Bot.ID)
		ok(t, err)
		same(t, notes, []byte(nil))
		for _, n := range [][]byte{[]byte(`{"seq":1}`), {0, 1, 0xff}, []byte("\x01base64:!")} {
			ok(t, db.SaveBotNotes(ctx, w.Bot.ID, n))
			notes, err = db.BotNotes(ctx, w.Bot.ID)
			ok(t, err)
			same(t, notes, n)
		}
		is(t, db.SaveBotNotes(ctx, w.Bot.ID, make([]byte, 64<<10+1)), messenger.ErrLongNotes)
		want(t, db.SaveBotNotes(ctx, 5, nil), openmates.ENotFound)
	})
}

func TestMates(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		m, err := db.SaveMate(ctx, openmates.Mate{Handle: "sophia", Prompt: "p", Limits: openmates.Limits{Models: openmates.OnlyThese("a/b"), PerMinute: 3}})
		ok(t, err)
		m.Archived, m.Model = true, "a/b"
		m, err = db.SaveMate(ctx, m)
		ok(t, err)
		got, err := db.Mate(ctx, m.ID)
		ok(t, err)
		same(t, got, m)
		all, err := db.Mates(ctx)
		ok(t, err)
		same(t, all, []openmates.Mate{m})
		got, err = db.MateByHandle(ctx, "sophia")
		ok(t, err)
		same(t, got, m)
		_, err = db.SaveMate(ctx, openmates.Mate{Handle: "sophia"})
		is(t, err, mate.ErrHandleTaken)
		_, err = db.SaveMate(ctx, openmates.Mate{ID: 5, Handle: "x"})
		is(t, err, openmates.ErrNoMate)
		_, err = db.Mate(ctx, 5)
		want(t, err, openmates.ENotFound)
	})
}

func TestWorkspaces(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		w := storetest.Seed(t, db)
		rival, err := db.AddTeam(ctx, openmates.Team{Slug: "rival", Name: "Rival"})
		ok(t, err)
		_, err = db.AddInstallation(ctx, openmates.Installation{BotID: w.Bot.ID, TeamID: rival.ID, Workspace: "guild"})
		is(t, err, connect.ErrWorkspaceTaken)
		is(t, db.BindWorkspace(ctx, "discord", "guild", "", rival.ID), connect.ErrWorkspaceTaken)
		ok(t, db.BindWorkspace(ctx, "discord", "guild", "Guild", w.Team.ID))
		_, err = db.AddInstallation(ctx, openmates.Installation{BotID: 5, Workspace: "guild"})
		want(t, err, openmates.ENotFound)

		again, err := db.AddInstallation(ctx, openmates.Installation{BotID: w.Bot.ID, TeamID: w.Team.ID, Workspace: "guild", Name: "Renamed"})
		ok(t, err)
		list, err := db.InstallationsOf(ctx, w.Team.ID)
		ok(t, err)
		same(t, list, []openmates.Installation{again})

		_, err = db.AddInstallation(ctx, openmates.Installation{BotID: w.Bot.ID, Workspace: "strange", Name: "Strange"})
		ok(t, err)
		in, err := db.InstallationAt(ctx, w.Bot.ID, "strange")
		ok(t, err)
		same(t, in.TeamID, openmates.ID(0))
		ok(t, db.OnlyWorkspaces(ctx, w.Bot.ID, []openmates.WorkspaceID{"strange"}))
		in, err = db.InstallationAt(ctx, w.Bot.ID, "guild")
		ok(t, err)
		if in.Left.IsZero() {
			t.Error("a workspace that is not listed was not left")
		}
		ok(t, db.LeftWorkspace(ctx, w.Bot.ID, "strange"))
		in, _ = db.InstallationAt(ctx, w.Bot.ID, "strange")
		if in.Left.IsZero() {
			t.Error("not left")
		}
		_, err = db.AddInstallation(ctx, openmates.Installation{BotID: w.Bot.ID, Workspace: "strange"})
		ok(t, err)
		in, _ = db.InstallationAt(ctx, w.Bot.ID, "strange")
		if !in.Left.IsZero() || in.Name != "Strange" {
			t.Errorf("came back as %+v", in)
		}
		want(t, db.UnbindWorkspace(ctx, "discord", "guild", rival.ID), openmates.ENotFound)
		ok(t, db.UnbindWorkspace(ctx, "discord", "guild", w.Team.ID))
		ok(t, db.BindWorkspace(ctx, "discord", "guild", "Guild", rival.ID))
	})
}

func TestIdentities(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		w := storetest.Seed(t, db)
		other, err := db.AddUser(ctx, openmates.User{Username: "bob"}, "")
		ok(t, err)
		_, err = db.AddIdentity(ctx, openmates.Identity{UserID: other.ID, Network: "discord", AccountID: "account"})
		is(t, err, connect.ErrAccountTaken)
		_, err = db.AddIdentity(ctx, openmates.Identity{UserID: 5, Network: "discord", AccountID: "new"})
		is(t, err, openmates.ErrReference)
		_, err = db.AddIdentity(ctx, openmates.Identity{UserID: w.User.ID, Network: "discord", AccountID: "account", Name: "ada2", Avatar: "https://cdn.example/2.png"})
		ok(t, err)
		all, err := db.IdentitiesOf(ctx, w.User.ID)
		ok(t, err)
		same(t, len(all), 1)
		same(t, all[0].Name, "ada2")
		same(t, all[0].Avatar, "https://cdn.example/2.png")
		u, err := db.UserOf(ctx, "discord", "account")
		ok(t, err)
		same(t, u.ID, w.User.ID)
		is(t, db.RemoveIdentity(ctx, other.ID, all[0].ID), connect.ErrNoIdentity)
		ok(t, db.RemoveIdentity(ctx, w.User.ID, all[0].ID))
		_, err = db.UserOf(ctx, "discord", "account")
		want(t, err, openmates.ENotFound)
	})
}

func TestTakeOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
		var passed atomic.Int64
		db, ctx := open(storetest.Clock(func() time.Time { return now.Add(time.Duration(passed.Load())) })), t.Context()
		w := storetest.Seed(t, db)
		s := connect.BegunState{Kind: "install", BotID: w.Bot.ID, TeamID: w.Team.ID, UserID: w.User.ID, Session: "s", Verifier: "v", Expires: now.Add(time.Minute)}
		ok(t, db.AddState(ctx, "one", s))
		ok(t, db.AddState(ctx, "two", s))
		ok(t, db.SetSetting(ctx, "name", "value"))
		var states, settings atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				got, err := db.TakeState(ctx, "one")
				if err == nil {
					states.Add(1)
					same(t, got, s)
				} else {
					is(t, err, connect.ErrStateUsed)
				}
				v, found, err := db.TakeSetting(ctx, "name")
				if err != nil {
					t.Error(err)
				}
				if found {
					settings.Add(1)
					same(t, v, "value")
				}
			})
		}
		all.Wait()
		same(t, [2]int64{states.Load(), settings.Load()}, [2]int64{1, 1})
		passed.Store(int64(time.Minute))
		late, err := db.TakeState(ctx, "two") // expired: given, so that it can be said whose it was
		ok(t, err)
		same(t, late, s)
		_, err = db.TakeState(ctx, "two")
		is(t, err, connect.ErrStateUsed)
		_, err = db.TakeState(ctx, "three")
		is(t, err, connect.ErrNoState)
		passed.Store(int64(25*time.Hour + time.Minute))
		s.Expires = now.Add(26 * time.Hour)
		ok(t, db.AddState(ctx, "four", s)) // old ones are swept
		_, err = db.TakeState(ctx, "one")
		want(t, err, openmates.ENotFound)
		_, err = db.TakeState(ctx, "four")
		ok(t, err)
	})
}

func TestSessions(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
		db, ctx := open(storetest.Clock(func() time.Time { return now })), t.Context()
		data := []byte{0, 1, 2, 0xfe}
		ok(t, db.AddSession(ctx, identity.SessionRecord{Hash: "h", Data: []byte("first"), Expires: now.Add(time.Minute)}))
		ok(t, db.SaveSession(ctx, identity.SessionRecord{Hash: "h", Data: data, Expires: now.Add(time.Minute)}))
		ok(t, db.AddSession(ctx, identity.SessionRecord{Hash: "old", Data: data, Expires: now}))
		got, found, err := db.Session(ctx, "h")
		ok(t, err)
		same(t, found, true)
		same(t, got, data)
		_, found, err = db.Session(ctx, "old")
		ok(t, err)
		same(t, found, false)
		ok(t, db.Sweep(ctx))
		_, found, _ = db.Session(ctx, "h")
		same(t, found, true)
		ok(t, db.DeleteSession(ctx, "h"))
		ok(t, db.DeleteSession(ctx, "h"))
		_, found, _ = db.Session(ctx, "h")
		same(t, found, false)
	})
}

func TestAudit(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db, ctx := open(), t.Context()
		for _, a := range []string{"one", "two", "three"} {
			ok(t, db.AddAuditAlone(ctx, openmates.AuditEntry{Actor: 1, TeamID: 2, Action: a, Target: "t", Before: "b", After: "a"}))
		}
		ok(t, db.AddAuditAlone(ctx, openmates.AuditEntry{Action: "server"}))
		page, err := db.Audit(ctx, 2, 0, 2)
		ok(t, err)
		same(t, []string{page[0].Action, page[1].Action}, []string{"three", "two"})
		page, err = db.Audit(ctx, 2, page[1].ID, 2)
		ok(t, err)
		same(t, len(page), 1)
		same(t, page[0].Action, "one")
	})
}

func TestChangesAreTold(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		fast := func(c *store.Config) { c.Watch = time.Millisecond }
		here, there := open(), open(fast)
		own, far := make(chan string, 1000), make(chan string, 1000)
		here.OnChange(func(kind string) { own <- kind })
		there.OnChange(func(kind string) { far <- kind })
		storetest.Seed(t, here)
		ok(t, here.SetServerLimits(t.Context(), openmates.Limits{PerMinute: 1}))
		for name, c := range map[string]chan string{"own": own, "other": far} {
			missing := map[string]bool{store.Bots: true, store.Mates: true, store.Members: true, store.Identities: true, store.Installations: true, store.Limits: true}
			late := time.After(polltest.Patience)
			for len(missing) > 0 {
				select {
				case kind := <-c:
					delete(missing, kind)
				case <-late:
					t.Fatalf("%s process: not told of %v", name, missing)
				}
			}
		}
	})
}

func TestNothingAfterCancel(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		db := open()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := db.AddTeam(ctx, openmates.Team{Slug: "acme"}); err == nil {
			t.Error("wrote after the context had ended")
		}
		_, err := db.TeamBySlug(t.Context(), "acme")
		want(t, err, openmates.ENotFound)
	})
}
