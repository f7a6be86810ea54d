package web

import (
	"context"
	"net/http"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/messenger"
	"openmates/internal/policy"
)

// guestPage shows one mate in one place, with the channels that it can see.
type guestPage struct {
	inTeam
	Place    connect.Place
	Row      guestRow
	Channels []messenger.ChannelView
	Open     []messenger.ChannelView // where a test message can be sent
	Disjoins bool
}

// guestOf returns the mate and the place named in the path.
func (s *Server) guestOf(r *http.Request) (openmates.Caller, policy.Place, connect.Place, connect.Guest, error) {
	c, team := placeOf(r)
	p, err := s.connect.PlaceOf(r.Context(), team.Team, openmates.Network(r.PathValue("network")), openmates.WorkspaceID(r.PathValue("workspace")))
	if err != nil {
		return c, team, p, connect.Guest{}, err
	}
	for _, g := range p.Guests {
		if g.Mate.Handle == r.PathValue("mate") {
			return c, team, p, g, nil
		}
	}
	return c, team, p, connect.Guest{}, openmates.Errorf(openmates.ENotFound, "The team %s doesn’t have this mate.", team.Team.Name)
}

func (s *Server) guest(w http.ResponseWriter, r *http.Request) error {
	c, team, place, g, err := s.guestOf(r)
	if err != nil {
		return err
	}
	p := guestPage{inTeam: s.inTeam(r, c, team), Place: place, Disjoins: policy.Allowed(c.User, team.Role, policy.RunTeam)}
	ctx, cancel := context.WithTimeout(r.Context(), 2*lookFor)
	defer cancel()
	var look connect.Look
	looked := false
	if g.Presence == connect.Present {
		look, looked = s.connect.LookAt(ctx, place, g, true)
	}
	p.Row = newGuestRow(g, look, looked)
	p.Row.Path = placePath(team.Team.Slug, place) + "/" + g.Mate.Handle
	p.Channels = look.Survey.Channels
	for _, ch := range p.Channels {
		if ch.Answers() {
			p.Open = append(p.Open, ch)
		}
	}
	return s.show(w, http.StatusOK, "guest", p)
}

func (s *Server) testGuest(w http.ResponseWriter, r *http.Request) error {
	_, team, place, g, err := s.guestOf(r)
	if err != nil {
		return err
	}
	f, err := form(r)
	if err != nil {
		return err
	}
	where, err := s.connect.SendTest(r.Context(), team.Team, place.Network, place.ID, g.Mate.Handle, openmates.ChannelID(f.Get("channel")))
	if err != nil {
		return err
	}
	return s.done(w, r, placePath(team.Team.Slug, place)+"/"+g.Mate.Handle, openmates.T("%s has posted in %s.", g.Mate.Name, where))
}

func (s *Server) askRemoveGuest(r *http.Request) (*question, error) {
	_, team, place, g, err := s.guestOf(r)
	if err != nil {
		return nil, err
	}
	if g.Presence == connect.Missing {
		return nil, openmates.Errorf(openmates.ENotFound, "This mate isn’t in %s (any more).", place.Name)
	}
	return &question{
		Heading:  openmates.T("Remove %s from %s?", g.Mate.Name, place.Name),
		Sentence: openmates.T("%s leaves %s and stops answering there immediately. You can add it again.", g.Mate.Name, place.Name),
		Label:    openmates.T("Remove"), Back: placePath(team.Team.Slug, place) + "/" + g.Mate.Handle,
	}, nil
}

func (s *Server) removeGuest(w http.ResponseWriter, r *http.Request) error {
	c, team, place, g, err := s.guestOf(r)
	if err != nil {
		return err
	}
	if _, err := s.connect.Remove(r.Context(), c.User.ID, team.Team, place.Network, place.ID, g.Mate.Handle); err != nil {
		return err
	}
	return s.done(w, r, "/teams/"+team.Team.Slug+"/connect", openmates.T("%s has left %s.", g.Mate.Name, place.Name))
}
