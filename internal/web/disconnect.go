package web

import (
	"net/http"
	"strings"

	"openmates"
)

func (s *Server) askDisconnect(r *http.Request) (*question, error) {
	_, team := placeOf(r)
	p, err := s.connect.PlaceOf(r.Context(), team.Team, openmates.Network(r.PathValue("network")), openmates.WorkspaceID(r.PathValue("workspace")))
	if err != nil {
		return nil, err
	}
	return &question{
		Heading:  openmates.T("Disconnect %s?", p.Name),
		Sentence: openmates.T("All mates leave %s and stop answering there immediately. Another team can then connect it.", p.Name),
		Label:    openmates.T("Disconnect"), Back: "/teams/" + team.Team.Slug + "/connect",
	}, nil
}

func (s *Server) disconnect(w http.ResponseWriter, r *http.Request) error {
	c, team := placeOf(r)
	name, stayed, err := s.connect.Disconnect(r.Context(), c.User.ID, team.Team, openmates.Network(r.PathValue("network")), openmates.WorkspaceID(r.PathValue("workspace")))
	if err != nil {
		return err
	}
	said := openmates.T("%s is disconnected, and all mates have left it.", name)
	if len(stayed) > 0 {
		said = openmates.T("%s is disconnected, and mates no longer answer there. These couldn’t leave by themselves; remove them there: %s.", name, strings.Join(stayed, ", "))
	}
	return s.done(w, r, "/teams/"+team.Team.Slug+"/connect", said)
}
