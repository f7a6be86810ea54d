package openmates

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Team is a tenant: a group of people with the mates they may use and the
// limits they agreed on. Slug names it in every path.
type Team struct {
	ID      ID
	Slug    string
	Name    string
	Limits  Limits
	Created time.Time
}

// isReserved says whether a slug would hide a path of the API or of the pages.
func isReserved(slug string) bool {
	switch slug {
	case "admin", "api", "apps", "assets", "auth", "demo", "docs", "health", "healthz", "help",
		"invite", "invites", "join", "login", "logout", "mates", "me", "messages", "messenger", "metrics",
		"new", "openapi", "parts", "portraits", "profile", "readyz", "server", "settings", "setup", "signin", "signout", "signup",
		"static", "status", "system", "team", "teams", "tokens", "user", "users", "v1", "www":
		return true
	}
	return false
}

// ValidSlug checks the slug of a team: 2 to 40 characters of a–z, 0–9 and
// single inner hyphens, and not a reserved word. The error is EInvalid and
// says which of these is broken.
func ValidSlug(slug string) error {
	if n := utf8.RuneCountInString(slug); n < 2 || n > 40 {
		return Errorf(EInvalid, "A team's address has 2 to 40 characters; this one has %d.", n)
	}
	for i, r := range slug {
		inner := i > 0 && i < len(slug)-1 && slug[i-1] != '-'
		if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' && inner) {
			return Errorf(EInvalid, "A team's address is made of a–z, 0–9 and single hyphens between them.")
		}
	}
	if isReserved(slug) {
		return Errorf(EInvalid, "The address %q is used by the server itself. Please choose another one.", slug)
	}
	return nil
}

// SlugFrom proposes a slug for a team's name: one that ValidSlug accepts, or ""
// where the name holds no letter that a slug can carry.
func SlugFrom(name string) string {
	const longest = 40
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(name) {
		if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9') {
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteByte('-')
		}
		gap = false
		b.WriteRune(r)
		if b.Len() >= longest {
			break
		}
	}
	slug := strings.TrimSuffix(b.String()[:min(b.Len(), longest)], "-")
	if len(slug) == 1 || isReserved(slug) {
		slug += "-team"
	}
	return slug
}
