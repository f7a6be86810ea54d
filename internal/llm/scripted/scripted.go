// Package scripted is a model without intelligence: it answers from a short
// script, offline, always the same. The demo uses it, so that a first look at
// the product needs no account anywhere.
//
// It is easy to recognise: its ID and name say what it is, and it says so when
// it has no line for something. It streams word by word like a real model,
// calls a tool for sums, conversions and the time, and fails on request.
package scripted

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"openmates"
	"openmates/internal/llm"
)

// ID is the model's ID.
const ID = "scripted"

// Name is the model's name for people.
const Name = "Scripted model (offline, no real AI)"

// Config configures a Provider.
type Config struct {
	Pause time.Duration // before each word; 0 = none. "slow" pauses ten times as long
}

// Provider offers only this model.
type Provider struct{ pause time.Duration }

// New returns a Provider.
func New(c Config) (*Provider, error) {
	if c.Pause < 0 {
		return nil, openmates.Errorf(openmates.EInvalid, "The pause of the scripted model can't be negative.")
	}
	return &Provider{c.Pause}, nil
}

// Models returns the model's ID.
func (p *Provider) Models(ctx context.Context) ([]llm.ModelInfo, error) {
	return []llm.ModelInfo{{ID: ID, Tools: llm.Yes, Sees: llm.Yes}}, ctx.Err()
}

// Model returns the model; any other ID fails with KindNoModel when asked.
func (p *Provider) Model(id string) llm.Model { return &model{p.pause, id} }

type model struct {
	pause time.Duration
	id    string
}

// Stream answers from the script.
func (m *model) Stream(ctx context.Context, req llm.Request) iter.Seq2[llm.Piece, error] {
	return func(yield func(llm.Piece, error) bool) {
		if m.id != ID {
			err := errors.New("the scripted model is called " + ID)
			yield(llm.Piece{}, &llm.Error{Kind: llm.KindNoModel, Status: http.StatusNotFound, Err: err})
			return
		}
		if call := wish(req); call != nil {
			m.ask(ctx, req, call, yield)
			return
		}
		say, ok := told(req)
		if !ok {
			say, ok = seen(req)
		}
		if !ok {
			say = line(mateOf(req.System), lastSaid(req))
		}
		m.speak(ctx, req, say, yield)
	}
}

// ask yields a call and the end of the round.
func (m *model) ask(ctx context.Context, req llm.Request, call *llm.Call, yield func(llm.Piece, error) bool) {
	if err := wait(ctx, m.pause); err != nil {
		yield(llm.Piece{}, err)
		return
	}
	if yield(llm.Piece{Call: call}, nil) {
		used := &llm.Usage{Input: llm.Estimate(req), Output: llm.EstimateMessage(llm.Message{Calls: []llm.Call{*call}})}
		yield(llm.Piece{Usage: used, Stop: llm.StopCalls}, nil)
	}
}

// speak yields the words of an answer, and then its failure or end.
func (m *model) speak(ctx context.Context, req llm.Request, say answer, yield func(llm.Piece, error) bool) {
	pause := m.pause
	if say.slow {
		pause *= 10
	}
	stop, words := llm.StopEnd, strings.SplitAfter(say.text, " ")
	if most := req.MaxTokens; most > 0 && len(words) > most {
		stop, words = llm.StopLength, words[:most]
	}
	for _, w := range slices.DeleteFunc(words, func(w string) bool { return w == "" }) {
		if err := wait(ctx, pause); err != nil {
			yield(llm.Piece{}, err)
			return
		}
		if !yield(llm.Piece{Text: w}, nil) {
			return
		}
	}
	if say.err != nil {
		yield(llm.Piece{}, say.err)
		return
	}
	yield(llm.Piece{Usage: &llm.Usage{Input: llm.Estimate(req), Output: len(words)}, Stop: stop}, nil)
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// mateOf returns the name in a first line such as "You are Sophia, …".
func mateOf(system string) string {
	first, _, _ := strings.Cut(system, "\n")
	rest, ok := strings.CutPrefix(strings.TrimSpace(first), "You are ")
	if !ok {
		return ""
	}
	if i := strings.IndexAny(rest, ",.;:("); i >= 0 {
		rest = rest[:i]
	}
	name := strings.Trim(rest, " *\"'")
	if name == "" || len(strings.Fields(name)) > 3 || strings.HasPrefix(name, "a ") || strings.HasPrefix(name, "an ") || strings.HasPrefix(name, "the ") {
		return ""
	}
	return name
}

func lastSaid(req llm.Request) string {
	for _, m := range slices.Backward(req.Messages) {
		if m.Role == llm.RoleUser {
			return strings.TrimSpace(m.Text)
		}
	}
	return ""
}
