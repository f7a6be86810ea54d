package identity_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"openmates/internal/identity"
)

// What is shown once is read by the page that it was kept for, by the same
// session, one time and for some minutes; the database never holds it readable.
func TestShownOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const canary = "om_CANARYCANARYCANARY"
	var jar []*http.Cookie
	within := func(do func(ctx context.Context)) {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
		for _, c := range jar {
			r.AddCookie(c)
		}
		h.Room.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { do(r.Context()) })).ServeHTTP(w, r)
		if set := w.Result().Cookies(); len(set) > 0 {
			jar = set
		}
	}
	keep := func() {
		within(func(ctx context.Context) {
			if err := h.Room.KeepOnce(ctx, "/here", canary); err != nil {
				t.Error(err)
			}
		})
	}
	take := func(page string) (got string, ok bool) {
		within(func(ctx context.Context) { ok = h.Room.TakeOnce(ctx, page, &got) })
		return got, ok
	}
	keep()
	sum := sha256.Sum256([]byte(jar[0].Value))
	data, found, err := h.DB.Session(t.Context(), base64.RawURLEncoding.EncodeToString(sum[:]))
	if err != nil || !found || !strings.Contains(string(data), identity.KeyOnce) {
		t.Fatalf("nothing is kept: %v %s", err, data)
	}
	if strings.Contains(string(data), canary) || strings.Contains(string(data), "/here") {
		t.Errorf("the database holds it readable: %s", data)
	}
	if got, ok := take("/elsewhere"); ok {
		t.Errorf("another page shows %q", got)
	}
	if got, ok := take("/here"); !ok || got != canary {
		t.Errorf("the page shows %q", got)
	}
	if got, ok := take("/here"); ok {
		t.Errorf("it is shown twice: %q", got)
	}

	keep()
	mine := jar
	jar = nil
	if got, ok := take("/here"); ok {
		t.Errorf("another browser shows %q", got)
	}
	jar = mine
	h.Pass(identity.OnceLasts + time.Second)
	if got, ok := take("/here"); ok {
		t.Errorf("it is shown late: %q", got)
	}
}
