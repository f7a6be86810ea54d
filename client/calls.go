package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"openmates"
)

// SetUp creates the first account and the first team of a server, with the code
// that the server printed at startup, and starts a session.
func (c *Client) SetUp(ctx context.Context, code openmates.Secret, f FirstAdmin) (TeamLine, error) {
	return post[TeamLine](ctx, c, "/auth/setup", struct {
		FirstAdmin
		Code string `json:"code"`
	}{f, code.Reveal()})
}

// SignIn starts a session, which the client's cookies carry from then on.
func (c *Client) SignIn(ctx context.Context, username string, password openmates.Secret) error {
	_, err := c.Do(ctx, http.MethodPost, "/auth/sign-in", map[string]string{"username": username, "password": password.Reveal()}, nil)
	return err
}

// SignOut ends the session.
func (c *Client) SignOut(ctx context.Context) error {
	_, err := c.Do(ctx, http.MethodPost, "/auth/sign-out", nil, nil)
	return err
}

// Join joins a team with an invite; a, unless nil, is the account to create for
// it.
func (c *Client) Join(ctx context.Context, code openmates.Secret, a *NewAccount) (TeamLine, error) {
	return post[TeamLine](ctx, c, "/auth/join", struct {
		Code    string      `json:"code"`
		Account *NewAccount `json:"account,omitempty"`
	}{code.Reveal(), a})
}

// Me returns the caller's account.
func (c *Client) Me(ctx context.Context) (Me, error) { return get[Me](ctx, c, "/me") }

// Teams lists the caller's teams.
func (c *Client) Teams(ctx context.Context) ([]TeamLine, error) {
	return All[TeamLine](ctx, c, "/teams")
}

// AddTeam creates a team. A caller without an account gets one, and a session.
func (c *Client) AddTeam(ctx context.Context, n NewTeam, options ...Option) (TeamLine, error) {
	return post[TeamLine](ctx, c, "/teams", n, options...)
}

// Team returns a team by its slug or ID.
func (c *Client) Team(ctx context.Context, team string) (Team, error) {
	return get[Team](ctx, c, Path(team))
}

// Users lists a team's people.
func (c *Client) Users(ctx context.Context, team string) ([]User, error) {
	return All[User](ctx, c, Path(team, "users"))
}

// User returns a person in a team.
func (c *Client) User(ctx context.Context, team, username string) (User, error) {
	return get[User](ctx, c, Path(team, "users", username))
}

// SetRole changes a member's role.
func (c *Client) SetRole(ctx context.Context, team, username string, role openmates.Role) error {
	_, err := c.Do(ctx, http.MethodPatch, Path(team, "users", username), map[string]any{"role": role}, nil)
	return err
}

// RemoveUser removes somebody, or the caller, from a team.
func (c *Client) RemoveUser(ctx context.Context, team, username string) error {
	_, err := c.Do(ctx, http.MethodDelete, Path(team, "users", username), nil, nil)
	return err
}

// Invite creates an invite and returns it with its code.
func (c *Client) Invite(ctx context.Context, team string, n NewInvite, options ...Option) (Invite, error) {
	made, err := post[struct {
		Invite
		Code string `json:"code"`
	}](ctx, c, Path(team, "invites"), n, options...)
	made.Invite.Code = openmates.Secret(made.Code)
	return made.Invite, err
}

// Invites lists a team's invites.
func (c *Client) Invites(ctx context.Context, team string) ([]Invite, error) {
	return All[Invite](ctx, c, Path(team, "invites"))
}

// RevokeInvite revokes an invite.
func (c *Client) RevokeInvite(ctx context.Context, team string, id openmates.ID) error {
	_, err := c.Do(ctx, http.MethodDelete, Path(team, "invites", id.String()), nil, nil)
	return err
}

// Limits returns a team's limits, with their ETag.
func (c *Client) Limits(ctx context.Context, team string) (l LimitsSheet, etag string, err error) {
	etag, err = c.Do(ctx, http.MethodGet, Path(team, "limits"), nil, &l)
	return l, etag, err
}

// PutLimits replaces a team's limits.
func (c *Client) PutLimits(ctx context.Context, team string, l openmates.Limits, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPut, Path(team, "limits"), l, nil, options...)
	return err
}

// UserLimits returns the limits of a person in a team, with their ETag.
func (c *Client) UserLimits(ctx context.Context, team, username string) (l LimitsSheet, etag string, err error) {
	etag, err = c.Do(ctx, http.MethodGet, Path(team, "users", username, "limits"), nil, &l)
	return l, etag, err
}

// PutUserLimits replaces the limits of a person in a team.
func (c *Client) PutUserLimits(ctx context.Context, team, username string, l openmates.Limits, options ...Option) error {
	_, err := c.Do(ctx, http.MethodPut, Path(team, "users", username, "limits"), l, nil, options...)
	return err
}

// Installations lists a team's workspaces.
func (c *Client) Installations(ctx context.Context, team string) ([]Installation, error) {
	return All[Installation](ctx, c, Path(team, "installations"))
}

// BeginInstall returns the consent page for adding a mate to a workspace.
func (c *Client) BeginInstall(ctx context.Context, team string, n openmates.Network, mate string) (string, error) {
	return c.begin(ctx, team, map[string]any{"kind": "install", "network": n, "mate": mate})
}

// BeginLink returns the consent page for linking an account.
func (c *Client) BeginLink(ctx context.Context, team string, n openmates.Network) (string, error) {
	return c.begin(ctx, team, map[string]any{"kind": "link", "network": n})
}

func (c *Client) begin(ctx context.Context, team string, in any) (string, error) {
	b, err := post[struct {
		URL string `json:"url"`
	}](ctx, c, Path(team, "apps", "messages", "begin"), in)
	return b.URL, err
}

// ConnectGuild connects a Discord guild to a team, with the state and code from
// the consent page.
func (c *Client) ConnectGuild(ctx context.Context, team string, id openmates.ID, guild, state, code string) (Connected, error) {
	return post[Connected](ctx, c, Path(team, "apps", "messages", "connect"),
		map[string]any{"discord_guilde_id": guild, "openmates_team_id": id, "state": state, "code": code})
}

// ConnectAccount links the caller's Discord account in the same way.
func (c *Client) ConnectAccount(ctx context.Context, team string, user openmates.ID, state, code string) (Connected, error) {
	return post[Connected](ctx, c, Path(team, "apps", "messages", "connect"),
		map[string]any{"openmates_user_id": user, "discord_auth_code": code, "state": state})
}

// Links lists the messengers with the caller's linked accounts.
func (c *Client) Links(ctx context.Context) ([]Link, error) {
	return All[Link](ctx, c, "/me/links")
}

// Unlink unlinks one of the caller's accounts, by the ID of the link.
func (c *Client) Unlink(ctx context.Context, id openmates.ID) error {
	_, err := c.Do(ctx, http.MethodDelete, Path("me", "links", id.String()), nil, nil)
	return err
}

// Login returns, to a listener, whose message it is. In a *Problem, Reason says
// what isn't connected.
func (c *Client) Login(ctx context.Context, guild, user string) (Login, error) {
	return post[Login](ctx, c, "/login", map[string]string{"discord_guilde_id": guild, "discord_user_id": user})
}

// Question is a question to a mate; UserID is for listeners.
type Question struct {
	Mate   string       `json:"mate"`
	Text   string       `json:"text"`
	UserID openmates.ID `json:"user_id,omitzero"`
}

// Process asks a mate.
func (c *Client) Process(ctx context.Context, team string, q Question, options ...Option) (Reply, error) {
	return post[Reply](ctx, c, Path(team, "apps", "messages", "process"), q, options...)
}

// Stream asks a mate and calls show with the text so far, repeatedly while it
// grows. It doesn't retry; with a Key, the same question can be asked again for
// the same answer.
func (c *Client) Stream(ctx context.Context, team string, q Question, show func(text string), options ...Option) (Reply, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return Reply{}, fmt.Errorf("client: %w", err)
	}
	resp, err := c.send(ctx, http.MethodPost, Path(team, "apps", "messages", "process"), "", body,
		append([]Option{func(r *http.Request) { r.Header.Set("Accept", "text/event-stream") }}, options...))
	if err != nil {
		return Reply{}, err
	}
	defer resp.Body.Close()
	return events(resp.Body, show)
}

// longestEvent limits the length of a line in a stream.
const longestEvent = 1 << 20

// events reads an event stream until its final event.
func events(r io.Reader, show func(string)) (Reply, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longestEvent)
	name, text := "", ""
	for lines.Scan() {
		if event, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			name = event
			continue
		}
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		switch name {
		case "text":
			var more struct{ Text string }
			if err := json.Unmarshal([]byte(data), &more); err != nil {
				return Reply{}, fmt.Errorf("client: read the stream: %w", err)
			}
			text += more.Text
			show(text)
		case "reset":
			text = ""
		case "problem":
			p := &Problem{}
			if err := json.Unmarshal([]byte(data), p); err != nil {
				return Reply{}, fmt.Errorf("client: read the stream: %w", err)
			}
			return Reply{}, p
		case "done":
			var reply Reply
			if err := json.Unmarshal([]byte(data), &reply); err != nil {
				return Reply{}, fmt.Errorf("client: read the stream: %w", err)
			}
			return reply, nil
		}
	}
	err := lines.Err()
	if err == nil {
		err = errors.New("it broke off half-way")
	}
	return Reply{}, fmt.Errorf("client: read the stream: %w", err)
}

// AddToken creates a personal token and returns it with its secret.
func (c *Client) AddToken(ctx context.Context, name string, days int, scopes ...openmates.Scope) (Token, error) {
	return c.addToken(ctx, "/me/tokens", map[string]any{"name": name, "days": days, "scopes": scopes})
}

// AddTeamToken creates a team token.
func (c *Client) AddTeamToken(ctx context.Context, team, name string, days int, scopes ...openmates.Scope) (Token, error) {
	return c.addToken(ctx, Path(team, "tokens"), map[string]any{"name": name, "days": days, "scopes": scopes})
}

// AddListener creates a listener's credential.
func (c *Client) AddListener(ctx context.Context, name string) (Token, error) {
	return c.addToken(ctx, "/server/listeners", map[string]any{"name": name})
}

func (c *Client) addToken(ctx context.Context, path string, in any) (Token, error) {
	made, err := post[struct {
		Token
		Secret string `json:"token"`
	}](ctx, c, path, in)
	made.Token.Secret = openmates.Secret(made.Secret)
	return made.Token, err
}

// Tokens lists the caller's tokens.
func (c *Client) Tokens(ctx context.Context) ([]Token, error) {
	return All[Token](ctx, c, "/me/tokens")
}

// RevokeToken revokes one of them.
func (c *Client) RevokeToken(ctx context.Context, id openmates.ID) error {
	_, err := c.Do(ctx, http.MethodDelete, Path("me", "tokens", id.String()), nil, nil)
	return err
}

// TeamUsage returns a team's usage this month.
func (c *Client) TeamUsage(ctx context.Context, team string) (TeamUsage, error) {
	return get[TeamUsage](ctx, c, Path(team, "usage"))
}

// Mates lists the server's mates.
func (c *Client) Mates(ctx context.Context) ([]MateSetup, error) {
	return All[MateSetup](ctx, c, "/server/mates")
}

// AddMate creates a mate.
func (c *Client) AddMate(ctx context.Context, n NewMate, options ...Option) (MateSetup, error) {
	return post[MateSetup](ctx, c, "/server/mates", n, options...)
}

// ChangeMate changes the given fields of a mate.
func (c *Client) ChangeMate(ctx context.Context, handle string, fields map[string]any, options ...Option) (m MateSetup, err error) {
	_, err = c.Do(ctx, http.MethodPatch, Path("server", "mates", handle), fields, &m, options...)
	return m, err
}

// Bot returns a mate's bot, with its setup guide.
func (c *Client) Bot(ctx context.Context, n openmates.Network, handle string) (BotSetup, error) {
	return get[BotSetup](ctx, c, Path("server", "bots", string(n), handle))
}

// PutBot enters a bot's application.
func (c *Client) PutBot(ctx context.Context, n openmates.Network, handle string, b Credentials) error {
	_, err := c.Do(ctx, http.MethodPut, Path("server", "bots", string(n), handle), b, nil)
	return err
}

// Providers lists the providers.
func (c *Client) Providers(ctx context.Context) ([]Provider, error) {
	return All[Provider](ctx, c, "/server/providers")
}

// AddProvider checks and adds a provider.
func (c *Client) AddProvider(ctx context.Context, n NewProvider, options ...Option) (Provider, error) {
	return post[Provider](ctx, c, "/server/providers", n, options...)
}

// Settings returns the server's settings.
func (c *Client) Settings(ctx context.Context) (Settings, error) {
	return get[Settings](ctx, c, "/server/settings")
}

// ChangeSettings changes the given settings.
func (c *Client) ChangeSettings(ctx context.Context, fields map[string]any, options ...Option) (s Settings, err error) {
	_, err = c.Do(ctx, http.MethodPatch, "/server/settings", fields, &s, options...)
	return s, err
}

// Status returns the server's status.
func (c *Client) Status(ctx context.Context) (Status, error) { return get[Status](ctx, c, "/status") }

// Audit lists the server's audit log, newest first.
func (c *Client) Audit(ctx context.Context, options ...Option) ([]AuditLine, error) {
	return All[AuditLine](ctx, c, "/server/audit", options...)
}
