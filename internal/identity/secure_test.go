package identity_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"openmates"
)

// Once the address is https, session cookies are Secure, and people stay signed
// in.
func TestCookiesFollowTheAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	begin := h.Secured(h.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		must(t, h.Begin(r.Context(), openmates.User{ID: 7}))
		_, _ = w.Write([]byte("x"))
	})))
	cookie := func() string {
		w := httptest.NewRecorder()
		begin.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
		return w.Header().Get("Set-Cookie")
	}
	if c := cookie(); strings.Contains(c, "Secure") || !strings.HasPrefix(c, h.CookieName()+"=") {
		t.Errorf("by http: %s", c)
	}
	must(t, h.Public.Move("https://mates.example"))
	if c := cookie(); strings.Count(c, "; Secure") != 1 || !strings.HasPrefix(c, h.CookieName()+"=") {
		t.Errorf("by https: %s", c)
	}
	must(t, h.Public.Move("http://mates.example"))
	if c := cookie(); strings.Contains(c, "Secure") {
		t.Errorf("by http again: %s", c)
	}
}
