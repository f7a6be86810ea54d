package web

import (
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/messenger"
	"openmates/internal/queue"
)

func sampleGuests(m openmates.Mate) []connect.Guest {
	g := connect.Guest{Mate: connect.Mate{Mate: m}, Bot: connect.Bot{State: messenger.State{Phase: messenger.Off, Reason: openmates.T("Paused.")}}, Presence: connect.Present, CanAdd: true, Since: time.Now().Add(-time.Hour)}
	missing, left, never := g, g, g
	missing.Presence, left.Presence, never.Presence, never.CanAdd = connect.Missing, connect.Left, connect.Missing, false
	return []connect.Guest{g, missing, left, never}
}

func connectSamples(base inTeam, m openmates.Mate) []any {
	p := connect.Place{Network: "discord", Label: "Discord", ID: "1", Name: "<Guild>", Guests: sampleGuests(m)}
	card := newPlaceCard("harbour", p, nil)
	full := newPlaceCard("harbour", connect.Place{ID: "2", Name: "Full", Guests: p.Guests[:1]}, nil)
	here := card
	here.Here, here.ID = true, "3"
	return []any{
		teamConnectPage{inTeam: base},
		teamConnectPage{inTeam: base, Waiting: []connect.TeamMate{{Mate: connect.Mate{Mate: m}}}},
		teamConnectPage{inTeam: base, Unheard: []openmates.TroubledTurn{{Mate: m.Handle, MateName: m.Name, Channel: "#<locked>", Lacks: "Send Messages"}, {Mate: m.Handle, MateName: m.Name}}},
		teamConnectPage{inTeam: base, Places: []placeCard{card, here, full}, Disjoins: true, RunsIt: true,
			New: []newcomer{{Mate: connect.Mate{Mate: m}, Bots: []connect.Bot{{Network: "discord", Label: "Discord"}}}}, Waiting: []connect.TeamMate{{Mate: connect.Mate{Mate: m}}}},
	}
}

func guestSamples(base inTeam, m openmates.Mate) []any {
	p := connect.Place{Network: "discord", Label: "Discord", ID: "1", Name: "<Guild>"}
	var all []any
	for _, g := range sampleGuests(m) {
		all = append(all, guestPage{inTeam: base, Place: p, Row: newGuestRow(g, connect.Look{}, false), Disjoins: true})
	}
	channels := []messenger.ChannelView{{ID: "1", Name: "#a", Seen: true}, {ID: "2", Name: "#b", Seen: true, Missing: []openmates.Text{openmates.T("X"), openmates.T("Y")}}, {ID: "4", Name: "#d", Seen: true, Wanting: []openmates.Text{openmates.T("X")}}, {ID: "3", Name: "#c"}}
	return append(all, guestPage{inTeam: base, Place: p, Row: newGuestRow(sampleGuests(m)[0], connect.Look{}, true), Channels: channels, Open: channels[:1]})
}

// Every state of a mate in a place has its word and its cure.
func TestStatesOfAGuest(t *testing.T) {
	t.Parallel()
	all := sampleGuests(openmates.Mate{Name: "Sophia", Handle: "sophia"})
	open := messenger.ChannelView{Name: "#general", Seen: true}
	shut := messenger.ChannelView{Name: "#news", Seen: true, Missing: []openmates.Text{openmates.T("Send Messages")}}
	poor := messenger.ChannelView{Name: "#poor", Seen: true, Wanting: []openmates.Text{openmates.T("Read Message History")}}
	hidden := messenger.ChannelView{Name: "#board", Missing: []openmates.Text{openmates.T("View Channels")}}
	look := func(lacking []openmates.Text, channels ...messenger.ChannelView) connect.Look {
		return connect.Look{Survey: messenger.Survey{Lacking: lacking, Channels: channels}}
	}
	for _, c := range []struct {
		guest connect.Guest
		look  connect.Look
		state openmates.Text
		says  string
		again bool
	}{
		{all[0], look(nil, open, hidden), openmates.T("Added"), "It answers in #general.", false},
		{all[0], look(nil, open, shut), openmates.T("Added, some channels missing"), "In #news, Send Messages is missing.", false},
		{all[0], look(nil, open, poor), openmates.T("Added, some channels missing"), "In #poor it can’t reply directly to a question because Read Message History is missing.", false},
		{all[0], look(nil, shut), openmates.T("Can't answer"), "In #news, Send Messages is missing.", false},
		{all[0], look(nil, hidden), openmates.T("Can’t see any channel"), "View Channels", false},
		{all[0], look([]openmates.Text{openmates.T("Attach Files")}, open), openmates.T("Invite again"), "Attach Files", true},
		{all[0], connect.Look{Gone: true}, openmates.T("Removed"), "add it again", true},
		{all[0], connect.Look{Err: openmates.Errorf(openmates.EUnavailable, "down")}, openmates.T("Added"), "Its permissions there are unknown right now", false},
		{all[1], connect.Look{}, openmates.T("Not added"), "", false},
		{all[2], connect.Look{}, openmates.T("Removed"), "add it again", true},
		{all[3], connect.Look{}, openmates.T("Not ready"), "Its application isn’t set up yet.", false},
	} {
		row := newGuestRow(c.guest, c.look, true)
		if row.State.Text != c.state || row.Again != c.again || !strings.Contains(openmates.Sentences(row.Says...).String(), c.says) {
			t.Errorf("%+v, want %s, %q", row, c.state, c.says)
		}
	}
}

// Where a mate was asked and may not write is told to the server's admins and
// to the team, with the channel and the permission, until something else comes
// of a later question there.
func TestAdminsSeeWhereAMateCanNotWrite(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada, ctx := h.as("ada"), t.Context()
	m, err := h.connect.Mate(ctx, "sophia")
	must(t, err)
	u, err := h.db.UserByName(ctx, "ada")
	must(t, err)
	teams, err := h.db.TeamsOf(ctx, u.ID)
	must(t, err)
	settle := func(key string, o openmates.Outcome) {
		t.Helper()
		_, err := h.db.AddJob(ctx, queue.Job{Key: key, Lane: "locked"})
		must(t, err)
		o.Key, o.State, o.TeamID, o.MateID = key, openmates.TurnRefused, teams[0].ID, m.ID
		must(t, h.db.Settle(ctx, o))
	}
	settle("1", openmates.Outcome{Why: openmates.TroubleNoAccess, Channel: "#<locked>", Lacks: "Send Messages"})
	wants(t, ada.get("/server"), 200, "The mate was asked in #&lt;locked&gt; but can’t write there: Send Messages is missing.")
	page := "/teams/" + teams[0].Slug + "/connect"
	wants(t, ada.get(page), 200, "#&lt;locked&gt;", "is missing the permission Send Messages")
	settle("2", openmates.Outcome{Why: openmates.TroubleRate})
	if got := ada.get(page); strings.Contains(got.body, "locked") {
		t.Error("it is told although the mate could write there later")
	}
}

// The address of a link without its code says how to get one.
func TestALinkWithoutACode(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	wants(t, h.as("ada").get("/link"), 200, "This link needs a code", "Send /link to any mate in your messenger to get a link with a code", `href="/profile"`)
}
