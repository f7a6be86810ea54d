package web

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"openmates"
	"openmates/internal/connect/connecttest"
	"openmates/internal/identity"
	"openmates/internal/secret"
	"openmates/internal/store"
)

// loseKey seals again what is stored with a key that the house does not have,
// as it would be after the house has lost its own.
func (h *house) loseKey() {
	h.t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	ring, err := secret.New(key)
	must(h.t, err)
	db, err := store.Open(context.Background(), store.Config{Dir: h.dir, Seal: ring, Log: slog.New(slog.DiscardHandler)})
	must(h.t, err)
	defer db.Close()
	ctx := context.Background()
	bots, err := h.db.Bots(ctx)
	must(h.t, err)
	for _, b := range bots {
		_, err := db.SaveBot(ctx, b)
		must(h.t, err)
	}
	providers, err := h.db.Providers(ctx)
	must(h.t, err)
	for _, p := range providers {
		if p.Key != "" {
			_, err := db.SaveProvider(ctx, p)
			must(h.t, err)
		}
	}
	u, err := h.db.UserByName(ctx, "ada")
	must(h.t, err)
	_, err = db.AddPasskey(ctx, identity.Passkey{UserID: u.ID, Credential: "abc", Data: "{}", Name: "Laptop"})
	must(h.t, err)
	must(h.t, db.SetSetting(ctx, "server.mail", `{"Host":"smtp.example.org","Port":587,"Security":"starttls","Username":"mates","From":"mates@example.org","Name":"Mates"}`))
	must(h.t, db.SetSecretSetting(ctx, "server.mail_password", "hidden"))
}

// Without the key the pages say what to enter again, none of them fails, and
// entering it again works.
func TestALostKeyIsToldWithItsCure(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	_, err := h.db.SaveProvider(t.Context(), openmates.Provider{Name: "anthropic", Kind: "anthropic", Label: "Anthropic", Key: "sk"})
	must(t, err)
	h.loseKey()
	h.models.Forget()
	ada := h.as("ada")
	const sophia = "/server/bots/" + string(connecttest.Name) + "/sophia"
	for path, want := range map[string]string{
		"/server":                     "The key for saved credentials is missing or has changed: 3 of them can’t be read.",
		"/server/bots":                "Token rejected",
		sophia:                        "Paste it again",
		"/server/providers":           "can’t be decrypted",
		"/server/providers/anthropic": "Enter it again",
		"/server/mail":                "Enter it again",
		"/server/setup":               "Saved credentials can",
		"/profile/security":           "remove it and add it again",
		"/teams/harbour":              "Sophia",
		"/teams/harbour/connect":      "Sophia",
		"/profile":                    "",
	} {
		got := ada.get(path)
		text := strings.NewReplacer("&#39;", "’", "'", "’").Replace(got.body)
		if got.status != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("%s: %d, lacks %q\n%s", path, got.status, want, got.body)
		}
	}
	got := ada.post(sophia, url.Values{"app_id": {"1001"}})
	if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "Paste it again") {
		t.Errorf("saved without its token: %d\n%s", got.status, got.body)
	}
	got = ada.follow(sophia, url.Values{"app_id": {"1001"}, "token": {canaryToken}, "secret": {canarySecret}})
	if got.status != http.StatusOK || strings.Contains(got.body, "Paste it again") {
		t.Errorf("saved with its token: %d\n%s", got.status, got.body)
	}
	bots, err := h.db.Bots(t.Context())
	must(t, err)
	b := bots[0]
	if len(b.Lost) > 0 || b.Secrets["token"] != canaryToken {
		t.Errorf("the bot is %+v", b)
	}
	if page := ada.get("/server"); !strings.Contains(page.body, "2 of them") {
		t.Errorf("the overview does not count down\n%s", page.body)
	}
}
