package web

import (
	"context"
	"net/http"

	"openmates"
	"openmates/internal/intake"
	"openmates/internal/policy"
)

type teamLimitsPage struct {
	inTeam
	Sheet sheetForm
	Mute  []openmates.Text // messages about mates that have no model under these limits
	Name  string
	Error openmates.Text
}

func (s *Server) teamLimits(w http.ResponseWriter, r *http.Request) error {
	p, _, err := s.teamLimitsPage(r)
	if err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "teamlimits", p)
}

func (s *Server) teamLimitsPage(r *http.Request) (*teamLimitsPage, policy.Place, error) {
	c, place := placeOf(r)
	p := &teamLimitsPage{inTeam: s.inTeam(r, c, place), Name: place.Team.Name}
	sheet, err := s.mate.TeamSheet(r.Context(), place.Team.Limits)
	if err != nil {
		return nil, place, err
	}
	spent, err := s.team.Usage(r.Context(), c, place)
	if err != nil {
		return nil, place, err
	}
	p.Sheet, err = s.newSheet(r.Context(), place.Team.Name, "/teams/"+place.Team.Slug+"/limits", sheet, spent.Cost)
	if err != nil {
		return nil, place, err
	}
	p.Mute, err = s.muteIn(r.Context(), place.Team)
	return p, place, err
}

// muteIn returns messages about the mates that have no model under a team's
// limits.
func (s *Server) muteIn(ctx context.Context, t openmates.Team) (all []openmates.Text, err error) {
	mates, err := s.connect.TeamMates(ctx, t)
	if err != nil {
		return nil, err
	}
	for _, m := range mates {
		name, err := s.model.Answering(ctx, m.Mate.Mate)
		if err != nil || policy.TeamAllows(t, policy.Named(openmates.KindModel, name)) {
			continue // without any model, the server's pages say so
		}
		all = append(all, openmates.T("%s can’t answer here because %s isn’t allowed. Allow that model, or ask a server admin to give %s another one.", m.Name, name, m.Name))
	}
	return all, nil
}

func (s *Server) setTeamLimits(w http.ResponseWriter, r *http.Request) error {
	p, place, err := s.teamLimitsPage(r)
	if err != nil {
		return err
	}
	t, err := termsOf(r)
	if err != nil {
		return err
	}
	if err := s.mate.SetTeam(r.Context(), byWhom(r), place.Team, t); err != nil {
		if openmates.CodeOf(err) == openmates.EInternal {
			return err
		}
		p.Sheet.keep(t, err)
		return s.show(w, intake.StatusOf(err), "teamlimits", p)
	}
	return s.done(w, r, "/teams/"+place.Team.Slug+"/limits", openmates.T("The team’s mates and limits are saved and apply from the next question."))
}

func (s *Server) renameTeam(w http.ResponseWriter, r *http.Request) error {
	p, place, err := s.teamLimitsPage(r)
	if err != nil {
		return err
	}
	f, err := form(r)
	if err != nil {
		return err
	}
	if err := s.team.RenameTeam(r.Context(), openmates.CallerOf(r.Context()), place, f.Get("name")); err != nil {
		if openmates.CodeOf(err) == openmates.EInternal {
			return err
		}
		p.Name, p.Error = f.Get("name"), openmates.TextOf(err)
		return s.show(w, intake.StatusOf(err), "teamlimits", p)
	}
	return s.done(w, r, "/teams/"+place.Team.Slug+"/limits", openmates.T("The team is renamed."))
}
