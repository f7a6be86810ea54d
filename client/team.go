package client

import (
	"context"
	"net/http"

	"openmates"
)

// DeleteTeam deletes a team.
func (c *Client) DeleteTeam(ctx context.Context, team string, options ...Option) error {
	_, err := c.Do(ctx, http.MethodDelete, Path(team), nil, nil, options...)
	return err
}

// ChangeTeam renames a team.
func (c *Client) ChangeTeam(ctx context.Context, team string, fields map[string]any, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPatch, Path(team), fields, nil, options...)
	return err
}

// TeamApps returns a team's apps.
func (c *Client) TeamApps(ctx context.Context, team string, options ...Option) ([]App, error) {
	return All[App](ctx, c, Path(team, "apps"), options...)
}

// TeamAudit returns a team's audit log.
func (c *Client) TeamAudit(ctx context.Context, team string, options ...Option) ([]AuditLine, error) {
	return All[AuditLine](ctx, c, Path(team, "audit"), options...)
}

// Disconnect disconnects a workspace.
func (c *Client) Disconnect(ctx context.Context, team string, n openmates.Network, workspace string, options ...Option) (out Disconnected, err error) {
	_, err = c.Do(ctx, http.MethodDelete, Path(team, "installations", string(n), workspace), nil, &out, options...)
	return out, err
}

// Installation returns a team's workspace.
func (c *Client) Installation(ctx context.Context, team string, n openmates.Network, workspace string) (Installation, error) {
	return get[Installation](ctx, c, Path(team, "installations", string(n), workspace))
}

// RemoveMate removes a mate from a workspace.
func (c *Client) RemoveMate(ctx context.Context, team string, n openmates.Network, workspace string, handle string, options ...Option) error {
	_, err := c.Do(ctx, http.MethodDelete, Path(team, "installations", string(n), workspace, handle), nil, nil, options...)
	return err
}

// TestMate sends a test message as a mate.
func (c *Client) TestMate(ctx context.Context, team string, n openmates.Network, workspace string, handle string, in MateTest, options ...Option) (Sent, error) {
	return post[Sent](ctx, c, Path(team, "installations", string(n), workspace, handle, "test"), in, options...)
}

// TeamTokens returns a team's tokens.
func (c *Client) TeamTokens(ctx context.Context, team string, options ...Option) ([]Token, error) {
	return All[Token](ctx, c, Path(team, "tokens"), options...)
}

// RevokeTeamToken revokes a team's token.
func (c *Client) RevokeTeamToken(ctx context.Context, team string, id openmates.ID, options ...Option) error {
	_, err := c.Do(ctx, http.MethodDelete, Path(team, "tokens", id.String()), nil, nil, options...)
	return err
}
