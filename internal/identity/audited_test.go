package identity_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/guard"
	"openmates/internal/identity"
	"openmates/internal/identity/passkeytest"
	"openmates/internal/store/storetest"
)

// audits returns storetest.Audited for what a person does in a request of the
// browser with this cookie.
func (h *house) audits(t *testing.T, cookie *http.Cookie) func(action string, do func(context.Context, openmates.Caller) error, except ...string) {
	return func(action string, do func(context.Context, openmates.Caller) error, except ...string) {
		t.Helper()
		storetest.Audited(t, h.DB, action, func() (err error) {
			cookie = h.as(t, cookie, func(ctx context.Context, c openmates.Caller) { err = do(ctx, c) })
			return err
		}, except...)
		h.Pass(time.Hour) // for the next code and the throttles
	}
}

// What protects an account doesn't change without an entry in the audit record.
func TestNoProtectionChangesWithoutItsAuditEntry(t *testing.T) {
	t.Parallel()
	h, cookie := guarded(t)
	audited := h.audits(t, cookie)

	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) { must(t, h.BeginAuthenticator(ctx, c, goodPassword)) })
	var recovery []openmates.Secret
	audited("account.authenticator_on", func(ctx context.Context, c openmates.Caller) (err error) {
		recovery, err = h.ConfirmAuthenticator(ctx, c, h.codeNow(t, c.User.ID))
		return err
	})
	waiting := h.half(t, "ada")
	storetest.Audited(t, h.DB, "account.recovery_used", func() (err error) {
		h.visit(t, waiting, func(ctx context.Context) { _, err = h.SecondStep(ctx, from(1), recovery[0].Reveal()) })
		return err
	}, "sessions")
	audited("account.recovery_new", func(ctx context.Context, c openmates.Caller) error {
		_, err := h.NewRecovery(ctx, c, goodPassword)
		return err
	})
	audited("account.authenticator_off", func(ctx context.Context, c openmates.Caller) error {
		return h.RemoveAuthenticator(ctx, c, goodPassword)
	})

	phone := &passkeytest.Device{Origin: origin}
	audited("account.passkey_add", func(ctx context.Context, c openmates.Caller) error {
		options, err := h.BeginPasskey(ctx, c, "Phone", goodPassword)
		must(t, err)
		answer, err := phone.Make(options)
		must(t, err)
		_, err = h.AddPasskey(ctx, c, answer)
		return err
	})
	audited("account.ask_passkey", func(ctx context.Context, c openmates.Caller) error {
		_, err := h.AskPasskey(ctx, c, true, goodPassword)
		return err
	})
	audited("account.passkey_remove", func(ctx context.Context, c openmates.Caller) error {
		keys, err := h.Passkeys(ctx, c)
		must(t, err)
		return h.RemovePasskey(ctx, c, keys[0].ID, goodPassword)
	})
}

// An account, its sessions and its tokens don't change without an entry in the
// audit record.
func TestNoAccountChangesWithoutItsAuditEntry(t *testing.T) {
	t.Parallel()
	h, _ := guarded(t)
	cookie := h.enter(t, "ben")
	audited := h.audits(t, cookie)
	const fresh = "four silent harbours"

	var token openmates.AccessToken
	audited("token.add", func(ctx context.Context, c openmates.Caller) (err error) {
		token, _, err = h.AddToken(ctx, c, identity.NewToken{Name: "script", Scopes: []openmates.Scope{openmates.ScopeRead}, Password: goodPassword})
		return err
	})
	audited("token.revoke", func(ctx context.Context, c openmates.Caller) error { return h.RevokeToken(ctx, c, token.ID) })
	audited("account.email", func(ctx context.Context, c openmates.Caller) error {
		_, err := h.SetEmail(ctx, c, "ben@example.org", goodPassword)
		return err
	})
	audited("account.email", func(ctx context.Context, c openmates.Caller) error {
		_, err := h.ConfirmEmail(ctx, c, h.addressCode(t, c, "ben@example.net"))
		return err
	}, "address_codes")
	audited("account.export", func(ctx context.Context, c openmates.Caller) error {
		_, err := h.Export(ctx, c)
		return err
	})
	h.enter(t, "ben")
	audited("account.session_end", func(ctx context.Context, c openmates.Caller) error {
		sessions, err := h.SessionsOf(ctx, c)
		must(t, err)
		return h.EndSession(ctx, c, sessions[1].ID)
	})
	h.enter(t, "ben")
	audited("account.sessions_end", func(ctx context.Context, c openmates.Caller) error { return h.EndSessions(ctx, c, false, false) })
	audited("account.password", func(ctx context.Context, c openmates.Caller) error {
		return h.ChangePassword(ctx, c, goodPassword, fresh, false)
	})
	audited("account.delete", func(ctx context.Context, c openmates.Caller) error { return h.Leave(ctx, c, "ben", fresh) })
}

// addressCode is a code that proves an address, as if it had been mailed.
func (h *house) addressCode(t *testing.T, c openmates.Caller, address string) openmates.Secret {
	t.Helper()
	const code = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	must(t, h.DB.AddAddressCode(t.Context(), guard.DigestTyped(code), c.User.ID, address, h.Clock().Add(time.Hour)))
	return code
}

// Nobody comes back into an account, or gets more rights by a command, without
// an entry in the audit record.
func TestNobodyComesBackWithoutItsAuditEntry(t *testing.T) {
	t.Parallel()
	h, cookie := guarded(t)
	ctx := t.Context()
	h.turnOn(t, cookie)
	var link identity.ResetLink
	storetest.Audited(t, h.DB, "account.reset_link", func() (err error) {
		link, err = h.Room.Operator().ResetPassword(ctx, "ben")
		return err
	})
	_, code, _ := strings.Cut(link.URL.Reveal(), "?code=")
	storetest.Audited(t, h.DB, "account.reset", func() error {
		_, err := h.Room.Reset(ctx, from(1), openmates.Secret(code), "four silent harbours")
		return err
	})
	storetest.Audited(t, h.DB, "account.second_step_reset", func() error {
		_, err := h.Room.Operator().DropSecondStep(ctx, "ada")
		return err
	})
	storetest.Audited(t, h.DB, "server.admin", func() error {
		_, err := h.Room.Operator().MakeAdmin(ctx, "ben")
		return err
	})
}
