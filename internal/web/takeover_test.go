package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/messenger/discord"
	"openmates/internal/messenger/discord/discordtest"
)

// holds names the team that a guild belongs to.
func (a *arena) holds(guild string) string {
	a.t.Helper()
	t, err := a.db.TeamAt(context.Background(), discord.Network, openmates.WorkspaceID(guild))
	must(a.t, err)
	return t.Slug
}

// thrownOut removes a bot from a guild and waits until that is noticed here.
func (a *arena) thrownOut(guild, mate, bot string) {
	a.t.Helper()
	a.sim.Kick(guild, bot)
	a.await("the kick is noticed", func() bool {
		in, err := a.db.InstallationAt(context.Background(), a.botID(mate), openmates.WorkspaceID(guild))
		return err == nil && !in.Left.IsZero()
	})
}

func (a *arena) record(slug string) (actions []string) {
	a.t.Helper()
	lines, err := a.db.Audit(context.Background(), teamID(a.t, a.house, slug), 0, 50)
	must(a.t, err)
	for _, l := range lines {
		actions = append(actions, l.Action)
		if l.Action == "team.workspace_lost" && l.Actor != 0 {
			a.t.Error("the old team is told who took it over")
		}
	}
	return actions
}

// Eve connects a guild that she manages for a day. It stays hers while one of
// her mates is in it; once the owner has kicked the mates, the owner's consent
// takes it over, and Eve's team is told.
func TestAGuildGoesToWhoProvesItAnew(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	wants(t, a.back(a.eve, a.install(a.eve, "lighthouse", "sophia", a.ann, a.ours)), 303)

	for _, mate := range []string{"sophia", "mark"} {
		got := a.back(a.ada, a.install(a.ada, "harbour", mate, a.ann, a.ours))
		wants(t, got, 409, "Sophia, which works for that team, is still there", "A server admin can disconnect it at", "/server/workspaces?q=")
		if strings.Contains(got.body, "Lighthouse") || a.holds(a.ours.ID) != "lighthouse" {
			t.Errorf("with %s it belongs to %s:\n%s", mate, a.holds(a.ours.ID), got.body)
		}
	}
	if !a.left(a.ours) {
		t.Error("Mark stays in a guild that he was added to in vain")
	}

	a.thrownOut(a.ours.ID, "sophia", a.app.BotID)
	wants(t, a.eve.get("/teams/lighthouse/connect"), 200, "Removed")
	wants(t, a.back(a.ada, a.install(a.ada, "harbour", "sophia", a.ann, a.ours)), 303)
	if a.holds(a.ours.ID) != "harbour" {
		t.Fatalf("after the owner's consent it belongs to %s", a.holds(a.ours.ID))
	}
	wants(t, a.ada.get("/teams/harbour/connect"), 200, "Ours")
	if got := fmt.Sprint(a.record("harbour")); !strings.Contains(got, "team.workspace_taken_over") {
		t.Errorf("the new team's record: %s", got)
	}
	if got := fmt.Sprint(a.record("lighthouse")); !strings.Contains(got, "team.workspace_lost") {
		t.Errorf("the old team's record: %s", got)
	}
	page := a.eve.get("/teams/lighthouse")
	wants(t, page, 200, "“Ours” on Discord now belongs to another team")
	if strings.Contains(page.body, "Harbour") {
		t.Error("the old team is told which team has it")
	}
	id := regexpFind(t, page.body, `/notices/(\d+)/read`)
	wants(t, a.ada.post("/teams/lighthouse/notices/"+id+"/read", nil), 404)
	if got := a.eve.follow("/teams/lighthouse/notices/"+id+"/read", nil); strings.Contains(got.body, "now belongs to another team") {
		t.Error("a notice that was read is shown still")
	}
	wants(t, a.back(a.eve, a.install(a.eve, "lighthouse", "sophia", a.ann, a.ours)), 409) // not back again while it is Harbour's
	if a.holds(a.ours.ID) != "harbour" {
		t.Error("Eve has it again")
	}
}

// The database alone doesn't decide: a kick that no listener saw counts, and so
// does a mate without a row.
func TestATakeoverAsksTheNetwork(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	wants(t, a.back(a.eve, a.install(a.eve, "lighthouse", "sophia", a.ann, a.ours)), 303)
	a.sim.Install(a.ours.ID, a.mark.ID, int64(discord.Default)) // by a bare link
	a.thrownOut(a.ours.ID, "sophia", a.app.BotID)
	got := a.back(a.ada, a.install(a.ada, "harbour", "sophia", a.ann, a.ours))
	wants(t, got, 409, "Mark, which works for that team, is still there")
	a.sim.Kick(a.ours.ID, a.mark.BotID)
	a.sim.Kick(a.ours.ID, a.app.BotID)

	// As if every listener had missed it: the row says that Sophia is there.
	_, err := a.db.AddInstallation(context.Background(), openmates.Installation{BotID: a.botID("sophia"), TeamID: teamID(t, a.house, "lighthouse"), Workspace: openmates.WorkspaceID(a.ours.ID), Name: "Ours"})
	must(t, err)
	a.discords.Store(int64(3 * time.Minute)) // which was a while ago
	wants(t, a.back(a.ada, a.install(a.ada, "harbour", "sophia", a.ann, a.ours)), 303)
	if a.holds(a.ours.ID) != "harbour" {
		t.Errorf("it belongs to %s", a.holds(a.ours.ID))
	}
}

// Where the network can't say who is there, nothing changes hands.
func TestATakeoverNeedsAnAnswer(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	wants(t, a.back(a.eve, a.install(a.eve, "lighthouse", "sophia", a.ann, a.ours)), 303)
	a.thrownOut(a.ours.ID, "sophia", a.app.BotID)
	q := a.install(a.ada, "harbour", "sophia", a.ann, a.ours)
	a.sim.Faults(a.app.ID, discordtest.Faults{Fail: []discordtest.Failure{{Method: http.MethodGet, Path: "/guilds/*/members/*", Status: http.StatusInternalServerError, Times: 20}}})
	wants(t, a.back(a.ada, q), 503, "couldn&#39;t tell whether that team&#39;s mates are still there")
	if a.holds(a.ours.ID) != "lighthouse" {
		t.Errorf("it belongs to %s", a.holds(a.ours.ID))
	}
}

// Two people take it over while the holder returns: one of them gets it, and
// the others are told so.
func TestATakeoverIsDecidedOnce(t *testing.T) {
	t.Parallel()
	for round := range 4 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			a := newArena(t)
			wants(t, a.back(a.eve, a.install(a.eve, "lighthouse", "sophia", a.ann, a.ours)), 303)
			a.thrownOut(a.ours.ID, "sophia", a.app.BotID)
			codes := together(a.ada, a.install(a.ada, "harbour", "sophia", a.ann, a.ours), a.eve, a.install(a.eve, "lighthouse", "sophia", a.ann, a.ours))
			if codes[303] != 1 || codes[409] != 1 {
				t.Errorf("%v", codes)
			}
			in, err := a.db.InstallationAt(t.Context(), a.botID("sophia"), openmates.WorkspaceID(a.ours.ID))
			must(t, err)
			if team, err := a.db.TeamBySlug(t.Context(), a.holds(a.ours.ID)); err != nil || in.TeamID != team.ID || !in.Left.IsZero() {
				t.Errorf("Sophia is %+v in a guild of %+v", in, team)
			}
		})
	}
}
