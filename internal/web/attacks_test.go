package web

import (
	"context"
	"html"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/messenger/discord/discordtest"
)

// arena is a whole server at the simulator of Discord: Ada runs the team
// Harbour, Eve the team Lighthouse; on Discord, Ann and Bob have a guild each.
type arena struct {
	*botScene
	eve          *browser
	mark         discordtest.Application
	bob          discordtest.Person
	ours, theirs discordtest.Guild
	discords     *atomic.Int64 // by how much Discord's clock is ahead
}

func newArena(t *testing.T) *arena {
	t.Helper()
	a := &arena{discords: &atomic.Int64{}}
	a.botScene = newBotScene(t, sceneConfig{sim: discordtest.Config{Clock: func() time.Time { return time.Now().Add(time.Duration(a.discords.Load())) }}})
	ctx := context.Background()
	wants(t, a.set(), 200, "and is connecting now")
	a.botScene.mate("Mark")
	a.mark = a.application("Mark")
	wants(t, a.ada.follow("/server/bots/discord/mark", typed(a.mark)), 200, "and is connecting now")
	team, err := a.db.AddTeam(ctx, openmates.Team{Slug: "lighthouse", Name: "Lighthouse"})
	must(t, err)
	u, err := a.db.AddUser(ctx, openmates.User{Username: "eve", DisplayName: "Eve"}, "")
	must(t, err)
	must(t, a.db.AddMember(ctx, openmates.Membership{TeamID: team.ID, UserID: u.ID, Role: openmates.RoleAdmin}))
	a.eve = a.as("eve")
	a.bob = a.sim.AddPerson("Bob")
	a.ours, a.theirs = a.sim.AddGuild(a.ann.ID, "Ours"), a.sim.AddGuild(a.bob.ID, "Theirs")
	a.sim.Join(a.theirs.ID, a.ann.ID)
	return a
}

// begin returns the consent page that a browser is redirected to.
func (a *arena) begin(b *browser, path string, f url.Values) string {
	a.t.Helper()
	got := b.post(path, f)
	if got.status != http.StatusSeeOther || !strings.HasPrefix(got.header.Get("Location"), a.sim.Authorize()) {
		a.t.Fatalf("%s led to %d %q: %s", path, got.status, got.header.Get("Location"), got.body)
	}
	return got.header.Get("Location")
}

// approve clicks Authorize and returns the parameters of the redirect.
func (a *arena) approve(page string, who discordtest.Person, guild string) url.Values {
	a.t.Helper()
	to, err := a.sim.Approve(page, who.ID, guild)
	must(a.t, err)
	u, err := url.Parse(to)
	must(a.t, err)
	return u.Query()
}

func (a *arena) install(b *browser, team, mate string, who discordtest.Person, g discordtest.Guild) url.Values {
	a.t.Helper()
	return a.approve(a.begin(b, "/teams/"+team+"/install", url.Values{"mate": {mate}, "network": {"discord"}}), who, g.ID)
}

func (a *arena) sophia() url.Values {
	a.t.Helper()
	return a.install(a.ada, "harbour", "sophia", a.ann, a.ours)
}

func (a *arena) link(b *browser, who discordtest.Person) url.Values {
	a.t.Helper()
	return a.approve(a.begin(b, "/profile/link", url.Values{"network": {"discord"}}), who, "")
}

// back is the browser's return: the page that waits, then its form.
func (a *arena) back(b *browser, q url.Values) answer {
	a.t.Helper()
	b.get(connect.RedirectPath + "?" + q.Encode())
	return b.post(connect.RedirectPath, q)
}

// left reports whether a bot has left a guild.
func (a *arena) left(g discordtest.Guild) bool {
	for _, r := range a.sim.Requests() {
		if r.Method == http.MethodDelete && strings.HasSuffix(r.Path, "/users/@me/guilds/"+g.ID) {
			return true
		}
	}
	return false
}

func changed(q url.Values, name, value string) url.Values {
	c := maps.Clone(q)
	c.Set(name, value)
	return c
}

// TestConnectAttacks lists attacks on adding a mate to a guild or linking an
// account, and honest mistakes: end to end, through the web server, the
// database, the Discord connector and the simulator. Each shows its message and
// a way to continue, and none connects anything.
func TestConnectAttacks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		try    func(a *arena) answer
		status int
		says   string
		way    string // a link on the page; "" = none in particular
		leaves bool   // the bot leaves Ann's guild again
	}{
		"forged guild_id in the address": {func(a *arena) answer { return a.back(a.ada, changed(a.sophia(), "guild_id", a.theirs.ID)) },
			403, "The link that led here names a different Discord server than the one the bot was added to", "/teams/harbour/connect", true},
		"token response without a guild": {func(a *arena) answer {
			a.sim.Faults(a.app.ID, discordtest.Faults{BareToken: true})
			return a.back(a.ada, a.sophia())
		}, 422, "tell us which server the bot was added to", "/teams/harbour/connect", false},
		"code of another application": {func(a *arena) answer {
			foreign := a.install(a.eve, "lighthouse", "mark", a.bob, a.theirs)
			return a.back(a.ada, changed(a.sophia(), "code", foreign.Get("code")))
		}, 422, "was given to another application", "/teams/harbour/connect", false},
		"expired code": {func(a *arena) answer {
			q := a.sophia()
			a.discords.Store(int64(2 * time.Minute))
			return a.back(a.ada, q)
		}, 422, "or was given to another application", "/teams/harbour/connect", false},
		"opened by a picture or a preview, never sent": {func(a *arena) answer {
			return a.ada.get(connect.RedirectPath + "?" + a.sophia().Encode())
		}, 200, `name="state"`, "", false},
		"made-up code":  {func(a *arena) answer { return a.back(a.ada, changed(a.sophia(), "code", "nonsense")) }, 422, "Nothing was changed", "", false},
		"made-up state": {func(a *arena) answer { return a.back(a.ada, changed(a.sophia(), "state", strings.Repeat("x", 43))) }, 422, "valid here or has expired", "", false},
		"replayed state": {func(a *arena) answer {
			q := a.sophia()
			a.back(a.ada, changed(q, "code", "nonsense"))
			return a.back(a.ada, q)
		}, 422, "has already been used", "", false},
		"expired state": {func(a *arena) answer {
			q := a.sophia()
			a.later(11 * time.Minute)
			return a.back(a.ada, q)
		}, 422, "longer than ten minutes", "/teams/harbour/connect", false},
		"clock set back": {func(a *arena) answer {
			q := a.sophia()
			a.later(-time.Hour)
			return a.back(a.ada, q)
		}, 422, "clock was set back", "/teams/harbour/connect", false},
		"stolen address, opened by somebody else": {func(a *arena) answer { return a.back(a.eve, a.sophia()) }, 403, "another browser", "", false},
		"own address, opened in another browser":  {func(a *arena) answer { return a.back(a.as("ada"), a.sophia()) }, 403, "another browser", "", false},
		"stolen address, opened by nobody":        {func(a *arena) answer { return a.back(a.browser(), a.sophia()) }, 401, "no longer signed in", "/signin", false},
		"victim led to the attacker's link": {func(a *arena) answer { return a.back(a.ada, a.link(a.eve, a.bob)) },
			403, "another browser", "", false},
		"form sent from another site": {func(a *arena) answer {
			return a.ada.do(http.MethodPost, connect.RedirectPath, a.sophia(), http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}})
		}, 403, "another site", "", false},
		"removed from the team on the way": {func(a *arena) answer {
			q := a.sophia()
			u, err := a.db.UserByName(context.Background(), "ada")
			must(a.t, err)
			must(a.t, a.db.RemoveMember(context.Background(), a.team.ID, u.ID))
			return a.back(a.ada, q)
		}, 403, "no longer in that team", "", true},
		"mate taken from the team on the way": {func(a *arena) answer {
			q := a.sophia()
			must(a.t, a.db.SetTeamLimits(context.Background(), a.team.ID, openmates.Limits{Mates: openmates.OnlyThese("mark")}))
			return a.back(a.ada, q)
		}, 403, "use this mate any more", "/teams/harbour/connect", true},
		"guild of another team": {func(a *arena) answer {
			wants(a.t, a.back(a.eve, a.install(a.eve, "lighthouse", "mark", a.ann, a.ours)), 303)
			return a.back(a.ada, a.sophia())
		}, 409, "Mark, which works for that team, is still there", "/teams/harbour/connect", true},
		"consent cancelled": {func(a *arena) answer {
			to, err := a.sim.Deny(a.begin(a.ada, "/profile/link", url.Values{"network": {"discord"}}), a.ann.ID)
			must(a.t, err)
			u, err := url.Parse(to)
			must(a.t, err)
			return a.back(a.ada, u.Query())
		}, 422, "You cancelled on Discord", "/profile", false},
		"code of a mate on the link": {func(a *arena) answer {
			return a.back(a.ada, changed(a.link(a.ada, a.ann), "code", a.sophia().Get("code")))
		},
			422, "for adding a mate", "/profile", false},
		"code of a link on the mate": {func(a *arena) answer {
			return a.back(a.ada, changed(a.sophia(), "code", a.link(a.ada, a.ann).Get("code")))
		}, 422, "This Discord confirmation belongs to something else", "/teams/harbour/connect", false},
		"somebody else's link code (PKCE)": {func(a *arena) answer {
			return a.back(a.ada, changed(a.link(a.ada, a.ann), "code", a.link(a.eve, a.bob).Get("code")))
		}, 422, "This Discord confirmation belongs to something else", "/profile", false},
		"account of another person": {func(a *arena) answer {
			wants(a.t, a.back(a.eve, a.link(a.eve, a.ann)), 303)
			return a.back(a.ada, a.link(a.ada, a.ann))
		}, 409, "Unlink it there first", "/profile", false},
		"Discord down": {func(a *arena) answer {
			q := a.link(a.ada, a.ann)
			for _, app := range []string{a.app.ID, a.mark.ID} {
				a.sim.Faults(app, discordtest.Faults{Fail: []discordtest.Failure{{Path: "/oauth2/token", Status: 503, Times: 9}}})
			}
			return a.back(a.ada, q)
		}, 503, "Start again in a minute", "/profile", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newArena(t)
			got := c.try(a)
			got.body = html.UnescapeString(got.body)
			wants(t, got, c.status, c.says)
			if strings.Contains(got.body, "Lighthouse") {
				t.Error("it names another team")
			}
			if c.way != "" && !strings.Contains(got.body, `href="`+c.way+`"`) {
				t.Errorf("no way on to %s", c.way)
			}
			if a.left(a.ours) != c.leaves {
				t.Errorf("the bot left the guild: %v, want %v", !c.leaves, c.leaves)
			}
			a.nothing()
		})
	}
}

// nothing makes sure that nothing became Ada's or Harbour's.
func (a *arena) nothing() {
	a.t.Helper()
	ins, err := a.db.InstallationsOf(a.t.Context(), a.team.ID)
	must(a.t, err)
	u, err := a.db.UserByName(a.t.Context(), "ada")
	must(a.t, err)
	ids, err := a.db.IdentitiesOf(a.t.Context(), u.ID)
	must(a.t, err)
	if len(ins)+len(ids) > 0 {
		a.t.Errorf("something was connected: %+v %+v", ins, ids)
	}
}

// Whatever comes along in the address, the browser stays here.
func TestConnectIsNoOpenRedirect(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	q := a.sophia()
	for _, name := range []string{"next", "redirect_uri", "redirect", "return_to", "at"} {
		q.Set(name, "https://evil.example/")
	}
	got := a.back(a.ada, q)
	if to := got.header.Get("Location"); got.status != 303 || !strings.HasPrefix(to, "/teams/harbour/connect?at="+a.ours.ID) {
		t.Errorf("%d to %q", got.status, to)
	}
}

// Two clicks at once create one installation; the second is told so.
func TestConnectDoubleSubmit(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	codes := together(a.ada, a.sophia(), a.ada, nil)
	if codes[303] != 1 || codes[422] != 1 {
		t.Errorf("%v", codes)
	}
}

// Two teams race for one guild with the same mate: one wins, and its mate stays.
func TestConnectRaceForAGuild(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	codes := together(a.ada, a.sophia(), a.eve, a.install(a.eve, "lighthouse", "sophia", a.ann, a.ours))
	if codes[303] != 1 || codes[409] != 1 {
		t.Errorf("%v", codes)
	}
	if a.left(a.ours) {
		t.Error("the winner's mate was taken away")
	}
}

// together sends two returns at once; without a second one, the first twice.
func together(one *browser, q url.Values, two *browser, p url.Values) map[int]int {
	if p == nil {
		p = q
	}
	codes := make(chan int, 2)
	go func() { codes <- one.post(connect.RedirectPath, q).status }()
	go func() { codes <- two.post(connect.RedirectPath, p).status }()
	count := map[int]int{}
	for range cap(codes) {
		count[<-codes]++
	}
	return count
}
