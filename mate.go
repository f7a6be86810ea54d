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
	Class       string // class of model: quick, balanced or deep; "" = any
	Limits      Limits
	Enabled     bool  // the admin's switch; a disabled mate answers nobody and its bots don't listen
	Version     int64 // grows with every change
	Archived    bool  // only kept because other data refers to it
}

// Works reports whether the mate is enabled and not archived.
func (m Mate) Works() bool { return m.Enabled && !m.Archived }

// MateVersion is a saved state of a mate.
type MateVersion struct {
	Mate  Mate   // Mate.Version is its number
	Actor ID     // who saved it; 0 = the server itself
	By    string // their name; "" if the account doesn't exist
	At    time.Time
}

// ValidHandle checks a mate's handle: 2 to 32 characters a–z, 0–9 and single
// inner hyphens, starting with a letter, and not a reserved word. The error is
// EInvalid and says which rule is broken.
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
