package identity_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/identity/passkeytest"
	"openmates/internal/policy"
)

// A half sign-in is of the password that was typed: it ends with a new one, with
// signing out everywhere, and with the account.
func TestAHalfSignInEnds(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]func(*house, context.Context, openmates.Caller) error{
		"new password": func(h *house, ctx context.Context, c openmates.Caller) error {
			return h.ChangePassword(ctx, c, goodPassword, "tundra mosaic kayak", false)
		},
		"signed out everywhere else": func(h *house, ctx context.Context, c openmates.Caller) error {
			return h.EndSessions(ctx, c, false, true)
		},
		"signed out everywhere": func(h *house, ctx context.Context, c openmates.Caller) error {
			return h.EndSessions(ctx, c, true, false)
		},
		"account deleted": func(h *house, ctx context.Context, c openmates.Caller) error {
			return h.Leave(ctx, c, "ben", goodPassword)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, _ := guarded(t)
			bens := h.enter(t, "ben")
			recovery := h.turnOn(t, bens)
			bens = h.both(t, "ben", recovery[0])
			waiting, other := h.half(t, "ben"), h.half(t, "ben")
			h.as(t, bens, func(ctx context.Context, c openmates.Caller) {
				all, err := h.SessionsOf(ctx, c)
				must(t, err)
				if len(all) != 2 { // bens, and the one in which it was turned on
					t.Errorf("a half sign-in is listed as a session: %+v", all)
				}
				must(t, take(h, ctx, c))
			})
			h.visit(t, waiting, func(ctx context.Context) {
				_, err := h.SecondStep(ctx, from(1), recovery[1].Reveal())
				code(t, err, openmates.EUnauthorized)
				if openmates.CallerOf(ctx).SignedIn() {
					t.Error("signed in")
				}
			})
			h.visit(t, other, func(ctx context.Context) {
				if _, _, err := h.Awaited(ctx); openmates.CodeOf(err) != openmates.EUnauthorized {
					t.Errorf("somebody is still awaited: %v", err)
				}
			})
		})
	}
}

// both signs in with password and recovery code.
func (h *house) both(t *testing.T, name string, recovery openmates.Secret) *http.Cookie {
	t.Helper()
	return h.visit(t, h.half(t, name), func(ctx context.Context) {
		_, err := h.SecondStep(ctx, from(1), recovery.Reveal())
		must(t, err)
	})
}

// A sign-in in progress while the password is changed fails, with or without a
// second step.
func TestASignInOnItsWayEndsWithTheOldPassword(t *testing.T) {
	t.Parallel()
	for _, two := range []bool{false, true} {
		h, cookie := guarded(t)
		if two {
			codes := h.turnOn(t, cookie)
			cookie = h.both(t, "ada", codes[0])
		}
		late := h.visit(t, nil, func(ctx context.Context) {
			_, err := h.SignIn(ctx, from(1), "ada", goodPassword)
			if _, ok := errors.AsType[*identity.SecondStepError](err); ok != two {
				t.Fatal(err)
			}
			// Its session is not written yet.
			h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
				must(t, h.ChangePassword(ctx, c, goodPassword, "tundra mosaic kayak", false))
			})
		})
		if who := h.who(t, late); who != "" {
			t.Errorf("with the old password %s is signed in", who)
		}
		h.visit(t, late, func(ctx context.Context) {
			if _, _, err := h.Awaited(ctx); err == nil {
				t.Error("with the old password a second step is waited for")
			}
		})
	}
}

// A hash that was made with old costs is replaced, but never a password that was
// changed meanwhile.
func TestRehashingBringsNoOldPasswordBack(t *testing.T) {
	t.Parallel()
	h := seeded(t)
	u, err := h.DB.UserByName(t.Context(), "ada")
	must(t, err)
	old, err := h.DB.Password(t.Context(), u.ID)
	must(t, err)
	fresh, err := h.Vault().Hash(t.Context(), "tundra mosaic kayak")
	must(t, err)
	_, err = h.DB.EndAccess(t.Context(), identity.AccessEnd{UserID: u.ID, Password: fresh})
	must(t, err)
	h.Rehash(t.Context(), u, old, goodPassword)
	if got, err := h.DB.Password(t.Context(), u.ID); err != nil || got != fresh {
		t.Errorf("the password is the old one again: %v", err)
	}
}

// Unfinished changes from before a password change are cancelled: an app's
// secret that somebody else may know, an address, a passkey.
func TestWhatWaitsEndsWithANewPassword(t *testing.T) {
	t.Parallel()
	h, cookie := guarded(t)
	h.Mailing(t)
	var asked []byte
	cookie = h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		must(t, h.BeginAuthenticator(ctx, c, goodPassword))
		awaits, err := h.SetEmail(ctx, c, "thief@example.org", goodPassword)
		must(t, err)
		if !awaits {
			t.Error("no address waits")
		}
		options, err := h.BeginPasskey(ctx, c, "Of a thief", goodPassword)
		must(t, err)
		asked, err = (&passkeytest.Device{Origin: origin}).Make(options)
		must(t, err)
	})
	cookie = h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		must(t, h.ChangePassword(ctx, c, goodPassword, "tundra mosaic kayak", false))
	})
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		if _, err := h.AuthenticatorSetup(ctx, c); openmates.CodeOf(err) != openmates.ENotFound {
			t.Errorf("the authenticator app that was begun: %v", err)
		}
		e, err := h.Email(ctx, c)
		must(t, err)
		if e.Awaited != "" {
			t.Errorf("%s is still to be confirmed", e.Awaited)
		}
		if _, err := h.AddPasskey(ctx, c, asked); openmates.CodeOf(err) != openmates.EInvalid {
			t.Errorf("the passkey that was begun: %v", err)
		}
	})
}

// A token is made right after a sign-in, or with the password.
func TestAnOldSessionMakesNoToken(t *testing.T) {
	t.Parallel()
	h, cookie := guarded(t)
	n := identity.NewToken{Name: "for a thief", Scopes: []openmates.Scope{openmates.ScopeAdmin}, Days: 366}
	makers := func(ctx context.Context, c openmates.Caller, n identity.NewToken) map[string]error {
		p, err := h.Enter(ctx, c, "harbour", policy.RunTeam)
		must(t, err)
		_, _, own := h.AddToken(ctx, c, n)
		_, _, team := h.AddTeamToken(ctx, c, p, n)
		_, _, ears := h.AddListenerToken(ctx, c, n)
		return map[string]error{"own": own, "team": team, "listener": ears}
	}
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		for what, err := range makers(ctx, c, n) {
			if err != nil {
				t.Errorf("right after the sign-in, %s: %v", what, err)
			}
		}
	})
	h.Pass(identity.FreshFor + time.Minute)
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		for what, err := range makers(ctx, c, n) {
			if _, ok := errors.AsType[*identity.PasswordError](err); !ok || openmates.CodeOf(err) != openmates.EForbidden {
				t.Errorf("by an old session, %s: %v", what, err)
			}
		}
		n.Password = "not the password"
		for what, err := range makers(ctx, c, n) {
			if openmates.CodeOf(err) != openmates.EForbidden {
				t.Errorf("with a wrong password, %s: %v", what, err)
			}
		}
		n.Password = goodPassword
		for what, err := range makers(ctx, c, n) {
			if err != nil {
				t.Errorf("with the password, %s: %v", what, err)
			}
		}
	})
}

// Failed sign-ins are logged and audited, with origin and reason, but never
// with what was typed.
func TestFailedSignInsAreNoted(t *testing.T) {
	t.Parallel()
	h, cookie := guarded(t)
	codes := h.turnOn(t, cookie)
	const typed = "hunter2-typed-into-the-wrong-field"
	try := func(n int, fn func(ctx context.Context)) {
		h.visit(t, nil, func(ctx context.Context) { fn(identity.WithVisit(ctx, identity.Visit{From: network(n)})) })
	}
	try(1, func(ctx context.Context) { _, _ = h.SignIn(ctx, network(1), "ben", typed) })
	try(2, func(ctx context.Context) { _, _ = h.SignIn(ctx, network(2), typed, typed) })
	try(3, func(ctx context.Context) {
		_, _ = h.Bearer(ctx, network(3), identity.TokenPrefix+"AAAAAAAAAAAAAAAAAAAAAAAAAA")
	})
	h.visit(t, h.half(t, "ada"), func(ctx context.Context) { _, _ = h.SecondStep(ctx, network(4), "123456") })
	h.visit(t, h.half(t, "ada"), func(ctx context.Context) { _, _ = h.SecondStep(ctx, network(5), "AAAA-BBBB-CCCC-DDDD") })
	h.as(t, h.both(t, "ada", codes[0]), func(ctx context.Context, c openmates.Caller) {
		_ = h.RemoveAuthenticator(identity.WithVisit(ctx, identity.Visit{From: network(6)}), c, typed)
	})
	try(7, func(ctx context.Context) { _, _ = h.PasskeySignIn(ctx, network(7), []byte(typed)) })
	lines, err := h.DB.FindAudit(t.Context(), openmates.AuditSearch{Action: "account.signin_failed", Limit: 50})
	must(t, err)
	var all []string
	for _, l := range lines {
		if l.Actor != 0 {
			t.Errorf("a line says who it was: %+v", l)
		}
		all = append(all, l.Subject.String()+l.After)
	}
	record := strings.Join(all, "\n")
	ada, err := h.DB.UserByName(t.Context(), "ada")
	must(t, err)
	ben, err := h.DB.UserByName(t.Context(), "ben")
	must(t, err)
	for _, want := range []string{
		ben.ID.String() + `{"from":"10.0.1.7","why":"wrong password"}`, `0{"from":"10.0.2.7","why":"no such account"}`, `0{"from":"10.0.3.7","why":"unknown token"}`,
		ada.ID.String() + `{"from":"10.0.4.7","why":"wrong code"}`, ada.ID.String() + `{"from":"10.0.5.7","why":"wrong code"}`,
		ada.ID.String() + `{"from":"10.0.6.7","why":"wrong password when changing something"}`,
	} {
		if !strings.Contains(record, want) {
			t.Errorf("the record lacks %s:\n%s", want, record)
		}
	}
	log := h.Log.String()
	for _, want := range []string{`why="wrong password" from=10.0.1.7`, `why="no such account" from=10.0.2.7 user=0`, `why="unknown token" from=10.0.3.7`, `why="wrong code" from=10.0.4.7`} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s:\n%s", want, log)
		}
	}
	for _, secret := range []string{typed, "AAAAAAAAAAAA", "123456", "BBBB"} {
		if strings.Contains(log+record, secret) {
			t.Errorf("%q was written down", secret)
		}
	}
}

// Endless attempts fill neither the log nor the audit log, and omitted ones are
// counted.
func TestFailedSignInsDoNotFloodTheRecord(t *testing.T) {
	t.Parallel()
	h, _ := guarded(t)
	flood := func(networks, each int) {
		for n := range networks {
			h.visit(t, nil, func(ctx context.Context) {
				for range each {
					_, _ = h.SignIn(ctx, network(n), "ada", "a wrong password")
				}
			})
		}
	}
	flood(1, 500) // one place
	lines, err := h.DB.FindAudit(t.Context(), openmates.AuditSearch{Action: "account.signin_failed", Limit: 1000})
	must(t, err)
	if len(lines) != 5 {
		t.Errorf("500 tries from one place are %d lines", len(lines))
	}
	if n := strings.Count(h.Log.String(), "a sign-in failed"); n > 70 {
		t.Errorf("500 tries from one place are %d lines of the log", n)
	}
	flood(300, 2) // one account, many places
	for n := range 300 {
		h.visit(t, nil, func(ctx context.Context) { _, _ = h.SignIn(ctx, network(1000+n), "nobody", "a wrong password") })
	}
	lines, err = h.DB.FindAudit(t.Context(), openmates.AuditSearch{Action: "account.signin_failed", Limit: 1000})
	must(t, err)
	if len(lines) > 60 {
		t.Errorf("a crowd writes %d lines", len(lines))
	}
	h.Pass(time.Hour)
	h.visit(t, nil, func(ctx context.Context) { _, _ = h.SignIn(ctx, network(5000), "ben", "a wrong password") })
	lines, err = h.DB.FindAudit(t.Context(), openmates.AuditSearch{Action: "account.signin_failed", Limit: 1})
	must(t, err)
	if !strings.Contains(lines[0].After, `"not_recorded":`) {
		t.Errorf("what was left out is not counted: %s", lines[0].After)
	}
}
