package identity

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"openmates"
	"openmates/internal/guard"
	"openmates/internal/intake"
	"openmates/internal/spelling"
)

const (
	keyCeremony = "ceremony" // what the browser was asked to sign
	keyCalled   = "called"   // the name of the passkey being registered
	ceremonyFor = 5 * time.Minute
	mostPasskey = 20
	maxResponse = 32 << 10 // bytes of a browser's answer
)

// holder is a person as WebAuthn needs them.
type holder struct {
	user     openmates.User
	passkeys []Passkey
	records  []webauthn.Credential
}

func (h *holder) WebAuthnID() []byte                         { return []byte(h.user.ID.String()) }
func (h *holder) WebAuthnName() string                       { return h.user.Username }
func (h *holder) WebAuthnDisplayName() string                { return h.user.DisplayName }
func (h *holder) WebAuthnCredentials() []webauthn.Credential { return h.records }

func (r *Room) holder(ctx context.Context, u openmates.User) (*holder, error) {
	keys, err := r.store.Passkeys(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	h := &holder{user: u, passkeys: keys}
	for _, k := range keys {
		if k.Lost {
			continue
		}
		var c webauthn.Credential
		if err := json.Unmarshal([]byte(k.Data.Reveal()), &c); err != nil {
			return nil, fmt.Errorf("read passkey %s: %w", k.ID, err)
		}
		h.records = append(h.records, c)
	}
	return h, nil
}

// PasskeyHost returns the name that passkeys are bound to, or an error that
// says why this server can't have any (WebAuthn 3, section 5.1.2: a domain,
// over https or on this machine).
func (r *Room) PasskeyHost() (string, error) {
	u, err := url.Parse(r.address.URL())
	host := ""
	if err == nil {
		host = u.Hostname()
	}
	if _, notAddress := netip.ParseAddr(host); host == "" || notAddress == nil {
		return "", openmates.Errorf(openmates.EUnavailable, "Browsers only create passkeys for a server with a domain name, such as mates.example.org; the address of this one is %s.", r.address.URL())
	}
	if u.Scheme != "https" && host != "localhost" && !strings.HasSuffix(host, ".localhost") {
		return "", openmates.Errorf(openmates.EUnavailable, "Browsers only create passkeys over https; the address of this server is %s.", r.address.URL())
	}
	return host, nil
}

// party returns this server for WebAuthn. Its address can change while it runs,
// so it is created for each ceremony.
func (r *Room) party(ctx context.Context) (*webauthn.WebAuthn, error) {
	host, err := r.PasskeyHost()
	if err != nil {
		return nil, err
	}
	name, err := r.issuer(ctx)
	if err != nil {
		return nil, err
	}
	patience := webauthn.TimeoutConfig{Enforce: true, Timeout: ceremonyFor, TimeoutUVD: ceremonyFor}
	return webauthn.New(&webauthn.Config{
		Timeouts: webauthn.TimeoutsConfig{Login: patience, Registration: patience},
		RPID:     host, RPDisplayName: name, RPOrigins: []string{r.address.URL()},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
	})
}

// Passkeys lists the caller's passkeys.
func (r *Room) Passkeys(ctx context.Context, c openmates.Caller) ([]Passkey, error) {
	if err := c.RequireSignIn(); err != nil {
		return nil, err
	}
	return r.store.Passkeys(ctx, c.User.ID)
}

// BeginPasskey returns what the browser needs to create a passkey, as the JSON
// of WebAuthn's CredentialCreationOptions.
func (r *Room) BeginPasskey(ctx context.Context, c openmates.Caller, name string, password openmates.Secret) (json.RawMessage, error) {
	p, err := r.party(ctx)
	if err != nil {
		return nil, err
	}
	if name, err = spelling.Name(name, openmates.T("a name for the passkey"), spelling.Longest); err != nil {
		return nil, err
	}
	if err := r.prove(ctx, c, password); err != nil {
		return nil, err
	}
	h, err := r.holder(ctx, c.User)
	if err != nil {
		return nil, err
	}
	if len(h.passkeys) >= mostPasskey {
		return nil, openmates.Errorf(openmates.EConflict, "An account can have at most %d passkeys. Remove one you no longer use first.", mostPasskey)
	}
	options, ceremony, err := p.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.records).CredentialDescriptors()))
	if err != nil {
		return nil, fmt.Errorf("begin a passkey: %w", err)
	}
	r.sessions.Put(ctx, keyCalled, name)
	return r.ceremony(ctx, options, ceremony)
}

// ceremony keeps what one answer of the browser is checked against.
func (r *Room) ceremony(ctx context.Context, options any, ceremony *webauthn.SessionData) (json.RawMessage, error) {
	kept, err := json.Marshal(ceremony)
	if err != nil {
		return nil, err
	}
	r.sessions.Put(ctx, keyCeremony, string(kept))
	return json.Marshal(options)
}

func (r *Room) takeCeremony(ctx context.Context) (ceremony webauthn.SessionData, err error) {
	kept := r.sessions.PopString(ctx, keyCeremony)
	if kept == "" || json.Unmarshal([]byte(kept), &ceremony) != nil {
		return ceremony, openmates.Errorf(openmates.EInvalid, "This passkey request has expired. Start again.")
	}
	return ceremony, nil
}

// AddPasskey stores the passkey that the browser created; answer is the JSON of
// its PublicKeyCredential.
func (r *Room) AddPasskey(ctx context.Context, c openmates.Caller, answer []byte) (Passkey, error) {
	var none Passkey
	if err := c.RequireSignIn(); err != nil {
		return none, err
	}
	p, err := r.party(ctx)
	if err != nil {
		return none, err
	}
	ceremony, err := r.takeCeremony(ctx)
	if err != nil {
		return none, err
	}
	refused := func(err error) error {
		return &openmates.Error{Code: openmates.EInvalid, Message: openmates.T("Your browser's answer isn't valid. Try again; if it keeps happening, use another device or password manager."), Err: err}
	}
	if len(answer) > maxResponse {
		return none, refused(nil)
	}
	if err := intake.Once(answer); err != nil {
		return none, refused(err)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return none, refused(err)
	}
	h, err := r.holder(ctx, c.User)
	if err != nil {
		return none, err
	}
	made, err := p.CreateCredential(h, ceremony, parsed)
	if err != nil {
		return none, refused(err)
	}
	data, err := json.Marshal(made)
	if err != nil {
		return none, err
	}
	fresh := Passkey{
		UserID: c.User.ID, Name: r.sessions.PopString(ctx, keyCalled), Data: openmates.Secret(data),
		Credential: base64.RawURLEncoding.EncodeToString(made.ID),
	}
	k := none
	err = r.store.Within(ctx, func(ctx context.Context) (err error) {
		if k, err = r.store.AddPasskey(ctx, fresh); err != nil {
			return err
		}
		return r.audit.Record(ctx, ownEntry(c.User, "account.passkey_add"), nil, map[string]string{"name": k.Name})
	})
	if err != nil {
		return none, err
	}
	r.log.InfoContext(ctx, "a passkey was added", "user", c.User.ID)
	return k, nil
}

// RemovePasskey removes one of the caller's passkeys.
func (r *Room) RemovePasskey(ctx context.Context, c openmates.Caller, id openmates.ID, password openmates.Secret) error {
	if err := r.prove(ctx, c, password); err != nil {
		return err
	}
	err := r.store.Within(ctx, func(ctx context.Context) error { return r.removePasskey(ctx, c, id) })
	if err != nil {
		return err
	}
	r.log.InfoContext(ctx, "a passkey was removed", "user", c.User.ID)
	return nil
}

// removePasskey is RemovePasskey in a transaction.
func (r *Room) removePasskey(ctx context.Context, c openmates.Caller, id openmates.ID) error {
	name, err := r.store.RemovePasskey(ctx, c.User.ID, id)
	if err != nil {
		return err
	}
	p, err := r.store.Protection(ctx, c.User.ID)
	if err == nil && p.AskPasskey && p.Passkeys == 0 {
		// Otherwise the next one would be required without anybody asking for
		// it.
		err = r.store.AskPasskey(ctx, c.User.ID, false, nil)
	}
	if err == nil {
		err = r.dropRecovery(ctx, c)
	}
	if err != nil {
		return err
	}
	return r.audit.Record(ctx, ownEntry(c.User, "account.passkey_remove"), map[string]string{"name": name}, nil)
}

// AskPasskey sets whether a passkey is required after the password. If this is
// the account's first second step, it returns the recovery codes.
func (r *Room) AskPasskey(ctx context.Context, c openmates.Caller, ask bool, password openmates.Secret) ([]openmates.Secret, error) {
	if err := r.prove(ctx, c, password); err != nil {
		return nil, err
	}
	p, err := r.store.Protection(ctx, c.User.ID)
	if err != nil {
		return nil, err
	}
	if ask && p.Passkeys == 0 {
		return nil, openmates.Errorf(openmates.EConflict, "This account has no passkey. Add one first.")
	}
	var codes []openmates.Secret
	var hashes []string
	if ask {
		if codes, hashes, err = r.firstRecovery(ctx, c); err != nil {
			return nil, err
		}
	}
	err = r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.AskPasskey(ctx, c.User.ID, ask, hashes); err != nil {
			return err
		}
		if err := r.dropRecovery(ctx, c); err != nil {
			return err
		}
		return r.audit.Record(ctx, ownEntry(c.User, "account.ask_passkey"), map[string]bool{"ask": p.AskPasskey}, map[string]bool{"ask": ask})
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// BeginPasskeySignIn returns what the browser needs to sign in with a passkey,
// as the JSON of WebAuthn's CredentialRequestOptions: a passkey of the person
// who owes the second step, else any that the browser offers. It doesn't reveal
// which accounts exist.
func (r *Room) BeginPasskeySignIn(ctx context.Context, from netip.Addr) (json.RawMessage, error) {
	if !r.byAddress.Allow(guard.Party(from), r.now()) {
		return nil, guard.TooMany()
	}
	p, err := r.party(ctx)
	if err != nil {
		return nil, err
	}
	if u, _, err := r.Awaited(ctx); err == nil {
		h, err := r.holder(ctx, u)
		if err != nil {
			return nil, err
		}
		if len(h.records) > 0 {
			options, ceremony, err := p.BeginLogin(h, webauthn.WithUserVerification(protocol.VerificationPreferred))
			if err != nil {
				return nil, fmt.Errorf("ask for a passkey: %w", err)
			}
			return r.ceremony(ctx, options, ceremony)
		}
	}
	options, ceremony, err := p.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, fmt.Errorf("ask for a passkey: %w", err)
	}
	return r.ceremony(ctx, options, ceremony)
}

// PasskeySignIn signs in the owner of the passkey that signed; answer is the
// JSON of the browser's PublicKeyCredential. A passkey alone counts as both
// steps, because it checks a finger, a face or a PIN. All its errors are the
// same.
func (r *Room) PasskeySignIn(ctx context.Context, from netip.Addr, answer []byte) (openmates.User, error) {
	if !r.byAddress.Allow(guard.Party(from), r.now()) {
		return openmates.User{}, guard.TooMany()
	}
	p, err := r.party(ctx)
	if err != nil {
		return openmates.User{}, err
	}
	ceremony, err := r.takeCeremony(ctx)
	if err != nil {
		return openmates.User{}, err
	}
	h, used, err := r.signed(ctx, p, from, ceremony, answer)
	if err != nil {
		if code := openmates.CodeOf(err); code != openmates.EInternal && code != openmates.ELimit {
			whose, _, _ := r.Awaited(ctx) // nobody if no password was entered
			r.failures.Note(ctx, from, guard.WhyPasskey, whose.ID)
		}
		return openmates.User{}, err
	}
	for _, k := range h.passkeys {
		if k.Credential != base64.RawURLEncoding.EncodeToString(used.ID) {
			continue
		}
		data, err := json.Marshal(used)
		if err != nil {
			return openmates.User{}, err
		}
		k.Data = openmates.Secret(data)
		if err := r.store.UsePasskey(ctx, k); err != nil {
			return openmates.User{}, err
		}
	}
	r.byStep.Forget(r.tryOf(ctx, h.user, from))
	return h.user, r.Begin(ctx, h.user)
}

// signed checks an answer and returns who signed it, and with which passkey.
func (r *Room) signed(ctx context.Context, p *webauthn.WebAuthn, from netip.Addr, ceremony webauthn.SessionData, answer []byte) (*holder, *webauthn.Credential, error) {
	refused := func(err error) error {
		return &openmates.Error{Code: openmates.EUnauthorized, Message: openmates.T("This passkey isn't valid for this account. Try another one, or sign in with your password."), Err: err}
	}
	if len(answer) > maxResponse {
		return nil, nil, refused(nil)
	}
	if err := intake.Once(answer); err != nil {
		return nil, nil, refused(err)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return nil, nil, refused(err)
	}
	var h *holder
	var used *webauthn.Credential
	if len(ceremony.UserID) > 0 {
		u, _, err := r.Awaited(ctx)
		if err != nil {
			return nil, nil, err
		}
		if h, err = r.holder(ctx, u); err != nil {
			return nil, nil, err
		}
		if !r.byStep.Allow(r.tryOf(ctx, u, from), r.now()) {
			r.failures.Note(ctx, from, guard.WhyTooMany, u.ID)
			return nil, nil, guard.TooMany()
		}
		if used, err = p.ValidateLogin(h, ceremony, parsed); err != nil {
			return nil, nil, refused(err)
		}
	} else {
		var failed error // our own error, which the library would report as the browser's
		_, used, err = p.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
			h, failed = r.holderOf(ctx, handle)
			return h, failed
		}, ceremony, parsed)
		if openmates.CodeOf(failed) == openmates.EInternal {
			return nil, nil, failed
		}
		if err != nil {
			return nil, nil, refused(err)
		}
	}
	if used.Authenticator.CloneWarning {
		r.log.WarnContext(ctx, "a passkey counts backwards: it may have been copied", "user", h.user.ID)
		return nil, nil, refused(nil)
	}
	return h, used, nil
}

func (r *Room) holderOf(ctx context.Context, handle []byte) (*holder, error) {
	id, err := openmates.ParseID(string(bytes.Clone(handle)))
	if err != nil {
		return nil, err
	}
	u, err := r.store.User(ctx, id)
	if err != nil {
		return nil, err
	}
	return r.holder(ctx, u)
}
