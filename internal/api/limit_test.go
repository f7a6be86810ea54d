package api

import (
	"encoding/json"
	"strings"
	"testing"

	"openmates"
)

// What is left of the server's budget reveals what other teams spend. Only the
// server's admins see it, and not through a token without that scope.
func TestOnlyTheServersAdminsSeeWhatItHasLeft(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	must(t, h.db.SetServerLimits(ctx, openmates.Limits{PerMonth: 50_000_000}))
	must(t, h.db.SetTeamLimits(ctx, h.team.ID, openmates.Limits{PerMonth: 48_000_000}))
	must(t, h.db.AddMember(ctx, openmates.Membership{TeamID: h.team.ID, UserID: h.people["zoe"].ID, Role: openmates.RoleMember}))
	sophia, err := h.db.MateByHandle(ctx, "sophia")
	must(t, err)
	sophia.Limits.PerMonth = 45_000_000
	_, err = h.db.SaveMate(ctx, sophia)
	must(t, err)
	spends := func(key string, team openmates.Team, name string, cost openmates.Micros) {
		t.Helper()
		must(t, h.db.Reserve(ctx, key, openmates.Usage{TeamID: team.ID, UserID: h.people[name].ID, MateID: sophia.ID, Cost: cost}, nil))
	}
	limits := func(who string) string {
		t.Helper()
		resp, v := h.do(who, "GET", "/me/limits", "")
		if resp.StatusCode != 200 {
			t.Fatalf("%d %v", resp.StatusCode, v)
		}
		b, err := json.Marshal(v)
		must(t, err)
		return string(b)
	}
	spends("ours", h.team, "dan", 1_000_000)
	others := []string{h.as("ben"), h.as("cleo"), h.token("zoe", false, openmates.ScopeRead)}
	var before []string
	for _, who := range others {
		before = append(before, limits(who))
	}
	spends("theirs", h.other, "eve", 40_000_000)
	for i, who := range others {
		after := limits(who)
		if after != before[i] {
			t.Errorf("what another team spends is told: %s, before %s", after, before[i])
		}
		if strings.Contains(after, `"server"`) || !strings.Contains(after, `"left":47000000`) || !strings.Contains(after, `"per_month":48000000`) {
			t.Errorf("told %s", after)
		}
	}
	if got := limits(h.as("zoe")); !strings.Contains(got, `"left":9000000`) || !strings.Contains(got, `{"layer":"server","of":50000000,"spent":41000000}`) {
		t.Errorf("the server's admin is told %s", got)
	}
}
