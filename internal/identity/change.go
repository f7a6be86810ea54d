package identity

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"openmates"
	"openmates/internal/guard"
	"openmates/internal/mail"
)

// confirmFor is how long a link that confirms an address is valid.
const confirmFor = 24 * time.Hour

// ChangePassword requires the old password and ends every way to act for the
// caller, like EndSessions, because anybody who knew the old password may have
// created some of them. This request's session gets a new token.
func (r *Room) ChangePassword(ctx context.Context, c openmates.Caller, old, fresh openmates.Secret, keepShared bool) error {
	if err := r.prove(ctx, c, old); err != nil {
		return err
	}
	if old == fresh {
		return openmates.Errorf(openmates.EInvalid, "This is already your password. Choose a different one.")
	}
	if err := r.vault.valid(fresh, c.User.Username, c.User.DisplayName, localPart(c.User.Email)); err != nil {
		return err
	}
	phc, err := r.vault.hash(ctx, fresh)
	if err != nil {
		return err
	}
	ended, err := r.endAccess(ctx, c, "account.password", AccessEnd{Password: phc, KeepShared: keepShared})
	if err != nil {
		return err
	}
	r.log.InfoContext(ctx, "a password was changed", "user", c.User.ID, "tokens", ended.Tokens)
	return nil
}

// endAccess ends every way to act for the caller except this session, which
// gets a new token, so that anybody with the old one is signed out, too.
func (r *Room) endAccess(ctx context.Context, c openmates.Caller, action string, e AccessEnd) (ended AccessEnded, err error) {
	if err := r.sessions.RenewToken(ctx); err != nil {
		return ended, fmt.Errorf("renew the session: %w", err)
	}
	e.UserID = c.User.ID
	err = r.store.Within(ctx, func(ctx context.Context) (err error) {
		if ended, err = r.store.EndAccess(ctx, e); err != nil {
			return err
		}
		return r.audit.Record(ctx, ownEntry(c.User, action), nil, revoked(ended))
	})
	if err != nil {
		return ended, err
	}
	c.User.Epoch = ended.Epoch
	r.sessions.Put(ctx, keyEpoch, epochText(ended.Epoch))
	for _, waiting := range []string{keyCeremony, keyCalled} {
		r.sessions.Remove(ctx, waiting)
	}
	r.recognise(ctx, c.User)
	return ended, nil
}

// revoked describes for the audit log what else was revoked.
func revoked(e AccessEnded) any {
	after := map[string]int64{}
	if e.Tokens > 0 {
		after["tokens_revoked"] = e.Tokens
	}
	if e.Invites > 0 {
		after["invites_revoked"] = e.Invites
	}
	if len(after) == 0 {
		return nil
	}
	return after
}

func localPart(address string) string {
	local, _, _ := strings.Cut(address, "@")
	return local
}

// Email is the caller's email address and its state.
type Email struct {
	Address   string
	Confirmed bool
	Awaited   string // the address that a confirmation link was sent to
	Mail      bool   // this server sends mail, so a new address has to be confirmed
}

// Email returns the caller's address.
func (r *Room) Email(ctx context.Context, c openmates.Caller) (e Email, err error) {
	if err := c.RequireSignIn(); err != nil {
		return e, err
	}
	e.Address, e.Mail = c.User.Email, r.post.Ready(ctx)
	if e.Confirmed, err = r.store.EmailConfirmed(ctx, c.User.ID); err != nil {
		return e, err
	}
	e.Awaited, err = r.store.AwaitedAddress(ctx, c.User.ID)
	return e, err
}

// SetEmail changes the caller's address. If this server sends mail, it mails a
// link to the new address, and the old one stays until somebody opens it;
// otherwise the new one is set immediately. awaits reports which.
func (r *Room) SetEmail(ctx context.Context, c openmates.Caller, address string, password openmates.Secret) (awaits bool, err error) {
	if address = strings.TrimSpace(address); address != "" {
		if address, err = mail.Address(address); err != nil {
			return false, err
		}
	}
	if err := r.prove(ctx, c, password); err != nil {
		return false, err
	}
	if address != "" && r.post.Ready(ctx) {
		return true, r.askAddress(ctx, c, address)
	}
	return false, r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.SetEmail(ctx, c.User.ID, address, false); err != nil {
			return err
		}
		return r.audit.Record(ctx, ownEntry(c.User, "account.email"), nil, map[string]bool{"set": address != "", "confirmed": false})
	})
}

func (r *Room) askAddress(ctx context.Context, c openmates.Caller, address string) error {
	code := rand.Text() // 130 bits
	// The mail first: if it is refused, the previous link still works.
	if err := r.post.Send(ctx, r.confirmation(c, address, r.address.URL()+"/profile/address?code="+code)); err != nil {
		return err
	}
	return r.store.AddAddressCode(ctx, guard.Digest(code), c.User.ID, address, r.now().Add(confirmFor))
}

// ConfirmEmail uses up a link's code and sets its address for the caller.
func (r *Room) ConfirmEmail(ctx context.Context, c openmates.Caller, code openmates.Secret) (address string, err error) {
	if err := c.RequireSignIn(); err != nil {
		return "", err
	}
	if !r.byConfirm.Allow("address:"+c.User.ID.String(), r.now()) {
		return "", guard.TooMany()
	}
	err = r.store.Within(ctx, func(ctx context.Context) (err error) {
		if address, err = r.store.TakeAddressCode(ctx, guard.DigestTyped(code.Reveal()), c.User.ID); err != nil {
			return err
		}
		return r.audit.Record(ctx, ownEntry(c.User, "account.email"), nil, map[string]bool{"set": true, "confirmed": true})
	})
	if openmates.CodeOf(err) == openmates.ENotFound {
		return "", openmates.Errorf(openmates.EInvalid, "This link has been used, is older than a day, or was sent to someone else. Change your address again to get a new one.")
	}
	if err != nil {
		return "", err
	}
	return address, nil
}
