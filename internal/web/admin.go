package web

import (
	"strings"

	"openmates"
	"openmates/internal/connect"
)

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
