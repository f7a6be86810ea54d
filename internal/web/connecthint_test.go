package web

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"openmates"
	"openmates/internal/connect/connecttest"
)

// The refusal in a place without a team links to the team's connect page, with
// the mate that was asked there.
// page of the team, with the mate that was asked there to begin with.
func TestRefusalLeadsToTheConnectPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	b := h.as("ada")
	u, err := url.Parse(h.connect.ConnectPage(connecttest.Name, "w9", "sophia"))
	must(t, err)
	got := b.get(u.RequestURI())
	at := got.header.Get("Location")
	if got.status != 303 || at != "/teams/harbour/connect?at=w9&mate=sophia&network="+string(connecttest.Name) {
		t.Fatalf("%d to %q", got.status, at)
	}
	const focused = " autofocus>Authorize on"
	wants(t, b.get(at), 200, focused)
	for _, other := range []string{"", "?mate=mark", "?mate=sophia&network=elsewhere", "?mate=%22%3E%3Cscript%3E"} {
		if page := b.get("/teams/harbour/connect" + other); page.status != 200 || strings.Contains(page.body, focused) || strings.Contains(page.body, "<script>") {
			t.Errorf("%q: %d, or a mate that nobody asked for is in focus", other, page.status)
		}
	}
	ada, err := h.db.UserByName(t.Context(), "ada")
	must(t, err)
	must(t, h.db.AddMember(context.Background(), openmates.Membership{TeamID: teamID(t, h, "lighthouse"), UserID: ada.ID, Role: openmates.RoleMember}))
	wants(t, b.get(u.RequestURI()), 200, "Choose a team", `href="/teams/harbour/connect?at=w9&amp;mate=sophia`, `href="/teams/lighthouse/connect?at=w9&amp;mate=sophia`)
}

func TestWantedMateComesFirst(t *testing.T) {
	t.Parallel()
	var all []newcomer
	for _, handle := range []string{"a", "b", "c"} {
		n := newcomer{}
		n.Handle = handle
		all = append(all, n)
	}
	want(all, url.Values{"mate": {"c"}})
	if all[0].Handle+all[1].Handle+all[2].Handle != "cab" {
		t.Errorf("%+v", all)
	}
}
