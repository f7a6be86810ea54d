package walktest

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// Visitor is a browser without JavaScript.
type Visitor struct {
	*testing.T
	At     string // the server's address
	Client *http.Client
}

// NewVisitor is one who isn't signed in.
func NewVisitor(t *testing.T, at string) *Visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Visitor{t, at, &http.Client{Jar: jar}}
}

// Get opens a page of the server.
func (v *Visitor) Get(path string) (status int, body string) {
	v.Helper()
	return v.Send(v.At+path, nil)
}

// Post sends a form, and fails the test if the page that follows lacks a text.
func (v *Visitor) Post(path string, form url.Values, want string) string {
	v.Helper()
	status, body := v.Send(v.At+path, form)
	if !strings.Contains(body, want) {
		v.Fatalf("POST %s: %d, and the page lacks %q:\n%s", path, status, want, body)
	}
	return body
}

// Send opens an address, or sends a form to it as its own page would.
func (v *Visitor) Send(address string, form url.Values) (status int, body string) {
	v.Helper()
	method, sent := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, sent = http.MethodPost, strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(v.Context(), method, address, sent)
	if err != nil {
		v.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", req.URL.Scheme+"://"+req.URL.Host)
	}
	resp, err := v.Client.Do(req)
	if err != nil {
		v.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		v.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// Crawl reads every page that links lead to.
func (v *Visitor) Crawl(from string) map[string]string {
	v.Helper()
	link := regexp.MustCompile(`(?:href|data-refresh)="(/[^"#]*)`)
	pages := map[string]string{}
	for todo := []string{from}; len(todo) > 0; todo = todo[1:] {
		at := strings.ReplaceAll(todo[0], "&amp;", "&")
		if _, seen := pages[at]; seen || strings.HasPrefix(at, "/static/") || strings.HasPrefix(at, "/portraits/") {
			continue
		}
		status, body := v.Get(at)
		if status >= 500 {
			v.Errorf("GET %s: %d", at, status)
		}
		pages[at] = body
		for _, m := range link.FindAllStringSubmatch(body, -1) {
			todo = append(todo, m[1])
		}
	}
	return pages
}
