package chat

import (
	"regexp"
	"strings"

	"openmates"
	"openmates/internal/messenger"
)

// How people send a one-time code: after "link", in any case, or alone; then
// only in capitals as it is shown, because long words in some languages have as
// many letters.
var (
	linkWord = regexp.MustCompile(`(?i)^/?link\s+([a-z2-7]{26})$`)
	bareCode = regexp.MustCompile(`^[A-Z2-7]{26}$`)
)

// codeIn returns the one-time code that a message consists of, or "".
func codeIn(text string) openmates.Secret {
	text = strings.Trim(strings.TrimSpace(text), " \t\r\n`*_\"'“”„.<>")
	if m := linkWord.FindStringSubmatch(text); m != nil {
		return openmates.Secret(strings.ToUpper(m[1]))
	}
	if bareCode.MatchString(text) {
		return openmates.Secret(text)
	}
	return ""
}

// withoutCode takes a code out of a message before it is journalled: what is
// kept is the hash by which it is found, which opens nothing by itself.
func (r *Room) withoutCode(in messenger.Inbound) messenger.Inbound {
	if r.cfg.Links == nil {
		return in
	}
	if code := codeIn(in.Text); code != "" {
		in.Text, in.CodeHash = "link …", r.cfg.Links.CodeHash(code)
	}
	return in
}
