package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// A server admin sees everyone, adds and removes admins, and deletes an
// account; the last admin stays.
func TestAllPeople(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada, ben := h.as("ada"), h.as("ben")
	wants(t, ada.get("/server/people"), 200, "Ada Lovelace", "Server admin", "Ben Bitdiddle", "Last seen", "Eve Outside", "Lighthouse", `href="/server/reset?user=ben"`)
	wants(t, ada.get("/server/reset?user=ben"), 200, `value="ben"`)
	got := ada.get("/server/people?q=bitd")
	wants(t, got, 200, "Ben Bitdiddle")
	if strings.Contains(got.body, "Eve Outside") {
		t.Error("the search finds everybody")
	}
	wants(t, ada.get("/server/people?q=100%25"), 200, "No one found")
	wants(t, ben.get("/server"), 403)
	wants(t, ada.confirms("/server/people/ada/admin", url.Values{"admin": {"no"}}), 409, "This is the only server admin. Make someone else an admin first.")
	wants(t, ada.confirms("/server/people/ada/remove", nil), 409, "This is your own account")
	wants(t, ada.confirms("/server/people/ben/admin", url.Values{"admin": {"yes"}}), 200, "Ben Bitdiddle is now a server admin")
	wants(t, ben.get("/server/people"), 200) // immediately, in his existing session
	wants(t, ben.confirms("/server/people/ada/admin", url.Values{"admin": {"no"}}), 200, "is no longer a server admin")
	wants(t, ada.get("/server/people"), 403)
	wants(t, ben.confirms("/server/people/ada/remove", nil), 409, "This is the only admin of Harbour, and there are other members.")
	wants(t, ben.confirms("/server/people/eve/remove", nil), 200, "Eve Outside’s account has been deleted")
	if _, err := h.db.TeamBySlug(t.Context(), "lighthouse"); openmates.CodeOf(err) != openmates.ENotFound {
		t.Error("a team that nobody is left in stays")
	}
	wants(t, ben.get("/server/people/nobody/remove"), 404)
	lines, err := h.db.FindAudit(t.Context(), openmates.AuditSearch{Limit: 50})
	must(t, err)
	for _, action := range []string{"server.admin", "server.remove_person"} {
		if !slices.ContainsFunc(lines, func(l openmates.AuditLine) bool { return l.Action == action && l.Username == "ben" }) {
			t.Errorf("the record lacks %s", action)
		}
	}
}

// The lists are cut on the server, and every line is on one page exactly.
func TestDirectoryPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada := h.as("ada")
	bot := func() openmates.Bot {
		all, err := h.db.Bots(t.Context())
		must(t, err)
		return all[0]
	}()
	for i := range 2*linesAtOnce + 7 {
		name := fmt.Sprintf("crew-%03d", i)
		team, err := h.db.AddTeam(t.Context(), openmates.Team{Slug: name, Name: name})
		must(t, err)
		_, err = h.db.AddUser(t.Context(), openmates.User{Username: name, DisplayName: name}, "")
		must(t, err)
		_, err = h.db.AddInstallation(t.Context(), openmates.Installation{BotID: bot.ID, TeamID: team.ID, Workspace: openmates.WorkspaceID(name), Name: name})
		must(t, err)
	}
	for _, at := range []string{"/server/people", "/server/teams", "/server/workspaces"} {
		seen, pages := map[string]int{}, 0
		for next := at + "?q=crew"; next != ""; pages++ {
			page := ada.get(next)
			wants(t, page, 200)
			for i := range 2*linesAtOnce + 7 {
				if name := fmt.Sprintf("crew-%03d", i); strings.Contains(page.body, `translate="no">`+name+`</b>`) {
					seen[name]++
				}
			}
			next = ""
			if strings.Contains(page.body, "Next page") {
				next = strings.ReplaceAll(regexpFind(t, page.body, `href="([^"]+)">Next page`), "&amp;", "&")
			}
		}
		if pages != 3 || len(seen) != 2*linesAtOnce+7 {
			t.Errorf("%s: %d lines on %d pages", at, len(seen), pages)
		}
		for name, n := range seen {
			if n != 1 {
				t.Errorf("%s shows %s %d times", at, name, n)
			}
		}
	}
}

// A team is removed by an admin of the server who is not in it: its people keep
// their accounts, its workspaces are free, its mates leave, and what it spent
// stays in the books.
func TestRemoveAnyTeam(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada, eve, ctx := h.as("ada"), h.as("eve"), context.Background()
	q, err := h.network.Install(eve.post("/teams/lighthouse/install", url.Values{"mate": {"sophia"}, "network": {"testnet"}}).header.Get("Location"), messenger.Workspace{ID: "55", Name: "Pier"})
	must(t, err)
	wants(t, eve.follow("/messenger/connect", q), 200)
	u, err := h.db.UserByName(ctx, "eve")
	must(t, err)
	sophia, err := h.connect.Mate(ctx, "sophia")
	must(t, err)
	must(t, h.db.Reserve(ctx, "k", openmates.Usage{MateID: sophia.ID, TeamID: teamID(t, h, "lighthouse"), UserID: u.ID, Model: "m", Cost: 4_000_000, At: time.Now()}, nil))

	wants(t, ada.get("/server/teams"), 200, "Lighthouse", "1 person", "1 workspace", "1 mate", "4.00 USD this month", "/server/people?q=eve")
	wants(t, ada.get("/server/workspaces?q=pier"), 200, "Pier", "on Testnet", "mates: Sophia", "/server/teams?q=lighthouse")
	wants(t, ada.get("/teams/lighthouse"), 404) // a look at the list lets nobody in
	wants(t, ada.get("/server/teams/lighthouse/remove"), 200, "Remove the team Lighthouse?", `name="leave" value="yes" checked`)
	wants(t, ada.confirms("/server/teams/lighthouse/remove", url.Values{"leave": {"yes"}}), 200, "The team Lighthouse has been removed.")
	wants(t, eve.get("/teams/lighthouse"), 404)
	wants(t, eve.get("/profile"), 200)
	if got := h.network.Leaves(); !slices.Equal(got, []string{"1001 55"}) {
		t.Errorf("the bots left %v", got)
	}
	if _, err := h.db.TeamAt(ctx, "testnet", "55"); openmates.CodeOf(err) != openmates.ENotFound {
		t.Error("the workspace is somebody's still")
	}
	month, err := h.db.Month(ctx, time.Now())
	must(t, err)
	if month.Cost != 4_000_000 {
		t.Errorf("the books say %v", month.Cost)
	}
	// Another team may have it at once.
	q, err = h.network.Install(ada.post("/teams/harbour/install", url.Values{"mate": {"sophia"}, "network": {"testnet"}}).header.Get("Location"), messenger.Workspace{ID: "55", Name: "Pier"})
	must(t, err)
	wants(t, ada.follow("/messenger/connect", q), 200, "Sophia has joined Pier")
}

// A workspace is disconnected, with its mates leaving or staying, and its team
// is told.
func TestUntie(t *testing.T) {
	t.Parallel()
	for _, leave := range []bool{true, false} {
		h := newHouse(t).furnish()
		ada, eve := h.as("ada"), h.as("eve")
		q, err := h.network.Install(eve.post("/teams/lighthouse/install", url.Values{"mate": {"sophia"}, "network": {"testnet"}}).header.Get("Location"), messenger.Workspace{ID: "55", Name: "Pier"})
		must(t, err)
		wants(t, eve.follow("/messenger/connect", q), 200)
		form := url.Values{}
		if leave {
			form.Set("leave", "yes")
		}
		at := "/server/workspaces/testnet/55/untie"
		wants(t, eve.post(at, sure(form)), 403)
		wants(t, ada.get(at), 200, "Disconnect Pier from Lighthouse?")
		wants(t, ada.follow(at, sure(form)), 200, "“Pier”", "No workspaces found")
		wants(t, ada.get(at), 404, "connected to a team (any more)")
		if got := len(h.network.Leaves()) == 1; got != leave {
			t.Errorf("the bot left: %v, want %v", got, leave)
		}
		wants(t, eve.get("/teams/lighthouse"), 200, "A server admin has disconnected “Pier” on Testnet from your team")
		wants(t, eve.get("/teams/lighthouse/connect"), 200, "Connect your first workspace")
	}
}
