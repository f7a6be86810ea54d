package web

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/llm/llmtest"
	"openmates/internal/messenger"
	"openmates/internal/messenger/discord/discordtest"
	"openmates/internal/model"
)

// While a check fails, no page shows its step as done, and no button leads to a
// consent page that would refuse.
func TestNothingIsDoneWhileAFindingIsRed(t *testing.T) {
	t.Parallel()
	s := newBotScene(t, sceneConfig{})
	redirect := func(all ...string) {
		s.sim.Configure(s.app.ID, func(c *discordtest.Settings) { c.Redirects = all })
	}
	redirect()
	wants(t, s.set(), 200, "so no one can add the bot or link an account")
	missing := "The address " + s.url + connect.RedirectPath + " isn&#39;t registered"
	wants(t, s.ada.get("/server/setup"), 200, `Create a bot for a mate</a></h3>`, "Sophia: "+missing, "press “Add Redirect”")
	wants(t, s.ada.get("/server"), 200, "Needs attention", "Sophia (Discord): "+missing)
	wants(t, s.ada.get("/server/bots"), 200, "Needs attention", missing)
	wants(t, s.ada.get("/teams/harbour/connect"), 200, "No mates can be added yet")
	if page := s.ada.get("/teams/harbour").body; !strings.Contains(page, missing) || strings.Contains(page, "/teams/harbour/install") {
		t.Errorf("the team's page leads to a consent page that refuses:\n%s", page)
	}
	add := url.Values{"mate": {"sophia"}, "network": {"discord"}}
	wants(t, s.ada.post("/teams/harbour/install", add), 422, "can&#39;t be added right now", missing)

	// A fix on Discord takes effect when somebody next adds the mate, even if
	// nobody pressed “Check”.
	redirect(s.url + connect.RedirectPath)
	if got := s.ada.post("/teams/harbour/install", add); got.status != 303 {
		t.Errorf("after the cure: %d %s", got.status, got.body)
	}
	wants(t, s.ada.get("/teams/harbour"), 200, "/teams/harbour/install")
	if page := s.ada.get("/server/setup").body; !strings.Contains(page, `Create a bot for a mate</a><span class="quiet"> (done)</span>`) {
		t.Error("the wizard does not notice the cure")
	}
}

// Discord shows a secret once: mistyping the token doesn't require a new
// secret, and vice versa.
func TestACredentialThatWasRightIsNotTypedTwice(t *testing.T) {
	t.Parallel()
	s := newBotScene(t, sceneConfig{})
	got := s.set(with("token", "MTIz.abcdef.ghijkl"))
	wants(t, got, 422, "Discord rejected the bot token.", "Kept from your last attempt")
	if strings.Contains(got.body, s.app.Secret) {
		t.Error("the page holds the secret")
	}
	wants(t, s.set(with("secret", "")), 200, "Discord accepts the client secret.")
	if page := s.ada.get(sophiaAt).body; strings.Contains(page, "Kept from your last attempt") {
		t.Error("a credential that was saved is still held")
	}
}

func TestABotNamedLikeAnotherMateIsNotRenamed(t *testing.T) {
	t.Parallel()
	s := newBotScene(t, sceneConfig{})
	s.mate("Mark")
	s.app = s.application("Mark")
	wants(t, s.set(), 200, "this may be Mark&#39;s application, saved on Sophia&#39;s page", "press “Remove bot” and save it on Mark&#39;s page")
	got := s.ada.follow("/server/bots/discord/mark", typed(s.app))
	wants(t, got, 409, "This Discord application is Sophia&#39;s bot", "press “Remove bot”")
	wants(t, s.ada.confirms(sophiaAt+"/remove", url.Values{}), 200, "You can now use its application for another mate")
	wants(t, s.ada.follow("/server/bots/discord/mark", typed(s.app)), 200, "Mark is called Mark on Discord")
}

// Once the first question was answered, an outage is a problem and the set-up
// stays done.
func TestAnOutageAfterTheSetUpIsAProblem(t *testing.T) {
	t.Parallel()
	down := messenger.State{Phase: messenger.Reconnecting, Reason: openmates.T("Discord isn't responding."), Cure: openmates.T("It goes on by itself.")}
	bots := func(st messenger.State) connect.Mate {
		return connect.Mate{Mate: openmates.Mate{Handle: "sophia", Name: "Sophia", Enabled: true}, Bots: []connect.Bot{{Network: "discord", Label: "Discord", State: st}}}
	}
	now := time.Now()
	for since, problems := range map[time.Duration]int{time.Second: 0, 5 * time.Minute: 1} {
		var o overview
		down.Since = now.Add(-since)
		o.listeners(bots(down), now)
		if len(o.Problems) != problems {
			t.Errorf("away for %v: %+v", since, o.Problems)
		}
	}
	var o overview
	down.Since = now.Add(-time.Hour)
	for _, name := range []string{"Sophia", "Mark", "Lisa"} {
		m := bots(down)
		m.Name = name
		o.listeners(m, now)
	}
	if len(o.Problems) != 1 || o.Problems[0].Who != "Sophia (Discord), Mark, Lisa" {
		t.Errorf("one outage is told %d times: %+v", len(o.Problems), o.Problems)
	}
}

func TestOneCauseIsOneProblem(t *testing.T) {
	t.Parallel()
	var mute []model.Effect
	for i, why := range []openmates.Text{openmates.T("No price."), openmates.T("Gone."), openmates.T("No price."), openmates.T("No price.")} {
		mute = append(mute, model.Effect{Mate: openmates.Mate{Name: fmt.Sprint("M", i)}, Why: why})
	}
	var got []string
	for why, mates := range byReason(mute) {
		got = append(got, fmt.Sprint(why, len(mates), mates[0].Name))
	}
	if fmt.Sprint(got) != "[No price.3M0 Gone.1M1]" {
		t.Error(got)
	}
}

// A refusal links to the page that fixes it, if its reader can open that.
func TestRefusalsLeadToTheirCure(t *testing.T) {
	t.Parallel()
	in := []teamCard{{Team: openmates.Team{Slug: "bakers"}}, {Team: openmates.Team{Slug: "harbour"}}}
	for _, c := range []struct {
		why  openmates.Trouble
		team string
		in   []teamCard
		path string
	}{
		{openmates.TroubleMoney, "harbour", in, "/teams/harbour/limits"},
		{openmates.TroubleMoney, "strangers", in, "/server/limits"},
		{openmates.TroubleAccount, "harbour", in, "/teams/harbour/people"},
		{openmates.TroubleAccount, "strangers", in, ""},
		{openmates.TroubleNotMember, "harbour", in, "/teams/harbour/people"},
		{openmates.TroubleNoAccess, "harbour", in, "/teams/harbour/connect"},
		{openmates.TroubleNoAccess, "strangers", in, "/server/bots"},
		{openmates.TroubleWorkspace, "", in, "/teams/bakers/connect"},
		{openmates.TroubleWorkspace, "", nil, ""},
	} {
		if got := cureOf(openmates.TroubledTurn{Why: c.why, Team: c.team, Mate: "sophia"}, c.in); got.Path != c.path {
			t.Errorf("%s in %s leads to %q, want %q", c.why, c.team, got.Path, c.path)
		}
	}
}

// Home names no mate that the person may not ask, and counts only those that
// are there.
func TestHomeNamesMatesThatOneMayAsk(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ctx := context.Background()
	team, err := h.db.TeamBySlug(ctx, "harbour")
	must(t, err)
	ben, err := h.db.UserByName(ctx, "ben")
	must(t, err)
	before := h.as("ben").get("/").body
	must(t, h.db.SetMemberLimits(ctx, team.ID, ben.ID, openmates.Limits{Mates: openmates.OnlyThese("mark")}))
	after := h.as("ben").get("/").body
	if !strings.Contains(before, `title="Sophia"`) || strings.Contains(after, `title="Sophia"`) || !strings.Contains(after, `title="Mark"`) {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

func TestATeamIsToldWhichMatesItsLimitsSilence(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ctx := context.Background()
	team, err := h.db.TeamBySlug(ctx, "harbour")
	must(t, err)
	ada := h.as("ada")
	far := newLLM(t, llmtest.Config{Key: canaryKey, Models: []string{"small"}})
	wants(t, ada.follow("/server/providers", url.Values{"kind": {"compatible"}, "label": {"House"}, "url": {far.URL()}, "key": {canaryKey}}), 200)
	if page := ada.get("/teams/harbour/limits").body; strings.Contains(page, "can’t answer here") {
		t.Errorf("a mate is silenced without limits:\n%s", page)
	}
	must(t, h.db.SetTeamLimits(ctx, team.ID, openmates.Limits{Models: openmates.OnlyThese("nowhere/nothing")}))
	wants(t, ada.get("/teams/harbour/limits"), 200, "Sophia can’t answer here because", "isn’t allowed")
}

func TestAClosedTabIsNoError(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx, gone := context.WithCancel(t.Context())
	gone()
	r := httptest.NewRequest("GET", "/server", nil).WithContext(ctx)
	h.web.logError(r, fmt.Errorf("read the team: %w", context.Canceled))
	if strings.Contains(h.log.String(), "read the team") {
		t.Errorf("logged: %s", h.log)
	}
	h.web.logError(httptest.NewRequest("GET", "/server", nil), errors.New("disk"))
	if !strings.Contains(h.log.String(), "disk") {
		t.Error("an error of ours is not logged")
	}
}
