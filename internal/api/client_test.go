package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"openmates"
	"openmates/client"
)

func (h *house) client(who string) *client.Client {
	h.t.Helper()
	token, _ := strings.CutPrefix(who, "Bearer ")
	c, err := client.New(client.Config{URL: h.url, Token: openmates.Secret(token)})
	must(h.t, err)
	return c
}

// The client's types match the API's description.
func TestTheClientKnowsTheAnswers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, v := range []any{client.Me{}, client.TeamLine{}, client.Team{}, client.Mate{}, client.Messenger{}, client.State{}, client.Workspace{}, client.User{}, client.Link{},
		client.Account{}, client.NewAccount{}, client.Invite{}, client.Joined{}, client.Installation{}, client.Guest{}, client.LimitsSheet{}, client.Login{}, client.Connected{},
		client.Linked{}, client.Reply{}, client.Tokens{}, client.Token{}, client.MateSetup{}, client.Provider{}, client.ProviderModel{}, client.Price{}, client.Status{},
		client.AuditLine{}, client.TeamUsage{}, client.Spent{}, client.Bot{}, client.BotSetup{}, client.Step{}, client.Permission{}, client.Settings{}} {
		typ := reflect.TypeOf(v)
		properties, is := h.doc.Properties(typ.Name())
		if !is {
			t.Errorf("the document knows no %s", typ.Name())
			continue
		}
		known := map[string]bool{}
		for _, f := range reflect.VisibleFields(typ) {
			if f.Anonymous {
				continue
			}
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "-" {
				name = map[string]string{"Invite.Code": "code", "Token.Secret": "token"}[typ.Name()+"."+f.Name]
			}
			known[name] = true
			if !slices.Contains(properties, name) {
				t.Errorf("the document knows no %s of %s", name, typ.Name())
			}
		}
		for _, name := range properties {
			if !known[name] {
				t.Errorf("the client knows no %s of %s", name, typ.Name())
			}
		}
	}
}

func TestClient(t *testing.T) {
	t.Parallel()
	h := newHouse(t, withPassword)
	ctx := t.Context()
	ben := h.client("")
	var p *client.Problem
	if _, err := ben.Me(ctx); !errors.As(err, &p) || p.Status != 401 || openmates.CodeOf(err) != openmates.EUnauthorized || openmates.MessageOf(err) == "" || p.Request == "" {
		t.Errorf("nobody: %v", err)
	}
	must(t, ben.SignIn(ctx, "ben", bensPassword))
	me, err := ben.Me(ctx)
	must(t, err)
	if me.Username != "ben" || me.ID != h.people["ben"].ID {
		t.Errorf("%+v", me)
	}
	k, err := ben.AddToken(ctx, "test", 1, openmates.ScopeWrite)
	must(t, err)
	byToken := h.client("Bearer " + k.Secret.Reveal())
	team, err := byToken.Team(ctx, "harbour")
	must(t, err)
	if team.ID != h.team.ID || len(team.Mates) != 1 {
		t.Errorf("%+v", team)
	}
	r, err := byToken.Process(ctx, team.ID.String(), client.Question{Mate: "sophia", Text: "hello"})
	must(t, err)
	if r.Text != "Hello Ben" {
		t.Errorf("%+v", r)
	}
	h.says = []string{"One", " two"}
	var seen []string
	r, err = byToken.Stream(ctx, "harbour", client.Question{Mate: "sophia", Text: "hello"}, func(text string) { seen = append(seen, text) })
	must(t, err)
	if r.Text != "One two" || len(seen) != 2 || seen[1] != "One two" {
		t.Errorf("%+v %q", r, seen)
	}
	h.fail = openmates.Errorf(openmates.EUnavailable, "The model does not answer.")
	if _, err := byToken.Stream(ctx, "harbour", client.Question{Mate: "sophia", Text: "hello"}, func(string) {}); openmates.CodeOf(err) != openmates.EUnavailable {
		t.Errorf("%v", err)
	}
	cleo := h.client(h.token("cleo", false, openmates.ScopeAdmin))
	for range 3 {
		_, err := cleo.Invite(ctx, "harbour", client.NewInvite{Note: "x"})
		must(t, err)
	}
	all, err := client.All[client.Invite](ctx, cleo, "/harbour/invites", client.Query("limit", "1"))
	must(t, err)
	if len(all) != 3 {
		t.Errorf("%d invites over pages of one", len(all))
	}
	l, etag, err := cleo.Limits(ctx, "harbour")
	must(t, err)
	l.Own.PerMinute = 7
	must(t, cleo.PutLimits(ctx, "harbour", l.Own, client.IfMatch(etag)))
	if err := cleo.PutLimits(ctx, "harbour", openmates.Limits{}, client.IfMatch(etag)); !errors.As(err, &p) || p.Status != 412 || p.Reason != "precondition_failed" {
		t.Errorf("%v", err)
	}
	zoe := h.client(h.token("zoe", false, openmates.ScopeAdmin))
	m, err := zoe.AddMate(ctx, client.NewMate{Name: "Nova", Prompt: "You are Nova."})
	must(t, err)
	if m, err = zoe.ChangeMate(ctx, m.Handle, map[string]any{"field": "stars"}); err != nil || m.Field != "stars" || m.Version != 2 {
		t.Errorf("%+v %v", m, err)
	}
	if s, err := zoe.Status(ctx); err != nil || len(s.Mates) != 3 {
		t.Errorf("%+v %v", s, err)
	}
	if lines, err := zoe.Audit(ctx, client.Query("action", "mate.")); err != nil || len(lines) == 0 {
		t.Errorf("%d %v", len(lines), err)
	}
}

// A call whose response was lost is retried under the same key and executed
// once.
func TestTheClientTriesAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var calls atomic.Int64
	lossy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 1 {
			h.srv.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler) // the line is cut after the work
		}
		h.srv.ServeHTTP(w, r)
	}))
	defer lossy.Close()
	token, _ := strings.CutPrefix(h.token("cleo", false, openmates.ScopeAdmin), "Bearer ")
	c, err := client.New(client.Config{URL: lossy.URL, Token: openmates.Secret(token)})
	must(t, err)
	i, err := c.Invite(t.Context(), "harbour", client.NewInvite{})
	must(t, err)
	all, err := c.Invites(t.Context(), "harbour")
	must(t, err)
	if calls.Load() < 3 || len(all) != 1 || all[0].ID != i.ID || i.Code == "" {
		t.Errorf("%d calls, invites %+v", calls.Load(), all)
	}
}
