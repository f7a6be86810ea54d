package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"strconv"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/intake"
	"openmates/internal/mate"
)

// matesPage is where an admin sees all mates and turns them on and off.
type matesPage struct {
	shell
	Mates    []mateCard
	Archived []openmates.Mate
	Currency string
}

// mateCard is a mate on that page.
type mateCard struct {
	openmates.Mate
	Bots    []connect.Bot
	Answers string // the model that answers; "" = none
	Spent   openmates.Micros
	Skills  openmates.Tally
	Models  openmates.Tally
}

// mateForm holds a mate's fields as typed, to show them again with an error.
type mateForm struct {
	mate.Draft
	Providers []mate.Group
	Gone      bool // the mate's model no longer exists
	Error     openmates.Text
}

// mateSetupPage is where an admin edits a mate.
type mateSetupPage struct {
	shell
	Mate      openmates.Mate
	Form      mateForm
	Answers   string
	Opened    int64 // the version that the form was opened with
	Versions  []openmates.MateVersion
	Sheet     sheetForm
	Trial     trialForm
	Bots      []connect.Bot
	Networks  []connect.Network
	CopyName  string
	CopyID    string
	CopyError openmates.Text
}

func (s *Server) mates(w http.ResponseWriter, r *http.Request) error {
	p := matesPage{shell: s.shell(r, openmates.T("Mates"))}
	all, err := s.mate.List(r.Context())
	if err != nil {
		return err
	}
	cards, err := s.mateCards(r.Context(), all)
	if err != nil {
		return err
	}
	for _, c := range cards {
		if c.Archived {
			p.Archived = append(p.Archived, c.Mate)
		} else {
			p.Mates = append(p.Mates, c)
		}
	}
	if p.Currency, err = s.currency(r.Context()); err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "mates", p)
}

func (s *Server) mateCards(ctx context.Context, all []openmates.Mate) ([]mateCard, error) {
	tied, err := s.connect.Mates(ctx)
	if err != nil {
		return nil, err
	}
	spent, _, err := s.mate.Spent(ctx)
	if err != nil {
		return nil, err
	}
	cards := make([]mateCard, len(all))
	for i, m := range all {
		sheet, err := s.mate.MateSheet(ctx, m)
		if err != nil {
			return nil, err
		}
		cards[i] = mateCard{Mate: m, Answers: s.answers(ctx, m), Spent: spent[m.ID], Skills: sheet.Skills, Models: sheet.Models}
		for _, t := range tied {
			if t.ID == m.ID {
				cards[i].Bots = t.Bots
			}
		}
	}
	return cards, nil
}

// answers returns the model that answers for a mate, or "" if none does.
func (s *Server) answers(ctx context.Context, m openmates.Mate) string {
	if s.answering == nil {
		return cmp.Or(m.Model, s.shown(ctx).Name)
	}
	name, err := s.answering(ctx, m)
	if err != nil {
		return ""
	}
	return name
}

func (s *Server) currency(ctx context.Context) (string, error) {
	server, err := s.server.Settings(ctx)
	return server.Currency, err
}

// byWhom returns the caller's ID, for the audit log.
func byWhom(r *http.Request) openmates.ID { return openmates.CallerOf(r.Context()).User.ID }

func (s *Server) mateSetup(w http.ResponseWriter, r *http.Request) error {
	p, err := s.mateOf(r)
	if err != nil {
		return err
	}
	if s.identity.TakeOnce(r.Context(), r.URL.Path, &p.Trial.Past) {
		s.typeset(&p.Trial)
	}
	return s.show(w, http.StatusOK, "matesetup", p)
}

// mateOf returns the page of the mate named in the path.
func (s *Server) mateOf(r *http.Request) (*mateSetupPage, error) {
	ctx := r.Context()
	m, err := s.mate.Mate(ctx, r.PathValue("handle"))
	if err != nil {
		return nil, err
	}
	p := &mateSetupPage{shell: s.shell(r, openmates.T("%s", m.Name)), Mate: m, Opened: m.Version, Networks: s.connect.Networks(), Answers: s.answers(ctx, m)}
	p.Form.Draft = mate.Draft{Name: m.Name, Field: m.Field, Description: m.Description, Prompt: m.Prompt, Model: m.Model, Class: m.Class}
	if p.Form.Providers, err = s.mate.Models(ctx); err != nil {
		return nil, err
	}
	p.Form.Gone = m.Model != "" && !lists(p.Form.Providers, m.Model)
	if p.Versions, err = s.mate.Versions(ctx, m); err != nil {
		return nil, err
	}
	if p.Sheet, err = s.mateSheet(ctx, m); err != nil {
		return nil, err
	}
	p.Trial.Ticket = rand.Text()
	p.Trial.Team, err = s.trialTeam(r, m)
	if err != nil || m.Archived {
		return p, err
	}
	tied, err := s.connect.Mate(ctx, m.Handle)
	p.Bots = tied.Bots
	return p, err
}

func lists(groups []mate.Group, model string) bool {
	for _, g := range groups {
		for _, m := range g.Parts {
			if m.Name == model {
				return true
			}
		}
	}
	return false
}

// mateSent returns a mate's page and the submitted form.
func (s *Server) mateSent(r *http.Request) (*mateSetupPage, url.Values, error) {
	f, err := form(r)
	if err != nil {
		return nil, nil, err
	}
	p, err := s.mateOf(r)
	return p, f, err
}

func (s *Server) editMate(w http.ResponseWriter, r *http.Request) error {
	p, f, err := s.mateSent(r)
	if err != nil {
		return err
	}
	version, err := strconv.ParseInt(f.Get("version"), 10, 64)
	if err != nil || version < 1 {
		return openmates.Errorf(openmates.EInvalid, "The form couldn’t be read. Reload the page and try again.")
	}
	m, err := s.mate.Edit(r.Context(), byWhom(r), p.Mate, version, mateDraft(r))
	if err == nil {
		return s.done(w, r, "/server/mates/"+m.Handle, openmates.T("%s is saved as version %d.", m.Name, m.Version))
	}
	if openmates.CodeOf(err) == openmates.EInternal {
		return err
	}
	// The admin has now seen the other change, so the form is shown again with
	// the current version.
	p.Form.Draft, p.Form.Error = mateDraft(r), openmates.TextOf(err)
	return s.show(w, intake.StatusOf(err), "matesetup", p)
}
