package wire

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"openmates/internal/llm"
)

// Quoted is a JSON string as it was written, without its quotes; "" for
// anything else. Decoding it never fails. It isn't unescaped yet, because
// gateways split a text between the halves of a character ("\ud83d" and
// "\ude00"), which mean nothing by themselves: Halves joins them.
type Quoted string

// UnmarshalJSON never fails.
func (q *Quoted) UnmarshalJSON(b []byte) error {
	*q = ""
	if len(b) >= 2 && b[0] == '"' {
		*q = Quoted(b[1 : len(b)-1])
	}
	return nil
}

// String unescapes the text.
func (q Quoted) String() string {
	if !strings.ContainsRune(string(q), '\\') {
		return strings.ToValidUTF8(string(q), "\uFFFD")
	}
	var s string
	_ = json.Unmarshal([]byte(`"`+string(q)+`"`), &s) // it has already been parsed as JSON
	return s
}

// Halves unescapes consecutive texts.
type Halves struct{ high string }

// Join unescapes the next text. The first half of a character at its end waits
// for the next text.
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

// isHigh reports whether s is the escape of the first half of a character in
// UTF-16: \ud800 to \udbff.
func isHigh(s string) bool {
	return len(s) == 6 && s[0] == '\\' && s[1] == 'u' && (s[2] == 'd' || s[2] == 'D') && strings.IndexByte("89abAB", s[3]) >= 0
}

// evenSlashes reports whether a backslash after s starts an escape.
func evenSlashes(s string) bool {
	return (len(s)-len(strings.TrimRight(s, `\`)))%2 == 0
}

// DataURL is a picture as an address that holds it (RFC 2397).
func DataURL(p llm.Picture) string {
	return "data:" + p.Type + ";base64," + base64.StdEncoding.EncodeToString(p.Data)
}
