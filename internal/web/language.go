package web

import (
	"fmt"
	"html/template"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"

	"openmates"
	"openmates/internal/catalogue"
	"openmates/internal/locale"
)

// The language of a page is the one chosen at its foot, else the one from the
// person's preferences, else one that the browser accepts. The choice is stored
// in a cookie, so that it also applies before signing in.
const languageCookie = "language"

// settle chooses the language of a response. It sets Content-Language and Vary
// (RFC 9110) and returns the request with the language in its context.
func (s *Server) settle(w http.ResponseWriter, r *http.Request) *http.Request {
	chosen, preferred := "", ""
	if c, err := r.Cookie(languageCookie); err == nil {
		chosen = c.Value
	}
	if c := openmates.CallerOf(r.Context()); c.SignedIn() {
		preferred = c.User.Language
	}
	tag := s.pages.book.Match(chosen, preferred, r.Header.Get("Accept-Language"))
	w.Header().Set("Content-Language", tag)
	w.Header().Set("Vary", "Accept-Language, Cookie")
	return r.WithContext(openmates.WithLanguage(r.Context(), tag))
}

// voice returns the language of a response.
func (s *Server) voice(w http.ResponseWriter) *locale.Voice {
	return s.pages.book.Voice(w.Header().Get("Content-Language"))
}

// chooseLanguage stores the choice and returns to the previous page.
func (s *Server) chooseLanguage(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	if tag := f.Get("language"); s.pages.book.Has(tag) {
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // not a secret; Secure if the public address is https
			Name: languageCookie, Value: tag, Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()), HttpOnly: true,
			SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(s.connect.PublicURL(), "https:"),
		})
	}
	return to(w, r, localPath(f.Get("next")))
}

// pages holds the parsed templates. Each is parsed in a language when it is
// first needed, so that unused ones cost no memory.
type pages struct {
	assets *assets
	book   *locale.Book
	mu     sync.Mutex
	parsed map[[2]string]*template.Template // by language and name
}

func (p *pages) get(v *locale.Voice, name string) (*template.Template, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := [2]string{v.Tag, name}
	if t := p.parsed[key]; t != nil {
		return t, nil
	}
	t := template.New(name).Funcs(p.funcs(v)).Option("missingkey=error")
	for _, part := range []string{"base", "parts", "sheet", "teamparts", name} {
		text, err := templateFiles.ReadFile("templates/" + part + ".html")
		if err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
		source, err := v.Template(string(text))
		if err == nil {
			_, err = t.Parse(source)
		}
		if err != nil {
			return nil, fmt.Errorf("web: %s.html: %w", part, err)
		}
	}
	p.parsed[key] = t
	return t, nil
}

// funcs returns the template functions. Those that return text return it in the
// page's language; say translates a message.
func (p *pages) funcs(v *locale.Voice) template.FuncMap {
	return template.FuncMap{
		"asset":    p.assets.url,
		"portrait": portraitURL,
		"initial":  initial,
		"outside":  func(address string) bool { return strings.HasPrefix(address, "http") },

		"say":    v.Say,
		"count":  func(n any, one, many string) string { return v.Count(int(reflect.ValueOf(n).Int()), one, many) },
		"date":   v.Date,
		"lang":   func() string { return v.Tag },
		"voices": func() []locale.Language { return p.book.Languages() },

		"field":   catalogue.Field,
		"about":   catalogue.Description,
		"phase":   phaseWords,
		"finding": findingWords,
		"class":   func(class string) string { return className(v, class) },
		"masked":  func(value string) string { return masked(v, value) },
		"since":   func(t time.Time) string { return since(v, t) },
		"lasting": func(t time.Time) string { return lasting(v, t) },
		"money":   func(m openmates.Micros, currency string) string { return money(v, m, currency) },

		"grants": newGrants, "box": newBox, "languages": languages, "spend": newSpend,
		"adminPlaces": adminPlaces, "within": within, "here": here,
	}
}

const day = 24 * time.Hour

// span is the time since t as it is said roughly: a number of minutes, hours or
// days. Less than a minute has no unit.
func span(t time.Time) (n int, unit time.Duration) {
	d := time.Since(t)
	switch {
	case d < time.Minute:
		return 0, 0
	case d < 2*time.Hour:
		unit = time.Minute
	case d < 2*day:
		unit = time.Hour
	default:
		unit = day
	}
	return int(d / unit), unit
}

// lasting says how long something has been the case.
func lasting(v *locale.Voice, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	switch n, unit := span(t); unit {
	case time.Minute:
		return v.Count(n, "for %d min", "for %d min")
	case time.Hour:
		return v.Count(n, "for %d hour", "for %d hours")
	case day:
		return v.Count(n, "for %d day", "for %d days")
	}
	return v.Say(openmates.T("just now"))
}

// since says roughly how long ago something was.
func since(v *locale.Voice, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	switch n, unit := span(t); unit {
	case time.Minute:
		return v.Count(n, "%d min ago", "%d min ago")
	case time.Hour:
		return v.Count(n, "%d hour ago", "%d hours ago")
	case day:
		return v.Count(n, "%d day ago", "%d days ago")
	}
	return v.Say(openmates.T("just now"))
}
