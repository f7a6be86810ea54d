package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/messenger"
	"openmates/internal/policy"
)

// lookFor is how long the connect page waits for the networks. What isn't known
// by then is shown as unknown.
const lookFor = 3 * time.Second

// unheardFor is how long the page shows a question that a mate could not answer
// in its channel.
const unheardFor = 7 * 24 * time.Hour

// teamConnectPage shows a team's places, the state of each mate there, and how
// to add more.
type teamConnectPage struct {
	inTeam
	Unheard  []openmates.TroubledTurn // where mates were asked but may not write
	Places   []placeCard
	New      []newcomer // mates that can be added to another place
	Waiting  []connect.TeamMate
	Disjoins bool // the caller may remove mates and places
	RunsIt   bool // the caller is an admin of the server
}

type placeCard struct {
	connect.Place
	Guests []guestRow
	Path   string
	Next   *connect.Guest
	In     int
	Here   bool // something has just happened here
}

// guestRow is a mate in a place, in words.
type guestRow struct {
	connect.Guest
	State words
	Says  []openmates.Text // complete sentences
	Again bool             // adding it again fixes the problem
	Path  string
}

type newcomer struct {
	connect.Mate
	Bots   []connect.Bot     // those that can be added with a link
	Wanted openmates.Network // the network that the person was asked to add this mate on; "" = none
}

// want moves the mate that the person was asked to add to the front and marks
// it.
func want(all []newcomer, hint url.Values) {
	i := slices.IndexFunc(all, func(n newcomer) bool { return n.Handle == hint.Get("mate") })
	if i < 0 {
		return
	}
	n := all[i]
	for _, b := range n.Bots {
		if network := hint.Get("network"); n.Wanted == "" && (network == "" || network == string(b.Network)) {
			n.Wanted = b.Network
		}
	}
	copy(all[1:i+1], all[:i])
	all[0] = n
}

func (s *Server) teamConnect(w http.ResponseWriter, r *http.Request) error {
	c, team := placeOf(r)
	p := teamConnectPage{inTeam: s.inTeam(r, c, team), RunsIt: policy.Require(c, policy.RunServer) == nil}
	p.Disjoins = policy.Allowed(c.User, team.Role, policy.RunTeam)
	places, err := s.connect.Places(r.Context(), team.Team)
	if err != nil {
		return err
	}
	if p.Unheard, err = s.records.Unheard(r.Context(), team.Team.ID, time.Now().Add(-unheardFor)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), lookFor)
	defer cancel()
	for _, place := range places {
		card := newPlaceCard(team.Team.Slug, place, s.connect.LookAround(ctx, place))
		card.Here = place.ID == openmates.WorkspaceID(r.URL.Query().Get("at"))
		p.Places = append(p.Places, card)
	}
	slices.SortStableFunc(p.Places, func(a, b placeCard) int { // where something just happened comes first
		switch {
		case a.Here == b.Here:
			return 0
		case a.Here:
			return -1
		}
		return 1
	})
	mates, err := s.connect.TeamMates(r.Context(), team.Team)
	if err != nil {
		return err
	}
	p.New, p.Waiting = newcomers(mates, s.connect.Networks())
	want(p.New, r.URL.Query())
	return s.show(w, http.StatusOK, "teamconnect", p)
}

// newcomers returns the mates that can be added, and those that have no
// application.
func newcomers(mates []connect.TeamMate, networks []connect.Network) (ready []newcomer, waiting []connect.TeamMate) {
	for _, m := range mates {
		n := newcomer{Mate: m.Mate}
		for _, b := range m.Bots {
			if b.CanAdd() && slices.ContainsFunc(networks, func(n connect.Network) bool { return n.Network == b.Network && n.CanInstall }) {
				n.Bots = append(n.Bots, b)
			}
		}
		if len(n.Bots) > 0 {
			ready = append(ready, n)
		} else {
			waiting = append(waiting, m)
		}
	}
	return ready, waiting
}

func placePath(slug string, p connect.Place) string {
	return "/teams/" + slug + "/connect/" + url.PathEscape(string(p.Network)) + "/" + url.PathEscape(string(p.ID))
}

func newPlaceCard(slug string, p connect.Place, seen map[string]connect.Look) placeCard {
	card := placeCard{Place: p, Path: placePath(slug, p), In: p.In()}
	if next, ok := p.Next(); ok {
		card.Next = &next
	}
	for _, g := range p.Guests {
		look, looked := seen[g.Mate.Handle]
		row := newGuestRow(g, look, looked)
		row.Path = card.Path + "/" + g.Mate.Handle
		card.Guests = append(card.Guests, row)
	}
	return card
}

// newGuestRow describes a mate's state in a place.
func newGuestRow(g connect.Guest, look connect.Look, looked bool) guestRow {
	row := guestRow{Guest: g}
	say := func(state openmates.Text, tone string, sentences ...openmates.Text) guestRow {
		row.State, row.Says = words{state, tone}, sentences
		return row
	}
	switch {
	case g.Presence == connect.Missing && !g.CanAdd:
		return say(openmates.T("Not ready"), "plain", openmates.T("Its application isn’t set up yet."))
	case g.Presence == connect.Missing:
		return say(openmates.T("Not added"), "plain")
	case g.Presence == connect.Left || look.Gone:
		row.Again = g.CanAdd
		return say(openmates.T("Removed"), "bad", openmates.T("Someone removed %s there. If that wasn’t intended, add it again.", g.Mate.Name))
	case !looked || look.Err != nil:
		why := openmates.T("Its permissions there are unknown right now.")
		if openmates.CodeOf(look.Err) == openmates.EInvalid {
			why = openmates.T("%s %s", why, openmates.TextOf(look.Err))
		}
		return say(openmates.T("Added"), "good", why)
	}
	return seenRow(say, look.Survey)
}

// seenRow describes what a survey found; say creates the row.
func seenRow(say func(state openmates.Text, tone string, sentences ...openmates.Text) guestRow, s messenger.Survey) guestRow {
	var open []string
	var shut []openmates.Text
	for _, c := range s.Channels {
		switch {
		case c.Answers() && len(c.Wanting) > 0:
			open = append(open, c.Name)
			shut = append(shut, openmates.T("In %s it can’t reply directly to a question because %s is missing.", c.Name, openmates.List(c.Wanting)))
		case c.Answers():
			open = append(open, c.Name)
		case c.Seen:
			shut = append(shut, openmates.T("In %s, %s is missing.", c.Name, openmates.List(c.Missing)))
		}
	}
	if len(shut) > 4 {
		shut = append(shut[:4], openmates.T("The same goes for other channels."))
	}
	switch {
	case len(s.Lacking) > 0:
		row := say(openmates.T("Invite again"), "warn", append([]openmates.Text{openmates.T("It was added without %s. Add it again to grant that.", openmates.List(s.Lacking))}, shut...)...)
		row.Again = row.CanAdd
		return row
	case len(open) == 0 && len(shut) == 0:
		return say(openmates.T("Can’t see any channel"), "bad", openmates.T("The View Channels permission is missing in every channel, so it receives no messages."))
	case len(open) == 0:
		return say(openmates.T("Can't answer"), "bad", shut...)
	case len(shut) > 0:
		return say(openmates.T("Added, some channels missing"), "warn", append([]openmates.Text{answersIn(open)}, shut...)...)
	}
	return say(openmates.T("Added"), "good", answersIn(open))
}

func answersIn(channels []string) openmates.Text {
	if len(channels) > 3 {
		return openmates.T("It answers in %s and more.", strings.Join(channels[:3], ", "))
	}
	return openmates.T("It answers in %s.", strings.Join(channels, ", "))
}
