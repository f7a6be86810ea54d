package web

import (
	"net/http"

	"openmates"
	"openmates/internal/policy"
	"openmates/internal/team"
)

// notices returns the team admins' unread notices. If that fails, the page is
// shown without them.
func (s *Server) notices(r *http.Request, c openmates.Caller, p policy.Place) []team.Notice {
	all, err := s.team.Notices(r.Context(), c, p)
	if err != nil {
		s.logError(r, err)
	}
	return all
}

// dropNotice dismisses a notice.
func (s *Server) dropNotice(w http.ResponseWriter, r *http.Request) error {
	c, place := placeOf(r)
	id, err := openmates.ParseID(r.PathValue("id"))
	if err != nil {
		return s.nothingHere(w, r)
	}
	if err := s.team.DropNotice(r.Context(), c, place, id); err != nil && openmates.CodeOf(err) != openmates.ENotFound {
		return err
	}
	return to(w, r, "/teams/"+place.Team.Slug)
}
