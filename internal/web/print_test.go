package web

import (
	"encoding/json"
	"flag"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var printTo = flag.String("print", "", "write the album's pages, and all that they load, into this file; test/web opens them in a browser")

// printed is an answer of the server as it is kept in a file.
type printed struct {
	Name   string      `json:"name"` // of a page
	Header http.Header `json:"header"`
	Body   []byte      `json:"body"`
}

// The pages of the album are whole: all that one of them loads comes from the
// server, too. -print keeps pages and files for what looks at them elsewhere.
func TestThePagesOfTheAlbumHaveAllThatTheyLoad(t *testing.T) {
	t.Parallel()
	all := struct {
		Pages map[string][]printed `json:"pages"` // by their language
		Files map[string]printed   `json:"files"` // by their path
	}{map[string][]printed{}, map[string]printed{}}
	for _, language := range []string{"en", "de"} {
		a := newPages(t, language)
		b := newHouse(t).furnish().browser()
		for _, p := range a.pages {
			all.Pages[language] = append(all.Pages[language], printed{p.name, p.header, []byte(p.body)})
			for _, path := range loads(p.body) {
				if _, done := all.Files[path]; done {
					continue
				}
				got := b.get(path)
				if got.status != http.StatusOK {
					t.Errorf("%s loads %s, which is answered with %d", p.name, path, got.status)
				}
				all.Files[path] = printed{Header: got.header, Body: []byte(got.body)}
			}
		}
	}
	if len(all.Pages["en"]) < 100 || len(all.Files) < 5 {
		t.Errorf("%d pages load %d files: %s", len(all.Pages["en"]), len(all.Files), slices.Sorted(maps.Keys(all.Files)))
	}
	if *printTo == "" {
		return
	}
	text, err := json.Marshal(all)
	must(t, err)
	must(t, os.WriteFile(*printTo, text, 0o600))
}

// loads names the styles, scripts and pictures of a page.
func loads(body string) (paths []string) {
	for _, m := range regexp.MustCompile(`(?:href|src)="(/(?:static|portraits)/[^"]+)"`).FindAllStringSubmatch(body, -1) {
		paths = append(paths, strings.ReplaceAll(m[1], "&amp;", "&"))
	}
	return paths
}
