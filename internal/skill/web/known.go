package web

import (
	"net/url"
	"strings"
)

// known reports whether an address is in one of the texts, with or without its
// scheme. The front page of a mentioned host is known as well, because it
// reveals nothing that wasn't said.
//
// Otherwise a model that is misled, by a page or by somebody in the channel,
// could leak the conversation in an address that it makes up.
func known(u *url.URL, texts []string) bool {
	want, front := keyOf(u), frontOf(u)
	for _, text := range texts {
		for word := range strings.FieldsFuncSeq(text, outside) {
			if !strings.Contains(word, ".") && !strings.Contains(word, "://") {
				continue
			}
			for _, a := range candidates(word) {
				if keyOf(a) == want || front && hostOf(a) == hostOf(u) {
					return true
				}
			}
		}
	}
	return false
}

// outside reports whether a character can't be part of an address, as people
// and Markdown write them.
func outside(r rune) bool {
	return r <= ' ' || strings.ContainsRune("<>\"`\u00a0\u201c\u201d\u201e", r)
}

// candidates reads a word as an address: without what surrounds it, and
// with each end that may belong to the sentence instead.
func candidates(word string) (all []*url.URL) {
	if _, target, ok := strings.Cut(word, "]("); ok { // a link in Markdown
		word = target
	}
	if i := strings.Index(word, "://"); i > 0 { // "see:https://…"
		begin := strings.LastIndexFunc(word[:i], func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') })
		word = word[begin+1:]
	}
	word = strings.TrimLeft(word, "([{*_'|~")
	for {
		if u := parse(word); u != nil {
			all = append(all, u)
		}
		cut := strings.TrimRight(word, ".,;:!?)]}'*_|~")
		if cut == word || word == "" {
			return all
		}
		word = word[:len(word)-1] // one after the other: "…/Go_(game))."
	}
}

func parse(word string) *url.URL {
	if !strings.Contains(word, "://") {
		word = "https://" + word
	}
	u, err := url.Parse(word)
	if err != nil || u.Host == "" || u.User != nil {
		return nil
	}
	return u
}

// hostOf is the host with a port that is not the scheme's own.
func hostOf(u *url.URL) string {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if p := u.Port(); p != "" && p != "80" && p != "443" {
		host += ":" + p
	}
	return host
}

// keyOf is an address without what makes no other page of it: the scheme, how
// it is encoded, a slash at its end, and what comes after #.
func keyOf(u *url.URL) string {
	query, err := url.QueryUnescape(u.RawQuery)
	if err != nil {
		query = u.RawQuery
	}
	return hostOf(u) + " " + strings.TrimSuffix(u.Path, "/") + " " + query
}

// frontOf reports whether an address is the front page of its host.
func frontOf(u *url.URL) bool { return strings.Trim(u.Path, "/") == "" && u.RawQuery == "" }
