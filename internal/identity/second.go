package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"openmates"
	"openmates/internal/guard"
)

// What RFC 6238 leaves open, as in all authenticator apps.
const (
	stepSeconds = 30
	drift       = 1 // steps that a clock may be off, either way
)

const (
	awaitFor      = 10 * time.Minute // for the second step of a sign-in
	setupFor      = time.Hour        // for a first code of an authenticator
	recoveryCount = 10
	recoveryLen   = 16 // characters of base32: 80 bits, too many to guess from a fast hash
)

const (
	keyAwaited      = "awaited" // who has entered the right password
	keyAwaitedSince = "awaited_since"
)

// SecondStepError means that the password was right and that SecondStep or a
// passkey is required as well.
type SecondStepError struct{ Protection Protection }

// Error returns the text for the log.
func (e *SecondStepError) Error() string { return e.Unwrap().Error() }

// Unwrap returns the sentence for callers that can't ask for the second step.
func (e *SecondStepError) Unwrap() error {
	return openmates.Errorf(openmates.EUnauthorized, "This account needs a second step to sign in. Sign in on the web pages.")
}

// await records who entered the right password. The session gets a new token,
// but nobody is signed in yet.
func (r *Room) await(ctx context.Context, u openmates.User, p Protection) error {
	if err := r.sessions.Clear(ctx); err != nil {
		return fmt.Errorf("begin the second step: %w", err)
	}
	if err := r.sessions.RenewToken(ctx); err != nil {
		return fmt.Errorf("begin the second step: %w", err)
	}
	r.sessions.Put(ctx, keyAwaited, u.ID.String())
	r.sessions.Put(ctx, keyEpoch, epochText(u.Epoch))
	r.sessions.Put(ctx, keyAwaitedSince, r.now().UTC().Format(time.RFC3339))
	return &SecondStepError{Protection: p}
}

// Awaited returns who entered the right password in this session and owes the
// second step; EUnauthorized if nobody does, or it has expired.
func (r *Room) Awaited(ctx context.Context) (openmates.User, Protection, error) {
	late := openmates.Errorf(openmates.EUnauthorized, "Signing in took too long. Start again with your password.")
	id, err := openmates.ParseID(r.sessions.GetString(ctx, keyAwaited))
	if err != nil || r.now().Sub(instant(r.sessions.GetString(ctx, keyAwaitedSince))) > awaitFor {
		return openmates.User{}, Protection{}, late
	}
	u, err := r.store.User(ctx, id)
	if openmates.CodeOf(err) == openmates.ENotFound {
		return openmates.User{}, Protection{}, late
	}
	if err != nil {
		return openmates.User{}, Protection{}, fmt.Errorf("second step: %w", err)
	}
	if !r.current(ctx, u) { // the password has changed
		return openmates.User{}, Protection{}, late
	}
	p, err := r.store.Protection(ctx, id)
	return u, p, err
}

// SecondStep completes a sign-in with a code from the authenticator app or a
// recovery code, which it uses up. It doesn't reveal what is wrong with a code.
func (r *Room) SecondStep(ctx context.Context, from netip.Addr, code string) (openmates.User, error) {
	u, p, err := r.Awaited(ctx)
	if err != nil {
		return openmates.User{}, err
	}
	guess := r.tryOf(ctx, u, from)
	if !r.byAddress.Allow(guard.Party(from), r.now()) && guess.Browser == "" || !r.byStep.Allow(guess, r.now()) {
		r.failures.Note(ctx, from, guard.WhyTooMany, u.ID)
		return openmates.User{}, guard.TooMany()
	}
	ok, err := r.codeFits(ctx, u, p, code)
	if err != nil {
		return openmates.User{}, fmt.Errorf("second step: %w", err)
	}
	if !ok {
		r.failures.Note(ctx, from, guard.WhyCode, u.ID)
		return openmates.User{}, openmates.Errorf(openmates.EUnauthorized, "This code is wrong. Each code works once: wait for the next one in your app, or enter one of your recovery codes.")
	}
	r.byStep.Forget(guess)
	return u, r.Begin(ctx, u)
}

// codeFits reports whether a code is valid, and uses it up.
func (r *Room) codeFits(ctx context.Context, u openmates.User, p Protection, code string) (bool, error) {
	code = tidyCode(code)
	if len(code) == recoveryLen {
		return r.useRecovery(ctx, u, p, code)
	}
	if !p.Authenticator {
		return false, nil
	}
	a, err := r.store.Authenticator(ctx, u.ID)
	if err != nil {
		return false, err
	}
	if a.Lost {
		return false, &openmates.Error{Code: openmates.EUnavailable, Err: openmates.ErrUnreadable,
			Message: openmates.T("Codes from your authenticator app can't be checked right now because this server has lost its key. Use one of your recovery codes, or ask a server admin.")}
	}
	step, fits, err := stepOf(a.Secret, code, r.now())
	if err != nil || !fits {
		return false, err
	}
	return r.store.UseStep(ctx, u.ID, step)
}

func (r *Room) useRecovery(ctx context.Context, u openmates.User, p Protection, code string) (ok bool, err error) {
	err = r.store.Within(ctx, func(ctx context.Context) (err error) {
		if ok, err = r.store.UseRecovery(ctx, u.ID, recoveryHash(u.ID, code)); err != nil || !ok {
			return err
		}
		return r.audit.Record(ctx, ownEntry(u, "account.recovery_used"), nil, map[string]int{"left": p.Recovery - 1})
	})
	if err != nil || !ok {
		return false, err
	}
	r.log.InfoContext(ctx, "a recovery code was used", "user", u.ID, "left", p.Recovery-1)
	return true, nil
}

// tidyCode removes what people add to codes to read them.
func tidyCode(s string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "\t", "", "\u00a0", "").Replace(strings.TrimSpace(s)))
}

// stepOf returns the time step of a code. It compares all candidates, each in
// constant time.
func stepOf(secret openmates.Secret, code string, now time.Time) (step int64, fits bool, err error) {
	current := now.Unix() / stepSeconds
	for s := current - drift; s <= current+drift; s++ {
		want, err := codeAt(secret, s)
		if err != nil {
			return 0, false, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, fits = s, true
		}
	}
	return step, fits, nil
}

func codeAt(secret openmates.Secret, step int64) (string, error) {
	code, err := hotp.GenerateCodeCustom(secret.Reveal(), uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}) //nolint:gosec // no time before 1970
	if err != nil {
		return "", errors.New("the stored secret of an authenticator can't be read") // the cause may contain it
	}
	return code, nil
}

// AuthenticatorSetup is what an app needs to generate codes.
type AuthenticatorSetup struct {
	Secret openmates.Secret // base32, to type
	URL    openmates.Secret // the same, for a QR code
}

// BeginAuthenticator creates a secret for an authenticator app. It isn't
// required until a code from it was entered.
func (r *Room) BeginAuthenticator(ctx context.Context, c openmates.Caller, password openmates.Secret) error {
	if err := r.prove(ctx, c, password); err != nil {
		return err
	}
	secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(random(20)) // RFC 4226, section 4, R6
	return r.store.BeginAuthenticator(ctx, c.User.ID, openmates.Secret(secret))
}

// AuthenticatorSetup returns the unconfirmed secret; ENotFound if there is
// none, or it has expired.
func (r *Room) AuthenticatorSetup(ctx context.Context, c openmates.Caller) (AuthenticatorSetup, error) {
	none := openmates.Errorf(openmates.ENotFound, "There's no authenticator app to confirm. Start again.")
	if err := c.RequireSignIn(); err != nil {
		return AuthenticatorSetup{}, err
	}
	a, err := r.store.Authenticator(ctx, c.User.ID)
	if openmates.CodeOf(err) == openmates.ENotFound || err == nil && (a.Confirmed || a.Lost || r.now().Sub(a.Created) > setupFor) {
		return AuthenticatorSetup{}, none
	}
	if err != nil {
		return AuthenticatorSetup{}, err
	}
	issuer, err := r.issuer(ctx)
	if err != nil {
		return AuthenticatorSetup{}, err
	}
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + c.User.Username,
		RawQuery: strings.ReplaceAll(url.Values{"secret": {a.Secret.Reveal()}, "issuer": {issuer}}.Encode(), "+", "%20")}
	return AuthenticatorSetup{Secret: a.Secret, URL: openmates.Secret(u.String())}, nil
}

// issuer returns the name under which apps and browsers list this server. Apps
// split it at a colon.
func (r *Room) issuer(ctx context.Context) (string, error) {
	name, err := r.name(ctx)
	if name = strings.ReplaceAll(name, ":", " "); name == "" {
		name = "OpenMates"
	}
	return name, err
}

// ConfirmAuthenticator enables the authenticator if code is valid. It returns
// the recovery codes, which are only shown now; none if the account already has
// some.
func (r *Room) ConfirmAuthenticator(ctx context.Context, c openmates.Caller, code string) ([]openmates.Secret, error) {
	if _, err := r.AuthenticatorSetup(ctx, c); err != nil {
		return nil, err
	}
	if !r.byConfirm.Allow(c.User.ID.String(), r.now()) {
		return nil, guard.TooMany()
	}
	a, err := r.store.Authenticator(ctx, c.User.ID)
	if err != nil {
		return nil, err
	}
	step, fits, err := stepOf(a.Secret, tidyCode(code), r.now())
	if err != nil {
		return nil, err
	}
	if !fits {
		return nil, openmates.Errorf(openmates.EInvalid, "This code is wrong. Check that your phone's clock is right, then enter the code the app shows now.")
	}
	codes, hashes, err := r.firstRecovery(ctx, c)
	if err != nil {
		return nil, err
	}
	err = r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.ConfirmAuthenticator(ctx, c.User.ID, step, hashes); err != nil {
			return err
		}
		return r.audit.Record(ctx, ownEntry(c.User, "account.authenticator_on"), nil, nil)
	})
	if err != nil {
		return nil, err
	}
	r.byConfirm.Forget(c.User.ID.String())
	r.log.InfoContext(ctx, "an authenticator was turned on", "user", c.User.ID)
	return codes, nil
}

// RemoveAuthenticator removes the authenticator.
func (r *Room) RemoveAuthenticator(ctx context.Context, c openmates.Caller, password openmates.Secret) error {
	if err := r.prove(ctx, c, password); err != nil {
		return err
	}
	err := r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.RemoveAuthenticator(ctx, c.User.ID); err != nil {
			return err
		}
		if err := r.dropRecovery(ctx, c); err != nil {
			return err
		}
		return r.audit.Record(ctx, ownEntry(c.User, "account.authenticator_off"), nil, nil)
	})
	if err != nil {
		return err
	}
	r.log.InfoContext(ctx, "an authenticator was turned off", "user", c.User.ID)
	return nil
}

// NewRecovery creates ten new recovery codes; the old ones become invalid.
func (r *Room) NewRecovery(ctx context.Context, c openmates.Caller, password openmates.Secret) ([]openmates.Secret, error) {
	if err := r.prove(ctx, c, password); err != nil {
		return nil, err
	}
	p, err := r.store.Protection(ctx, c.User.ID)
	if err != nil {
		return nil, err
	}
	if !p.TwoSteps() {
		return nil, openmates.Errorf(openmates.EConflict, "Recovery codes replace a second step, and this account doesn't have one. Set up an authenticator app first.")
	}
	codes, hashes := newRecovery(c.User.ID)
	err = r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.SetRecovery(ctx, c.User.ID, hashes); err != nil {
			return err
		}
		return r.audit.Record(ctx, ownEntry(c.User, "account.recovery_new"), nil, nil)
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// firstRecovery creates recovery codes for an account without any.
func (r *Room) firstRecovery(ctx context.Context, c openmates.Caller) (codes []openmates.Secret, hashes []string, err error) {
	p, err := r.store.Protection(ctx, c.User.ID)
	if err != nil || p.Recovery > 0 && p.TwoSteps() {
		return nil, nil, err
	}
	codes, hashes = newRecovery(c.User.ID)
	return codes, hashes, nil
}

// dropRecovery deletes codes that no longer replace anything.
func (r *Room) dropRecovery(ctx context.Context, c openmates.Caller) error {
	p, err := r.store.Protection(ctx, c.User.ID)
	if err != nil || p.TwoSteps() || p.Recovery == 0 {
		return err
	}
	return r.store.SetRecovery(ctx, c.User.ID, nil)
}

func newRecovery(id openmates.ID) (codes []openmates.Secret, hashes []string) {
	for range recoveryCount {
		raw := rand.Text()[:recoveryLen]
		hashes = append(hashes, recoveryHash(id, raw))
		codes = append(codes, openmates.Secret(raw[:4]+"-"+raw[4:8]+"-"+raw[8:12]+"-"+raw[12:]))
	}
	return codes, hashes
}

// recoveryHash is bound to its account, so that two accounts never share one.
func recoveryHash(id openmates.ID, code string) string {
	sum := sha256.Sum256([]byte(id.String() + ":" + code))
	return hex.EncodeToString(sum[:])
}

// Protection returns what the caller's account requires besides its password.
func (r *Room) Protection(ctx context.Context, c openmates.Caller) (Protection, error) {
	if err := c.RequireSignIn(); err != nil {
		return Protection{}, err
	}
	return r.store.Protection(ctx, c.User.ID)
}

// prove requires the password for a change to what protects an account: an open
// session alone, which somebody may have walked up to, isn't enough.
func (r *Room) prove(ctx context.Context, c openmates.Caller, password openmates.Secret) error {
	if err := c.RequireSignIn(); err != nil {
		return err
	}
	v := visitOf(ctx)
	guess := r.tryOf(ctx, c.User, v.From)
	if v.From.IsValid() && guess.Browser == "" && !r.byAddress.Allow(guard.Party(v.From), r.now()) || !r.byProof.Allow(guess, r.now()) {
		r.failures.Note(ctx, v.From, guard.WhyTooMany, c.User.ID)
		return guard.TooMany()
	}
	wrong := openmates.Errorf(openmates.EForbidden, "This isn't your password. Enter the one you sign in with.")
	if len(password) > maxPassword {
		password = "" // matches nobody
	}
	phc, err := r.store.Password(ctx, c.User.ID)
	if err != nil {
		return fmt.Errorf("check a password: %w", err)
	}
	ok, _, err := r.vault.check(ctx, password, phc)
	if err != nil {
		return fmt.Errorf("check a password: %w", err)
	}
	if !ok {
		r.failures.Note(ctx, v.From, guard.WhyProof, c.User.ID)
		return wrong
	}
	r.byProof.Forget(guess)
	r.sessions.Put(ctx, keyProved, r.now().UTC().Format(time.RFC3339))
	return nil
}

// freshFor is how long after signing in or confirming who they are a person's
// session alone may create what outlives it.
const freshFor = 15 * time.Minute

// Fresh reports whether the caller has recently signed in or entered their
// password.
func (r *Room) Fresh(ctx context.Context, c openmates.Caller) bool {
	return c.SignedIn() && c.Token.ID == 0 && r.now().Sub(instant(r.sessions.GetString(ctx, keyProved))) <= freshFor
}

// PasswordError means that the password is required, too.
type PasswordError struct{}

// Error returns the text for the log.
func (e *PasswordError) Error() string { return e.Unwrap().Error() }

// Unwrap returns the sentence for people.
func (*PasswordError) Unwrap() error {
	return openmates.Errorf(openmates.EForbidden, "You signed in a while ago. Enter your password too, or sign in again.")
}

// confirm is prove for what doesn't need the password right after signing in.
func (r *Room) confirm(ctx context.Context, c openmates.Caller, password openmates.Secret) error {
	switch {
	case password != "":
		return r.prove(ctx, c, password)
	case r.Fresh(ctx, c):
		return nil
	}
	return &PasswordError{}
}

func ownEntry(u openmates.User, action string) openmates.AuditEntry {
	return openmates.AuditEntry{Actor: u.ID, Action: action}.AboutPerson(u.ID)
}
