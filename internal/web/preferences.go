package web

import (
	"net/http"

	"openmates"
	"openmates/internal/intake"
)

// tongue is a language under its own name.
type tongue struct{ Label, Path string }

// languages returns the languages that the form offers, and the current one.
func languages(mine string) []tongue {
	all := []tongue{{"English", "en"}, {"Deutsch", "de"}, {"Español", "es"}, {"Français", "fr"}, {"Italiano", "it"}, {"Nederlands", "nl"},
		{"Polski", "pl"}, {"Português", "pt"}, {"Türkçe", "tr"}, {"Українська", "uk"}, {"日本語", "ja"}, {"中文", "zh"}} //nolint:gosmopolitan // languages by their own names
	for _, l := range all {
		if l.Path == mine || mine == "" {
			return all
		}
	}
	return append(all, tongue{mine, mine})
}

type preferencesPage struct {
	shell
	Self  openmates.Self
	Error openmates.Text
}

func (s *Server) preferences(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, http.StatusOK, "preferences", preferencesPage{shell: s.shell(r, openmates.T("Preferences")), Self: openmates.SelfOf(openmates.CallerOf(r.Context()).User)})
}

func (s *Server) setPreferences(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	self := selfOf(f)
	if err := s.identity.SetSelf(r.Context(), openmates.CallerOf(r.Context()), self); err != nil {
		if openmates.CodeOf(err) == openmates.EInternal {
			return err
		}
		return s.show(w, intake.StatusOf(err), "preferences", preferencesPage{shell: s.shell(r, openmates.T("Preferences")), Self: self, Error: openmates.TextOf(err)})
	}
	return s.done(w, r, "/profile/preferences", openmates.T("Saved. Mates know it from the next question."))
}

// privacyPage shows what mates see: the default, and the mates for which it
// differs.
type privacyPage struct {
	shell
	Usual []factBox
	Mates []privateMate
	Facts []fact
}

type privateMate struct {
	openmates.Mate
	Differs bool
	Boxes   []factBox
}

// fact is a fact in words.
type fact struct {
	Fact        openmates.Fact
	Label, Says openmates.Text
}

type factBox struct {
	fact
	Of    string // handle, "" = every mate
	Shown bool
}

func facts() []fact {
	return []fact{
		{openmates.FactName, openmates.T("Name"), openmates.T("Your display name and your name in the messenger. Without it, you’re “someone from the team”.")},
		{openmates.FactUsername, openmates.T("Username"), openmates.T("The name you sign in with.")},
		{openmates.FactPlace, openmates.T("Language and time zone"), openmates.T("For answers in your language and time zone.")},
		{openmates.FactAnswers, openmates.T("How to answer"), openmates.T("Tone, length, and what you know well.")},
		{openmates.FactAbout, openmates.T("About me"), openmates.T("What you’ve written about yourself.")},
		{openmates.FactProjects, openmates.T("Projects"), openmates.T("What you are working on.")},
		{openmates.FactGoals, openmates.T("Goals"), openmates.T("What you want to achieve.")},
		{openmates.FactLikes, openmates.T("Likes"), openmates.T("What you like.")},
		{openmates.FactDislikes, openmates.T("Dislikes"), openmates.T("What you don’t like.")},
		{openmates.FactTopics, openmates.T("Recent topics"), openmates.T("The beginning of your last five questions to any of the team’s mates, including direct messages. Mates answer where others can read it.")},
	}
}

func (s *Server) privacy(w http.ResponseWriter, r *http.Request) error {
	c := openmates.CallerOf(r.Context())
	set, err := s.identity.Privacy(r.Context(), c)
	if err != nil {
		return err
	}
	mates, err := s.identity.MatesOf(r.Context(), c)
	if err != nil {
		return err
	}
	p := privacyPage{shell: s.shell(r, openmates.T("Privacy")), Facts: facts()}
	for _, f := range facts() {
		p.Usual = append(p.Usual, factBox{fact: f, Shown: set.Usually(f.Fact)})
	}
	for _, m := range mates {
		_, differs := set.Mates[m.Handle]
		line := privateMate{Mate: m, Differs: differs}
		for _, f := range facts() {
			line.Boxes = append(line.Boxes, factBox{fact: f, Of: m.Handle, Shown: set.Shows(m.Handle, f.Fact)})
		}
		p.Mates = append(p.Mates, line)
	}
	return s.show(w, http.StatusOK, "privacy", p)
}

func (s *Server) setPrivacy(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	var shown []openmates.Fact
	for _, name := range f["fact"] {
		shown = append(shown, openmates.Fact(name))
	}
	mate := f.Get("mate")
	if err := s.identity.SetPrivacy(r.Context(), openmates.CallerOf(r.Context()), mate, shown, f.Get("differs") != "no"); err != nil {
		return err
	}
	back := "/profile/privacy"
	if mate != "" {
		back += "#mate-" + mate
	}
	return s.done(w, r, back, openmates.T("Saved. It applies from the next question."))
}
