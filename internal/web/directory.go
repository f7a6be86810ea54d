package web

import (
	"net/http"
	"net/url"
	"strings"

	"openmates"
	"openmates/internal/spelling"
)

// Lists for the server's admins. They show who and what there is, never what a
// team says.
const (
	peoplePath = "/server/people"
	teamsPath  = "/server/teams"
)

// linesAtOnce is how many rows a list shows per page.
const linesAtOnce = 50

// directory is what these pages have in common.
type directory struct {
	shell
	Query  string
	First  string // URL of the first page, or "" if this is it
	Next   string // URL of the next page, or "" if there is none
	Search openmates.DirectorySearch
}

func (s *Server) directory(r *http.Request, title openmates.Text) directory {
	q := r.URL.Query()
	d := directory{shell: s.shell(r, title), Query: strings.TrimSpace(q.Get("q"))}
	d.Search = openmates.DirectorySearch{Text: searched(d.Query), After: searched(q.Get("after")), Limit: linesAtOnce}
	if d.Search.After != "" {
		d.First = d.at("")
	}
	return d
}

func searched(s string) string { return spelling.Prefix(s, 200) }

// at returns the URL of the page that begins after a row.
func (d *directory) at(after string) string {
	q := url.Values{}
	if d.Query != "" {
		q.Set("q", d.Query)
	}
	if after != "" {
		q.Set("after", after)
	}
	if len(q) == 0 {
		return d.Path
	}
	return d.Path + "?" + q.Encode()
}
