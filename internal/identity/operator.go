package identity

import (
	"context"

	"openmates"
)

// Operator is somebody who runs a command on the server's machine. They can
// read and write the database and the key anyway, so nothing is required of
// them. What they do is in the audit log, and the person is told.
type Operator struct{ room *Room }

// Operator is for commands only; the web and the API must not provide it.
func (r *Room) Operator() Operator { return Operator{r} }

// ResetPassword creates a password reset link.
func (o Operator) ResetPassword(ctx context.Context, username string) (ResetLink, error) {
	u, err := o.room.byUsername(ctx, username)
	if err != nil {
		return ResetLink{}, err
	}
	return o.room.handOn(ctx, u, PasswordReset{UserID: u.ID, Origin: ResetByCommand})
}

// DropSecondStep removes a person's second step and passkeys.
func (o Operator) DropSecondStep(ctx context.Context, username string) (openmates.User, error) {
	u, err := o.room.byUsername(ctx, username)
	if err != nil {
		return u, err
	}
	p, err := o.room.store.Protection(ctx, u.ID)
	if err != nil {
		return u, err
	}
	if !p.TwoSteps() && p.Passkeys == 0 {
		return u, openmates.Errorf(openmates.EInvalid, "%s has no second step and no passkey.", u.Username)
	}
	before := map[string]any{"authenticator": p.Authenticator, "passkeys": p.Passkeys, "ask_passkey": p.AskPasskey}
	err = o.room.store.Within(ctx, func(ctx context.Context) error {
		if err := o.room.store.DropSecondStep(ctx, u.ID); err != nil {
			return err
		}
		return o.room.audit.Record(ctx, openmates.AuditEntry{Action: "account.second_step_reset"}.AboutPerson(u.ID), before, nil)
	})
	if err != nil {
		return u, err
	}
	o.room.tellNow(ctx, u, "", openmates.T("Someone with access to the server's command line removed your second step and your passkeys. Until you set up new ones, you sign in with just your password."))
	return u, nil
}

// MakeAdmin makes a person a server admin.
func (o Operator) MakeAdmin(ctx context.Context, username string) (openmates.User, error) {
	u, err := o.room.byUsername(ctx, username)
	if err != nil {
		return u, err
	}
	if u.Admin {
		return u, openmates.Errorf(openmates.EInvalid, "%s is already a server admin.", u.Username)
	}
	err = o.room.store.Within(ctx, func(ctx context.Context) error {
		if err := o.room.store.SetServerAdmin(ctx, u.ID, true); err != nil {
			return err
		}
		e := openmates.AuditEntry{Action: "server.admin"}.AboutPerson(u.ID)
		return o.room.audit.Record(ctx, e, map[string]any{"server_admin": false}, map[string]any{"server_admin": true})
	})
	if err != nil {
		return u, err
	}
	o.room.tellNow(ctx, u, "", openmates.T("Someone with access to the server's command line made you a server admin."))
	return u, nil
}
