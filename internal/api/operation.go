package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"openmates"
	"openmates/internal/policy"
)

// route describes an operation. Its method implies the required scope.
type route struct {
	id, method, path string
	summary, about   string
	status           int // of a successful response; 0 = 200, or 204 without a body
}

// Who may call an operation, as shown in the document.
const (
	forAnybody  = "anybody"
	forSignedIn = "anyone who is signed in"
	forPerson   = "anyone who has signed in; a token can't"
	forListener = "a listener's credential"
	forServer   = "a server admin"
)

// reply is a successful response.
type reply[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

// versioned is a response whose ETag covers only what can be changed.
type versioned interface{ version() string }

// gate decides who may call an operation.
type gate struct {
	who   string
	check func(ctx context.Context, c openmates.Caller) error
}

// anybody allows everybody; the room decides.
func anybody() gate {
	return gate{forAnybody, func(context.Context, openmates.Caller) error { return nil }}
}

// person allows callers who have signed in themselves.
func person() gate {
	return gate{forPerson, func(_ context.Context, c openmates.Caller) error { return c.InPerson() }}
}

// admin allows server admins.
func admin() gate {
	return gate{forServer, func(_ context.Context, c openmates.Caller) error { return policy.Require(c, policy.RunServer) }}
}

// mine allows callers who are signed in, or a personal token with the scope for
// the method.
func mine(method string) gate {
	return gate{forSignedIn, func(_ context.Context, c openmates.Caller) error {
		if !c.SignedIn() {
			return openmates.Errorf(openmates.EUnauthorized, "Sign in first, or send a token.")
		}
		if c.Token.TeamID != 0 {
			return openmates.Errorf(openmates.EForbidden, "A team's token only works for that team. Use one of your own.")
		}
		return c.Permit(scopeOf(method))
	}}
}

// reader allows callers who are signed in, or any token with the read scope.
func reader() gate {
	return gate{forSignedIn, func(_ context.Context, c openmates.Caller) error {
		if !c.SignedIn() {
			return openmates.Errorf(openmates.EUnauthorized, "Sign in first, or send a token.")
		}
		return c.Permit(openmates.ScopeRead)
	}}
}

func scopeOf(method string) openmates.Scope {
	if method == http.MethodGet {
		return openmates.ScopeRead
	}
	return openmates.ScopeWrite
}

// serve registers an operation whose response has a body.
func serve[I, O any](s *Server, r route, g gate, do func(ctx context.Context, c openmates.Caller, in *I) (O, error)) {
	s.keyless[r.method+" "+Prefix+r.path] = keyless[I](g.who)
	huma.Register(s.api, s.operation(r, g.who), func(ctx context.Context, in *I) (*reply[O], error) {
		c := openmates.CallerOf(ctx)
		if err := g.check(ctx, c); err != nil {
			return nil, s.fail(ctx, err)
		}
		out, err := do(ctx, c, in)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		a := &reply[O]{Body: out}
		if v, ok := any(out).(versioned); ok {
			a.ETag = etag(v.version())
		}
		return a, nil
	})
}

// change registers an operation whose response has no body.
func change[I any](s *Server, r route, g gate, do func(ctx context.Context, c openmates.Caller, in *I) error) {
	if r.status == 0 {
		r.status = http.StatusNoContent
	}
	s.keyless[r.method+" "+Prefix+r.path] = keyless[I](g.who)
	huma.Register(s.api, s.operation(r, g.who), func(ctx context.Context, in *I) (*struct{}, error) {
		c := openmates.CallerOf(ctx)
		err := g.check(ctx, c)
		if err == nil {
			err = do(ctx, c, in)
		}
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return nil, nil
	})
}

// InTeam is the part of every input that names a team.
type InTeam struct {
	Slug string `path:"team_slug" maxLength:"80" doc:"The team's slug, or its ID."`
}

func (t *InTeam) team() string { return t.Slug }

// of is an input that names a team.
type of[T any] interface {
	*T
	team() string
}

// serveTeam is serve for operations in a team: the caller first enters it, with
// the given right.
func serveTeam[I, O any, P of[I]](s *Server, r route, right policy.Right, do func(ctx context.Context, c openmates.Caller, p policy.Place, in *I) (O, error)) {
	serve(s, r, s.within(right), func(ctx context.Context, c openmates.Caller, in *I) (O, error) {
		p, err := s.team.Enter(ctx, c, P(in).team(), right)
		if err != nil {
			var none O
			return none, err
		}
		return do(ctx, c, p, in)
	})
}

// changeTeam is change for operations in a team.
func changeTeam[I any, P of[I]](s *Server, r route, right policy.Right, do func(ctx context.Context, c openmates.Caller, p policy.Place, in *I) error) {
	change(s, r, s.within(right), func(ctx context.Context, c openmates.Caller, in *I) error {
		p, err := s.team.Enter(ctx, c, P(in).team(), right)
		if err != nil {
			return err
		}
		return do(ctx, c, p, in)
	})
}

// within describes a right in a team; it is checked when the caller enters.
func (s *Server) within(right policy.Right) gate {
	who := "a team admin"
	if policy.Allowed(openmates.User{ID: 1}, openmates.RoleMember, right) {
		who = "a team member"
	}
	return gate{who, func(context.Context, openmates.Caller) error { return nil }}
}

// operation describes an operation; each can fail with a problem.
func (s *Server) operation(r route, who string) huma.Operation {
	schema := s.api.OpenAPI().Components.Schemas.Schema(problemType(), true, "Problem")
	o := huma.Operation{
		OperationID: r.id, Method: r.method, Path: Prefix + r.path, Summary: r.summary, DefaultStatus: r.status,
		Description:  strings.TrimSpace(r.about + " For " + who + "."),
		Tags:         []string{tagOf(r.path)},
		MaxBodyBytes: maxBody,
		Extensions:   map[string]any{"x-for": who},
		Responses: map[string]*huma.Response{
			"default": {Description: "A problem", Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schema}}},
		},
	}
	if who == forAnybody {
		o.Security = []map[string][]string{{}}
	}
	if who == forListener {
		o.Security = []map[string][]string{{"token": {}}}
	}
	return o
}

// tagOf groups operations by what they are about.
func tagOf(path string) string {
	switch first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/"); first {
	case "me", "auth", "server", "apps":
		return first
	case "login":
		return "messages"
	case "status":
		return "server"
	default:
		if strings.Contains(path, "/apps/messages/") {
			return "messages"
		}
		return "teams"
	}
}

// idOf parses an ID in a path. An invalid one is reported as not found.
func idOf(text string, what openmates.Text) (openmates.ID, error) {
	id, err := openmates.ParseID(text)
	if err != nil {
		return 0, openmates.Errorf(openmates.ENotFound, "This %s doesn't exist.", what)
	}
	return id, nil
}

// page is a page of a list. Next is the cursor of the next one.
type page[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"The cursor of the next page; absent on the last one."`
}

// PageInput is the part of a list's input that selects a page.
type PageInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Maximum number of items."`
	Cursor string `query:"cursor" maxLength:"300" doc:"From next of the previous page."`
}

// cut returns one page of a list that was read completely. The cursor is the
// key of the last returned item, so additions and removals in between neither
// repeat nor hide others.
func cut[T any](all []T, in PageInput, key func(T) string) (page[T], error) {
	p := page[T]{Items: []T{}}
	start := 0
	if in.Cursor != "" {
		last, err := url.PathUnescape(in.Cursor)
		if err != nil {
			return p, badCursor()
		}
		found := false
		for i, v := range all {
			if key(v) == last {
				start, found = i+1, true
				break
			}
		}
		if !found {
			return p, badCursor()
		}
	}
	end := min(start+max(in.Limit, 1), len(all))
	p.Items = append(p.Items, all[start:end]...)
	if end < len(all) {
		p.Next = url.PathEscape(key(all[end-1]))
	}
	return p, nil
}

func badCursor() error {
	return openmates.Errorf(openmates.EInvalid, "This cursor isn't valid (any more). Start with the first page.")
}
