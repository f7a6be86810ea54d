package openmates

import "time"

// Notice tells a team's admins about something that happened without them. It
// stays on their pages until one of them dismisses it.
type Notice struct {
	ID       ID
	Sentence Text
	At       time.Time
}
