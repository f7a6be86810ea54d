package web

import (
	"net/http"
	"net/url"
	"strings"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/server"
	"openmates/internal/spelling"
)

// The lists of an admin of the server. They show who and what there is, and
// nothing that a team says.
const (
	peoplePath = "/server/people"
	teamsPath  = "/server/teams"
)

// linesAtOnce is how many lines of such a list are shown.
const linesAtOnce = 50

// directory is what these pages have in common.
type directory struct {
	shell
	Query  string
	First  string // address of the first page, "" where this is it
	Next   string // address of the next one; "" = there is none
	Search openmates.DirectorySearch
}

func (s *Server) directory(r *http.Request, title openmates.Text) directory {
	q := r.URL.Query()
	d := directory{shell: s.shell(r, title), Query: strings.TrimSpace(q.Get("q"))}
	d.Search = openmates.DirectorySearch{Text: searched(d.Query), After: searched(q.Get("after")), Limit: linesAtOnce}
	if d.Search.After != "" {
		d.First = d.at("")
	}
	return d
}

func searched(s string) string { return spelling.Prefix(s, 200) }

// at is the page of the list that begins after a line.
func (d *directory) at(after string) string {
	q := url.Values{}
	if d.Query != "" {
		q.Set("q", d.Query)
	}
	if after != "" {
		q.Set("after", after)
	}
	if len(q) == 0 {
		return d.Path
	}
	return d.Path + "?" + q.Encode()
}

type allPeoplePage struct {
	directory
	People []server.AnyPerson
}

func (s *Server) allPeople(w http.ResponseWriter, r *http.Request) error {
	p := allPeoplePage{directory: s.directory(r, openmates.T("People"))}
	var more bool
	var err error
	if p.People, more, err = s.server.People(r.Context(), openmates.CallerOf(r.Context()), p.Search); err != nil {
		return err
	}
	if more {
		p.Next = p.at(p.People[len(p.People)-1].User.Username)
	}
	return s.show(w, http.StatusOK, "allpeople", p)
}

type allTeamsPage struct {
	directory
	Currency string
	All      []openmates.DirectoryTeam
}

func (s *Server) allTeams(w http.ResponseWriter, r *http.Request) error {
	p := allTeamsPage{directory: s.directory(r, openmates.T("Teams"))}
	var more bool
	var err error
	if p.All, more, err = s.server.AnyTeams(r.Context(), openmates.CallerOf(r.Context()), p.Search); err != nil {
		return err
	}
	if more {
		p.Next = p.at(p.All[len(p.All)-1].Team.Slug)
	}
	if p.Currency, err = s.currency(r.Context()); err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "allteams", p)
}

type allWorkspacesPage struct {
	directory
	Places []placeLine
}

type placeLine struct {
	connect.DirectoryPlace
	Label string // of the network
	Who   string // the mates that are present
	Path  string
}

func (s *Server) allWorkspaces(w http.ResponseWriter, r *http.Request) error {
	p := allWorkspacesPage{directory: s.directory(r, openmates.T("Workspaces"))}
	all, more, err := s.connect.AnyPlaces(r.Context(), p.Search)
	if err != nil {
		return err
	}
	if more {
		p.Next = p.at(all[len(all)-1].Key())
	}
	for _, x := range all {
		p.Places = append(p.Places, placeLine{x, s.connect.Label(x.Network), strings.Join(x.Mates, ", "),
			connect.UntiePath + "/" + url.PathEscape(string(x.Network)) + "/" + url.PathEscape(string(x.Workspace)) + "/untie"})
	}
	return s.show(w, http.StatusOK, "allworkspaces", p)
}

func (s *Server) anyPerson(r *http.Request) (openmates.User, error) {
	return s.server.AnyPerson(r.Context(), openmates.CallerOf(r.Context()), r.PathValue("username"))
}

func (s *Server) askServerAdmin(r *http.Request) (*question, error) {
	u, err := s.anyPerson(r)
	if err != nil {
		return nil, err
	}
	q := &question{Heading: openmates.T("Make %s a server admin?", u.DisplayName), Label: openmates.T("Make admin"), Back: peoplePath,
		Sentence: openmates.T("%s will be able to manage everything here: mates, bots, providers and their keys, mail, people and teams.", u.DisplayName)}
	if r.FormValue("admin") != "yes" {
		q.Heading, q.Label = openmates.T("Remove %s as a server admin?", u.DisplayName), openmates.T("Remove as admin")
		q.Sentence = openmates.T("%s can no longer open the pages under Server. Roles in teams stay as they are.", u.DisplayName)
	}
	return q, nil
}

func (s *Server) setServerAdmin(w http.ResponseWriter, r *http.Request) error {
	c, admin := openmates.CallerOf(r.Context()), r.PostFormValue("admin") == "yes"
	u, err := s.anyPerson(r)
	if err != nil {
		return err
	}
	if err := s.server.SetServerAdmin(r.Context(), c, u.Username, admin); err != nil {
		return err
	}
	back := peoplePath
	if u.ID == c.User.ID {
		back = "/"
	}
	if admin {
		return s.done(w, r, back, openmates.T("%s is now a server admin.", u.DisplayName))
	}
	return s.done(w, r, back, openmates.T("%s is no longer a server admin.", u.DisplayName))
}

func (s *Server) askRemovePerson(r *http.Request) (*question, error) {
	u, err := s.anyPerson(r)
	if err != nil {
		return nil, err
	}
	return &question{
		Heading:  openmates.T("Delete %s’s account?", u.DisplayName),
		Sentence: openmates.T("It’s deleted permanently: linked accounts, preferences, the text of all questions, and teams without other members. What requests cost stays on record, without the name."),
		Label:    openmates.T("Delete account"), Back: peoplePath,
	}, nil
}

func (s *Server) removePerson(w http.ResponseWriter, r *http.Request) error {
	u, err := s.anyPerson(r)
	if err != nil {
		return err
	}
	if err := s.server.RemovePerson(r.Context(), openmates.CallerOf(r.Context()), u.Username); err != nil {
		return err
	}
	return s.done(w, r, peoplePath, openmates.T("%s’s account has been deleted.", u.DisplayName))
}

func (s *Server) anyTeam(r *http.Request) (openmates.Team, error) {
	return s.server.AnyTeam(r.Context(), openmates.CallerOf(r.Context()), r.PathValue("slug"))
}

func (s *Server) askRemoveTeam(r *http.Request) (*question, error) {
	t, err := s.anyTeam(r)
	if err != nil {
		return nil, err
	}
	return &question{
		Heading:  openmates.T("Remove the team %s?", t.Name),
		Sentence: openmates.T("It’s removed permanently, with its limits, invites, tokens, connections and the text of all questions. Its members keep their accounts. What it spent stays on record."),
		Label:    openmates.T("Remove team"), Back: teamsPath,
		Tick: &tick{Name: "leave", Label: openmates.T("Remove its mates from its workspaces"), Checked: true,
			Hint: openmates.T("Otherwise they stay there, but don’t answer until a team connects the workspaces again.")},
	}, nil
}

func (s *Server) removeTeam(w http.ResponseWriter, r *http.Request) error {
	t, err := s.anyTeam(r)
	if err != nil {
		return err
	}
	leave, err := s.connect.Withdrawal(r.Context(), t)
	if err != nil {
		return err
	}
	if err := s.server.RemoveAnyTeam(r.Context(), openmates.CallerOf(r.Context()), t); err != nil {
		return err
	}
	var stayed []string
	if r.PostFormValue("leave") != "" {
		stayed = leave(r.Context())
	}
	return s.done(w, r, teamsPath, gone(openmates.T("The team %s has been removed.", t.Name), stayed))
}

// gone adds to what was done which bots could not leave.
func gone(done openmates.Text, stayed []string) openmates.Text {
	if len(stayed) == 0 {
		return done
	}
	return openmates.T("%s %s", done, openmates.T("These couldn’t leave by themselves; someone who manages the workspace has to remove them: %s.", strings.Join(stayed, ", ")))
}

func (s *Server) askUntie(r *http.Request) (*question, error) {
	t, place, err := s.connect.AnyPlace(r.Context(), openmates.Network(r.PathValue("network")), openmates.WorkspaceID(r.PathValue("workspace")))
	if err != nil {
		return nil, err
	}
	return &question{
		Heading:  openmates.T("Disconnect %s from %s?", place.Name, t.Name),
		Sentence: openmates.T("Mates stop answering in %s until a team connects it again. The admins of %s will see this on their pages.", place.Name, t.Name),
		Label:    openmates.T("Disconnect"), Back: connect.UntiePath,
		Tick: &tick{Name: "leave", Label: openmates.T("Remove its mates, too"), Checked: true,
			Hint: openmates.T("Otherwise they stay there, but don’t answer until a team connects it again.")},
	}, nil
}

func (s *Server) untie(w http.ResponseWriter, r *http.Request) error {
	name, stayed, err := s.connect.Untie(r.Context(), byWhom(r), openmates.Network(r.PathValue("network")), openmates.WorkspaceID(r.PathValue("workspace")), r.PostFormValue("leave") != "")
	if err != nil {
		return err
	}
	return s.done(w, r, connect.UntiePath, gone(openmates.T("“%s” is disconnected. Its team’s admins will see this on their pages.", name), stayed))
}
