package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/connect"
	"openmates/internal/policy"
)

// discord is the network of the fields with this name, which the product's
// workflow defines. The other fields work with any network.
const discord = openmates.Network("discord")

type loginInput struct {
	Body struct {
		Guilde      string            `json:"discord_guilde_id,omitempty" maxLength:"100" doc:"As spelled in the workflow."`
		Guild       string            `json:"discord_guild_id,omitempty" maxLength:"100" doc:"The same, as Discord spells it."`
		DiscordUser string            `json:"discord_user_id,omitempty" maxLength:"100"`
		Network     openmates.Network `json:"network,omitempty" maxLength:"40" doc:"A messenger other than Discord."`
		Workspace   string            `json:"workspace_id,omitempty" maxLength:"200" doc:"On that messenger."`
		Account     string            `json:"account_id,omitempty" maxLength:"200" doc:"On that messenger."`
	}
}

// Login is what the IDs of a messenger stand for.
type Login struct {
	TeamSlug string         `json:"team_slug"`
	TeamID   openmates.ID   `json:"team_id" type:"string"`
	UserID   openmates.ID   `json:"user_id" type:"string"`
	Username string         `json:"username"`
	Name     string         `json:"name"`
	Role     openmates.Role `json:"role" enum:"admin,member"`
	Mates    []string       `json:"mates" nullable:"false" doc:"Handles of the mates that the person may ask."`
}

type beginInput struct {
	InTeam
	Body struct {
		Kind      connect.Kind      `json:"kind" enum:"install,link" doc:"install adds a mate to a workspace of the team, link links an account to the caller."`
		Network   openmates.Network `json:"network" maxLength:"40"`
		Mate      string            `json:"mate,omitempty" maxLength:"64" doc:"The mate's handle, for install."`
		Workspace string            `json:"workspace_id,omitempty" maxLength:"200" doc:"One of the team's workspaces, to preselect it."`
	}
}

// Begun is the way to a consent page.
type Begun struct {
	URL string `json:"url" doc:"Open it in a browser. The state and code that it returns with are the proof for /apps/messages/connect: once, within ten minutes, and only for the caller who started."`
}

type connectInput struct {
	InTeam
	Body struct {
		Guilde string       `json:"discord_guilde_id,omitempty" maxLength:"100" doc:"As spelled in the workflow."`
		Guild  string       `json:"discord_guild_id,omitempty" maxLength:"100" doc:"The same, as Discord spells it."`
		Team   openmates.ID `json:"openmates_team_id,omitempty" type:"string" doc:"The team of the path."`
		User   openmates.ID `json:"openmates_user_id,omitempty" type:"string" doc:"The caller."`
		Code   string       `json:"code,omitempty" maxLength:"2000" doc:"From the consent to add a mate."`
		Auth   string       `json:"discord_auth_code,omitempty" maxLength:"2000" doc:"The code from the consent to link an account."`
		State  string       `json:"state,omitempty" maxLength:"200" doc:"The state that came with the code."`
	}
}

// Connected is what came of a consent.
type Connected struct {
	Kind      connect.Kind  `json:"kind" enum:"install,link"`
	TeamID    *openmates.ID `json:"team_id,omitempty" type:"string"`
	Mate      string        `json:"mate,omitempty" doc:"The mate's handle."`
	Workspace *Workspace    `json:"workspace,omitempty"`
	Account   *Linked       `json:"account,omitempty"`
}

// Linked is an account that was linked.
type Linked struct {
	AccountID string `json:"account_id"`
	Name      string `json:"name,omitempty"`
}

type processInput struct {
	InTeam
	Accept string `header:"Accept" doc:"text/event-stream to stream the answer."`
	Body   struct {
		Mate   string       `json:"mate" minLength:"1" maxLength:"64" doc:"The mate's handle."`
		Text   string       `json:"text" minLength:"1" maxLength:"32000" doc:"What to say to the mate."`
		UserID openmates.ID `json:"user_id,omitempty" type:"string" doc:"For listeners: the person who asks. Others ask for themselves."`
	}
}

// Reply is a mate's answer.
type Reply struct {
	Mate  string `json:"mate"`
	Text  string `json:"text"`
	Model string `json:"model,omitempty" doc:"The model that answered."`
	Usage Tokens `json:"usage"`
}

// Tokens is what an answer took.
type Tokens struct {
	Input  int              `json:"input"`
	Cached int              `json:"cached"`
	Output int              `json:"output"`
	Cost   openmates.Micros `json:"cost" doc:"In millionths of the server's currency unit."`
}

func (s *Server) messageOperations() {
	serve(s, route{"login", http.MethodPost, "/login", "Look up whose message it is", "Looks up, by a messenger's IDs, the team that a workspace belongs to and the person that an account belongs to. Both IDs are public, so anybody else gets 401. If nobody has connected the workspace or account, the answer is 404 with the sentence for the chat and a reason for the program.", 0},
		gate{forListener, func(_ context.Context, c openmates.Caller) error {
			if !c.IsListener() {
				return openmates.Errorf(openmates.EUnauthorized, "Only a listener's credential can ask this. A server admin can create one.")
			}
			return nil
		}}, s.login)
	serveTeam(s, route{"begin-connect", http.MethodPost, "/{team_slug}/apps/messages/begin", "Start connecting", "Returns the address of the consent page for adding a mate to a workspace, or for linking an account. A token can't link accounts.", 0}, policy.ConnectTeam, s.beginConnect)
	serveTeam(s, route{"connect", http.MethodPost, "/{team_slug}/apps/messages/connect", "Connect a workspace or an account", "With the proof of a completed consent: state and code. The ID of a workspace alone proves nothing; it is only accepted if such a consent has already connected it to this team.", 0}, policy.ConnectTeam, s.finishConnect)
	s.processOperation()
}

func (s *Server) login(ctx context.Context, _ openmates.Caller, in *loginInput) (Login, error) {
	b := in.Body
	n, workspace, who := b.Network, b.Workspace, b.Account
	if n == "" && workspace == "" && who == "" {
		var err error
		if workspace, err = guild(b.Guilde, b.Guild); err != nil {
			return Login{}, err
		}
		n, who = discord, b.DiscordUser
	} else if b.Guilde+b.Guild+b.DiscordUser != "" {
		return Login{}, openmates.Errorf(openmates.EInvalid, "Send either the Discord fields, or network, workspace_id and account_id.")
	}
	if n == "" || workspace == "" || who == "" {
		return Login{}, openmates.Errorf(openmates.EInvalid, "Send discord_guilde_id and discord_user_id.")
	}
	known, err := s.connect.Login(ctx, n, openmates.WorkspaceID(workspace), openmates.AccountID(who))
	if err != nil {
		return Login{}, err
	}
	mates, err := s.connect.MatesFor(ctx, known.Team, known.User, known.Role)
	out := Login{TeamSlug: known.Team.Slug, TeamID: known.Team.ID, UserID: known.User.ID, Username: known.User.Username,
		Name: known.User.DisplayName, Role: known.Role, Mates: []string{}}
	for _, m := range mates {
		out.Mates = append(out.Mates, m.Handle)
	}
	return out, err
}

// guild takes the ID under either of its names.
func guild(guilde, guild string) (string, error) {
	switch {
	case guilde != "" && guild != "" && guilde != guild:
		return "", openmates.Errorf(openmates.EInvalid, "discord_guilde_id and discord_guild_id are two names for the same field; send only one of them.")
	case guilde != "":
		return guilde, nil
	}
	return guild, nil
}

func (s *Server) beginConnect(ctx context.Context, c openmates.Caller, p policy.Place, in *beginInput) (Begun, error) {
	b := in.Body
	if b.Kind == connect.Link {
		if err := c.InPerson(); err != nil { // see begin-link-code
			return Begun{}, err
		}
		if b.Mate+b.Workspace != "" {
			return Begun{}, openmates.Errorf(openmates.EInvalid, "An account is linked for all mates; leave mate and workspace_id out.")
		}
		address, err := s.connect.BeginLink(ctx, who(c), b.Network)
		return Begun{address}, err
	}
	address, err := s.connect.BeginInstall(ctx, who(c), p.Team, b.Mate, b.Network, openmates.WorkspaceID(b.Workspace))
	return Begun{address}, err
}

func (s *Server) finishConnect(ctx context.Context, c openmates.Caller, p policy.Place, in *connectInput) (Connected, error) {
	b := in.Body
	workspace, err := guild(b.Guilde, b.Guild)
	if err != nil {
		return Connected{}, err
	}
	switch {
	case b.Auth != "" || b.User != 0:
		if workspace != "" || b.Team != 0 || b.Code != "" {
			return Connected{}, openmates.Errorf(openmates.EInvalid, "Connect either a Discord server or an account in one request.")
		}
		return s.connectAccount(ctx, c, in)
	case b.Team != 0 && b.Team != p.Team.ID:
		return Connected{}, openmates.Errorf(openmates.ENotFound, "openmates_team_id isn't the team in the path.")
	case workspace == "" || b.Team == 0:
		return Connected{}, openmates.Errorf(openmates.EInvalid, "Send discord_guilde_id and openmates_team_id with state and code, or openmates_user_id and discord_auth_code with state.")
	}
	o, err := s.connect.ClaimWorkspace(ctx, who(c), p.Team, discord, openmates.WorkspaceID(workspace), connect.Proof{State: b.State, Code: b.Code})
	if err != nil {
		return Connected{}, err
	}
	return Connected{Kind: connect.Install, TeamID: &p.Team.ID, Mate: o.Mate.Handle, Workspace: &Workspace{ID: string(o.Workspace.ID), Name: o.Workspace.Name}}, nil
}

func (s *Server) connectAccount(ctx context.Context, c openmates.Caller, in *connectInput) (Connected, error) {
	if in.Body.User != 0 && in.Body.User != c.User.ID {
		return Connected{}, openmates.Errorf(openmates.EForbidden, "You can only link an account to yourself. Send your own openmates_user_id, or none.")
	}
	if in.Body.Auth == "" {
		return Connected{}, openmates.Errorf(openmates.EInvalid, "Send the discord_auth_code from the consent page, with its state.")
	}
	if err := c.InPerson(); err != nil {
		return Connected{}, err
	}
	o, err := s.connect.ClaimAccount(ctx, who(c), connect.Proof{State: in.Body.State, Code: in.Body.Auth})
	if err != nil {
		return Connected{}, err
	}
	return Connected{Kind: connect.Link, Account: &Linked{string(o.Account.ID), o.Account.Name}}, nil
}

// The paths of questions to mates.
const (
	processPath = "/{team_slug}/apps/messages/process"
	tryPath     = "/server/mates/{handle}/try"
)

// question is what somebody asks a mate.
type question struct {
	chat.Ask
	mate string // its handle
}

// processOperation is apart because its answer comes whole or as it grows.
func (s *Server) processOperation() {
	o := s.operation(route{"process-message", http.MethodPost, processPath, "Ask a mate",
		"Answers a text as a mate of the team, by the same rules as in a messenger. With Accept: text/event-stream the answer is streamed: “text” events with what is added, “reset” when everything so far is replaced, and at the end “done” with the whole reply, or “problem”. With an Idempotency-Key, asking again leads to the same answer, streamed or not, also while it is being written. A listener asks for a person by user_id.", 0}, "a team member, or a listener")
	schemas := s.api.OpenAPI().Components.Schemas
	o.Responses["200"] = &huma.Response{Description: "The reply", Content: map[string]*huma.MediaType{
		"application/json":  {Schema: schemas.Schema(reflect.TypeFor[Reply](), true, "Reply")},
		"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}},
	}}
	huma.Register(s.api, o, func(ctx context.Context, in *processInput) (*huma.StreamResponse, error) {
		q, err := s.question(ctx, in)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		if strings.Contains(in.Accept, "text/event-stream") {
			return &huma.StreamResponse{Body: func(h huma.Context) { s.stream(h, q) }}, nil
		}
		r, err := s.reply(ctx, q, nil)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return &huma.StreamResponse{Body: func(h huma.Context) { answerJSON(h, r) }}, nil
	})
}

// question finds out who asks whom.
func (s *Server) question(ctx context.Context, in *processInput) (question, error) {
	c := openmates.CallerOf(ctx)
	var p policy.Place
	var err error
	u := c.User
	if c.IsListener() {
		p, u, err = s.team.For(ctx, c, in.Slug, in.Body.UserID)
	} else if p, err = s.team.Enter(ctx, c, in.Slug, policy.AskMates); err == nil && in.Body.UserID != 0 && in.Body.UserID != c.User.ID {
		err = openmates.Errorf(openmates.EForbidden, "You can only ask for yourself. Send your own user_id, or none.")
	}
	if err != nil {
		return question{}, err
	}
	text := strings.TrimSpace(in.Body.Text)
	if text == "" {
		return question{}, openmates.Errorf(openmates.EInvalid, "The text contains nothing for the mate to answer.")
	}
	mate, err := s.connect.Mate(ctx, in.Body.Mate)
	if err == nil && !policy.TeamAllows(p.Team, policy.Mate(mate.Mate)) {
		err = openmates.Errorf(openmates.ENotFound, "There’s no mate with that name here.")
	}
	return question{chat.Ask{Team: p.Team.ID, User: u.ID, Mate: mate.Mate.ID, Text: text, Language: c.Language}, mate.Mate.Handle}, err
}

// reply asks a mate and waits for its answer. The same key returns the same
// answer, even if a process dies meanwhile.
func (s *Server) reply(ctx context.Context, q question, show func(string)) (Reply, error) {
	claim := claimOf(ctx)
	q.Ticket = claim.ticket
	o, err := s.ask(ctx, q.Ask, show)
	if _, pending := errors.AsType[*chat.Pending](err); pending || err == nil && o.State == openmates.TurnAnswered {
		claim.stands = true
	}
	if err != nil {
		return Reply{}, err
	}
	return replyOf(q.mate, o)
}

// replyOf is an outcome as the API tells it: a limit that is used up is not
// forbidden, it has room again later.
func replyOf(mate string, o openmates.Outcome) (Reply, error) {
	switch {
	case o.State == openmates.TurnRefused && (o.Why == openmates.TroubleRate || o.Why == openmates.TroubleMoney):
		return Reply{}, &openmates.WaitError{Err: openmates.Errorf(openmates.ELimit, "%s", o.Text), Until: o.Until}
	case o.State == openmates.TurnRefused:
		return Reply{}, openmates.Errorf(openmates.EForbidden, "%s", o.Text)
	case o.State == openmates.TurnFailed:
		return Reply{}, openmates.Errorf(openmates.EUnavailable, "%s", o.Text)
	}
	u := o.Usage
	return Reply{Mate: mate, Text: o.Whole(), Model: u.Model, Usage: Tokens{Input: u.Input, Cached: u.Cached, Output: u.Output, Cost: u.Cost}}, nil
}
