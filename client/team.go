package client

import (
	"context"
	"net/http"

	"openmates"
)

// DeleteTeam removes a team.
func (c *Client) DeleteTeam(ctx context.Context, team string, options ...Option) error {
	_, err := c.Do(ctx, http.MethodDelete, Path(team), nil, nil, options...)
	return err
}

// ChangeTeam renames a team.
func (c *Client) ChangeTeam(ctx context.Context, team string, fields map[string]any, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPatch, Path(team), fields, nil, options...)
	return err
}

// TeamApps returns the apps of a team.
func (c *Client) TeamApps(ctx context.Context, team string, options ...Option) ([]App, error) {
	return All[App](ctx, c, Path(team, "apps"), options...)
}

// TeamAudit returns who changed what in a team.
func (c *Client) TeamAudit(ctx context.Context, team string, options ...Option) ([]AuditLine, error) {
	return All[AuditLine](ctx, c, Path(team, "audit"), options...)
}

// Disconnect disconnects a workspace.
func (c *Client) Disconnect(ctx context.Context, team string, n openmates.Network, workspace string, options ...Option) (out Disconnected, err error) {
	_, err = c.Do(ctx, http.MethodDelete, Path(team, "installations", string(n), workspace), nil, &out, options...)
	return out, err
}

// Installation returns a workspace of a team.
func (c *Client) Installation(ctx context.Context, team string, n openmates.Network, workspace string) (Installation, error) {
	return get[Installation](ctx, c, Path(team, "installations", string(n), workspace))
}

// RemoveMate takes a mate out of a workspace.
func (c *Client) RemoveMate(ctx context.Context, team string, n openmates.Network, workspace string, handle string, options ...Option) error {
	_, err := c.Do(ctx, http.MethodDelete, Path(team, "installations", string(n), workspace, handle), nil, nil, options...)
	return err
}

// TestMate lets a mate say something.
func (c *Client) TestMate(ctx context.Context, team string, n openmates.Network, workspace string, handle string, in MateTest, options ...Option) (Sent, error) {
	return post[Sent](ctx, c, Path(team, "installations", string(n), workspace, handle, "test"), in, options...)
}

// TeamTokens returns the tokens of a team.
func (c *Client) TeamTokens(ctx context.Context, team string, options ...Option) ([]Token, error) {
	return All[Token](ctx, c, Path(team, "tokens"), options...)
}

// RevokeTeamToken revokes a token of a team.
func (c *Client) RevokeTeamToken(ctx context.Context, team string, id openmates.ID, options ...Option) error {
	_, err := c.Do(ctx, http.MethodDelete, Path(team, "tokens", id.String()), nil, nil, options...)
	return err
}
