package web

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/mate"
)

func memberLimitSamples(base inTeam, user openmates.User, sheet sheetForm) []any {
	above := mate.Above{Rate: mate.Bound[int]{Most: 5, By: openmates.T("the team")}, Money: mate.Bound[openmates.Micros]{Most: 7, By: openmates.T("the server")}}
	return []any{&memberLimitsPage{inTeam: base}, &memberLimitsPage{inTeam: base, Member: user, Sheet: sheet, Above: above}}
}

// spends is an answer of a mate to somebody that has cost so much.
func (h *house) spends(key, username, slug, handle string, cost openmates.Micros, at time.Time) {
	h.t.Helper()
	ctx := context.Background()
	u, err := h.db.UserByName(ctx, username)
	must(h.t, err)
	team, err := h.db.TeamBySlug(ctx, slug)
	must(h.t, err)
	m, err := h.db.MateByHandle(ctx, handle)
	must(h.t, err)
	use := openmates.Usage{TeamID: team.ID, UserID: u.ID, MateID: m.ID, Model: "house/model", Cost: cost, At: at}
	must(h.t, h.db.Reserve(ctx, key, use, nil))
}

// A team admin restricts what one person may use; the person sees their limits
// and what is left.
func TestLimitsOfAMember(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ctx := t.Context()
	team := teamID(t, h, "harbour")
	must(t, h.db.SetServerLimits(ctx, openmates.Limits{PerMinute: 30}))
	must(t, h.db.SetTeamLimits(ctx, team, openmates.Limits{PerMinute: 9, PerMonth: 20_000_000, Mates: openmates.OnlyThese("sophia", "mark")}))
	h.spends("a", "ben", "harbour", "sophia", 1_500_000, time.Now())
	h.spends("b", "ada", "harbour", "mark", 2_000_000, time.Now())
	ada, ben, at := h.as("ada"), h.as("ben"), "/teams/harbour/people/ben/limits"
	wants(t, ada.get("/teams/harbour/people"), 200, `href="`+at+`"`)
	if got := ben.get("/teams/harbour/people"); strings.Contains(got.body, at) {
		t.Error("a member is led to the limits of people")
	}
	page := ada.get(at)
	wants(t, page, 200, "At most 9, the limit of the team Harbour", "At most 20.00 USD, the limit of the team Harbour", "Not allowed by the team Harbour.", "Spent this month: <b>1.50 USD</b>")
	f := url.Values{"stamp": {stampOf(t, page)}, "mate": {"sophia", "lisa"}, "per_minute": {"many"}, "per_month": {"3"}, "admin": {"true"}, "role": {"admin"}}
	wants(t, ada.post(at, f), 422, `value="many"`, "whole number")
	f.Set("per_minute", "4")
	wants(t, ada.follow(at, f), 200, "Ben Bitdiddle’s limits are saved", "Now: 4 requests per minute, 3.00 USD a month")
	u, err := h.db.UserByName(ctx, "ben")
	must(t, err)
	l, err := h.db.MemberLimits(ctx, team, u.ID)
	must(t, err)
	if l.PerMinute != 4 || l.PerMonth != 3_000_000 || !l.Mates.Allows("sophia") || l.Mates.Allows("mark") || l.Apps.Only || u.Admin {
		t.Errorf("%+v of %+v", l, u)
	}
	wants(t, ben.get("/profile"), 200, "You spent 1.50 USD this month", "1.50 USD of your own budget of 3.00 USD left", "16.50 USD of the team’s budget of 20.00 USD left", "At most 4 requests per minute. That’s your own limit.", "You can only ask sophia")

	// Pages and API show the same mates: those that the person may ask.
	if got := ben.get("/teams/harbour"); !strings.Contains(got.body, `href="/mates/sophia"`) || strings.Contains(got.body, `href="/mates/mark"`) {
		t.Error("the team's page shows a mate that the person may not ask, or hides one that they may")
	}
	wants(t, ada.get("/teams/harbour"), 200, `href="/mates/mark"`)

	// More than the team allows changes nothing about what holds.
	f = url.Values{"stamp": {stampOf(t, ada.get(at))}, "mate": {"sophia", "mark"}, "per_minute": {"5000"}, "per_month": {"900"}}
	wants(t, ada.follow(at, f), 200, "Now: 9 requests per minute, 20.00 USD a month")
	f.Set("stamp", "old")
	wants(t, ada.post(at, f), 409, "The options have changed since you opened this page")
	wants(t, ada.get("/teams/harbour/people/eve/limits"), 404)
	wants(t, ben.post(at, f), 403)
	lines, err := h.db.Audit(ctx, team, 0, 10)
	must(t, err)
	if len(lines) != 2 || lines[0].Action != "member.limits" || lines[0].Target != "person ben" {
		t.Errorf("recorded: %+v", lines)
	}
}

// What is left of the server's budget reveals what other teams spend, so only
// the server's admins see it, whichever team the others ask in.
func TestOnlyTheServersAdminsSeeWhatItHasLeft(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ctx := t.Context()
	must(t, h.db.SetServerLimits(ctx, openmates.Limits{PerMonth: 50_000_000}))
	m, err := h.db.MateByHandle(ctx, "sophia")
	must(t, err)
	m.Limits.PerMonth = 47_000_000
	_, err = h.db.SaveMate(ctx, m)
	must(t, err)
	wants(t, h.as("eve").get("/teams/lighthouse/limits"), 200, "At most 50.00 USD, the limit of the server.")
	must(t, h.db.SetTeamLimits(ctx, teamID(t, h, "lighthouse"), openmates.Limits{PerMonth: 20_000_000}))
	pages := map[string][]string{
		"ben": {"/", "/profile", "/teams/harbour", "/teams/harbour/people"},
		"eve": {"/", "/profile", "/teams/lighthouse", "/teams/lighthouse/people", "/teams/lighthouse/limits", "/teams/lighthouse/usage", "/teams/lighthouse/connect", "/teams/lighthouse/people/eve/limits"},
	}
	seen := func() map[string]string {
		all := map[string]string{}
		for name, paths := range pages {
			b := h.as(name)
			for _, path := range paths {
				got := b.get(path)
				if got.status != 200 {
					t.Fatalf("%s of %s: %d", path, name, got.status)
				}
				all[name+" "+path] = got.body
			}
		}
		return all
	}
	spoken := func(team string) {
		h.spends(team, map[string]string{"harbour": "ada", "lighthouse": "eve"}[team], team, "sophia", 7_000_000, time.Now())
	}
	spoken("lighthouse")
	wants(t, h.as("eve").get("/profile"), 200, "13.00 USD of the team’s budget of 20.00 USD left")
	before := seen()
	spoken("harbour")
	after := seen()
	for page, body := range before {
		if strings.HasPrefix(page, "eve ") && after[page] != body {
			t.Errorf("%s tells that another team has spent something:\n%s", page, after[page])
		}
		if strings.Contains(after[page], "server’s budget") || strings.Contains(after[page], "36.00") {
			t.Errorf("%s tells what the server has left", page)
		}
	}
	wants(t, h.as("ada").get("/profile"), 200, "36.00 USD of the server’s budget of 50.00 USD left.")
}
