package web

import (
	"net/http"
	"net/url"
	"strings"

	"openmates"
	"openmates/internal/connect"
)

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
