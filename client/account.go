package client

import (
	"context"
	"encoding/json"
	"net/http"

	"openmates"
)

// LookAtInvite returns what an invite offers.
func (c *Client) LookAtInvite(ctx context.Context, in InviteCode, options ...Option) (Welcome, error) {
	return post[Welcome](ctx, c, "/auth/invite", in, options...)
}

// ProveAddress requests a mail that confirms an address for an invite.
func (c *Client) ProveAddress(ctx context.Context, code openmates.Secret, email string, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPost, "/auth/invite/proof", map[string]any{"code": code.Reveal(), "email": email}, nil, options...)
	return err
}

// ResetPassword chooses a new password.
func (c *Client) ResetPassword(ctx context.Context, code openmates.Secret, password openmates.Secret, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPost, "/auth/reset", map[string]any{"code": code.Reveal(), "password": password.Reveal()}, nil, options...)
	return err
}

// AskReset requests a password reset.
func (c *Client) AskReset(ctx context.Context, who string, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPost, "/auth/reset/ask", map[string]any{"who": who}, nil, options...)
	return err
}

// SecondStep completes the second step.
func (c *Client) SecondStep(ctx context.Context, code openmates.Secret, options ...Option) (MeLine, error) {
	return post[MeLine](ctx, c, "/auth/second-step", map[string]any{"code": code.Reveal()}, options...)
}

// ChangeMe changes the caller's account.
func (c *Client) ChangeMe(ctx context.Context, fields map[string]any, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPatch, "/me", fields, nil, options...)
	return err
}

// BeginAuthenticator sets up an authenticator app.
func (c *Client) BeginAuthenticator(ctx context.Context, password openmates.Secret, options ...Option) (Authenticator, error) {
	return post[Authenticator](ctx, c, "/me/authenticator", map[string]any{"password": password.Reveal()}, options...)
}

// ConfirmAuthenticator turns on the authenticator app.
func (c *Client) ConfirmAuthenticator(ctx context.Context, code openmates.Secret, options ...Option) (RecoveryCodes, error) {
	return post[RecoveryCodes](ctx, c, "/me/authenticator/confirm", map[string]any{"code": code.Reveal()}, options...)
}

// RemoveAuthenticator turns off the authenticator app.
func (c *Client) RemoveAuthenticator(ctx context.Context, password openmates.Secret, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPost, "/me/authenticator/remove", map[string]any{"password": password.Reveal()}, nil, options...)
	return err
}

// Email returns the caller's email address.
func (c *Client) Email(ctx context.Context) (Email, error) {
	return get[Email](ctx, c, "/me/email")
}

// PutEmail changes the caller's email address.
func (c *Client) PutEmail(ctx context.Context, address string, password openmates.Secret, options ...Option) (out Email, err error) {
	_, err = c.Do(ctx, http.MethodPut, "/me/email", map[string]any{"address": address, "password": password.Reveal()}, &out, options...)
	return out, err
}

// ConfirmEmail confirms the caller's email address.
func (c *Client) ConfirmEmail(ctx context.Context, code openmates.Secret, options ...Option) (Email, error) {
	return post[Email](ctx, c, "/me/email/confirm", map[string]any{"code": code.Reveal()}, options...)
}

// Export returns the caller's data, as a document.
func (c *Client) Export(ctx context.Context) (json.RawMessage, error) {
	return get[json.RawMessage](ctx, c, "/me/export")
}

// LeaveServer deletes the caller's account.
func (c *Client) LeaveServer(ctx context.Context, password openmates.Secret, username string, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPost, "/me/leave", map[string]any{"password": password.Reveal(), "username": username}, nil, options...)
	return err
}

// Allowances returns the caller's limits in each of their teams.
func (c *Client) Allowances(ctx context.Context, options ...Option) ([]Allowance, error) {
	return All[Allowance](ctx, c, "/me/limits", options...)
}

// BeginLinkCode creates a link code to send to a mate.
func (c *Client) BeginLinkCode(ctx context.Context, network openmates.Network, options ...Option) (LinkCode, error) {
	return post[LinkCode](ctx, c, "/me/link-codes", map[string]any{"network": network}, options...)
}

// FinishLinkCode links an account with a code from a mate.
func (c *Client) FinishLinkCode(ctx context.Context, code openmates.Secret, options ...Option) (Connected, error) {
	return post[Connected](ctx, c, "/me/link-codes/finish", map[string]any{"code": code.Reveal()}, options...)
}

// MyMates returns the mates that the caller may ask.
func (c *Client) MyMates(ctx context.Context, options ...Option) ([]MateLine, error) {
	return All[MateLine](ctx, c, "/me/mates", options...)
}

// Passkeys returns the caller's passkeys.
func (c *Client) Passkeys(ctx context.Context, options ...Option) ([]Passkey, error) {
	return All[Passkey](ctx, c, "/me/passkeys", options...)
}

// AddPasskey adds a passkey.
func (c *Client) AddPasskey(ctx context.Context, answer map[string]json.RawMessage, options ...Option) (Passkey, error) {
	return post[Passkey](ctx, c, "/me/passkeys", map[string]any{"answer": answer}, options...)
}

// AskPasskey sets whether a passkey is required after the password.
func (c *Client) AskPasskey(ctx context.Context, ask bool, password openmates.Secret, options ...Option) (RecoveryCodes, error) {
	return post[RecoveryCodes](ctx, c, "/me/passkeys/ask", map[string]any{"ask": ask, "password": password.Reveal()}, options...)
}

// BeginPasskey starts adding a passkey.
func (c *Client) BeginPasskey(ctx context.Context, name string, password openmates.Secret, options ...Option) (Ceremony, error) {
	return post[Ceremony](ctx, c, "/me/passkeys/begin", map[string]any{"name": name, "password": password.Reveal()}, options...)
}

// RemovePasskey removes a passkey.
func (c *Client) RemovePasskey(ctx context.Context, id openmates.ID, password openmates.Secret, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPost, Path("me", "passkeys", id.String(), "remove"), map[string]any{"password": password.Reveal()}, nil, options...)
	return err
}

// ChangePassword changes the caller's password.
func (c *Client) ChangePassword(ctx context.Context, in NewPassword, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPost, "/me/password", in, nil, options...)
	return err
}

// Privacy returns what mates may see of the caller.
func (c *Client) Privacy(ctx context.Context) (Privacy, error) {
	return get[Privacy](ctx, c, "/me/privacy")
}

// PutPrivacy sets what mates see by default.
func (c *Client) PutPrivacy(ctx context.Context, facts []string, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPut, "/me/privacy", map[string]any{"facts": facts}, nil, options...)
	return err
}

// DropMatePrivacy lets a mate see the default again.
func (c *Client) DropMatePrivacy(ctx context.Context, handle string, options ...Option) error {
	_, err := c.Do(ctx, http.MethodDelete, Path("me", "privacy", handle), nil, nil, options...)
	return err
}

// PutMatePrivacy sets what one mate sees.
func (c *Client) PutMatePrivacy(ctx context.Context, handle string, facts []string, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPut, Path("me", "privacy", handle), map[string]any{"facts": facts}, nil, options...)
	return err
}

// Protection returns what the caller's account requires besides the password.
func (c *Client) Protection(ctx context.Context) (Protection, error) {
	return get[Protection](ctx, c, "/me/protection")
}

// RenewRecovery creates new recovery codes.
func (c *Client) RenewRecovery(ctx context.Context, password openmates.Secret, options ...Option) (RecoveryCodes, error) {
	return post[RecoveryCodes](ctx, c, "/me/recovery-codes", map[string]any{"password": password.Reveal()}, options...)
}

// EndSessions signs out everywhere else.
func (c *Client) EndSessions(ctx context.Context, options ...Option) error {
	_, err := c.Do(ctx, http.MethodDelete, "/me/sessions", nil, nil, options...)
	return err
}

// Sessions returns the caller's sessions.
func (c *Client) Sessions(ctx context.Context, options ...Option) ([]Session, error) {
	return All[Session](ctx, c, "/me/sessions", options...)
}

// EndSession ends a session.
func (c *Client) EndSession(ctx context.Context, id openmates.ID, options ...Option) error {
	_, err := c.Do(ctx, http.MethodDelete, Path("me", "sessions", id.String()), nil, nil, options...)
	return err
}

// MyUsage returns what the caller's requests cost.
func (c *Client) MyUsage(ctx context.Context, options ...Option) ([]OwnUsage, error) {
	return All[OwnUsage](ctx, c, "/me/usage", options...)
}
