package web

import (
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/messenger"
)

func sampleGuests(m openmates.Mate) []connect.Guest {
	g := connect.Guest{Mate: connect.Mate{Mate: m}, Bot: connect.Bot{State: messenger.State{Phase: messenger.Off, Reason: "Paused."}}, Presence: connect.Present, CanAdd: true, Since: time.Now().Add(-time.Hour)}
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
	channels := []messenger.ChannelView{{ID: "1", Name: "#a", Seen: true}, {ID: "2", Name: "#b", Seen: true, Missing: []string{"X", "Y"}}, {ID: "3", Name: "#c"}}
	return append(all, guestPage{inTeam: base, Place: p, Row: newGuestRow(sampleGuests(m)[0], connect.Look{}, true), Channels: channels, Open: channels[:1]})
}

// Every state of a mate in a place has its word and its cure.
func TestStatesOfAGuest(t *testing.T) {
	t.Parallel()
	all := sampleGuests(openmates.Mate{Name: "Sophia", Handle: "sophia"})
	open := messenger.ChannelView{Name: "#general", Seen: true}
	shut := messenger.ChannelView{Name: "#news", Seen: true, Missing: []string{"Send Messages"}}
	hidden := messenger.ChannelView{Name: "#board", Missing: []string{"View Channels"}}
	look := func(lacking []string, channels ...messenger.ChannelView) connect.Look {
		return connect.Look{Survey: messenger.Survey{Lacking: lacking, Channels: channels}}
	}
	for _, c := range []struct {
		guest       connect.Guest
		look        connect.Look
		state, says string
		again       bool
	}{
		{all[0], look(nil, open, hidden), "In", "It answers in #general.", false},
		{all[0], look(nil, open, shut), "In, not everywhere", "In #news it lacks Send Messages.", false},
		{all[0], look(nil, shut), "Can't answer", "In #news it lacks Send Messages.", false},
		{all[0], look(nil, hidden), "Sees no channel", "View Channels", false},
		{all[0], look([]string{"Attach Files"}, open), "Needs re-invite", "Attach Files", true},
		{all[0], connect.Look{Gone: true}, "Removed there", "add it again", true},
		{all[0], connect.Look{Err: openmates.Errorf(openmates.EUnavailable, "down")}, "In", "not known right now", false},
		{all[1], connect.Look{}, "Not in yet", "", false},
		{all[2], connect.Look{}, "Removed there", "add it again", true},
		{all[3], connect.Look{}, "Not ready", "not set up", false},
	} {
		row := newGuestRow(c.guest, c.look, true)
		if row.State.Text != c.state || row.Again != c.again || !strings.Contains(strings.Join(row.Says, " "), c.says) {
			t.Errorf("%+v, want %s, %q", row, c.state, c.says)
		}
	}
}
