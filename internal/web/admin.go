package web

import (
	"net/http"
	"strings"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/policy"
)

// admin lets only admins of the server through.
func (s *Server) admin(h handler) handler {
	return s.signedIn(func(w http.ResponseWriter, r *http.Request) error {
		if err := policy.Require(openmates.CallerOf(r.Context()), policy.RunServer); err != nil {
			return err
		}
		return h(w, r)
	})
}

// serverRoutes are the addresses of the overview, the set-up, the settings and
// the audit record.
func (s *Server) serverRoutes(page *mux) {
	for pattern, h := range map[string]handler{
		"GET /server":                 s.overview,
		"GET /server/part":            s.overviewPart,
		"GET /server/setup":           s.wizard,
		"GET /server/setup/part":      s.wizardPart,
		"GET /server/settings":        s.settings,
		"POST /server/settings":       s.saveSettings,
		"POST /server/settings/check": s.checkAddress,
		"GET /server/audit":           s.audit,
		"GET /server/audit/{file}":    s.export,
	} {
		page.Handle(pattern, s.handle(s.admin(h)))
	}
	s.directoryRoutes(page)
}

// adminPlaces are the pages of an admin of the server, as the navigation below
// the header lists them.
func adminPlaces() []way {
	return []way{
		{openmates.T("Overview"), "/server"}, {openmates.T("Setup"), "/server/setup"}, {openmates.T("Mates"), "/server/mates"}, {openmates.T("Limits"), "/server/limits"},
		{openmates.T("Bots"), "/server/bots"}, {openmates.T("Providers"), "/server/providers"}, {openmates.T("People"), peoplePath}, {openmates.T("Teams"), teamsPath}, {openmates.T("Workspaces"), connect.UntiePath}, {openmates.T("Mail"), "/server/mail"}, {openmates.T("Audit log"), "/server/audit"}, {openmates.T("Settings"), "/server/settings"},
	}
}

// within says whether a page is the place at this path or one below it.
func within(path, place string) bool { return path == place || strings.HasPrefix(path, place+"/") }

// here is within for the navigation: the overview has all others below it in
// the address, but not on the screen.
func here(path, place string) bool {
	if place == "/server" {
		return path == place
	}
	return within(path, place)
}
