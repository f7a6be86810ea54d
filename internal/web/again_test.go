package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"openmates"
)

// hurt sends a form that can't be saved at the moment.
func (h *house) hurt(path string, form url.Values) answer {
	h.t.Helper()
	req := httptest.NewRequest(http.MethodPost, h.url+path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if h.language != "" {
		req.Header.Set("Accept-Language", h.language)
	}
	rec := httptest.NewRecorder()
	h.web.handle(func(http.ResponseWriter, *http.Request) error {
		return openmates.Errorf(openmates.EUnavailable, "The database is busy. Try again.")
	}).ServeHTTP(rec, req)
	return answer{rec.Code, rec.Header(), rec.Body.String()}
}

// A form that fails for a reason that passes can be sent again as it was
// typed; what is secret is asked for once more instead of written into a page.
func TestAFormThatFailsForNowIsKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	got := h.hurt("/server/mates/sophia?from=setup", url.Values{
		"name": {`Nora "N" <b>`}, "mates": {"mark", "lisa"}, "note": {"a\nb"}, "password": {"geheim 1"}, "new": {"geheim 2"}, "token": {"geheim 3"},
		"secret": {"geheim 4"}, "key": {"geheim 5"}, "code": {""},
	})
	if got.status != http.StatusServiceUnavailable {
		t.Errorf("status %d", got.status)
	}
	for _, want := range []string{
		`<form method="post" action="/server/mates/sophia?from=setup">`, `name="name" value="Nora &#34;N&#34; &lt;b&gt;"`, "The database is busy",
		`name="mates" value="mark"`, `name="mates" value="lisa"`, "name=\"note\" value=\"a\nb\"",
		`name="password" type="password"`, `name="new" type="password"`, `name="token" type="password"`, `name="secret" type="password"`, `name="key" type="password"`,
	} {
		if !strings.Contains(got.body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(got.body, "geheim") || strings.Contains(got.body, `name="code"`) {
		t.Errorf("the page holds a secret, or asks for what was empty\n%s", got.body)
	}
}
