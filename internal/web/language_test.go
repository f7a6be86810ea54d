package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A page is told in the language that its reader chose, else in that of their
// preferences, else in one that the browser asks for.
func TestLanguage(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	b := h.browser()
	page := func(b *browser, path, wish string) (lang string) {
		t.Helper()
		got := b.do(http.MethodGet, path, nil, http.Header{"Accept-Language": {wish}})
		lang = got.header.Get("Content-Language")
		if !strings.Contains(got.body, `<html lang="`+lang+`">`) {
			t.Errorf("the page is not marked as %q", lang)
		}
		return lang
	}
	for wish, want := range map[string]string{
		"": "en", "de": "de", "de-AT,de;q=0.9,en;q=0.5": "de", "fr,de;q=0.5": "de", "fr": "en", "en-GB,de;q=0.9": "en", "x;;;": "en", strings.Repeat("de,", 5000): "en",
	} {
		if got := page(b, "/signin", wish); got != want {
			t.Errorf("whoever wants %.30q gets %q, want %q", wish, got, want)
		}
	}
	post := func(b *browser, form url.Values) answer {
		return b.do(http.MethodPost, "/language", form, http.Header{"Sec-Fetch-Site": {"same-origin"}})
	}
	if got := post(b, url.Values{"language": {"de"}, "next": {"/signin?next=/profile"}}); got.header.Get("Location") != "/signin?next=/profile" {
		t.Errorf("the choice leads to %q", got.header.Get("Location"))
	}
	if got := page(b, "/signin", "en"); got != "de" {
		t.Errorf("the choice does not hold: %q", got)
	}
	for _, bad := range []string{"tlh", "", "../de", "en-XA"} {
		if got := post(b, url.Values{"language": {bad}, "next": {"//evil.example"}}); got.header.Get("Location") != "/" || got.header.Get("Set-Cookie") != "" {
			t.Errorf("%q: %d to %q, cookie %q", bad, got.status, got.header.Get("Location"), got.header.Get("Set-Cookie"))
		}
	}
	if got := b.get(h.web.assets.url("app.css")); got.status != 200 || got.header.Get("Content-Language")+got.header.Get("Vary") != "" {
		t.Errorf("a style sheet has a language: %v", got.header)
	}
	other := b.do(http.MethodPost, "/signin", url.Values{}, http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}})
	if other.status != 403 || !strings.Contains(other.body, `<html lang="de">`) {
		t.Errorf("a form of another site is refused with %d in %q", other.status, other.header.Get("Content-Language"))
	}
	ben := h.as("ben")
	ben.post("/profile/preferences", url.Values{"name": {"Ben"}, "language": {"de"}})
	if got := page(ben, "/profile", "en"); got != "de" {
		t.Errorf("the preference does not hold: %q", got)
	}
	if got := page(ben, "/nothing-here", "en"); got != "de" {
		t.Errorf("an error is told in %q", got)
	}
}

// holds reports whether a page was shown, in whatever language.
func (p *pages) holds(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key := range p.parsed {
		if key[1] == name {
			return true
		}
	}
	return false
}
