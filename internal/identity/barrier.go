package identity

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"openmates"
	"openmates/internal/guard"
)

// tryOf returns a guess at a secret of u, from the request's address and
// browser.
func (r *Room) tryOf(ctx context.Context, u openmates.User, from netip.Addr) guard.Try {
	return guard.Try{Account: u.ID.String(), From: from, Browser: r.known(ctx, u)}
}

// browser identifies a request's browser.
type browser struct{ given, fresh string }

type browserKey struct{}

func browserOf(ctx context.Context) *browser {
	if b, _ := ctx.Value(browserKey{}).(*browser); b != nil {
		return b
	}
	return &browser{}
}

// knownFor is how long a browser is known after somebody has signed in there.
const knownFor = 365 * 24 * time.Hour

// BrowserCookieName returns the name of the cookie of a known browser. The
// cookie signs nobody in.
func (r *Room) BrowserCookieName() string {
	return strings.Replace(r.sessions.Cookie.Name, "_session", "_browser", 1)
}

// known returns the ID of the request's browser if u has signed in there since
// the last new password, else "".
func (r *Room) known(ctx context.Context, u openmates.User) string {
	name, mac, ok := strings.Cut(browserOf(ctx).given, ".")
	if !ok || u.ID == 0 || len(name) != 26 || !r.store.Verify(browserPlace(u), openmates.Secret(name), mac) {
		return ""
	}
	return name
}

// recognise makes the request's browser a known one.
func (r *Room) recognise(ctx context.Context, u openmates.User) {
	name := r.known(ctx, u)
	if name == "" {
		name = rand.Text()
	}
	browserOf(ctx).fresh = name + "." + r.store.MAC(browserPlace(u), openmates.Secret(name))
}

func browserPlace(u openmates.User) string {
	return "browser:" + u.ID.String() + ":" + epochText(u.Epoch)
}

// knowing reads the cookie of a known browser, and sets it when somebody has
// signed in.
func (r *Room) knowing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		b := &browser{}
		if c, err := req.Cookie(r.BrowserCookieName()); err == nil && len(c.Value) < 200 {
			b.given = c.Value
		}
		k := &knowing{ResponseWriter: w, room: r, browser: b}
		next.ServeHTTP(k, req.WithContext(context.WithValue(req.Context(), browserKey{}, b)))
		k.mark()
	})
}

type knowing struct {
	http.ResponseWriter
	room    *Room
	browser *browser
	begun   bool
}

// WriteHeader implements http.ResponseWriter.
func (k *knowing) WriteHeader(status int) {
	k.mark()
	k.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (k *knowing) Write(b []byte) (int, error) {
	k.mark()
	return k.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController through.
func (k *knowing) Unwrap() http.ResponseWriter { return k.ResponseWriter }

func (k *knowing) mark() {
	if k.begun {
		return
	}
	if k.begun = true; k.browser.fresh == "" {
		return
	}
	http.SetCookie(k.ResponseWriter, &http.Cookie{ //nolint:gosec // Secure as the session's own cookie
		Name: k.room.BrowserCookieName(), Value: k.browser.fresh, Path: "/", MaxAge: int(knownFor.Seconds()),
		HttpOnly: true, Secure: k.room.sessions.Cookie.Secure, SameSite: http.SameSiteLaxMode,
	})
}
