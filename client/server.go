package client

import (
	"context"
	"net/http"
	"strconv"

	"openmates"
)

// Apps returns the server's apps.
func (c *Client) Apps(ctx context.Context, options ...Option) ([]App, error) {
	return All[App](ctx, c, "/apps", options...)
}

// Bots returns all bots.
func (c *Client) Bots(ctx context.Context, options ...Option) ([]Bot, error) {
	return All[Bot](ctx, c, "/server/bots", options...)
}

// DressBot applies a bot's profile.
func (c *Client) DressBot(ctx context.Context, n openmates.Network, handle string, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPost, Path("server", "bots", string(n), handle, "dress"), nil, nil, options...)
	return err
}

// Findings returns what is wrong with a bot.
func (c *Client) Findings(ctx context.Context, n openmates.Network, handle string) (Inspection, error) {
	return get[Inspection](ctx, c, Path("server", "bots", string(n), handle, "findings"))
}

// PauseBot pauses a bot.
func (c *Client) PauseBot(ctx context.Context, n openmates.Network, handle string, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPost, Path("server", "bots", string(n), handle, "pause"), nil, nil, options...)
	return err
}

// PutPermissions sets a bot's permissions.
func (c *Client) PutPermissions(ctx context.Context, n openmates.Network, handle string, bits []int64, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPut, Path("server", "bots", string(n), handle, "permissions"), map[string]any{"bits": bits}, nil, options...)
	return err
}

// RestartBot restarts a bot.
func (c *Client) RestartBot(ctx context.Context, n openmates.Network, handle string, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPost, Path("server", "bots", string(n), handle, "restart"), nil, nil, options...)
	return err
}

// ResumeBot resumes a bot.
func (c *Client) ResumeBot(ctx context.Context, n openmates.Network, handle string, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPost, Path("server", "bots", string(n), handle, "resume"), nil, nil, options...)
	return err
}

// Defaults returns the default models.
func (c *Client) Defaults(ctx context.Context) (Defaults, error) {
	return get[Defaults](ctx, c, "/server/default-models")
}

// PutDefaults sets the default models.
func (c *Client) PutDefaults(ctx context.Context, in NewDefaults, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPut, "/server/default-models", in, nil, options...)
	return err
}

// ServerLimits returns the server's limits, with their ETag.
func (c *Client) ServerLimits(ctx context.Context) (l LimitsSheet, etag string, err error) {
	etag, err = c.Do(ctx, http.MethodGet, "/server/limits", nil, &l)
	return l, etag, err
}

// PutServerLimits replaces the server's limits.
func (c *Client) PutServerLimits(ctx context.Context, l openmates.Limits, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPut, "/server/limits", l, nil, options...)
	return err
}

// Listeners returns the listeners' credentials.
func (c *Client) Listeners(ctx context.Context, options ...Option) ([]Token, error) {
	return All[Token](ctx, c, "/server/listeners", options...)
}

// RevokeListener revokes a listener's credential.
func (c *Client) RevokeListener(ctx context.Context, id openmates.ID, options ...Option) error {
	_, err := c.Do(ctx, http.MethodDelete, Path("server", "listeners", id.String()), nil, nil, options...)
	return err
}

// DeleteMail removes the mail settings.
func (c *Client) DeleteMail(ctx context.Context, options ...Option) error {
	_, err := c.Do(ctx, http.MethodDelete, "/server/mail", nil, nil, options...)
	return err
}

// Mail returns the mail settings.
func (c *Client) Mail(ctx context.Context) (Mail, error) {
	return get[Mail](ctx, c, "/server/mail")
}

// PutMail sets the mail settings.
func (c *Client) PutMail(ctx context.Context, in NewMail, options ...Option) (out Mail, err error) {
	_, err = c.Do(ctx, http.MethodPut, "/server/mail", in, &out, options...)
	return out, err
}

// DeleteMate archives a mate.
func (c *Client) DeleteMate(ctx context.Context, handle string, options ...Option) error {
	_, err := c.Do(ctx, http.MethodDelete, Path("server", "mates", handle), nil, nil, options...)
	return err
}

// Mate returns a mate.
func (c *Client) Mate(ctx context.Context, handle string) (MateSetup, error) {
	return get[MateSetup](ctx, c, Path("server", "mates", handle))
}

// DuplicateMate duplicates a mate.
func (c *Client) DuplicateMate(ctx context.Context, handle string, in MateCopy, options ...Option) (MateSetup, error) {
	return post[MateSetup](ctx, c, Path("server", "mates", handle, "duplicate"), in, options...)
}

// MateLimits returns a mate's limits, with their ETag.
func (c *Client) MateLimits(ctx context.Context, handle string) (l LimitsSheet, etag string, err error) {
	etag, err = c.Do(ctx, http.MethodGet, Path("server", "mates", handle, "limits"), nil, &l)
	return l, etag, err
}

// PutMateLimits replaces a mate's limits.
func (c *Client) PutMateLimits(ctx context.Context, handle string, l openmates.Limits, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPut, Path("server", "mates", handle, "limits"), l, nil, options...)
	return err
}

// TryMate asks a mate a question as a trial.
func (c *Client) TryMate(ctx context.Context, handle string, in NewTrial, options ...Option) (Reply, error) {
	return post[Reply](ctx, c, Path("server", "mates", handle, "try"), in, options...)
}

// MateVersions returns a mate's versions.
func (c *Client) MateVersions(ctx context.Context, handle string, options ...Option) ([]MateVersion, error) {
	return All[MateVersion](ctx, c, Path("server", "mates", handle, "versions"), options...)
}

// MateVersion returns a version of a mate.
func (c *Client) MateVersion(ctx context.Context, handle string, version int64) (MateVersion, error) {
	return get[MateVersion](ctx, c, Path("server", "mates", handle, "versions", strconv.FormatInt(version, 10)))
}

// RestoreMateVersion restores a version.
func (c *Client) RestoreMateVersion(ctx context.Context, handle string, version int64, options ...Option) (MateSetup, error) {
	return post[MateSetup](ctx, c, Path("server", "mates", handle, "versions", strconv.FormatInt(version, 10), "restore"), nil, options...)
}

// People returns the server's people.
func (c *Client) People(ctx context.Context, options ...Option) ([]Person, error) {
	return All[Person](ctx, c, "/server/people", options...)
}

// DeletePerson deletes somebody's account.
func (c *Client) DeletePerson(ctx context.Context, username string, options ...Option) error {
	_, err := c.Do(ctx, http.MethodDelete, Path("server", "people", username), nil, nil, options...)
	return err
}

// ChangePerson makes somebody a server admin, or removes the role.
func (c *Client) ChangePerson(ctx context.Context, username string, serverAdmin bool, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPatch, Path("server", "people", username), map[string]any{"server_admin": serverAdmin}, nil, options...)
	return err
}

// ProviderKinds returns the kinds of providers.
func (c *Client) ProviderKinds(ctx context.Context, options ...Option) ([]ProviderKind, error) {
	return All[ProviderKind](ctx, c, "/server/provider-kinds", options...)
}

// DeleteProvider removes a provider.
func (c *Client) DeleteProvider(ctx context.Context, provider string, options ...Option) error {
	_, err := c.Do(ctx, http.MethodDelete, Path("server", "providers", provider), nil, nil, options...)
	return err
}

// Provider returns a provider.
func (c *Client) Provider(ctx context.Context, provider string) (Provider, error) {
	return get[Provider](ctx, c, Path("server", "providers", provider))
}

// ChangeProvider changes a provider.
func (c *Client) ChangeProvider(ctx context.Context, provider string, fields map[string]any, options ...Option) (out Provider, err error) {
	_, err = c.Do(ctx, http.MethodPatch, Path("server", "providers", provider), fields, &out, options...)
	return out, err
}

// CheckProvider checks a provider.
func (c *Client) CheckProvider(ctx context.Context, provider string, options ...Option) (ModelChanges, error) {
	return post[ModelChanges](ctx, c, Path("server", "providers", provider, "check"), nil, options...)
}

// FreeModels sets the price of models without a price to 0.
func (c *Client) FreeModels(ctx context.Context, provider string, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPost, Path("server", "providers", provider, "free"), nil, nil, options...)
	return err
}

// ProviderImpact returns what removing a provider would change.
func (c *Client) ProviderImpact(ctx context.Context, provider string, options ...Option) ([]ModelEffect, error) {
	return All[ModelEffect](ctx, c, Path("server", "providers", provider, "impact"), options...)
}

// ChangeModels enables, disables and prices models.
func (c *Client) ChangeModels(ctx context.Context, provider string, edits []ModelEdit, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPatch, Path("server", "providers", provider, "models"), map[string]any{"models": edits}, nil, options...)
	return err
}

// AddModel adds a model by name.
func (c *Client) AddModel(ctx context.Context, provider string, model string, options ...Option) (Provider, error) {
	return post[Provider](ctx, c, Path("server", "providers", provider, "models"), map[string]any{"model": model}, options...)
}

// TryModel tries a model.
func (c *Client) TryModel(ctx context.Context, provider string, model string, options ...Option) (ModelTrial, error) {
	return post[ModelTrial](ctx, c, Path("server", "providers", provider, "try"), map[string]any{"model": model}, options...)
}

// AddResetLink creates a password reset link.
func (c *Client) AddResetLink(ctx context.Context, in NewResetLink, options ...Option) (ResetLink, error) {
	return post[ResetLink](ctx, c, "/server/reset-links", in, options...)
}

// CheckAddress checks the server's address.
func (c *Client) CheckAddress(ctx context.Context, options ...Option) (Settings, error) {
	return post[Settings](ctx, c, "/server/settings/check", nil, options...)
}

// AllTeams returns the server's teams.
func (c *Client) AllTeams(ctx context.Context, options ...Option) ([]AnyTeam, error) {
	return All[AnyTeam](ctx, c, "/server/teams", options...)
}

// DeleteAnyTeam deletes any team.
func (c *Client) DeleteAnyTeam(ctx context.Context, team string, options ...Option) (out Departed, err error) {
	_, err = c.Do(ctx, http.MethodDelete, Path("server", "teams", team), nil, &out, options...)
	return out, err
}

// Troubles returns recent problems.
func (c *Client) Troubles(ctx context.Context, options ...Option) ([]Trouble, error) {
	return All[Trouble](ctx, c, "/server/troubles", options...)
}

// Usage returns the server's usage.
func (c *Client) Usage(ctx context.Context) (ServerUsage, error) {
	return get[ServerUsage](ctx, c, "/server/usage")
}

// Workspaces returns the workspaces of all teams.
func (c *Client) Workspaces(ctx context.Context, options ...Option) ([]AnyWorkspace, error) {
	return All[AnyWorkspace](ctx, c, "/server/workspaces", options...)
}

// UntieWorkspace unties a workspace from its team.
func (c *Client) UntieWorkspace(ctx context.Context, n openmates.Network, workspace string, options ...Option) (out Departed, err error) {
	_, err = c.Do(ctx, http.MethodDelete, Path("server", "workspaces", string(n), workspace), nil, &out, options...)
	return out, err
}
