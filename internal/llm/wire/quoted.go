package wire

import (
	"encoding/json"
	"strings"
)

// Quoted is a JSON string as it was written, without its quotes; "" for all that
// is no string. Reading it never fails. It is not decoded yet, because gateways
// cut a text between the halves of a character ("\ud83d" and "\ude00"), which
// by themselves mean nothing: Halves puts them together.
type Quoted string

// UnmarshalJSON never fails.
func (q *Quoted) UnmarshalJSON(b []byte) error {
	*q = ""
	if len(b) >= 2 && b[0] == '"' {
		*q = Quoted(b[1 : len(b)-1])
	}
	return nil
}

// String decodes the text by itself.
func (q Quoted) String() string {
	if !strings.ContainsRune(string(q), '\\') {
		return strings.ToValidUTF8(string(q), "\uFFFD")
	}
	var s string
	_ = json.Unmarshal([]byte(`"`+string(q)+`"`), &s) // it was read as JSON before
	return s
}

// Halves decodes texts that follow each other.
type Halves struct{ high string }

// Join decodes the next text. The first half of a character at its end waits for
// the next one.
func (h *Halves) Join(next Quoted) string {
	if next == "" {
		return ""
	}
	all := h.high + string(next)
	h.high = ""
	if n := len(all) - len(`\ud83d`); n >= 0 && isHigh(all[n:]) && evenSlashes(all[:n]) {
		all, h.high = all[:n], all[n:]
	}
	return Quoted(all).String()
}

// isHigh reports whether s is the escape of the first half of a character, as
// UTF-16 has it: \ud800 to \udbff.
func isHigh(s string) bool {
	return len(s) == 6 && s[0] == '\\' && s[1] == 'u' && (s[2] == 'd' || s[2] == 'D') && strings.IndexByte("89abAB", s[3]) >= 0
}

// evenSlashes reports whether a backslash behind s begins an escape.
func evenSlashes(s string) bool {
	return (len(s)-len(strings.TrimRight(s, `\`)))%2 == 0
}
