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

const origin = "https://mates.example.org"

// guarded is seeded, reached at a name, with an audit record; and ada, signed
// in.
func guarded(t *testing.T) (*house, *http.Cookie) {
	t.Helper()
	h := seeded(t)
	must(t, h.Public.Move(origin))
	h.Audit = h.DB.AddAudit
	return h, h.enter(t, "ada")
}

func (h *house) enter(t *testing.T, name string) *http.Cookie {
	t.Helper()
	cookie := h.visit(t, nil, func(ctx context.Context) {
		_, err := h.SignIn(ctx, from(1), name, goodPassword)
		must(t, err)
	})
	return cookie
}

// as runs fn as the person of a cookie, and returns the cookie that is theirs
// afterwards.
func (h *house) as(t *testing.T, cookie *http.Cookie, fn func(context.Context, openmates.Caller)) *http.Cookie {
	t.Helper()
	fresh := h.visit(t, cookie, func(ctx context.Context) { fn(ctx, openmates.CallerOf(ctx)) })
	if fresh == nil {
		return cookie
	}
	return fresh
}

func (h *house) who(t *testing.T, cookie *http.Cookie) (name string) {
	t.Helper()
	h.visit(t, cookie, func(ctx context.Context) { name = openmates.CallerOf(ctx).User.Username })
	return name
}

// codeNow is what the app of the caller shows.
func (h *house) codeNow(t *testing.T, id openmates.ID) string {
	t.Helper()
	a, err := h.DB.Authenticator(t.Context(), id)
	must(t, err)
	code, err := identity.CodeAt(a.Secret, h.Clock().Unix()/identity.StepSeconds)
	must(t, err)
	return code
}

// turnOn sets an authenticator up and returns the recovery codes.
func (h *house) turnOn(t *testing.T, cookie *http.Cookie) (codes []openmates.Secret) {
	t.Helper()
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		must(t, h.BeginAuthenticator(ctx, c, goodPassword))
		var err error
		codes, err = h.ConfirmAuthenticator(ctx, c, h.codeNow(t, c.User.ID))
		must(t, err)
	})
	h.Pass(time.Minute)
	return codes
}

// half signs in with the password alone, where that does not suffice.
func (h *house) half(t *testing.T, name string) *http.Cookie {
	t.Helper()
	return h.visit(t, nil, func(ctx context.Context) {
		_, err := h.SignIn(ctx, from(1), name, goodPassword)
		if _, ok := errors.AsType[*identity.SecondStepError](err); !ok {
			t.Fatalf("signing in: %v, want a second step", err)
		}
		code(t, err, openmates.EUnauthorized)
	})
}

func TestAuthenticator(t *testing.T) {
	t.Parallel()
	h, cookie := guarded(t)
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		code(t, h.BeginAuthenticator(ctx, c, "not the password"), openmates.EForbidden)
		must(t, h.BeginAuthenticator(ctx, c, goodPassword))
		setup, err := h.AuthenticatorSetup(ctx, c)
		must(t, err)
		if u := setup.URL.Reveal(); !strings.HasPrefix(u, "otpauth://totp/OpenMates:ada?") || !strings.Contains(u, "secret="+setup.Secret.Reveal()) || len(setup.Secret) != 32 {
			t.Errorf("set-up %s", u)
		}
		_, err = h.ConfirmAuthenticator(ctx, c, "000000x")
		code(t, err, openmates.EInvalid)
		p, err := h.Protection(ctx, c)
		must(t, err)
		if p.TwoSteps() {
			t.Error("an authenticator that nobody confirmed locks its owner out")
		}
	})
	codes := h.turnOn(t, cookie)
	if len(codes) != identity.RecoveryCount {
		t.Fatalf("%d recovery codes", len(codes))
	}
	waiting := h.half(t, "ada")
	if who := h.who(t, waiting); who != "" {
		t.Fatalf("the password alone signs %s in", who)
	}
	var id openmates.ID
	h.visit(t, waiting, func(ctx context.Context) {
		u, _, err := h.Awaited(ctx)
		must(t, err)
		id = u.ID
		_, err = h.SecondStep(ctx, from(1), "123")
		code(t, err, openmates.EUnauthorized)
	})
	used := h.codeNow(t, id)
	in := h.visit(t, waiting, func(ctx context.Context) {
		_, err := h.SecondStep(ctx, from(1), " "+used[:3]+" "+used[3:])
		must(t, err)
	})
	if in == nil || in.Value == waiting.Value || h.who(t, in) != "ada" {
		t.Error("the second step keeps the token of the first, or does not sign in")
	}
	if h.who(t, waiting) != "" {
		t.Error("the token of the first step signs in, too")
	}
	h.visit(t, h.half(t, "ada"), func(ctx context.Context) { // replay, and what came before it
		for _, old := range []string{used, stepCode(t, h, id, -1)} {
			_, err := h.SecondStep(ctx, from(1), old)
			code(t, err, openmates.EUnauthorized)
		}
	})
	h.visit(t, h.half(t, "ada"), func(ctx context.Context) {
		_, err := h.SecondStep(ctx, from(1), strings.ToLower(codes[3].Reveal()))
		must(t, err)
	})
	h.visit(t, h.half(t, "ada"), func(ctx context.Context) {
		_, err := h.SecondStep(ctx, from(1), codes[3].Reveal())
		code(t, err, openmates.EUnauthorized)
	})
	h.as(t, in, func(ctx context.Context, c openmates.Caller) {
		code(t, h.RemoveAuthenticator(ctx, c, "not the password"), openmates.EForbidden)
		fresh, err := h.NewRecovery(ctx, c, goodPassword)
		must(t, err)
		if len(fresh) != identity.RecoveryCount || fresh[0] == codes[0] {
			t.Error("no new codes")
		}
		must(t, h.RemoveAuthenticator(ctx, c, goodPassword))
		p, err := h.Protection(ctx, c)
		must(t, err)
		if p.Recovery != 0 || p.TwoSteps() {
			t.Errorf("left behind: %+v", p)
		}
	})
	h.enter(t, "ada")
}

func stepCode(t *testing.T, h *house, id openmates.ID, by int64) string {
	t.Helper()
	a, err := h.DB.Authenticator(t.Context(), id)
	must(t, err)
	c, err := identity.CodeAt(a.Secret, h.Clock().Unix()/identity.StepSeconds+by)
	must(t, err)
	return c
}

// RFC 6238, appendix B: the SHA-1 codes of its table, cut to six digits.
func TestCodesAreThoseOfTheStandard(t *testing.T) {
	t.Parallel()
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"} {
		step, fits, err := identity.StepOf(secret, want, time.Unix(at, 0))
		if !fits || err != nil || step != at/identity.StepSeconds {
			t.Errorf("%d: %v %v %v", at, step, fits, err)
		}
		if _, fits, _ := identity.StepOf(secret, want, time.Unix(at+identity.StepSeconds*(identity.Drift+2), 0)); fits {
			t.Errorf("%d: fits long afterwards", at)
		}
	}
}

func TestGuessingCodesMeetsALimit(t *testing.T) {
	t.Parallel()
	h, cookie := guarded(t)
	h.turnOn(t, cookie)
	limited := 0
	var id openmates.ID
	for i := range 12 {
		h.visit(t, h.half(t, "ada"), func(ctx context.Context) { // a new session each time changes nothing
			u, _, err := h.Awaited(ctx)
			must(t, err)
			id = u.ID
			if _, err := h.SecondStep(ctx, from(i), "000000"); openmates.CodeOf(err) == openmates.ELimit {
				limited++
			}
		})
	}
	if limited != 6 {
		t.Errorf("%d of 12 guesses were stopped", limited)
	}
	h.visit(t, h.half(t, "ada"), func(ctx context.Context) {
		_, err := h.SecondStep(ctx, from(50), h.codeNow(t, id))
		code(t, err, openmates.ELimit)
		h.Pass(5*time.Minute + time.Second)
		_, err = h.SecondStep(ctx, from(50), h.codeNow(t, id))
		must(t, err)
	})
	late := h.half(t, "ada")
	h.Pass(identity.AwaitFor + time.Second)
	h.visit(t, late, func(ctx context.Context) {
		_, err := h.SecondStep(ctx, from(51), h.codeNow(t, id))
		code(t, err, openmates.EUnauthorized)
	})
	h.visit(t, nil, func(ctx context.Context) { // without a password first
		_, err := h.SecondStep(ctx, from(52), h.codeNow(t, id))
		code(t, err, openmates.EUnauthorized)
	})
}

// addPasskey makes a passkey on a device.
func (h *house) addPasskey(t *testing.T, cookie *http.Cookie, d *passkeytest.Device, name string) {
	t.Helper()
	var answer []byte
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		asked, err := h.BeginPasskey(ctx, c, name, goodPassword)
		must(t, err)
		answer, err = d.Make(asked)
		must(t, err)
	})
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		k, err := h.AddPasskey(ctx, c, answer)
		must(t, err)
		if k.Name != name {
			t.Errorf("named %q", k.Name)
		}
	})
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) { // the same answer again
		_, err := h.AddPasskey(ctx, c, answer)
		code(t, err, openmates.EInvalid)
	})
}

// passkeyIn signs in with a device; change may spoil the answer.
func (h *house) passkeyIn(t *testing.T, cookie *http.Cookie, d *passkeytest.Device, change func([]byte) []byte) (*http.Cookie, error) {
	t.Helper()
	var answer []byte
	cookie = h.as(t, cookie, func(ctx context.Context, _ openmates.Caller) {
		asked, err := h.BeginPasskeySignIn(ctx, from(2))
		must(t, err)
		answer, err = d.Use(asked)
		must(t, err)
	})
	if change != nil {
		answer = change(answer)
	}
	var err error
	fresh := h.as(t, cookie, func(ctx context.Context, _ openmates.Caller) { _, err = h.PasskeySignIn(ctx, from(2), answer) })
	return fresh, err
}

func TestPasskey(t *testing.T) {
	t.Parallel()
	h, cookie := guarded(t)
	d := &passkeytest.Device{Origin: origin}
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		_, err := h.BeginPasskey(ctx, c, "Laptop", "not the password")
		code(t, err, openmates.EForbidden)
		_, err = h.BeginPasskey(ctx, c, " ", goodPassword)
		code(t, err, openmates.EInvalid)
	})
	h.addPasskey(t, cookie, d, "Laptop")
	in, err := h.passkeyIn(t, nil, d, nil)
	must(t, err)
	if h.who(t, in) != "ada" {
		t.Error("the passkey signs nobody in")
	}
	for name, tc := range map[string]struct {
		device passkeytest.Device
		change func([]byte) []byte
	}{
		"signed on another page": {passkeytest.Device{Origin: "https://evil.example.org"}, nil},
		"nobody was verified":    {passkeytest.Device{Origin: origin, Unverified: true}, nil},
		"a copy":                 {passkeytest.Device{Origin: origin, Frozen: true}, nil},
		"no JSON":                {passkeytest.Device{Origin: origin}, func([]byte) []byte { return []byte("{") }},
		"too long":               {passkeytest.Device{Origin: origin}, func(b []byte) []byte { return append(b, strings.Repeat(" ", identity.MaxResponse)...) }},
		"another signature": {passkeytest.Device{Origin: origin}, func(b []byte) []byte {
			return []byte(strings.Replace(string(b), `"signature":"ME`, `"signature":"MF`, 1))
		}},
	} {
		bad := *d
		bad.Origin, bad.Unverified, bad.Frozen = tc.device.Origin, tc.device.Unverified, tc.device.Frozen
		got, err := h.passkeyIn(t, nil, &bad, tc.change)
		if openmates.CodeOf(err) != openmates.EUnauthorized || h.who(t, got) != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	stranger := &passkeytest.Device{Origin: origin}
	h.addPasskey(t, h.enter(t, "ben"), stranger, "Key")
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		keys, err := h.Passkeys(ctx, c)
		must(t, err)
		if len(keys) != 1 || keys[0].Used.IsZero() {
			t.Fatalf("passkeys %+v", keys)
		}
		bens, err := h.DB.UserByName(ctx, "ben")
		must(t, err)
		foreign, err := h.DB.Passkeys(ctx, bens.ID)
		must(t, err)
		code(t, h.RemovePasskey(ctx, c, foreign[0].ID, goodPassword), openmates.ENotFound)
		must(t, h.RemovePasskey(ctx, c, keys[0].ID, goodPassword))
	})
	if _, err := h.passkeyIn(t, nil, d, nil); openmates.CodeOf(err) != openmates.EUnauthorized {
		t.Errorf("a removed passkey: %v", err)
	}
}

func TestPasskeyAsSecondStep(t *testing.T) {
	t.Parallel()
	h, cookie := guarded(t)
	d := &passkeytest.Device{Origin: origin, Unverified: true} // a plain key ring that only blinks
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		_, err := h.AskPasskey(ctx, c, true, goodPassword)
		code(t, err, openmates.EConflict)
	})
	d.Unverified = false
	h.addPasskey(t, cookie, d, "Key")
	h.enter(t, "ada") // until somebody sets it up, the password is enough
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		codes, err := h.AskPasskey(ctx, c, true, goodPassword)
		must(t, err)
		if len(codes) != identity.RecoveryCount {
			t.Errorf("%d codes", len(codes))
		}
	})
	d.Unverified = true
	in, err := h.passkeyIn(t, h.half(t, "ada"), d, nil)
	must(t, err)
	if h.who(t, in) != "ada" {
		t.Error("nobody is signed in")
	}
	// Another person's passkey doesn't work for this account, even with the
	// password.
	other := &passkeytest.Device{Origin: origin}
	h.addPasskey(t, h.enter(t, "ben"), other, "Ben")
	h.visit(t, h.half(t, "ada"), func(ctx context.Context) {
		asked, err := h.BeginPasskeySignIn(ctx, from(1))
		must(t, err)
		if _, err := other.Use(asked); err == nil {
			t.Error("any passkey is asked for")
		}
	})
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		keys, err := h.Passkeys(ctx, c)
		must(t, err)
		must(t, h.RemovePasskey(ctx, c, keys[0].ID, goodPassword))
		p, err := h.Protection(ctx, c)
		must(t, err)
		if p != (identity.Protection{}) {
			t.Errorf("left behind: %+v", p)
		}
	})
	h.enter(t, "ada")
}

func TestPasskeysNeedAName(t *testing.T) {
	t.Parallel()
	h, _ := guarded(t)
	for address, fine := range map[string]bool{
		"https://mates.example.org": true, "https://mates.example.org:8443": true, "http://localhost:8080": true, "http://mates.localhost": true,
		"http://127.0.0.1:8080": false, "https://192.0.2.1": false, "http://mates.example.org": false, "https://[::1]:8080": false,
	} {
		must(t, h.Public.Move(address))
		if _, err := h.PasskeyHost(); (err == nil) != fine {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	h, cookie := guarded(t)
	other, bens := h.enter(t, "ada"), h.enter(t, "ben")
	own, team := h.tokens(t, cookie)
	bensOwn, _ := h.tokens(t, bens)
	const fresh = "tundra mosaic kayak"
	kept := h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		code(t, h.ChangePassword(ctx, c, "not the password", fresh, false), openmates.EForbidden)
		code(t, h.ChangePassword(ctx, c, goodPassword, "short", false), openmates.EInvalid)
		code(t, h.ChangePassword(ctx, c, goodPassword, goodPassword, false), openmates.EInvalid)
		must(t, h.ChangePassword(ctx, c, goodPassword, fresh, false))
	})
	if kept.Value == cookie.Value || h.who(t, kept) != "ada" {
		t.Error("the session kept its token, or is gone")
	}
	if h.who(t, cookie) != "" || h.who(t, other) != "" || h.who(t, bens) != "ben" {
		t.Error("other sessions: the wrong ones ended")
	}
	if h.works(own) || h.works(team) || !h.works(bensOwn) {
		t.Error("tokens: a new password revokes all that the person has made, and nobody else's")
	}
	h.visit(t, nil, func(ctx context.Context) {
		_, err := h.SignIn(ctx, from(1), "ada", goodPassword)
		code(t, err, openmates.EUnauthorized)
		_, err = h.SignIn(ctx, from(1), "ada", fresh)
		must(t, err)
	})
	limited := false
	h.as(t, kept, func(ctx context.Context, c openmates.Caller) {
		for range 15 {
			limited = limited || openmates.CodeOf(h.ChangePassword(ctx, c, "a guess of mine", "x", false)) == openmates.ELimit
		}
	})
	if !limited {
		t.Error("an open session may guess the password without end")
	}
}

func TestSessionsAreListedAndEnd(t *testing.T) {
	t.Parallel()
	h, cookie := guarded(t)
	phone := h.visit(t, nil, func(ctx context.Context) {
		ctx = identity.WithVisit(ctx, identity.Visit{From: from(33), Agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1"})
		_, err := h.SignIn(ctx, from(33), "ada", goodPassword)
		must(t, err)
	})
	bens := h.enter(t, "ben")
	var all []identity.Session
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		var err error
		all, err = h.SessionsOf(ctx, c)
		must(t, err)
	})
	if len(all) != 2 || !all[0].Here || all[1].Here || all[1].Agent.String() != "Safari on iPhone" || all[1].From != "192.0.2.33" || all[1].Since.IsZero() {
		t.Fatalf("sessions %+v", all)
	}
	h.as(t, bens, func(ctx context.Context, c openmates.Caller) {
		code(t, h.EndSession(ctx, c, all[1].ID), openmates.ENotFound)
	})
	// A request of the phone's is on its way while its session is ended.
	h.as(t, phone, func(ctx context.Context, _ openmates.Caller) {
		h.as(t, cookie, func(ctx context.Context, c openmates.Caller) { must(t, h.EndSession(ctx, c, all[1].ID)) })
		h.SetFlash(ctx, openmates.T("This makes the request write its session."))
	})
	if h.who(t, phone) != "" {
		t.Error("a request on its way brought an ended session back")
	}
	third := h.enter(t, "ada")
	own, team := h.tokens(t, cookie)
	before := cookie
	cookie = h.as(t, cookie, func(ctx context.Context, c openmates.Caller) { must(t, h.EndSessions(ctx, c, false, true)) })
	if h.who(t, before) != "" {
		t.Error("the session kept its token: whoever has a copy of it is still signed in")
	}
	if h.works(own) || !h.works(team) {
		t.Error("signing out everywhere else: the wrong tokens are revoked")
	}
	own, second := h.tokens(t, cookie)
	if h.who(t, third) != "" || h.who(t, cookie) != "ada" || h.who(t, bens) != "ben" {
		t.Error("signing out everywhere else ended the wrong ones")
	}
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) { must(t, h.EndSessions(ctx, c, true, false)) })
	if h.who(t, cookie) != "" {
		t.Error("signing out everywhere leaves one signed in here")
	}
	if h.works(own) || h.works(team) || h.works(second) {
		t.Error("signing out everywhere: the wrong tokens are revoked")
	}
	lines, err := h.DB.FindAudit(t.Context(), openmates.AuditSearch{Action: "account.sessions_end", Limit: 5})
	must(t, err)
	if len(lines) != 2 || lines[0].After != `{"tokens_revoked":3}` || lines[1].After != `{"tokens_revoked":1}` {
		t.Errorf("on record: %+v", lines)
	}
}

// tokens makes a token of the person's own, and one for the team harbour.
func (h *house) tokens(t *testing.T, cookie *http.Cookie) (own, team openmates.Secret) {
	t.Helper()
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		var err error
		n := identity.NewToken{Name: "for a program", Scopes: []openmates.Scope{openmates.ScopeRead}}
		_, own, err = h.AddToken(ctx, c, n)
		must(t, err)
		p, err := h.Enter(ctx, c, "harbour", policy.SeeTeam)
		must(t, err)
		_, team, err = h.AddTeamToken(ctx, c, p, n)
		must(t, err)
	})
	return own, team
}

// works reports whether a token signs anybody in.
func (h *house) works(token openmates.Secret) bool {
	_, err := h.Bearer(context.Background(), from(7), token)
	return err == nil
}

func FuzzAgent(f *testing.F) {
	f.Add("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	f.Add("<script>")
	f.Fuzz(func(t *testing.T, header string) {
		if got := identity.Agent(header).String(); got == "" || len(got) > 40 || strings.ContainsAny(got, "<>\x00") {
			t.Errorf("%q becomes %q", header, got)
		}
	})
}
