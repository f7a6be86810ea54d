package openmates

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Team is a tenant: people, the mates they may use, and their limits. Slug is
// part of every path.
type Team struct {
	ID      ID
	Slug    string
	Name    string
	Limits  Limits
	Created time.Time
}

// IsReserved reports whether a word means the server, everyone or nobody, so
// that no team, mate or person can have it as a name.
func IsReserved(word string) bool {
	switch word {
	case "admin", "all", "api", "channel", "discord", "everyone", "here", "mate", "mates", "me", "nobody", "openmates",
		"root", "server", "system", "user", "users":
		return true
	}
	return false
}

// isPath reports whether a slug would hide a path of the API or the pages.
func isPath(slug string) bool {
	switch slug {
	case "apps", "assets", "auth", "demo", "docs", "health", "healthz", "help",
		"invite", "invites", "join", "login", "logout", "messages", "messenger", "metrics",
		"new", "openapi", "parts", "portraits", "profile", "readyz", "settings", "setup", "signin", "signout", "signup",
		"static", "status", "team", "teams", "tokens", "v1", "www":
		return true
	}
	return false
}

// ValidSlug checks a team's slug: 2 to 40 characters a–z, 0–9 and single inner
// hyphens, not a reserved word, and not only digits, because a path may name a
// team by its ID instead. The error is EInvalid and says which rule is broken.
func ValidSlug(slug string) error {
	if n := utf8.RuneCountInString(slug); n < 2 || n > 40 {
		return Errorf(EInvalid, "A team's address has 2 to 40 characters; this one has %d.", n)
	}
	for i, r := range slug {
		inner := i > 0 && i < len(slug)-1 && slug[i-1] != '-'
		if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' && inner) {
			return Errorf(EInvalid, "A team's address can have a–z, 0–9 and single hyphens between them.")
		}
	}
	if strings.Trim(slug, "0123456789") == "" {
		return Errorf(EInvalid, "A team's address needs at least one letter: a number could be mistaken for a team's ID.")
	}
	if IsReserved(slug) || isPath(slug) {
		return Errorf(EInvalid, "The address %q is reserved. Choose a different one.", slug)
	}
	return nil
}
