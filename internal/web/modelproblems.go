package web

import (
	"context"
	"iter"
	"slices"
	"strings"

	"openmates"
	"openmates/internal/model"
)

// modelProblems adds problems with providers, and mates without a model, to the
// overview.
func (s *Server) modelProblems(ctx context.Context, o *overview) error {
	all, err := s.model.Providers(ctx)
	if err != nil {
		return err
	}
	for _, v := range all {
		if v.Problem != "" {
			o.Problems = append(o.Problems, Problem{What: v.Problem, Path: "/server/providers/" + v.Name})
		}
	}
	mute, err := s.model.Mute(ctx)
	if err != nil || len(all) == 0 { // without a provider, the setup says what to do
		return err
	}
	if !slices.ContainsFunc(all, func(v model.View) bool { return v.Enabled > 0 }) {
		o.Problems = append(o.Problems, Problem{What: openmates.T("Mates can’t answer: no model is enabled."), Cure: openmates.T("Enable at least one on the provider’s page."), Path: "/server/providers/" + all[0].Name})
		return nil
	}
	for why, mates := range byReason(mute) {
		p := Problem{What: openmates.T("%s can’t answer: %s", mates[0].Name, why), Cure: openmates.T("Choose another model for %s.", mates[0].Name), Path: "/server/mates/" + mates[0].Handle}
		if len(mates) > 1 {
			p = Problem{What: openmates.T("%s and %d more can’t answer: %s", mates[0].Name, len(mates)-1, why), Cure: openmates.T("Choose other models for them, or another default."), Path: "/server/mates"}
		}
		o.Problems = append(o.Problems, p)
	}
	return nil
}

// byReason groups mates that can't answer by reason, so that one cause is
// listed once. It keeps the order of the mates.
func byReason(mute []model.Effect) iter.Seq2[openmates.Text, []openmates.Mate] {
	return func(yield func(openmates.Text, []openmates.Mate) bool) {
		by := map[openmates.Text][]openmates.Mate{}
		for _, e := range mute {
			by[e.Why] = append(by[e.Why], e.Mate)
		}
		for _, e := range mute {
			mates := by[e.Why]
			delete(by, e.Why)
			if len(mates) > 0 && !yield(e.Why, mates) {
				return
			}
		}
	}
}

// namesOf joins names for use in a sentence.
func namesOf(names []string) string { return strings.Join(names, ", ") }
