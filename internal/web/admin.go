package web

import (
	"strings"

	"openmates"
	"openmates/internal/connect"
)

// adminPlaces lists the pages of the server's admins, for the navigation below
// the header.
func adminPlaces() []way {
	return []way{
		{openmates.T("Overview"), "/server"}, {openmates.T("Setup"), "/server/setup"}, {openmates.T("Mates"), "/server/mates"}, {openmates.T("Limits"), "/server/limits"},
		{openmates.T("Bots"), "/server/bots"}, {openmates.T("Providers"), "/server/providers"}, {openmates.T("People"), peoplePath}, {openmates.T("Teams"), teamsPath}, {openmates.T("Workspaces"), connect.UntiePath}, {openmates.T("Mail"), "/server/mail"}, {openmates.T("Audit log"), "/server/audit"}, {openmates.T("Settings"), "/server/settings"},
	}
}

// within reports whether path is the page at place or one below it.
func within(path, place string) bool { return path == place || strings.HasPrefix(path, place+"/") }

// here is within for the navigation. The overview's path contains all others,
// but the navigation treats it as a page like them.
func here(path, place string) bool {
	if place == "/server" {
		return path == place
	}
	return within(path, place)
}
