package connect

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"time"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/spelling"
)

// Codes are one-time codes that link an account without a consent page: started
// by the account in the chat and finished by the person here, or the other way
// round. The network vouches for the account, and the session or the store for
// the person. The code only connects the two, so neither side can name somebody
// else.
type Codes interface {
	// AddLinkCode stores a code by its hash, replacing an earlier one for the
	// same account or person.
	AddLinkCode(ctx context.Context, hash string, c LinkCode) error
	// LinkCode returns what a code stands for. If it has expired, was used or
	// doesn't exist, the error is ErrNoCode.
	LinkCode(ctx context.Context, hash string) (LinkCode, error)
	// TakeLinkCode returns it and removes it: only one of several callers gets
	// it.
	TakeLinkCode(ctx context.Context, hash string) (LinkCode, error)
	User(ctx context.Context, id openmates.ID) (openmates.User, error)
}

// codeLasts is how long a code is valid.
const codeLasts = 15 * time.Minute

// CodePath is the page for codes from the chat.
const CodePath = "/link"

// BeginCode returns an address where somebody who signs in or signs up can link
// this account, once. It must only be shown to the account's owner.
func (r *Room) BeginCode(ctx context.Context, n openmates.Network, a messenger.Account) (string, error) {
	if _, err := r.connector(n); err != nil {
		return "", err
	}
	if a.ID == "" {
		return "", openmates.Errorf(openmates.EInvalid, "We can't tell whose account this is.")
	}
	a.Name = spelling.Clean(a.Name, longestName)
	code := rand.Text() // 130 bits
	err := r.store.AddLinkCode(ctx, hash(code), LinkCode{
		Network: n, AccountID: a.ID, Name: a.Name, Avatar: picture(a.Avatar), Expires: r.now().Add(codeLasts),
	})
	if err != nil {
		return "", fmt.Errorf("keep a code: %w", err)
	}
	return r.PublicURL() + CodePath + "?" + url.Values{"code": {code}}.Encode(), nil
}

// Offer describes a code from the chat.
type Offer struct {
	Label   string // the network's name
	Account messenger.Account
}

// Offered returns the account that a code would link. It doesn't use up the
// code.
func (r *Room) Offered(ctx context.Context, code openmates.Secret) (Offer, error) {
	c, err := r.store.LinkCode(ctx, hash(code.Reveal()))
	if err != nil || c.AccountID == "" {
		return Offer{}, codeError(err)
	}
	return Offer{Label: r.label(c.Network), Account: messenger.Account{ID: c.AccountID, Name: c.Name, Avatar: c.Avatar}}, nil
}

// FinishCode links the account of a code from the chat to who.
func (r *Room) FinishCode(ctx context.Context, who Who, code openmates.Secret) (Outcome, error) {
	if who.UserID == 0 || who.Session == "" {
		return Outcome{}, openmates.Errorf(openmates.EUnauthorized, "Please sign in first.")
	}
	if _, err := r.Offered(ctx, code); err != nil { // don't use up a code of the other direction here
		return Outcome{}, err
	}
	c, err := r.store.TakeLinkCode(ctx, hash(code.Reveal()))
	if err != nil {
		return Outcome{}, codeError(err)
	}
	a := messenger.Account{ID: c.AccountID, Name: c.Name, Avatar: c.Avatar}
	if err := r.tie(ctx, who.UserID, c.Network, a); err != nil {
		return Outcome{}, err
	}
	return Outcome{Kind: Link, Network: c.Network, Label: r.label(c.Network), Account: a}, nil
}

// OwnCode is a code that a person sends to a mate.
type OwnCode struct {
	Code    openmates.Secret
	Label   string // the network's name
	Expires time.Time
}

// BeginOwnCode returns a code that links the account that sends it to a bot of
// this server to who.
func (r *Room) BeginOwnCode(ctx context.Context, who Who, n openmates.Network) (OwnCode, error) {
	if who.UserID == 0 || who.Session == "" {
		return OwnCode{}, openmates.Errorf(openmates.EUnauthorized, "Please sign in first.")
	}
	if _, err := r.connector(n); err != nil {
		return OwnCode{}, err
	}
	o := OwnCode{Code: openmates.Secret(rand.Text()), Label: r.label(n), Expires: r.now().Add(codeLasts)}
	err := r.store.AddLinkCode(ctx, hash(o.Code.Reveal()), LinkCode{Network: n, UserID: who.UserID, Session: who.Session, Expires: o.Expires})
	if err != nil {
		return OwnCode{}, fmt.Errorf("keep a code: %w", err)
	}
	return o, nil
}

// CodeHash returns the key under which a code is stored, so that a journal
// needn't contain the code.
func (r *Room) CodeHash(code openmates.Secret) string { return hash(code.Reveal()) }

// FinishByChat links the account that sent the code with this hash to the
// person who created it. The code is only valid on its own network.
func (r *Room) FinishByChat(ctx context.Context, sum string, n openmates.Network, a messenger.Account) (openmates.User, error) {
	c, err := r.store.LinkCode(ctx, sum)
	if err != nil || c.UserID == 0 || c.Network != n || a.ID == "" {
		return openmates.User{}, codeError(err)
	}
	if c, err = r.store.TakeLinkCode(ctx, sum); err != nil {
		return openmates.User{}, codeError(err)
	}
	u, err := r.store.User(ctx, c.UserID)
	if err != nil {
		return openmates.User{}, codeError(err)
	}
	return u, r.tie(ctx, u.ID, n, a)
}

// tie links an account to a person, unless it is somebody else's.
func (r *Room) tie(ctx context.Context, user openmates.ID, n openmates.Network, a messenger.Account) error {
	a.Name = spelling.Clean(a.Name, longestName)
	err := r.store.Within(ctx, func(ctx context.Context) error {
		_, err := r.store.AddIdentity(ctx, openmates.Identity{UserID: user, Network: n, AccountID: a.ID, Name: a.Name, Avatar: picture(a.Avatar)})
		if err != nil {
			return err
		}
		return r.noteAccount(ctx, user, "account.link", n, a)
	})
	if openmates.CodeOf(err) == openmates.EConflict {
		label := r.label(n)
		return &openmates.Error{Code: openmates.EConflict, Err: err, Message: openmates.T(
			"The %s account %s is linked to another person on this server. Unlink it there first, or sign in to %s with your own account and start again.", label, a.Name, label)}
	}
	if err != nil {
		return fmt.Errorf("store the identity: %w", err)
	}
	r.log.InfoContext(ctx, "account linked", "user", user, "network", n, "account", a.ID)
	return nil
}

const (
	longestPicture = 500
	longestName    = 100 // of a workspace or an account, as the network reports it
)

// picture returns the address of an account's picture for storage, or "" if it
// is too long or not a web address, because the account can be linked without
// it.
func picture(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return ""
	}
	if address = u.String(); len(address) > longestPicture {
		return ""
	}
	return address
}

// codeError hides why a code is invalid.
func codeError(err error) error {
	if err != nil && openmates.CodeOf(err) != openmates.ENotFound {
		return fmt.Errorf("find a code: %w", err)
	}
	return &openmates.Error{Code: openmates.ENotFound, Err: err,
		Message: openmates.T("This code has been used or has expired: codes are valid for fifteen minutes. Get a new one by sending /link to a mate, or from your profile.")}
}

// ConnectPage returns the page where a workspace is connected to a team. It
// contains no secret.
func (r *Room) ConnectPage(n openmates.Network, workspace openmates.WorkspaceID, mate string) string {
	q := url.Values{"network": {string(n)}}
	if mate != "" {
		q.Set("mate", mate)
	}
	if workspace != "" {
		q.Set("workspace", string(workspace))
	}
	return r.PublicURL() + ConnectPath + "?" + q.Encode()
}

// ConnectPath leads to the connect page of a person's team.
const ConnectPath = "/connect"

// AccountPage returns the page where people link their accounts. It contains no
// secret.
func (r *Room) AccountPage(n openmates.Network) string {
	return r.PublicURL() + "/profile?link=" + url.QueryEscape(strings.ToLower(string(n)))
}
