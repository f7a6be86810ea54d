package store_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/secret"
	"openmates/internal/store"
)

// A server with a lost or different key reads everything except credentials,
// and never overwrites them by accident: with the old key everything works
// again, except what was entered anew.
func TestALostKeyCostsCredentialsOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ring := func() *secret.Ring {
		key := make([]byte, 32)
		_, _ = rand.Read(key)
		r, err := secret.New(key)
		ok(t, err)
		return r
	}
	first, second := ring(), ring()
	with := func(r *secret.Ring, do func(*store.DB)) {
		t.Helper()
		db, err := store.Open(t.Context(), store.Config{Dir: dir, Seal: r, Log: slog.New(slog.DiscardHandler)})
		ok(t, err)
		do(db)
		ok(t, db.Close())
	}
	const mail = "server.mail_password"
	ctx := t.Context()
	var user openmates.User
	with(first, func(db *store.DB) {
		same, known, err := db.SameKey(ctx)
		if same || known || err != nil {
			t.Errorf("before anybody used a key: %v, %v, %v", same, known, err)
		}
		ok(t, db.AdoptKey(ctx))
		for i := range 2 {
			m, err := db.SaveMate(ctx, openmates.Mate{Handle: fmt.Sprint("mate", i), Name: "Mate"})
			ok(t, err)
			bot, err := db.SaveBot(ctx, openmates.Bot{MateID: m.ID, Network: "discord", AppID: fmt.Sprint(i), Secrets: openmates.Secrets{"token": "token", "secret": "secret"}})
			ok(t, err)
			_, err = db.AddInstallation(ctx, openmates.Installation{BotID: bot.ID, Workspace: "granted", Token: "granted"})
			ok(t, err)
			_, err = db.AddInstallation(ctx, openmates.Installation{BotID: bot.ID, Workspace: "without"})
			ok(t, err)
		}
		_, err = db.SaveProvider(ctx, openmates.Provider{Name: "openai", Kind: "openai", Label: "OpenAI", Key: "sk"})
		ok(t, err)
		ok(t, db.SetSecretSetting(ctx, mail, "pw"))
		user, err = db.AddUser(ctx, openmates.User{Username: "ada", DisplayName: "Ada"}, "phc")
		ok(t, err)
		_, err = db.AddPasskey(ctx, identity.Passkey{UserID: user.ID, Credential: "abc", Data: "{}", Name: "Laptop"})
		ok(t, err)
		ok(t, db.BeginAuthenticator(ctx, user.ID, "JBSWY3DP"))
		ok(t, db.ConfirmAuthenticator(ctx, user.ID, 1, nil))
		if lost, err := db.Unreadable(ctx); lost.Any() || err != nil {
			t.Errorf("with the right key %+v, %v", lost, err)
		}
	})
	with(second, func(db *store.DB) {
		if same, known, err := db.SameKey(ctx); same || !known || err != nil {
			t.Errorf("with another key: %v, %v, %v", same, known, err)
		}
		want := openmates.Unreadable{Bots: 2, Installations: 2, Providers: 1, Settings: 1, Passkeys: 1, Authenticators: 1}
		if lost, err := db.Unreadable(ctx); lost != want || err != nil {
			t.Errorf("%+v, %v", lost, err)
		}
		if in, err := db.InstallationAt(ctx, firstBot(t, db).ID, "granted"); !in.TokenLost || in.Token != "" || err != nil {
			t.Errorf("%+v, %v", in, err)
		}
		bots, err := db.ListeningBots(ctx)
		ok(t, err)
		for i, b := range bots {
			if !slices.Equal(b.Lost, []string{"secret", "token"}) || len(b.Secrets) > 0 || b.AppID != fmt.Sprint(i) {
				t.Errorf("bot %d is %+v", i, b)
			}
		}
		// One is renamed and paused, of the other the token is typed again.
		b := bots[0]
		b.Name, b.Asks = "New name", "8"
		saved, err := db.SaveBot(ctx, b)
		ok(t, err)
		if saved.Revision != b.Revision || !slices.Contains(saved.Lost, "token") {
			t.Errorf("saved is %+v", saved)
		}
		ok(t, db.PauseBot(ctx, b.ID, true))
		b = bots[1]
		b.Secrets = b.Secrets.With("token", "typed again")
		saved, err = db.SaveBot(ctx, b)
		ok(t, err)
		if !slices.Equal(saved.Lost, []string{"secret"}) || saved.Revision != b.Revision+1 {
			t.Errorf("saved is %+v", saved)
		}
		p, err := db.Provider(ctx, "openai")
		ok(t, err)
		if !p.KeyLost || p.Problem != "" {
			t.Errorf("the provider is %+v", p)
		}
		p.Label = "Open AI"
		_, err = db.SaveProvider(ctx, p)
		ok(t, err)
		if _, err := db.SecretSetting(ctx, mail); !errors.Is(err, openmates.ErrUnreadable) {
			t.Errorf("the password of the mail server: %v", err)
		}
		keys, err := db.Passkeys(ctx, user.ID)
		if err != nil || len(keys) != 1 || !keys[0].Lost {
			t.Errorf("passkeys %+v, %v", keys, err)
		}
		a, err := db.Authenticator(ctx, user.ID)
		if err != nil || !a.Lost || !a.Confirmed {
			t.Errorf("authenticator %+v, %v", a, err)
		}
	})
	with(first, func(db *store.DB) {
		bots, err := db.Bots(ctx)
		ok(t, err)
		if b := bots[0]; b.Secrets["token"] != "token" || b.Secrets["secret"] != "secret" || b.Name != "New name" || !b.Paused {
			t.Errorf("with the old key back, %+v", b)
		}
		if b := bots[1]; !slices.Equal(b.Lost, []string{"token"}) || b.Secrets["secret"] != "secret" {
			t.Errorf("with the old key back, %+v", b)
		}
		p, err := db.Provider(ctx, "openai")
		if err != nil || p.Key != "sk" || p.KeyLost || p.Label != "Open AI" {
			t.Errorf("with the old key back, %+v, %v", p, err)
		}
	})
	with(second, func(db *store.DB) { // everything is typed again
		bots, err := db.Bots(ctx)
		ok(t, err)
		for _, b := range bots {
			b.Secrets = openmates.Secrets{"token": "new", "secret": "new"}
			_, err := db.SaveBot(ctx, b)
			ok(t, err)
			_, err = db.AddInstallation(ctx, openmates.Installation{BotID: b.ID, Workspace: "granted", Token: "granted again"})
			ok(t, err)
		}
		p, err := db.Provider(ctx, "openai")
		ok(t, err)
		p.Key = "new"
		_, err = db.SaveProvider(ctx, p)
		ok(t, err)
		ok(t, db.SetSecretSetting(ctx, mail, "new"))
		ok(t, db.RemoveAuthenticator(ctx, user.ID))
		keys, err := db.Passkeys(ctx, user.ID)
		ok(t, err)
		_, err = db.RemovePasskey(ctx, user.ID, keys[0].ID)
		ok(t, err)
		if lost, err := db.Unreadable(ctx); lost.Any() || err != nil {
			t.Errorf("when all was typed again, %+v, %v", lost, err)
		}
	})
}

func firstBot(t *testing.T, db *store.DB) openmates.Bot {
	t.Helper()
	bots, err := db.Bots(t.Context())
	ok(t, err)
	return bots[0]
}
