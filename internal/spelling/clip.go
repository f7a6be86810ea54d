package spelling

import "github.com/rivo/uniseg"

// Prefix returns the start of s: up to most code points, and only whole
// characters as a reader sees them (Unicode UAX #29, grapheme clusters). A flag
// or an emoji of several code points is kept or left out, never cut. A single
// character that is too long is cut between code points.
func Prefix(s string, most int) string {
	n, used, state := 0, 0, -1
	for rest := s; rest != ""; {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		used += len([]rune(cluster))
		if used > most {
			break
		}
		n += len(cluster)
	}
	if n == 0 {
		r := []rune(s)
		return string(r[:min(len(r), most)])
	}
	return s[:n]
}

// Clip returns s, or its Prefix followed by an ellipsis.
func Clip(s string, most int) string {
	if p := Prefix(s, most); p != s {
		return p + "…"
	}
	return s
}
