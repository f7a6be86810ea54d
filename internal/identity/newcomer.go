package identity

import (
	"context"
	"net/netip"
	"strings"

	"openmates"
	"openmates/internal/guard"
	"openmates/internal/mail"
	"openmates/internal/spelling"
)

// Newcomer checks a new account and returns it with the PHC string of its
// password. It stores nothing. Strangers can call it only so often: ELimit.
func (r *Room) Newcomer(ctx context.Context, from netip.Addr, n openmates.Newcomer) (u openmates.User, phc string, err error) {
	if !r.byStranger.Allow("account:"+guard.Party(from), r.now()) {
		return u, "", guard.TooMany()
	}
	if u, err = r.newUser(n.Self.Name, n.Username, n.Password); err != nil {
		return u, "", err
	}
	self, err := tidySelf(n.Self)
	if err != nil {
		return u, "", err
	}
	u = u.With(self)
	if strings.TrimSpace(n.Email) != "" {
		if u.Email, err = mail.Address(n.Email); err != nil {
			return u, "", err
		}
	}
	if _, err := r.store.UserByName(ctx, u.Username); err == nil { // before the expensive hash
		return u, "", openmates.ErrUsernameTaken
	}
	phc, err = r.vault.hash(ctx, n.Password)
	return u, phc, err
}

// Account checks a name, a username and a password and returns the account with
// the PHC string of its password. It stores nothing. Unlike Newcomer it isn't
// limited: the caller must make sure that the person may have an account.
func (r *Room) Account(ctx context.Context, name, username string, password openmates.Secret) (u openmates.User, phc string, err error) {
	if u, err = r.newUser(name, username, password); err != nil {
		return u, "", err
	}
	phc, err = r.vault.hash(ctx, password)
	return u, phc, err
}

// newUser checks what a person entered.
func (r *Room) newUser(name, username string, password openmates.Secret) (openmates.User, error) {
	username, err := spelling.Username(username)
	if err != nil {
		return openmates.User{}, err
	}
	if name, err = spelling.Person(name); err != nil {
		return openmates.User{}, err
	}
	if err := r.vault.valid(password, username, name); err != nil {
		return openmates.User{}, err
	}
	return openmates.User{Username: username, DisplayName: name}, nil
}
