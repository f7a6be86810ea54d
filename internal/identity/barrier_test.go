package identity_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/identity"
)

// network is an address in the nth network.
func network(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(n >> 8), byte(n), 7}) }

// browse sends a request with all of a browser's cookies and keeps those in the
// response.
func (h *house) browse(t *testing.T, jar map[string]*http.Cookie, from netip.Addr, fn func(context.Context)) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	for _, c := range jar {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	r = r.WithContext(identity.WithVisit(r.Context(), identity.Visit{From: from}))
	h.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { fn(r.Context()) })).ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		jar[c.Name] = c
	}
}

// signs tries a password in a browser.
func (h *house) signs(t *testing.T, jar map[string]*http.Cookie, from netip.Addr, who string, pass openmates.Secret) (err error) {
	t.Helper()
	h.browse(t, jar, from, func(ctx context.Context) { _, err = h.SignIn(ctx, from, who, pass) })
	return err
}

// A stranger who types wrong passwords all day stops their own network alone; a
// crowd of them stops new browsers, but never one that the owner is known in.
func TestAStrangerKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	h := seeded(t)
	laptop := map[string]*http.Cookie{}
	must(t, h.signs(t, laptop, network(1), "ada", goodPassword))
	known := laptop[h.BrowserCookieName()]
	if known == nil || !known.HttpOnly || known.MaxAge < int(24*time.Hour/time.Second) || strings.Contains(known.Value, "ada") {
		t.Fatalf("the browser is known by %+v", known)
	}
	for n := range 30 {
		if err := h.signs(t, map[string]*http.Cookie{}, network(100), "ada", "a wrong password"); n >= 10 && openmates.CodeOf(err) != openmates.ELimit {
			t.Fatalf("try %d of a stranger: %v", n, err)
		}
	}
	must(t, h.signs(t, map[string]*http.Cookie{}, network(2), "ada", goodPassword)) // at home, on a new phone

	limited := 0
	for n := range 40 { // a crowd
		for range 10 {
			if err := h.signs(t, map[string]*http.Cookie{}, network(200+n), "ada", "a wrong password"); openmates.CodeOf(err) == openmates.ELimit {
				limited++
			}
		}
	}
	if limited < 150 {
		t.Errorf("of 400 guesses from 40 networks %d were stopped", limited)
	}
	code(t, h.signs(t, map[string]*http.Cookie{}, network(3), "ada", goodPassword), openmates.ELimit)
	delete(laptop, h.CookieName())
	must(t, h.signs(t, laptop, network(100), "ada", goodPassword)) // even from the stranger's own network
	must(t, h.signs(t, map[string]*http.Cookie{}, network(3), "ben", goodPassword))

	// What a known browser may try is bounded, too, and it is known for its
	// person alone.
	delete(laptop, h.CookieName())
	stopped := false
	for range 12 {
		stopped = stopped || openmates.CodeOf(h.signs(t, laptop, network(4), "ada", "a wrong password")) == openmates.ELimit
	}
	if !stopped {
		t.Error("a known browser may guess without end")
	}
	for range 10 {
		code(t, h.signs(t, laptop, network(5), "ben", "a wrong password"), openmates.EUnauthorized)
	}
	code(t, h.signs(t, laptop, network(5), "ben", goodPassword), openmates.ELimit)
}

// A browser is known by what only this server can make, and until the next new
// password.
func TestABrowserIsKnownByItsCookieAlone(t *testing.T) {
	t.Parallel()
	h := seeded(t)
	jar := map[string]*http.Cookie{}
	must(t, h.signs(t, jar, network(1), "ada", goodPassword))
	ada, err := h.DB.UserByName(t.Context(), "ada")
	must(t, err)
	ben, err := h.DB.UserByName(t.Context(), "ben")
	must(t, err)
	value := jar[h.BrowserCookieName()].Value
	name, mac, _ := strings.Cut(value, ".")
	knows := func(value string, u openmates.User) (yes bool) {
		h.browse(t, map[string]*http.Cookie{"x": {Name: h.BrowserCookieName(), Value: value}}, network(1), func(ctx context.Context) { yes = h.Known(ctx, u) != "" })
		return yes
	}
	if !knows(value, ada) {
		t.Error("it is not known")
	}
	for _, bad := range []string{"", ".", name, name + ".", "." + mac, strings.Repeat("A", 26) + "." + mac, name[1:] + "." + mac, value + "A", strings.Repeat("x", 5000)} {
		if knows(bad, ada) {
			t.Errorf("known by %.60q", bad)
		}
	}
	if knows(value, ben) || knows(value, openmates.User{}) {
		t.Error("known as somebody else's")
	}
	h.browse(t, jar, network(1), func(ctx context.Context) {
		must(t, h.ChangePassword(ctx, openmates.CallerOf(ctx), goodPassword, "tundra mosaic kayak", false))
	})
	ada, err = h.DB.UserByName(t.Context(), "ada")
	must(t, err)
	if knows(value, ada) || !knows(jar[h.BrowserCookieName()].Value, ada) {
		t.Error("a new password: the old cookie still counts, or the browser in which it was typed is not known")
	}
}

// The same applies to the second step: somebody who knows the password can't
// lock the owner out, and still gets only a few guesses.
func TestAStrangerKeepsNobodyOutOfTheSecondStep(t *testing.T) {
	t.Parallel()
	h, cookie := guarded(t)
	codes := h.turnOn(t, cookie)
	laptop := map[string]*http.Cookie{}
	second := func(jar map[string]*http.Cookie, from netip.Addr, text string) (err error) {
		if _, ok := jar[h.CookieName()]; !ok {
			_ = h.signs(t, jar, from, "ada", goodPassword)
		}
		h.browse(t, jar, from, func(ctx context.Context) { _, err = h.SecondStep(ctx, from, text) })
		return err
	}
	must(t, second(laptop, network(1), codes[0].Reveal()))
	tried := 0
	for n := range 40 {
		thief := map[string]*http.Cookie{}
		for range 8 {
			if openmates.CodeOf(second(thief, network(100+n), "000000")) == openmates.EUnauthorized {
				tried++
			}
		}
		if n == 0 {
			must(t, second(map[string]*http.Cookie{}, network(2), codes[1].Reveal())) // one thief, and another network
			tried = 0
		}
	}
	if tried > 36 {
		t.Errorf("a crowd has %d guesses at a code", tried)
	}
	code(t, second(map[string]*http.Cookie{}, network(3), codes[2].Reveal()), openmates.ELimit)
	delete(laptop, h.CookieName())
	must(t, second(laptop, network(3), codes[3].Reveal()))
}
