package identity

import (
	"context"
	"errors"
	"time"

	"openmates"
	"openmates/internal/guard"
)

// Export is everything that the server stores about a person, for download.
type Export struct {
	Made        time.Time             `json:"made"`
	Account     ExportAccount         `json:"account"`
	Preferences openmates.Preferences `json:"preferences"`
	Privacy     openmates.Privacy     `json:"privacy"`
	OwnTies
	Identities []ExportIdentity `json:"linked_accounts"`
	Passkeys   []ExportPasskey  `json:"passkeys"`
	Sessions   []ExportSession  `json:"sessions"`
	Turns      []OwnTurn        `json:"conversations"`
	Usage      []OwnUsage       `json:"usage"`
}

// ExportAccount is the account itself.
type ExportAccount struct {
	ID             openmates.ID `json:"id"`
	Username       string       `json:"username"`
	DisplayName    string       `json:"display_name"`
	Email          string       `json:"email,omitempty"`
	EmailConfirmed bool         `json:"email_confirmed"`
	EmailAwaited   string       `json:"email_to_confirm,omitempty"`
	ServerAdmin    bool         `json:"server_admin"`
	Language       string       `json:"language,omitempty"`
	TimeZone       string       `json:"time_zone,omitempty"`
	Created        time.Time    `json:"created"`
	Authenticator  bool         `json:"authenticator_app"`
	AskPasskey     bool         `json:"passkey_after_password"`
	RecoveryCodes  int          `json:"recovery_codes_left"`
}

// ExportIdentity is an account on a messenger.
type ExportIdentity struct {
	Network   openmates.Network   `json:"network"`
	AccountID openmates.AccountID `json:"account_id"`
	Name      string              `json:"name"`
	Avatar    string              `json:"avatar,omitempty"` // where its picture is
	Linked    time.Time           `json:"linked"`
}

// ExportSession is one of the person's sessions.
type ExportSession struct {
	Browser string    `json:"browser"`
	From    string    `json:"from,omitempty"` // address
	Since   time.Time `json:"since,omitzero"`
	Seen    time.Time `json:"last_used,omitzero"`
}

// ExportPasskey is a passkey, without anything that would let somebody use it.
type ExportPasskey struct {
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Used    time.Time `json:"last_used,omitzero"`
}

// Export returns what the server stores about the caller. It contains no
// credentials, and nothing about anybody else.
func (r *Room) Export(ctx context.Context, c openmates.Caller) (Export, error) {
	if err := c.RequireSignIn(); err != nil {
		return Export{}, err
	}
	if !r.byConfirm.Allow("export:"+c.User.ID.String(), r.now()) {
		return Export{}, guard.TooMany()
	}
	u, err := r.store.User(ctx, c.User.ID)
	if err != nil {
		return Export{}, err
	}
	e := Export{
		Made: r.now().UTC(), Preferences: u.Preferences,
		Account: ExportAccount{
			ID: u.ID, Username: u.Username, DisplayName: u.DisplayName, Email: u.Email, ServerAdmin: u.Admin,
			Language: u.Language, TimeZone: u.TimeZone, Created: u.Created,
		},
		Identities: []ExportIdentity{}, Passkeys: []ExportPasskey{}, Sessions: []ExportSession{},
	}
	if e.Privacy, err = r.store.Privacy(ctx, u.ID); err != nil {
		return Export{}, err
	}
	if e.Account.EmailConfirmed, err = r.store.EmailConfirmed(ctx, u.ID); err != nil {
		return Export{}, err
	}
	if e.Account.EmailAwaited, err = r.store.AwaitedAddress(ctx, u.ID); err != nil {
		return Export{}, err
	}
	if err := r.exportTies(ctx, u, &e); err != nil {
		return Export{}, err
	}
	if e.Turns, err = r.store.OwnTurns(ctx, u.ID); err != nil {
		return Export{}, err
	}
	if e.Usage, err = r.store.OwnUsage(ctx, u.ID); err != nil {
		return Export{}, err
	}
	return e, r.store.Within(ctx, func(ctx context.Context) error {
		return r.audit.Record(ctx, ownEntry(u, "account.export"), nil, nil)
	})
}

func (r *Room) exportTies(ctx context.Context, u openmates.User, e *Export) error {
	p, err := r.store.Protection(ctx, u.ID)
	if err != nil {
		return err
	}
	e.Account.Authenticator, e.Account.AskPasskey, e.Account.RecoveryCodes = p.Authenticator, p.AskPasskey, p.Recovery
	if e.OwnTies, err = r.store.OwnTies(ctx, u.ID); err != nil {
		return err
	}
	sessions, err := r.SessionsOf(ctx, openmates.Caller{User: u})
	if err != nil {
		return err
	}
	for _, s := range sessions {
		e.Sessions = append(e.Sessions, ExportSession{Browser: s.Agent.String(), From: s.From, Since: s.Since, Seen: s.Seen})
	}
	ids, err := r.store.IdentitiesOf(ctx, u.ID)
	if err != nil {
		return err
	}
	for _, i := range ids {
		e.Identities = append(e.Identities, ExportIdentity{Network: i.Network, AccountID: i.AccountID, Name: i.Name, Avatar: i.Avatar, Linked: i.Created})
	}
	keys, err := r.store.Passkeys(ctx, u.ID)
	for _, k := range keys {
		e.Passkeys = append(e.Passkeys, ExportPasskey{Name: k.Name, Created: k.Created, Used: k.Used})
	}
	return err
}

// Leave deletes the caller's account permanently, and signs them out
// everywhere. typed is their username, entered to confirm. The only admin of
// the server, or of a team with other members, has to hand over first:
// EConflict says what.
func (r *Room) Leave(ctx context.Context, c openmates.Caller, typed string, password openmates.Secret) error {
	if err := c.RequireSignIn(); err != nil {
		return err
	}
	if typed != c.User.Username {
		return openmates.Errorf(openmates.EInvalid, "Type your username, %s, to confirm.", c.User.Username)
	}
	if err := r.prove(ctx, c, password); err != nil {
		return err
	}
	err := r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.RemoveUser(ctx, c.User.ID); err != nil {
			return needed(err)
		}
		return r.audit.Record(ctx, ownEntry(c.User, "account.delete"), nil, nil)
	})
	if err != nil {
		return err
	}
	r.log.InfoContext(ctx, "an account was deleted by its owner", "user", c.User.ID)
	return r.SignOut(ctx)
}

// needed says to the only admin of something why they can't leave.
func needed(err error) error {
	last, ok := errors.AsType[*openmates.LastAdminError](err)
	switch {
	case !ok:
		return err
	case last.Team == "":
		return openmates.Errorf(openmates.EConflict, "You're the only server admin. Make someone else an admin first, then delete your account.")
	}
	return openmates.Errorf(openmates.EConflict, "You're the only admin of %s. Make someone else there an admin first, then delete your account.", last.Team)
}

// OwnUsage lists what the caller's requests cost, oldest first.
func (r *Room) OwnUsage(ctx context.Context, c openmates.Caller) ([]OwnUsage, error) {
	if err := c.RequireSignIn(); err != nil {
		return nil, err
	}
	return r.store.OwnUsage(ctx, c.User.ID)
}
