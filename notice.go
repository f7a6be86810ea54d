package openmates

import "time"

// Notice tells a team's admins what happened without them. It stays on their
// pages until one of them has read it.
type Notice struct {
	ID       ID
	Sentence Text
	At       time.Time
}

// Takeover hands a workspace from the team that holds it to another one.
type Takeover struct {
	Installation // of the bot that was just added, for the new team
	From         ID
	// Seen are the installations there when it was looked whether a mate of the
	// old team is left. If one has come since, the workspace stays where it is.
	Seen   []Installation
	Notice Text // for the admins of the old team
}
