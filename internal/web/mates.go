package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"net/http"
	"strconv"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/intake"
	"openmates/internal/mate"
)

// matesPage is where an admin sees all mates and switches them on and off.
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

// newMatePage makes a mate.
type newMatePage struct {
	shell
	Handle string
	Form   mateForm
}

// mateForm is what of a mate is typed, as it comes back when something is
// wrong.
type mateForm struct {
	mate.Draft
	Providers []mate.Group
	Gone      bool // the mate's model is none of them
	Error     openmates.Text
}

// mateSetupPage is everything about one mate.
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

// versionPage is a mate as it was once, beside what it is now.
type versionPage struct {
	shell
	Mate    openmates.Mate
	Old     openmates.MateVersion
	Newest  bool
	Changes []change
	Prompt  []mate.DiffLine
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

// answers is the model that answers for a mate, "" where none does.
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

func (s *Server) newMate(w http.ResponseWriter, r *http.Request) error {
	p := newMatePage{shell: s.shell(r, openmates.T("New mate")), Form: mateForm{Draft: mate.Draft{Class: openmates.ClassBalanced}}}
	var err error
	if p.Form.Providers, err = s.mate.Models(r.Context()); err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "newmate", p)
}

func (s *Server) createMate(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	d := mateDraft(r)
	m, err := s.mate.Create(r.Context(), byWhom(r), f.Get("handle"), d)
	if err == nil {
		return s.done(w, r, "/server/mates/"+m.Handle, openmates.T("%s is ready. Try it out, then create its bot.", m.Name))
	}
	if openmates.CodeOf(err) == openmates.EInternal {
		return err
	}
	p := newMatePage{shell: s.shell(r, openmates.T("New mate")), Handle: f.Get("handle"), Form: mateForm{Draft: d, Error: openmates.TextOf(err)}}
	status := intake.StatusOf(err)
	if p.Form.Providers, err = s.mate.Models(r.Context()); err != nil {
		return err
	}
	return s.show(w, status, "newmate", p)
}

func mateDraft(r *http.Request) mate.Draft {
	f := r.PostForm
	return mate.Draft{Name: f.Get("name"), Field: f.Get("field"), Description: f.Get("description"),
		Prompt: f.Get("prompt"), Model: f.Get("model"), Class: f.Get("class")}
}

// byWhom is who asks, for the audit record.
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

// mateOf is the page of the mate that the address names.
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

func (s *Server) editMate(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	p, err := s.mateOf(r)
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
	// What was typed comes back with the version that it is held against from
	// now on: the admin has been told.
	p.Form.Draft, p.Form.Error = mateDraft(r), openmates.TextOf(err)
	return s.show(w, intake.StatusOf(err), "matesetup", p)
}

// askSwitchMate asks before a mate falls silent.
func (s *Server) askSwitchMate(r *http.Request) (*question, error) {
	m, err := s.mate.Mate(r.Context(), r.PathValue("handle"))
	if err != nil || r.FormValue("on") == "1" || !m.Enabled {
		return nil, err
	}
	return &question{
		Heading: openmates.T("Switch %s off?", m.Name), Sentence: openmates.T("%s won’t answer in any team until you switch it on again.", m.Name),
		Label: openmates.T("Switch off"), Back: backTo(r.FormValue("from"), m.Handle),
	}, nil
}

func (s *Server) askArchiveMate(r *http.Request) (*question, error) {
	m, err := s.mate.Mate(r.Context(), r.PathValue("handle"))
	if err != nil || r.FormValue("archived") != "1" || m.Archived {
		return nil, err
	}
	return &question{
		Heading: openmates.T("Archive %s?", m.Name), Sentence: openmates.T("%s disappears from all lists, and its bots stop answering in every team. You can restore it later.", m.Name),
		Label: openmates.T("Archive"), Back: "/server/mates/" + m.Handle,
	}, nil
}

func (s *Server) switchMate(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	m, err := s.mate.Mate(r.Context(), r.PathValue("handle"))
	if err != nil {
		return err
	}
	on := f.Get("on") == "1"
	if m, err = s.mate.Switch(r.Context(), byWhom(r), m, on); err != nil {
		return err
	}
	said := openmates.T("%s is switched off: it won’t answer anyone.", m.Name)
	if on {
		said = openmates.T("%s is switched on.", m.Name)
	}
	return s.done(w, r, backTo(f.Get("from"), m.Handle), said)
}

// backTo is the page on which a button was pressed.
func backTo(from, handle string) string {
	if from == "list" {
		return "/server/mates"
	}
	return "/server/mates/" + handle
}

func (s *Server) archiveMate(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	m, err := s.mate.Mate(r.Context(), r.PathValue("handle"))
	if err != nil {
		return err
	}
	archived := f.Get("archived") == "1"
	if m, err = s.mate.Archive(r.Context(), byWhom(r), m, archived); err != nil {
		return err
	}
	if archived {
		return s.done(w, r, "/server/mates", openmates.T("%s is archived. You can restore it at the bottom of this page.", m.Name))
	}
	return s.done(w, r, "/server/mates/"+m.Handle, openmates.T("%s is restored.", m.Name))
}

func (s *Server) duplicateMate(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	p, err := s.mateOf(r)
	if err != nil {
		return err
	}
	m, err := s.mate.Duplicate(r.Context(), byWhom(r), p.Mate, f.Get("handle"), f.Get("name"))
	if err == nil {
		return s.done(w, r, "/server/mates/"+m.Handle, openmates.T("%s is a copy of %s. Now change what should be different.", m.Name, p.Mate.Name))
	}
	if openmates.CodeOf(err) == openmates.EInternal {
		return err
	}
	p.CopyName, p.CopyID, p.CopyError = f.Get("name"), f.Get("handle"), openmates.TextOf(err)
	return s.show(w, intake.StatusOf(err), "matesetup", p)
}

// versionOf reads which one the address names.
func (s *Server) versionOf(r *http.Request) (openmates.Mate, openmates.MateVersion, error) {
	var none openmates.MateVersion
	m, err := s.mate.Mate(r.Context(), r.PathValue("handle"))
	if err != nil {
		return m, none, err
	}
	n, err := strconv.ParseInt(r.PathValue("version"), 10, 64)
	if err != nil {
		return m, none, openmates.Errorf(openmates.ENotFound, "%s doesn’t have this version.", m.Name)
	}
	v, err := s.mate.Version(r.Context(), m, n)
	return m, v, err
}

func (s *Server) mateVersion(w http.ResponseWriter, r *http.Request) error {
	m, v, err := s.versionOf(r)
	if err != nil {
		return err
	}
	p := versionPage{shell: s.shell(r, openmates.T("%s", m.Name)), Mate: m, Old: v, Newest: v.Mate.Version == m.Version}
	p.Prompt = mate.Diff(v.Mate.Prompt, m.Prompt)
	voice, was, is := s.voice(w), v.Mate.Limits, m.Limits
	for _, f := range []change{
		{openmates.T("Name"), v.Mate.Name, m.Name}, {openmates.T("Field"), v.Mate.Field, m.Field}, {openmates.T("Description"), v.Mate.Description, m.Description},
		{openmates.T("Class"), className(voice, v.Mate.Class), className(voice, m.Class)}, {openmates.T("Model"), v.Mate.Model, m.Model},
		{openmates.T("Apps"), names(voice, was.Apps), names(voice, is.Apps)}, {openmates.T("Skills"), names(voice, was.Skills), names(voice, is.Skills)},
		{openmates.T("Providers"), names(voice, was.Providers), names(voice, is.Providers)}, {openmates.T("Models"), names(voice, was.Models), names(voice, is.Models)},
		{openmates.T("Requests per minute"), limitOf(voice, was.PerMinute), limitOf(voice, is.PerMinute)},
		{openmates.T("Money per month"), limitOf(voice, was.PerMonth), limitOf(voice, is.PerMonth)},
	} {
		if f.Before != f.After {
			p.Changes = append(p.Changes, f)
		}
	}
	return s.show(w, http.StatusOK, "version", p)
}

func (s *Server) restoreMate(w http.ResponseWriter, r *http.Request) error {
	m, v, err := s.versionOf(r)
	if err != nil {
		return err
	}
	if m, err = s.mate.Restore(r.Context(), byWhom(r), m, v.Mate.Version); err != nil {
		return err
	}
	return s.done(w, r, "/server/mates/"+m.Handle, openmates.T("%s is restored to version %d (saved as version %d).", m.Name, v.Mate.Version, m.Version))
}
