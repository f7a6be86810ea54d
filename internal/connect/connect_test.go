package connect_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"openmates"
	"openmates/internal/address"
	"openmates/internal/connect"
	"openmates/internal/connect/connecttest"
	"openmates/internal/messenger"
	"openmates/internal/secret"
	"openmates/internal/store"
)

// house has two teams (harbour: ada; lighthouse: eve), two mates with bots,
// and a messenger in memory.
type house struct {
	*connect.Room
	public     *address.Public
	t          *testing.T
	db         *store.DB
	net        *connecttest.Network
	log        *bytes.Buffer
	harbour    openmates.Team
	lighthouse openmates.Team
	ada, eve   connect.Who
	changes    int
	mu         sync.Mutex
	at         time.Time
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func newHouse(t *testing.T) *house {
	t.Helper()
	ctx := context.Background()
	key := make([]byte, 32)
	rand.Read(key)
	ring, err := secret.New(key)
	must(t, err)
	h := &house{t: t, log: &bytes.Buffer{}, at: time.Now()}
	h.db, err = store.Open(ctx, store.Config{Dir: t.TempDir(), Seal: ring, Log: slog.New(slog.DiscardHandler), Watch: time.Hour, Clock: h.now})
	must(t, err)
	t.Cleanup(func() { _ = h.db.Close() })
	h.net = connecttest.New(map[string]connecttest.App{
		"1001": {Token: "canary-token-1", Secret: "canary-secret-1", Name: "Sophia#1"},
		"1002": {Token: "canary-token-2", Secret: "canary-secret-2", Name: "Mark#2", Hints: []openmates.Text{openmates.T("Make the bot public.")}},
		"1003": {Token: "canary-token-3", Secret: "canary-secret-3", Name: "Spare#3"},
	})
	h.public, err = address.New("https://mates.example/", true)
	must(t, err)
	h.Room, err = connect.New(connect.Config{
		Store: h.db, Log: slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Connectors: map[openmates.Network]messenger.Connector{connecttest.Name: h.net, "deaf": deaf{h.net}},
		Address:    h.public, Changed: func() { h.changes++ }, Clock: h.now,
		Audit: h.db.AddAudit,
	})
	must(t, err)
	h.harbour, h.ada = h.team("harbour", "ada")
	h.lighthouse, h.eve = h.team("lighthouse", "eve")
	for _, m := range []string{"sophia", "mark"} {
		_, err := h.db.SaveMate(ctx, openmates.Mate{Handle: m, Name: strings.ToUpper(m[:1]) + m[1:], Prompt: "."})
		must(t, err)
	}
	_, _, err = h.set("sophia", "1001", "canary-token-1", "canary-secret-1")
	must(t, err)
	_, _, err = h.set("mark", "1002", "canary-token-2", "canary-secret-2")
	must(t, err)
	return h
}

// deaf is a connector without the optional capabilities.
type deaf struct{ messenger.Connector }

func (h *house) team(slug, username string) (openmates.Team, connect.Who) {
	ctx := context.Background()
	team, err := h.db.AddTeam(ctx, openmates.Team{Slug: slug, Name: slug})
	must(h.t, err)
	u, err := h.db.AddUser(ctx, openmates.User{Username: username, DisplayName: username}, "")
	must(h.t, err)
	must(h.t, h.db.AddMember(ctx, openmates.Membership{TeamID: team.ID, UserID: u.ID, Role: openmates.RoleMember}))
	return team, connect.Who{UserID: u.ID, Session: "session-of-" + username}
}

func (h *house) set(mate, app, token, secret string) (connect.Bot, connect.Inspection, error) {
	m, err := h.Mate(context.Background(), mate)
	must(h.t, err)
	return h.SetBot(context.Background(), connect.Credentials{MateID: m.ID, Network: connecttest.Name,
		Values: openmates.Secrets{"app_id": openmates.Secret(app), "token": openmates.Secret(token), "secret": openmates.Secret(secret)}})
}

// install follows the consent page for a workspace and returns the result.
func (h *house) install(who connect.Who, team openmates.Team, mate, workspace string) url.Values {
	h.t.Helper()
	address, err := h.BeginInstall(context.Background(), who, team, mate, connecttest.Name, "")
	must(h.t, err)
	q, err := h.net.Install(address, messenger.Workspace{ID: openmates.WorkspaceID(workspace), Name: "Place " + workspace})
	must(h.t, err)
	return q
}

func (h *house) link(who connect.Who, account string) url.Values {
	h.t.Helper()
	address, err := h.BeginLink(context.Background(), who, connecttest.Name)
	must(h.t, err)
	q, err := h.net.Link(address, messenger.Account{ID: openmates.AccountID(account), Name: "name-" + account})
	must(h.t, err)
	return q
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestInstall(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	out, err := h.Finish(t.Context(), h.ada, "", h.install(h.ada, h.harbour, "sophia", "w1"))
	must(t, err)
	if out.Kind != connect.Install || out.Team.Slug != "harbour" || out.Mate.Handle != "sophia" || out.Workspace.ID != "w1" || out.Label != "Testnet" {
		t.Errorf("outcome %+v", out)
	}
	// A second mate, with the place chosen already, and the first one again.
	address, err := h.BeginInstall(t.Context(), h.ada, h.harbour, "mark", connecttest.Name, "w1")
	must(t, err)
	if u, _ := url.Parse(address); u.Query().Get("workspace") != "w1" || u.Query().Get("redirect_uri") != "https://mates.example/messenger/connect" {
		t.Errorf("consent page %s", address)
	}
	q, err := h.net.Install(address, messenger.Workspace{ID: "w1", Name: "Place w1"})
	must(t, err)
	_, err = h.Finish(t.Context(), h.ada, connect.Install, q)
	must(t, err)
	_, err = h.Finish(t.Context(), h.ada, "", h.install(h.ada, h.harbour, "sophia", "w1"))
	must(t, err)

	mates, err := h.TeamMates(t.Context(), h.harbour)
	must(t, err)
	places := connect.Workspaces(mates)
	if len(places) != 1 || len(places[0].Mates) != 2 || places[0].Name != "Place w1" {
		t.Errorf("places %+v", places)
	}
	if mates, err = h.TeamMates(t.Context(), h.lighthouse); err != nil || len(connect.Workspaces(mates)) != 0 {
		t.Errorf("another team has places: %+v %v", mates, err)
	}
}

func TestLink(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	out, err := h.Finish(t.Context(), h.ada, connect.Link, h.link(h.ada, "acc1"))
	must(t, err)
	if out.Kind != connect.Link || out.Account.ID != "acc1" {
		t.Errorf("outcome %+v", out)
	}
	u, err := h.db.UserOf(t.Context(), connecttest.Name, "acc1")
	must(t, err)
	if u.ID != h.ada.UserID {
		t.Errorf("linked to %v", u)
	}
	choices, err := h.LinkChoices(t.Context(), h.ada.UserID)
	must(t, err)
	slices.SortFunc(choices, func(a, b connect.LinkChoice) int {
		return strings.Compare(string(b.Network.Network), string(a.Network.Network))
	})
	if len(choices) != 2 || !choices[0].Ready || choices[0].ByCode || len(choices[0].Linked) != 1 {
		t.Fatalf("choices %+v", choices)
	}
	if !choices[1].ByCode || choices[1].Ready {
		t.Errorf("on the network without consent pages: %+v", choices[1])
	}
	id := choices[0].Linked[0].ID
	if err := h.Unlink(t.Context(), h.eve.UserID, id); openmates.CodeOf(err) != openmates.ENotFound {
		t.Errorf("eve unlinks ada's account: %v", err)
	}
	must(t, h.Unlink(t.Context(), h.ada.UserID, id))
	if _, err := h.db.UserOf(t.Context(), connecttest.Name, "acc1"); openmates.CodeOf(err) != openmates.ENotFound {
		t.Errorf("still linked: %v", err)
	}
}

// TestAttacks lists attacks on the return from a consent page, and honest
// mistakes. None of them connects anything.
func TestAttacks(t *testing.T) {
	t.Parallel()
	type attempt struct {
		who  connect.Who
		want connect.Kind
		q    url.Values
	}
	with := func(q url.Values, name, value string) url.Values {
		c := url.Values{}
		maps.Copy(c, q)
		c.Set(name, value)
		return c
	}
	for name, tc := range map[string]struct {
		make   func(*house) attempt
		code   openmates.Code
		asks   bool // the code may be brought to the network
		phrase string
	}{
		"no state": {func(h *house) attempt { return attempt{h.ada, "", url.Values{"code": {"x"}}} }, openmates.EInvalid, false, "on its own it doesn’t connect anything"},
		"guessed state": {func(h *house) attempt {
			return attempt{h.ada, "", with(h.link(h.ada, "a"), "state", strings.Repeat("A", 43))}
		}, openmates.EInvalid, false, "tart again"},
		"replayed state": {func(h *house) attempt {
			q := h.link(h.eve, "other")
			_, err := h.Finish(context.Background(), h.eve, "", q)
			must(h.t, err)
			return attempt{h.eve, "", with(h.link(h.ada, "a"), "state", q.Get("state"))}
		}, openmates.EInvalid, false, "already been used"},
		"expired state": {func(h *house) attempt {
			q := h.link(h.ada, "a")
			h.mu.Lock()
			h.at = h.at.Add(10*time.Minute + time.Second)
			h.mu.Unlock()
			return attempt{h.ada, "", q}
		}, openmates.EInvalid, false, "longer than ten minutes"},
		"state of a clock that was set back": {func(h *house) attempt {
			q := h.link(h.ada, "a")
			h.mu.Lock()
			h.at = h.at.Add(-time.Hour)
			h.mu.Unlock()
			return attempt{h.ada, "", q}
		}, openmates.EInvalid, false, "set back"},
		"somebody else's state (their redirect sent to me)": {func(h *house) attempt { return attempt{h.eve, "", h.link(h.ada, "a")} }, openmates.EForbidden, false, "another browser"},
		"the same person in another session": {func(h *house) attempt {
			return attempt{connect.Who{UserID: h.ada.UserID, Session: "other"}, "", h.link(h.ada, "a")}
		}, openmates.EForbidden, false, "another browser"},
		"the same session after somebody else signed in": {func(h *house) attempt {
			return attempt{connect.Who{UserID: h.eve.UserID, Session: h.ada.Session}, "", h.link(h.ada, "a")}
		}, openmates.EForbidden, false, ""},
		"nobody":                     {func(h *house) attempt { return attempt{connect.Who{}, "", h.link(h.ada, "a")} }, openmates.EUnauthorized, false, "Sign in"},
		"link state, install wanted": {func(h *house) attempt { return attempt{h.ada, connect.Install, h.link(h.ada, "a")} }, openmates.EInvalid, false, "something else"},
		"install state, link wanted": {func(h *house) attempt {
			return attempt{h.ada, connect.Link, h.install(h.ada, h.harbour, "sophia", "w")}
		}, openmates.EInvalid, false, "something else"},
		"link code on an install state": {func(h *house) attempt {
			return attempt{h.ada, "", with(h.install(h.ada, h.harbour, "sophia", "w"), "code", h.link(h.ada, "a").Get("code"))}
		}, openmates.EInvalid, true, "tell us where"},
		"install code on a link state": {func(h *house) attempt {
			return attempt{h.ada, "", with(h.link(h.ada, "a"), "code", h.install(h.ada, h.harbour, "sophia", "w").Get("code"))}
		}, openmates.EInvalid, true, ""},
		"another link's code (verifier doesn't fit)": {func(h *house) attempt {
			return attempt{h.ada, "", with(h.link(h.ada, "a"), "code", h.link(h.eve, "victim").Get("code"))}
		}, openmates.EInvalid, true, "verifier"},
		"another application's code": {func(h *house) attempt {
			return attempt{h.ada, "", with(h.install(h.ada, h.harbour, "sophia", "w"), "code", h.install(h.ada, h.harbour, "mark", "w").Get("code"))}
		}, openmates.EInvalid, true, "refuses the code"},
		"network names no workspace": {func(h *house) attempt {
			return attempt{h.ada, "", with(h.install(h.ada, h.harbour, "sophia", ""), "workspace", "claimed")}
		}, openmates.EInvalid, true, "tell us where"},
		"cancelled consent": {func(h *house) attempt {
			q := h.install(h.ada, h.harbour, "sophia", "w")
			return attempt{h.ada, "", url.Values{"state": q["state"], "error": {"access_denied"}}}
		}, openmates.EInvalid, false, "cancelled"},
		"broken consent page": {func(h *house) attempt {
			q := h.install(h.ada, h.harbour, "sophia", "w")
			return attempt{h.ada, "", url.Values{"state": q["state"], "error": {"invalid_scope"}}}
		}, openmates.EUnavailable, false, "tart again"},
		"no code": {func(h *house) attempt {
			return attempt{h.ada, "", url.Values{"state": h.install(h.ada, h.harbour, "sophia", "w")["state"]}}
		}, openmates.EInvalid, false, "without a code"},
		"removed from the team on the way": {func(h *house) attempt {
			q := h.install(h.ada, h.harbour, "sophia", "w")
			must(h.t, h.db.RemoveMember(context.Background(), h.harbour.ID, h.ada.UserID))
			return attempt{h.ada, "", q}
		}, openmates.EForbidden, true, "no longer in that team"},
		"mate taken from the team on the way": {func(h *house) attempt {
			q := h.install(h.ada, h.harbour, "sophia", "w")
			must(h.t, h.db.SetTeamLimits(context.Background(), h.harbour.ID, openmates.Limits{Mates: openmates.OnlyThese("mark")}))
			return attempt{h.ada, "", q}
		}, openmates.EForbidden, true, "use this mate any more"},
		"another team's workspace": {func(h *house) attempt {
			_, err := h.Finish(context.Background(), h.eve, "", h.install(h.eve, h.lighthouse, "mark", "theirs"))
			must(h.t, err)
			return attempt{h.ada, "", h.install(h.ada, h.harbour, "sophia", "theirs")}
		}, openmates.EConflict, true, "another team"},
		"another person's account": {func(h *house) attempt {
			_, err := h.Finish(context.Background(), h.eve, "", h.link(h.eve, "hers"))
			must(h.t, err)
			return attempt{h.ada, "", h.link(h.ada, "hers")}
		}, openmates.EConflict, true, "another person"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			a := tc.make(h)
			asked := h.net.Exchanges()
			_, err := h.Finish(t.Context(), a.who, a.want, a.q)
			if got := openmates.CodeOf(err); got != tc.code {
				t.Fatalf("code %q, want %q: %v", got, tc.code, err)
			}
			if said := openmates.MessageOf(err); !strings.Contains(said, tc.phrase) || strings.Contains(said, "lighthouse") {
				t.Errorf("said %q", said)
			}
			if (h.net.Exchanges() > asked) != tc.asks {
				t.Errorf("the code was brought to the network: %v", !tc.asks)
			}
			if s := a.q.Get("state"); s != "" { // the state is used up in any case
				for _, who := range []connect.Who{h.ada, h.eve} {
					if a.who.UserID == 0 {
						continue
					}
					if _, err := h.Finish(t.Context(), who, "", a.q); err == nil {
						t.Error("the state works a second time")
					}
				}
			}
			ins, err := h.db.InstallationsOf(t.Context(), h.harbour.ID)
			must(t, err)
			ids, err := h.db.IdentitiesOf(t.Context(), h.ada.UserID)
			must(t, err)
			if len(ins)+len(ids) != 0 {
				t.Errorf("something was connected: %+v %+v", ins, ids)
			}
		})
	}
}

// If the URL and the network name different workspaces, the network's counts.
func TestForgedWorkspace(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	q := h.install(h.ada, h.harbour, "sophia", "mine")
	q.Set("workspace", "victims")
	out, err := h.Finish(t.Context(), h.ada, "", q)
	must(t, err)
	if out.Workspace.ID != "mine" {
		t.Errorf("connected %+v", out.Workspace)
	}
	ins, err := h.db.InstallationsOf(t.Context(), h.harbour.ID)
	must(t, err)
	if len(ins) != 1 || ins[0].Workspace != "mine" {
		t.Errorf("installations %+v", ins)
	}
}

func TestRaceForAWorkspace(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a, b := h.install(h.ada, h.harbour, "sophia", "w"), h.install(h.eve, h.lighthouse, "sophia", "w")
	errs := make(chan error, 2)
	go func() { _, err := h.Finish(t.Context(), h.ada, "", a); errs <- err }()
	go func() { _, err := h.Finish(t.Context(), h.eve, "", b); errs <- err }()
	one, two := openmates.CodeOf(<-errs), openmates.CodeOf(<-errs)
	if one+two != openmates.EConflict {
		t.Errorf("codes %q and %q, want one to win and one conflict", one, two)
	}
}

func TestDoubleSubmit(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	q := h.install(h.ada, h.harbour, "sophia", "w")
	errs := make(chan error, 5)
	for range cap(errs) {
		go func() { _, err := h.Finish(t.Context(), h.ada, "", q); errs <- err }()
	}
	won := 0
	for range cap(errs) {
		if err := <-errs; err == nil {
			won++
		} else if openmates.CodeOf(err) != openmates.EInvalid {
			t.Errorf("a loser got %v", err)
		}
	}
	if won != 1 || h.net.Exchanges() != 1 {
		t.Errorf("%d finished, %d exchanges", won, h.net.Exchanges())
	}
}

func TestBeginRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	must(t, h.db.SetTeamLimits(t.Context(), h.lighthouse.ID, openmates.Limits{Mates: openmates.OnlyThese("mark")}))
	lighthouse, err := h.db.Team(t.Context(), h.lighthouse.ID)
	must(t, err)
	_, err = h.db.SaveMate(t.Context(), openmates.Mate{Handle: "lisa", Name: "Lisa", Prompt: "."})
	must(t, err)
	for name, tc := range map[string]struct {
		who       connect.Who
		team      openmates.Team
		mate      string
		network   openmates.Network
		workspace string
		code      openmates.Code
	}{
		"unknown mate":        {h.ada, h.harbour, "nobody", connecttest.Name, "", openmates.ENotFound},
		"mate not allowed":    {h.eve, lighthouse, "sophia", connecttest.Name, "", openmates.ENotFound},
		"mate without a bot":  {h.ada, h.harbour, "lisa", connecttest.Name, "", openmates.EInvalid},
		"unknown network":     {h.ada, h.harbour, "sophia", "icq", "", openmates.ENotFound},
		"network can't":       {h.ada, h.harbour, "sophia", "deaf", "", openmates.EInvalid},
		"foreign workspace":   {h.ada, h.harbour, "sophia", connecttest.Name, "w9", openmates.ENotFound},
		"nobody is signed in": {connect.Who{}, h.harbour, "sophia", connecttest.Name, "", openmates.EUnauthorized},
	} {
		if _, err := h.BeginInstall(t.Context(), tc.who, tc.team, tc.mate, tc.network, openmates.WorkspaceID(tc.workspace)); openmates.CodeOf(err) != tc.code {
			t.Errorf("%s: %v, want %s", name, err, tc.code)
		}
	}
	if _, err := h.BeginLink(t.Context(), h.ada, "deaf"); openmates.CodeOf(err) != openmates.EInvalid {
		t.Errorf("link on a network that can't: %v", err)
	}
}

func TestSetBot(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	before := h.changes
	for name, tc := range map[string]struct {
		app, token, secret string
		code               openmates.Code
	}{
		"wrong token":               {"1001", "nonsense", "s", openmates.EInvalid},
		"token of another app":      {"1003", "canary-token-1", "canary-secret-1", openmates.EInvalid},
		"another mate's app":        {"1001", "canary-token-1", "canary-secret-1", openmates.EConflict},
		"another app without token": {"1003", "", "", openmates.EInvalid},
		"control characters":        {"1003", "canary\x00token", "", openmates.EInvalid},
		"over-long":                 {"1003", strings.Repeat("x", 401), "", openmates.EInvalid},
	} {
		if _, _, err := h.set("mark", tc.app, tc.token, tc.secret); openmates.CodeOf(err) != tc.code {
			t.Errorf("%s: %v, want %s", name, err, tc.code)
		}
	}
	if h.changes != before {
		t.Error("a refused bot was told as changed")
	}
	m, err := h.Mate(t.Context(), "mark")
	must(t, err)
	if len(m.Bots) != 1 || m.Bots[0].AppID != "1002" || !m.Bots[0].CanConsent {
		t.Fatalf("a refused bot changed what is stored: %+v", m.Bots)
	}
	bot, said, err := h.set("mark", "", " canary-token-2\n", "")
	must(t, err)
	if bot.AppID != "1002" || !bot.CanConsent || said.Wrong() != 1 || h.changes != before+1 {
		t.Errorf("bot %+v, said %+v", bot, said)
	}
	moved, _, err := h.set("mark", "1003", "canary-token-3", "canary-secret-3")
	must(t, err)
	if moved.ID != bot.ID || moved.AppID != "1003" || moved.Name != "Spare#3" {
		t.Errorf("moved to %+v", moved)
	}
}

func TestPause(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	m, err := h.Mate(t.Context(), "sophia")
	must(t, err)
	if p := m.Bots[0].State.Phase; p != messenger.Starting {
		t.Errorf("phase %q", p)
	}
	b, err := h.PauseBot(t.Context(), h.ada.UserID, m.ID, connecttest.Name, true)
	must(t, err)
	if b.State.Phase != messenger.Off || b.State.Cure == "" {
		t.Errorf("state %+v", b.State)
	}
	b, err = h.PauseBot(t.Context(), h.ada.UserID, m.ID, connecttest.Name, false)
	must(t, err)
	if b.Paused || b.State.Phase == messenger.Off {
		t.Errorf("bot %+v", b)
	}
	if _, err := h.PauseBot(t.Context(), h.ada.UserID, 1, connecttest.Name, true); openmates.CodeOf(err) != openmates.ENotFound {
		t.Errorf("a bot that isn't: %v", err)
	}
}

func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	q := h.link(h.ada, "a")
	_, err := h.Finish(t.Context(), h.ada, "", q)
	must(t, err)
	for _, s := range []string{"canary", q.Get("code"), q.Get("state"), h.ada.Session} {
		if strings.Contains(h.log.String(), s) {
			t.Errorf("the log holds %q", s)
		}
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if got := h.ConsentOrigins(); len(got) != 1 || got[0] != connecttest.Origin {
		t.Errorf("origins %v", got)
	}
}
