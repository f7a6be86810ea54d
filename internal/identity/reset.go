package identity

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"openmates"
	"openmates/internal/guard"
	"openmates/internal/mail"
	"openmates/internal/policy"
	"openmates/internal/spelling"
)

// How long a reset link is valid.
const (
	resetByMailFor = 30 * time.Minute
	resetByHandFor = 24 * time.Hour // it has to reach its person first
)

// Returning is for people who lost their password.
type Returning interface { //nolint:interfacebloat // one feature, each method one transaction
	// ConfirmedUsers returns the accounts with this confirmed address.
	ConfirmedUsers(ctx context.Context, address string) ([]openmates.User, error)
	AddReset(ctx context.Context, r PasswordReset, hash string, at time.Time) error
	// Reset returns ErrNoReset if the link is invalid: it was used,
	// has expired, or the user no longer has the address it was mailed to. It
	// doesn't check whether its maker may still make it.
	Reset(ctx context.Context, hash string, at time.Time) (PasswordReset, error)
	// UseReset works once, then it returns ErrNoReset. It ends everything that
	// depends on the old password.
	UseReset(ctx context.Context, hash, phc string, at time.Time) (r PasswordReset, ended AccessEnded, err error)
	DropSecondStep(ctx context.Context, userID openmates.ID) error
}

// AskReset mails a link to somebody who has lost their password; who is their
// username or address. It is only sent to the account's confirmed address.
// Neither the response nor its time reveals whether the account exists:
// everything that depends on it happens in the background.
func (r *Room) AskReset(ctx context.Context, from netip.Addr, who string) error {
	if !r.post.Ready(ctx) {
		return openmates.Errorf(openmates.EUnavailable, "This server doesn't send mail. Ask a server admin for a link; anyone with access to the server's command line can also create one with “openmates admin reset-password”.")
	}
	language := openmates.CallerOf(ctx).Language
	who = strings.TrimSpace(who)
	if who == "" || len(who) > maxAddress {
		return openmates.Errorf(openmates.EInvalid, "Enter your username or your email address.")
	}
	if !r.byStranger.Allow("reset:"+guard.Party(from), r.now()) {
		return guard.TooMany()
	}
	if !r.errands.begin(func(ctx context.Context) { r.mailResets(ctx, who, language) }) {
		return openmates.Errorf(openmates.EUnavailable, "Too many password resets right now. Try again in a minute.")
	}
	return nil
}

const maxAddress = 254 // RFC 5321, section 4.5.3.1.3

// mailResets sends a link to each account that who names, which was asked for
// in a language.
func (r *Room) mailResets(ctx context.Context, who, language string) {
	users, err := r.named(ctx, who)
	if err != nil {
		r.log.ErrorContext(ctx, "can't find who lost their password", "err", err)
		return
	}
	for _, u := range users {
		if err := r.mailReset(ctx, u, language); err != nil {
			r.log.WarnContext(ctx, "a link to a new password was not sent", "user", u.ID, "err", err)
		}
	}
}

func (r *Room) named(ctx context.Context, who string) ([]openmates.User, error) {
	if strings.Contains(who, "@") {
		address, err := mail.Address(who)
		if err != nil {
			return nil, nil //nolint:nilerr // nobody's address
		}
		return r.store.ConfirmedUsers(ctx, address)
	}
	u, err := r.byUsername(ctx, who)
	if openmates.CodeOf(err) == openmates.EInvalid {
		return nil, nil
	}
	return []openmates.User{u}, err
}

func (r *Room) mailReset(ctx context.Context, u openmates.User, language string) error {
	if confirmed, err := r.store.EmailConfirmed(ctx, u.ID); err != nil || !confirmed || u.Email == "" {
		return err
	}
	link, err := r.addReset(ctx, PasswordReset{UserID: u.ID, Origin: ResetByMail, Address: u.Email, Expires: r.now().Add(resetByMailFor)})
	if err != nil {
		return err
	}
	if err := r.post.Send(ctx, r.wayBack(u, language, link)); err != nil {
		return err
	}
	r.log.InfoContext(ctx, "a link to a new password was mailed", "user", u.ID)
	return nil
}

// addReset returns the link of a new reset, whose code isn't stored.
func (r *Room) addReset(ctx context.Context, reset PasswordReset) (link string, err error) {
	code := rand.Text() // 130 bits
	if err := r.store.AddReset(ctx, reset, guard.Digest(code), r.now()); err != nil {
		return "", fmt.Errorf("keep a reset: %w", err)
	}
	return r.address.URL() + ResetPath + "?code=" + code, nil
}

// ResetPath is the page of reset links.
const ResetPath = "/signin/reset"

// ResetLink is a reset link for somebody to share.
type ResetLink struct {
	User    openmates.User
	URL     openmates.Secret // only shown once; the server has no readable copy
	Expires time.Time
	Second  bool // it also removes the second step
}

// ResetLink creates a password reset link for a server admin to share. With
// second it also removes the person's second step. password is the caller's
// own, because the link gives access to the account. It replaces earlier such
// links.
func (r *Room) ResetLink(ctx context.Context, c openmates.Caller, userID openmates.ID, second bool, password openmates.Secret) (ResetLink, error) {
	if err := policy.RequireInPerson(c, policy.RunServer); err != nil {
		return ResetLink{}, err
	}
	if err := r.prove(ctx, c, password); err != nil {
		return ResetLink{}, err
	}
	u, err := r.store.User(ctx, userID)
	if err != nil {
		return ResetLink{}, err
	}
	return r.handOn(ctx, u, PasswordReset{UserID: u.ID, Origin: ResetByAdmin, Maker: c.User.ID, Second: second})
}

// ResetLinkFor is ResetLink by username.
func (r *Room) ResetLinkFor(ctx context.Context, c openmates.Caller, username string, second bool, password openmates.Secret) (ResetLink, error) {
	if err := policy.RequireInPerson(c, policy.RunServer); err != nil {
		return ResetLink{}, err
	}
	u, err := r.byUsername(ctx, username)
	if err != nil {
		return ResetLink{}, err
	}
	return r.ResetLink(ctx, c, u.ID, second, password)
}

// byUsername returns an account, for callers who may know which ones exist.
func (r *Room) byUsername(ctx context.Context, username string) (openmates.User, error) {
	username = spelling.Fold(username)
	u, err := r.store.UserByName(ctx, username)
	if openmates.CodeOf(err) == openmates.ENotFound || err == nil && u.Username != username {
		return openmates.User{}, openmates.Errorf(openmates.EInvalid, "No one on this server has the username %q.", spelling.Clip(username, 40))
	}
	return u, err
}

func (r *Room) handOn(ctx context.Context, u openmates.User, reset PasswordReset) (ResetLink, error) {
	reset.Expires = r.now().Add(resetByHandFor)
	var link string
	err := r.store.Within(ctx, func(ctx context.Context) (err error) {
		if link, err = r.addReset(ctx, reset); err != nil {
			return err
		}
		e := openmates.AuditEntry{Actor: reset.Maker, Action: "account.reset_link"}.AboutPerson(u.ID)
		return r.audit.Record(ctx, e, nil, map[string]any{"by": reset.Origin, "second_step": reset.Second, "expires": reset.Expires.UTC()})
	})
	if err != nil {
		return ResetLink{}, err
	}
	r.log.InfoContext(ctx, "a link to a new password was made", "user", u.ID, "origin", reset.Origin, "by", reset.Maker)
	return ResetLink{User: u, URL: openmates.Secret(link), Expires: reset.Expires, Second: reset.Second}, nil
}

// LookAtReset returns the person of a link, and changes nothing. EInvalid means
// that the link is invalid.
func (r *Room) LookAtReset(ctx context.Context, from netip.Addr, code openmates.Secret) (openmates.User, PasswordReset, error) {
	var u openmates.User
	if !r.byStranger.Allow("reset look:"+guard.Party(from), r.now()) {
		return u, PasswordReset{}, guard.TooMany()
	}
	reset, err := r.openReset(ctx, code)
	if err == nil {
		u, err = r.store.User(ctx, reset.UserID)
	}
	if openmates.CodeOf(err) == openmates.ENotFound {
		r.failures.Note(ctx, from, guard.WhyReset, 0)
	}
	return u, reset, oldReset(err)
}

// openReset returns the reset of a link that holds; else openmates.ENotFound.
func (r *Room) openReset(ctx context.Context, code openmates.Secret) (PasswordReset, error) {
	reset, err := r.store.Reset(ctx, resetHash(code), r.now())
	if err != nil || reset.Maker == 0 {
		return reset, err
	}
	holds, err := policy.Remain{Maker: reset.Maker, Right: policy.RunServer}.Holds(ctx, r.store, r.now())
	if err == nil && !holds {
		err = openmates.Errorf(openmates.ENotFound, "This link has been used or has expired. Ask for a new one.")
	}
	return reset, err
}

func resetHash(code openmates.Secret) string {
	return guard.DigestTyped(code.Reveal())
}

func oldReset(err error) error {
	if openmates.CodeOf(err) == openmates.ENotFound {
		return openmates.Errorf(openmates.EInvalid, "This link has been used or has expired. Ask for a new one.")
	}
	return err
}

// Reset uses up a link and sets a new password. It ends everything that
// changing a password ends: sessions, unfinished sign-ins, access tokens,
// invites for admins and other links. It signs nobody in: a second step is
// still required, unless an admin made the link to remove it.
func (r *Room) Reset(ctx context.Context, from netip.Addr, code, fresh openmates.Secret) (openmates.User, error) {
	u, _, err := r.LookAtReset(ctx, from, code)
	if err != nil {
		return u, err
	}
	if err := r.vault.valid(fresh, u.Username, u.DisplayName, localPart(u.Email)); err != nil {
		return u, err
	}
	phc, err := r.vault.hash(ctx, fresh)
	if err != nil {
		return u, err
	}
	var reset PasswordReset
	var ended AccessEnded
	err = r.store.Within(ctx, func(ctx context.Context) (err error) {
		if _, err = r.openReset(ctx, code); err != nil {
			return err
		}
		if reset, ended, err = r.store.UseReset(ctx, resetHash(code), phc, r.now()); err != nil {
			return err
		}
		after := map[string]any{"by": reset.Origin, "second_step_dropped": reset.Second, "tokens_revoked": ended.Tokens, "invites_revoked": ended.Invites}
		return r.audit.Record(ctx, ownEntry(u, "account.reset"), nil, after)
	})
	if err != nil {
		return u, oldReset(err)
	}
	r.byAccount.Forget(guard.Try{Account: guard.Digest(u.Username), From: from})
	r.log.InfoContext(ctx, "a password was reset", "user", u.ID, "origin", reset.Origin, "tokens", ended.Tokens)
	r.tell(u, openmates.CallerOf(ctx).Language, resetNotice(reset))
	return u, nil
}

func resetNotice(reset PasswordReset) openmates.Text {
	news := openmates.T("The password of your account was reset with a link mailed to this address.")
	switch reset.Origin {
	case ResetByAdmin:
		news = openmates.T("The password of your account was reset with a link from a server admin.")
	case ResetByCommand:
		news = openmates.T("The password of your account was reset with a link created on the server's command line.")
	}
	if reset.Second {
		news = openmates.Sentences(news, openmates.T("Your second step and your passkeys were removed; set them up again."))
	}
	return openmates.Sentences(news, openmates.T("All its sessions were signed out."))
}

// tell mails somebody what happened to their account, if they have a confirmed
// address and mail is set up. Nothing waits for it.
func (r *Room) tell(u openmates.User, language string, what openmates.Text) {
	if !r.errands.begin(func(ctx context.Context) { r.tellNow(ctx, u, language, what) }) {
		r.log.Warn("somebody was not told what happened to their account", "user", u.ID)
	}
}

func (r *Room) tellNow(ctx context.Context, u openmates.User, language string, what openmates.Text) {
	confirmed, err := r.store.EmailConfirmed(ctx, u.ID)
	if err == nil && confirmed && u.Email != "" && r.post.Ready(ctx) {
		err = r.post.Send(ctx, r.notice(u, language, what))
	}
	if err != nil {
		r.log.WarnContext(ctx, "somebody was not told what happened to their account", "user", u.ID, "err", err)
	}
}
