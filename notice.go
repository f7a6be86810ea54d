package openmates

import "time"

// Notice tells a team's admins about something that happened without them. It
// stays on their pages until one of them dismisses it.
type Notice struct {
	ID       ID
	Sentence Text
	At       time.Time
}

// Takeover transfers a workspace from one team to another.
type Takeover struct {
	Installation // of the bot that was just added, for the new team
	From         ID
	// Seen are the installations at the time of the check whether a mate of the
	// old team is left. If there is a new one since, the workspace stays with
	// the old team.
	Seen   []Installation
	Notice Text // for the admins of the old team
}
