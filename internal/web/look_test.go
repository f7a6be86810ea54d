//go:build look

package web

import (
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"openmates/internal/messenger"
	"openmates/internal/model"
)

// TestLook serves a furnished house at OPENMATES_TEST_LOOK (host:port) for a
// person or a script that wants to look at the pages, for ten minutes. Every
// page can be opened signed in by /look?as=NAME&at=PATH. It is built with the
// tag look only.
func TestLook(t *testing.T) { //nolint:paralleltest // serves until it is stopped
	addr := os.Getenv("OPENMATES_TEST_LOOK")
	if addr == "" {
		t.Fatal("OPENMATES_TEST_LOOK says nothing, such as 127.0.0.1:8095")
	}
	h := newHouse(t, func(c *Config) {
		c.Demo = &Demo{Discord: "http://127.0.0.1:1", People: []DemoPerson{
			{Username: "ada", Name: "Ada Lovelace", About: "runs this server", Password: canaryPassword},
			{Username: "ben", Name: "Ben Bitdiddle", About: "is in the team Harbour", Password: canaryPassword},
		}}
	})
	code, err := h.server.SetupCode(t.Context())
	must(t, err)
	setupURL := "/setup?code=" + code.Reveal()
	h.furnish()
	h.model = model.Shown{Name: "scripted", Scripted: true}
	b := h.setBot("mark", "1002", "token-mark", "secret-mark")
	h.states.set(b.ID, messenger.State{Phase: messenger.BadCredentials, Since: time.Now().Add(-5 * time.Minute), Reason: "Discord rejected the bot token.", Cure: "Reset the token on the Bot page of the application and enter the new one here."})
	sophia, err := h.connect.Mate(t.Context(), "sophia")
	must(t, err)
	h.states.set(sophia.Bots[0].ID, messenger.State{Phase: messenger.Connected, Since: time.Now().Add(-time.Hour), Workspaces: 1, Latency: 38 * time.Millisecond, LastEvent: time.Now()})
	mux := http.NewServeMux()
	mux.HandleFunc("/look", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("as") == "" {
			http.Redirect(w, r, setupURL, http.StatusFound)
			return
		}
		at, _ := url.Parse(h.url) // is one: the house made it
		for _, c := range h.as(r.FormValue("as")).c.Jar.Cookies(at) {
			http.SetCookie(w, &http.Cookie{Name: c.Name, Value: c.Value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		}
		http.Redirect(w, r, r.FormValue("at"), http.StatusFound)
	})
	mux.Handle("/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = h.url[len("http://"):] // as a proxy would
		h.web.ServeHTTP(w, r)
	}))
	srv := &http.Server{Addr: addr, Handler: mux}
	time.AfterFunc(10*time.Minute, func() { _ = srv.Close() })
	t.Log(srv.ListenAndServe())
}
