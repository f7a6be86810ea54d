package web

import (
	"net/http"

	"openmates"
	"openmates/internal/intake"
	"openmates/internal/mate"
	"openmates/internal/policy"
)

// memberLimitsPage is where a person's limits within the team are set.
type memberLimitsPage struct {
	inTeam
	Member    openmates.User
	Sheet     sheetForm
	Above     mate.Above
	Allowance mate.Allowance
}

func (s *Server) memberLimits(w http.ResponseWriter, r *http.Request) error {
	p, _, err := s.memberLimitsPage(r)
	if err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "memberlimits", p)
}

func (s *Server) memberLimitsPage(r *http.Request) (*memberLimitsPage, policy.Place, error) {
	c, place := placeOf(r)
	m, err := s.team.Member(r.Context(), place, r.PathValue("username"))
	if err != nil {
		return nil, place, err
	}
	p := &memberLimitsPage{inTeam: s.inTeam(r, c, place), Member: m.User}
	sheet, err := s.mate.MemberSheet(r.Context(), place.Team, m.User)
	if err != nil {
		return nil, place, err
	}
	if p.Above, err = s.mate.AboveMember(r.Context(), place.Team); err != nil {
		return nil, place, err
	}
	if p.Allowance, err = s.mate.Allowance(r.Context(), place.Team, m.User); err != nil {
		return nil, place, err
	}
	p.Sheet, err = s.newSheet(r.Context(), m.User.DisplayName, "/teams/"+place.Team.Slug+"/people/"+m.User.Username+"/limits", sheet, p.Allowance.Spent)
	return p, place, err
}

func (s *Server) setMemberLimits(w http.ResponseWriter, r *http.Request) error {
	p, place, err := s.memberLimitsPage(r)
	if err != nil {
		return err
	}
	t, err := termsOf(r)
	if err != nil {
		return err
	}
	if err := s.mate.SetMember(r.Context(), byWhom(r), place.Team, p.Member, t); err != nil {
		if openmates.CodeOf(err) == openmates.EInternal {
			return err
		}
		p.Sheet.keep(t, err)
		return s.show(w, intake.StatusOf(err), "memberlimits", p)
	}
	return s.done(w, r, p.Sheet.Action, openmates.T("%s’s limits are saved and apply from the next question.", p.Member.DisplayName))
}
