package chat

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"

	"golang.org/x/sync/errgroup"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/policy"
	"openmates/internal/skill"
)

// Skills is what the room needs of the server's skills; *skill.Registry
// implements it.
type Skills interface {
	// Offers lists all skills, sorted by name.
	Offers() []skill.Offer
	// Run runs a skill by its tool name. An error is for the model if
	// openmates.MessageOf has a sentence for it.
	Run(ctx context.Context, tool string, call skill.Call) (skill.Result, error)
}

const (
	maxCalls     = 8       // per round
	callsAtOnce  = 4       // that run at the same time
	maxToolText  = 120_000 // bytes of all tool results for one answer
	longToolName = 64      // of a name that is repeated to the model or in the log
)

// tools are the skills that a turn may use, and those that it may not.
type tools struct {
	skills Skills
	log    *slog.Logger
	shown  []llm.Tool
	known  map[string]skill.Offer     // by tool name
	denied map[string]openmates.Layer // the layer that denies it
	call   skill.Call
	left   int // bytes of results that are still allowed

	mu      sync.Mutex
	sources []string // what skills got from outside in this round
}

// toolsFor returns the skills that every layer allows, by app and by skill.
func (r *Room) toolsFor(q *turn) *tools {
	t := &tools{
		skills: r.cfg.Skills, log: r.cfg.Log, left: maxToolText,
		known: map[string]skill.Offer{}, denied: map[string]openmates.Layer{},
		call: skill.Call{Turn: q.in.Key, By: skill.Person{
			User: q.asker.User.ID, Team: q.asker.Team.ID, Name: q.asker.User.DisplayName,
			Location: location(q.asker.User.TimeZone), Language: q.asker.User.Language,
		}},
	}
	if t.skills == nil {
		return t
	}
	for _, o := range t.skills.Offers() {
		t.known[o.Tool] = o
		if ok, by, _ := policy.MayUse(q.asker, policy.Named(openmates.KindSkill, o.Name)); !ok {
			t.denied[o.Tool] = by
			continue
		}
		t.shown = append(t.shown, llm.Tool{Name: o.Tool, Description: o.Description, Parameters: o.Parameters})
	}
	return t
}

// hear records what people have written, before the model writes anything of
// its own.
func (t *tools) hear(req llm.Request) {
	t.call.Said = []string{req.System}
	for _, m := range req.Messages {
		if m.Role == llm.RoleUser {
			t.call.Said = append(t.call.Said, m.Text)
		}
	}
}

// run executes the model's calls, several at once, and returns a result for
// each, in order. Whatever goes wrong is a result, too.
func (t *tools) run(ctx context.Context, calls []llm.Call) []llm.Message {
	results := make([]llm.Message, len(calls))
	defer func() {
		t.call.Said, t.sources = append(t.call.Said, t.sources...), nil
	}()
	var g errgroup.Group
	g.SetLimit(callsAtOnce)
	for i, c := range calls {
		results[i] = llm.Message{Role: llm.RoleTool, CallID: c.ID, Name: c.Name}
		if i >= maxCalls {
			results[i].Text, results[i].Failed = tooManyCalls, true
			continue
		}
		g.Go(func() error {
			results[i].Text, results[i].Failed = t.one(ctx, c)
			return nil
		})
	}
	_ = g.Wait() // none of them returns an error
	for i := range results {
		if t.left <= 0 {
			results[i].Text, results[i].Failed = noRoom, true
			continue
		}
		results[i].Text = skill.Clip(results[i].Text, t.left)
		t.left -= len(results[i].Text)
	}
	return results
}

// one executes one call, if it is allowed.
func (t *tools) one(ctx context.Context, c llm.Call) (text string, failed bool) {
	o, ok := t.known[c.Name]
	if !ok {
		name := skill.Clip(c.Name, longToolName)
		t.log.Info("the model asked for a tool that does not exist", "key", t.call.Turn, "tool", name)
		return noSuchTool(name, t.shown), true
	}
	if l, denied := t.denied[c.Name]; denied {
		t.log.Info("the model asked for a skill outside of the limits", "key", t.call.Turn, "skill", o.Name, "layer", l.Scope)
		return toolNotAllowed(o, l), true
	}
	if ctx.Err() != nil {
		return noTime, true
	}
	call := t.call
	call.Arguments = json.RawMessage(c.Arguments)
	res, err := t.skills.Run(ctx, c.Name, call)
	switch {
	case err == nil:
		t.log.Debug("a skill was used", "key", t.call.Turn, "skill", o.Name)
		if res.Source {
			t.mu.Lock()
			t.sources = append(t.sources, res.Text)
			t.mu.Unlock()
		}
		return res.Text, false
	case ctx.Err() != nil:
		return noTime, true
	case openmates.CodeOf(err) == openmates.EInternal:
		t.log.Warn("a skill failed", "key", t.call.Turn, "skill", o.Name, "err", err)
		return toolFailed(o), true
	case openmates.CodeOf(err) != openmates.EInvalid: // the model's mistakes aren't logged, because they may contain a person's words
		t.log.Info("a skill could not do it", "key", t.call.Turn, "skill", o.Name, "code", openmates.CodeOf(err))
	}
	return openmates.MessageOf(err), true
}
