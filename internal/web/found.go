package web

import (
	"net/http"
	"net/url"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/intake"
	"openmates/internal/policy"
	"openmates/internal/team"
)

// foundPage is one step of creating a team. Answers are stored in the session;
// nothing is created before the last step.
type foundPage struct {
	shell
	Step   foundStep
	Steps  []foundStep
	Draft  team.Draft
	Sheet  sheetForm
	Mates  []connect.Mate // the chosen ones
	People newcomerForm
	Error  openmates.Text
}

// foundStep is a step and its position.
type foundStep struct {
	Name   string
	Label  openmates.Text
	Number int
	Now    bool
}

// Path returns the path of the step.
func (f foundStep) Path() string {
	if f.Name == "name" {
		return "/found"
	}
	return "/found/" + f.Name
}

func foundSteps(c openmates.Caller) []foundStep {
	all := []foundStep{{Name: "name", Label: openmates.T("Name")}, {Name: "mates", Label: openmates.T("Mates")}, {Name: "apps", Label: openmates.T("Apps and models")}, {Name: "money", Label: openmates.T("Limits")}, {Name: "connect", Label: openmates.T("Messengers")}}
	if !c.SignedIn() {
		all = append(all, foundStep{Name: "account", Label: openmates.T("Your account")})
	}
	for i := range all {
		all[i].Number = i + 1
	}
	return all
}

func (s *Server) foundForm(w http.ResponseWriter, r *http.Request) error {
	p, err := s.foundPage(r)
	if err != nil {
		return err
	}
	if p.Draft.Slug == "" && p.Step.Name != "name" {
		return to(w, r, "/found")
	}
	return s.show(w, http.StatusOK, "found", p)
}

func (s *Server) foundPage(r *http.Request) (*foundPage, error) {
	ctx, c := r.Context(), openmates.CallerOf(r.Context())
	if err := s.team.MayFound(ctx, c); err != nil {
		return nil, err
	}
	p := &foundPage{shell: s.shell(r, openmates.T("Create a team")), Steps: foundSteps(c)}
	p.Draft, _ = s.team.Draft(ctx)
	name := r.PathValue("step")
	if name == "" {
		name = "name"
	}
	for i := range p.Steps {
		if p.Steps[i].Name == name {
			p.Steps[i].Now = true
			p.Step = p.Steps[i]
		}
	}
	switch p.Step.Name {
	case "":
		return nil, s.nothingHere(nil, r)
	case "mates", "apps", "money":
		sheet, err := s.mate.TeamSheet(ctx, p.Draft.Limits)
		if err != nil {
			return nil, err
		}
		p.Sheet, err = s.newSheet(ctx, p.Draft.Name, p.Step.Path(), sheet, 0)
		return p, err
	case "connect":
		var err error
		p.Mates, err = s.chosen(r, p.Draft.Limits)
		return p, err
	}
	return p, nil
}

func (s *Server) chosen(r *http.Request, l openmates.Limits) ([]connect.Mate, error) {
	all, err := s.connect.Mates(r.Context())
	var mates []connect.Mate
	for _, m := range all {
		if policy.TeamMayUse(openmates.Team{Limits: l}, m.Mate) {
			mates = append(mates, m)
		}
	}
	return mates, err
}

// foundName handles the first step.
func (s *Server) foundName(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	c := openmates.CallerOf(r.Context())
	d, _ := s.team.Draft(r.Context())
	d.Name, d.Slug = f.Get("name"), f.Get("slug")
	if err := s.team.KeepDraft(r.Context(), c, s.address(r), d); err != nil {
		return s.foundAgain(w, r, err, func(p *foundPage) { p.Draft.Name, p.Draft.Slug = d.Name, d.Slug })
	}
	return to(w, r, "/found/mates")
}

// foundNext handles the steps in between.
func (s *Server) foundNext(w http.ResponseWriter, r *http.Request) error {
	p, err := s.foundPage(r)
	if err != nil {
		return err
	}
	if p.Draft.Slug == "" {
		return to(w, r, "/found")
	}
	switch p.Step.Name {
	case "mates", "apps", "money":
		return s.foundLimits(w, r, p)
	case "account":
		return s.foundAs(w, r)
	}
	if len(p.Steps) > p.Step.Number { // an account comes first
		return to(w, r, p.Steps[p.Step.Number].Path())
	}
	return s.foundAs(w, r)
}

func (s *Server) foundLimits(w http.ResponseWriter, r *http.Request, p *foundPage) error {
	t, err := termsOf(r)
	if err != nil {
		return err
	}
	kinds := map[string][]openmates.Kind{
		"mates": {openmates.KindMate},
		"apps":  {openmates.KindApp, openmates.KindSkill, openmates.KindProvider, openmates.KindModel},
	}[p.Step.Name]
	p.Draft.Limits, err = p.Sheet.Fill(t, p.Step.Name == "money", kinds...)
	if err == nil {
		err = s.team.KeepDraft(r.Context(), openmates.CallerOf(r.Context()), s.address(r), p.Draft)
	}
	if err != nil {
		return s.foundAgain(w, r, err, func(p *foundPage) {
			p.Sheet.keep(t, err)
			p.Error, p.Sheet.Error = p.Sheet.Error, ""
		})
	}
	return to(w, r, p.Steps[p.Step.Number].Path())
}

// foundAs handles the last step: it creates the team and, if needed, the
// founder's account.
func (s *Server) foundAs(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	c := openmates.CallerOf(r.Context())
	n := newcomerOf(f)
	u, t, err := s.team.FoundTeam(r.Context(), c, s.address(r), n)
	if err != nil {
		return s.foundAgain(w, r, err, func(p *foundPage) { p.People = newcomerForm{n.Username, n.Email, n.Self} })
	}
	if !c.SignedIn() {
		if err := s.identity.Begin(r.Context(), u); err != nil {
			return err
		}
	}
	return s.done(w, r, "/teams/"+t.Slug+"/connect", openmates.T("The team %s is ready, and you’re its admin. Now add its mates to your messenger.", t.Name))
}

// foundAgain shows the step again with the input and the error.
func (s *Server) foundAgain(w http.ResponseWriter, r *http.Request, err error, keep func(*foundPage)) error {
	if c := openmates.CodeOf(err); c == openmates.EInternal || c == openmates.EForbidden {
		return err
	}
	p, perr := s.foundPage(r)
	if perr != nil {
		return perr
	}
	p.Error = openmates.TextOf(err)
	keep(p)
	return s.show(w, intake.StatusOf(err), "found", p)
}

// slugPart reports, as it is typed, whether a team can have a slug.
func (s *Server) slugPart(w http.ResponseWriter, r *http.Request) error {
	if err := s.team.MayFound(r.Context(), openmates.CallerOf(r.Context())); err != nil {
		return err
	}
	q := r.URL.Query()
	name := q.Get("name")
	if name == "" {
		name = "x"
	}
	t, err := s.team.FreeTeam(r.Context(), name, q.Get("slug"))
	said := openmates.T("The team’s page will be %s", s.connect.PublicURL()+"/teams/"+t.Slug)
	if err != nil {
		if openmates.CodeOf(err) == openmates.EInternal {
			return err
		}
		said = openmates.TextOf(err)
	}
	return s.render(w, http.StatusOK, "found", "said", said)
}

// newcomerForm is the form for a new account. It never shows a password again.
type newcomerForm struct {
	Username string
	Email    string
	Self     openmates.Self
}

func newcomerOf(f url.Values) openmates.Newcomer {
	return openmates.Newcomer{Username: f.Get("username"), Email: f.Get("email"), Password: openmates.Secret(f.Get("password")), Self: selfOf(f)}
}

func selfOf(f url.Values) openmates.Self {
	return openmates.Self{Name: f.Get("name"), Language: f.Get("language"), TimeZone: f.Get("time_zone"), Preferences: openmates.Preferences{
		Tone: f.Get("tone"), Length: f.Get("length"), Expertise: f.Get("expertise"), About: f.Get("about"),
		Projects: f.Get("projects"), Goals: f.Get("goals"), Likes: f.Get("likes"), Dislikes: f.Get("dislikes"),
	}}
}
