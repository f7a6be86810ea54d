package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/intake"
	"openmates/internal/policy"
)

// connectPage is where a consent page returns to. Loading it changes nothing;
// its form does, and submits itself if JavaScript is enabled.
type connectPage struct {
	shell
	Path   string
	Fields []field // what the consent page returned
}

type field struct{ Name, Value string }

func compareFields(a, b field) int { return strings.Compare(a.Name+a.Value, b.Name+b.Value) }

// A consent page returns a handful of short values; anything larger isn't from
// one.
const (
	maxFields = 20
	maxValue  = 4096
)

func (s *Server) connectWait(w http.ResponseWriter, r *http.Request) error {
	if !openmates.CallerOf(r.Context()).SignedIn() {
		return s.show(w, http.StatusUnauthorized, "message", messagePage{
			shell: s.shell(r, openmates.T("Sign in")), Heading: openmates.T("Sign in and start again"),
			Sentence: openmates.T("You came back from a messenger’s consent page, but you aren’t signed in here, so nothing was connected. If you started in another browser, finish there."),
			Ways:     []way{{openmates.T("Sign in"), "/signin"}},
		})
	}
	p := connectPage{shell: s.shell(r, openmates.T("Processing")), Path: r.URL.Path}
	for name, values := range r.URL.Query() {
		for _, v := range values {
			p.Fields = append(p.Fields, field{name, v})
		}
	}
	tooBig := slices.ContainsFunc(p.Fields, func(f field) bool { return len(f.Name)+len(f.Value) > maxValue })
	if tooBig || len(p.Fields) > maxFields || r.URL.Query().Get("state") == "" {
		return openmates.Errorf(openmates.EInvalid, "Messengers send you back to this page; on its own it doesn’t connect anything. Start on your team’s page or your profile.")
	}
	slices.SortFunc(p.Fields, compareFields)
	return s.show(w, http.StatusOK, "connect", p)
}

func (s *Server) connectFinish(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	c := openmates.CallerOf(r.Context())
	out, err := s.connect.Finish(r.Context(), connect.Who{UserID: c.User.ID, Session: c.Session}, "", f)
	if err != nil {
		s.logError(r, err)
		return s.show(w, intake.StatusOf(err), "message", s.connectFailed(r, out, err))
	}
	if out.Kind == connect.Link {
		return s.done(w, r, "/profile", openmates.T("Your %s account %s is linked. Mates will recognise you from now on.", out.Label, out.Account.Name))
	}
	at := "/teams/" + out.Team.Slug + "/connect?at=" + url.QueryEscape(string(out.Workspace.ID))
	return s.done(w, r, at, openmates.T("%s has joined %s. Say hello there: @%s hello", out.Mate.Name, out.Workspace.Name, out.Mate.Name))
}

// connectFailed explains what went wrong and leads back to where the person
// started.
func (s *Server) connectFailed(r *http.Request, begun connect.Outcome, err error) messagePage {
	p := s.messageFor(r, err)
	switch {
	case p.User == nil:
	case begun.Kind == connect.Install && begun.Team.Slug != "":
		p.Ways = []way{{openmates.T("Start again"), "/teams/" + begun.Team.Slug + "/connect"}, {openmates.T("Go to the home page"), "/"}}
		if openmates.CodeOf(err) == openmates.EConflict && policy.Require(openmates.CallerOf(r.Context()), policy.RunServer) == nil {
			p.Ways[1] = way{openmates.T("All workspaces"), connect.UntiePath}
		}
	case begun.Kind == connect.Link:
		p.Ways = []way{{openmates.T("Start again"), "/profile"}, {openmates.T("Go to the home page"), "/"}}
	}
	return p
}
