package account

import (
	"context"
	"time"

	"openmates"
)

// Export is all that the server keeps about a person, for them to take along.
type Export struct {
	Made        time.Time             `json:"made"`
	Account     ExportAccount         `json:"account"`
	Preferences openmates.Preferences `json:"preferences"`
	Memberships []ExportMembership    `json:"memberships"`
	Identities  []ExportIdentity      `json:"linked_accounts"`
	Passkeys    []ExportPasskey       `json:"passkeys"`
	Turns       []openmates.OwnTurn   `json:"conversations"`
	Usage       []openmates.OwnUsage  `json:"usage"`
}

// ExportAccount is the account itself.
type ExportAccount struct {
	ID             openmates.ID `json:"id"`
	Username       string       `json:"username"`
	DisplayName    string       `json:"display_name"`
	Email          string       `json:"email,omitempty"`
	EmailConfirmed bool         `json:"email_confirmed"`
	ServerAdmin    bool         `json:"server_admin"`
	Language       string       `json:"language,omitempty"`
	TimeZone       string       `json:"time_zone,omitempty"`
	Created        time.Time    `json:"created"`
	Authenticator  bool         `json:"authenticator_app"`
}

// ExportMembership is a place in a team.
type ExportMembership struct {
	Team string         `json:"team"` // slug
	Name string         `json:"name"`
	Role openmates.Role `json:"role"`
}

// ExportIdentity is an account on a messenger.
type ExportIdentity struct {
	Network   openmates.Network `json:"network"`
	AccountID string            `json:"account_id"`
	Name      string            `json:"name"`
	Linked    time.Time         `json:"linked"`
}

// ExportPasskey is a passkey, without what would let anybody use it.
type ExportPasskey struct {
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Used    time.Time `json:"last_used,omitzero"`
}

// Export gathers what the server keeps about the caller. It holds no
// credential, and nothing about anybody else.
func (r *Room) Export(ctx context.Context, c Caller) (Export, error) {
	if err := signedIn(c); err != nil {
		return Export{}, err
	}
	if !r.byProof.allow("export:"+c.User.ID.String(), r.now()) {
		return Export{}, tooMany()
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
		Memberships: []ExportMembership{}, Identities: []ExportIdentity{}, Passkeys: []ExportPasskey{},
	}
	if e.Account.EmailConfirmed, err = r.store.EmailConfirmed(ctx, u.ID); err != nil {
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
	return e, r.record(ctx, ownEntry(u, "account.export"), nil, nil)
}

func (r *Room) exportTies(ctx context.Context, u openmates.User, e *Export) error {
	p, err := r.store.Protection(ctx, u.ID)
	if err != nil {
		return err
	}
	e.Account.Authenticator = p.Authenticator
	teams, err := r.store.TeamsOf(ctx, u.ID)
	if err != nil {
		return err
	}
	for _, t := range teams {
		role, err := r.store.Role(ctx, t.ID, u.ID)
		if err != nil {
			return err
		}
		e.Memberships = append(e.Memberships, ExportMembership{Team: t.Slug, Name: t.Name, Role: role})
	}
	ids, err := r.store.IdentitiesOf(ctx, u.ID)
	if err != nil {
		return err
	}
	for _, i := range ids {
		e.Identities = append(e.Identities, ExportIdentity{Network: i.Network, AccountID: i.AccountID, Name: i.Name, Linked: i.Created})
	}
	keys, err := r.store.Passkeys(ctx, u.ID)
	for _, k := range keys {
		e.Passkeys = append(e.Passkeys, ExportPasskey{Name: k.Name, Created: k.Created, Used: k.Used})
	}
	return err
}

// AloneIn lists the caller's teams in which nobody else is: they go along with
// the account.
func (r *Room) AloneIn(ctx context.Context, c Caller) ([]openmates.Team, error) {
	teams, err := r.TeamsOf(ctx, c)
	if err != nil {
		return nil, err
	}
	var alone []openmates.Team
	for _, t := range teams {
		members, err := r.store.Members(ctx, t.ID)
		if err != nil {
			return nil, err
		}
		if len(members) == 1 {
			alone = append(alone, t)
		}
	}
	return alone, nil
}

// Leave deletes the caller's account for good, and signs them out everywhere.
// typed is their username, as they typed it to say that they mean it. The only
// admin of the server, or of a team with others in it, has to hand over first:
// EConflict says what.
func (r *Room) Leave(ctx context.Context, c Caller, typed string, password openmates.Secret) error {
	if err := signedIn(c); err != nil {
		return err
	}
	if typed != c.User.Username {
		return openmates.Errorf(openmates.EInvalid, "Please type your username, %s, to say that you mean it.", c.User.Username)
	}
	if err := r.prove(ctx, c, password); err != nil {
		return err
	}
	if err := r.store.RemoveUser(ctx, c.User.ID); err != nil {
		return err
	}
	r.log.InfoContext(ctx, "an account was deleted by its owner", "user", c.User.ID)
	// The name is gone with the account; the number still tells lines apart.
	e := openmates.AuditEntry{Actor: c.User.ID, Action: "account.delete", Target: c.User.ID.String()}
	if err := r.record(ctx, e, nil, nil); err != nil {
		r.log.ErrorContext(ctx, "the deletion of an account is not in the audit record", "err", err) // it is done all the same
	}
	return r.SignOut(ctx)
}
