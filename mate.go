package openmates

import "time"

// Mate is an AI team mate: a persona with a prompt and a model. A mate is not
// a Bot: the same mate may be present on several networks, with one Bot each.
type Mate struct {
	ID          ID
	Handle      string // unique, lower case: "sophia"; it never changes
	Name        string // "Sophia"
	Field       string // "software development"
	Description string
	Prompt      string
	Model       string // "" = the default of its class
	Class       string // of model: quick, balanced or deep; "" = any
	Limits      Limits
	Enabled     bool  // the admin's switch: off, it answers nobody and its bots hear nothing
	Version     int64 // grows with every change
	Archived    bool  // kept for what refers to it, else gone
}

// Works says whether the mate is there for anybody.
func (m Mate) Works() bool { return m.Enabled && !m.Archived }

// MateVersion is a mate as it was saved once.
type MateVersion struct {
	Mate  Mate   // Mate.Version tells which one it is
	Actor ID     // who saved it; 0 = the server itself
	By    string // their name, "" where there is no such account (any more)
	At    time.Time
}

// ValidHandle checks the handle of a mate: 2 to 32 characters of a–z, 0–9 and
// single inner hyphens, beginning with a letter, and not a reserved word. The
// error is EInvalid and says which of these is broken.
func ValidHandle(handle string) error {
	if n := len([]rune(handle)); n < 2 || n > 32 {
		return Errorf(EInvalid, "A mate's handle has 2 to 32 characters; this one has %d.", n)
	}
	for i, r := range handle {
		inner := i > 0 && i < len(handle)-1 && handle[i-1] != '-'
		if !(r >= 'a' && r <= 'z' || i > 0 && r >= '0' && r <= '9' || r == '-' && inner) {
			return Errorf(EInvalid, "A mate's handle can have a–z, 0–9 and single hyphens, and starts with a letter.")
		}
	}
	if IsReserved(handle) || handle == "bot" || handle == "bots" || handle == "new" || handle == "team" {
		return Errorf(EInvalid, "The handle %q could be mistaken for something else. Choose a different one.", handle)
	}
	return nil
}
