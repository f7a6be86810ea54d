package chat

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/messenger"
)

// talk is what happens between a question and its answer: rounds, in each of
// which the model writes, and may call tools whose results it gets in the next
// one.
type talk struct {
	say    func(openmates.Text) string // for the asker
	room   *Room
	key    string
	choice llm.Choice
	req    llm.Request
	tools  *tools
	w      written
	stop   llm.Stop
	echo   llm.Echo  // what the model wants back with the results of its calls
	spent  llm.Usage // by all rounds and attempts

	usage  openmates.Usage // as reserved for the first round
	team   openmates.Team
	layers []openmates.Layer
	over   *openmates.LimitError // why there is no further round, with stopMoney
	broken error                 // a database error: nothing is decided
}

const (
	maxRounds = 8
	// stopRounds ends an answer whose model wanted more rounds.
	stopRounds llm.Stop = "rounds"
	// stopMoney ends an answer whose next round is too expensive for a layer.
	stopMoney llm.Stop = "money"
)

// run continues until the model is finished. What it wrote in earlier rounds
// stays, as the paragraphs before.
func (t *talk) run(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, t.room.cfg.SkillTime)
	defer cancel()
	t.tools.hear(t.req)
	for round := 1; ; round++ {
		if err := t.persist(ctx); err != nil {
			return err
		}
		calls := t.w.wanted()
		if len(calls) == 0 || t.stop == llm.StopLength || t.stop == llm.StopFilter || t.stop == stopMoney {
			return nil
		}
		if round == maxRounds {
			t.stop = stopRounds
			return nil
		}
		results := t.tools.run(within, calls)
		if round == maxRounds-1 {
			results[len(results)-1].Text += lastRound
		}
		t.req.Messages = append(t.req.Messages, llm.Message{Role: llm.RoleAssistant, Text: t.w.now(), Calls: calls, Echo: t.echo})
		t.req.Messages = append(t.req.Messages, results...)
		t.w.keep()
		if ok, err := t.afford(ctx); !ok {
			return err
		}
	}
}

// afford reserves what the model's next call may cost, on top of the previous
// ones. If a layer's money isn't enough, the talk ends.
func (t *talk) afford(ctx context.Context) (bool, error) {
	u := reservation(t.choice, t.usage, t.cost(), t.req)
	err := t.room.cfg.Store.Reserve(ctx, t.key, u, t.layers)
	if limit, ok := errors.AsType[*openmates.LimitError](err); ok {
		t.stop, t.over = stopMoney, limit
		return false, nil
	}
	if err != nil && ctx.Err() == nil {
		t.broken = fmt.Errorf("reserve more: %w", err)
	}
	return err == nil, err
}

// cost returns what was spent so far.
func (t *talk) cost() openmates.Micros {
	return t.choice.Price.Cost(t.spent.Input, t.spent.Cached, t.spent.Output)
}

// used returns the turn's usage so far, for the books.
func (t *talk) used() openmates.Usage {
	u := t.usage
	u.Input, u.Cached, u.Output = t.spent.Input, t.spent.Cached, t.spent.Output
	u.Cost, u.Sent = t.cost(), 0
	return u
}

// persist makes the model write one round, and retries if it breaks off. A
// conversation that is too long for the model loses its oldest exchanges.
func (t *talk) persist(ctx context.Context) error {
	for n := 1; ; n++ {
		err := t.write(ctx)
		e, ok := errors.AsType[*llm.Error](err)
		for ok && e.Kind == llm.KindTooLong && t.shorten() {
			err = t.write(ctx)
			e, ok = errors.AsType[*llm.Error](err)
		}
		if !ok || e.Kind != llm.KindCut || n == attempts || !t.w.begun() {
			return err // if nothing was written, it has already been retried
		}
		if ok, err := t.afford(ctx); !ok {
			return err
		}
		t.room.cfg.Log.Info("the model broke off; it is asked again", "key", t.key)
		t.w.drop()
	}
}

// shorten halves the request, and reports whether anything could be removed.
// The rest costs less, so the reservation is enough.
func (t *talk) shorten() bool {
	shorter := llm.Shorten(t.req, llm.Estimate(t.req)/2, llm.Estimate)
	if len(shorter.Messages) == len(t.req.Messages) {
		return false
	}
	t.room.cfg.Log.Info("the conversation is too long for the model; it is asked with less", "key", t.key, "messages", len(shorter.Messages))
	t.req = shorter
	return true
}

// write streams one round of the model and counts its cost. A provider that
// breaks off bills what it had written, or nothing if it wrote nothing, unless
// it says otherwise.
func (t *talk) write(ctx context.Context) error {
	t.stop, t.echo = "", llm.Echo{}
	var told *llm.Usage
	begun := false
	defer func() {
		if told == nil && begun {
			told = &llm.Usage{
				Input:  llm.Estimate(t.req),
				Output: llm.EstimateMessage(llm.Message{Text: t.w.now(), Calls: t.w.wanted()}),
			}
		}
		if told != nil {
			t.spent = t.spent.Plus(*told)
		}
	}()
	for p, err := range t.choice.Model.Stream(ctx, t.req) {
		if p.Usage != nil {
			told, t.stop, t.echo = p.Usage, p.Stop, p.Echo
		}
		if err != nil {
			return err
		}
		begun = true
		if t.w.add(p) {
			t.stop = llm.StopLength
			return nil
		}
	}
	return nil
}

// showing calls do, which makes w grow. Meanwhile a second goroutine updates
// the draft, so that a slow network doesn't delay the model; it has ended when
// showing returns.
func (r *Room) showing(ctx context.Context, w *written, d *draft, do func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if !r.cfg.NoStreaming {
		stop := make(chan struct{})
		shown := make(chan struct{})
		go func() {
			defer close(shown)
			r.showGrowing(ctx, cancel, w, d, stop)
		}()
		defer func() { close(stop); <-shown }()
	}
	err := do(ctx)
	if e, ok := errors.AsType[*messenger.SendError](context.Cause(ctx)); ok && err != nil {
		return e
	}
	return err
}

const (
	firstLook  = 400 * time.Millisecond // an answer that is ready by then is posted in one piece
	lookAgain  = 200 * time.Millisecond
	slowEdit   = time.Minute
	editsAfter = 1200 * time.Millisecond
)

// showGrowing shows the text so far, repeatedly, until stop; while nothing is
// added, it shows typing. A failure that a retry can't fix cancels the answer,
// because nobody could read it.
func (r *Room) showGrowing(ctx context.Context, cancel context.CancelCauseFunc, w *written, d *draft, stop <-chan struct{}) {
	every := max(d.info.EditEvery, editsAfter)
	if !d.streams() {
		every = slowEdit
	}
	var typed time.Time
	var seen string
	begun := len(d.parts)
	timer := time.NewTimer(firstLook)
	defer timer.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		text := w.text()
		if text == seen || strings.TrimSpace(text) == "" || !d.streams() {
			if now := time.Now(); now.After(typed) {
				typed = now.Add(d.typing(ctx))
			}
			timer.Reset(lookAgain)
			continue
		}
		texts := d.cut(text)
		if len(texts) > begun {
			begun = len(texts)
			if err := r.cfg.Store.Begun(ctx, d.in.Key, begun); err != nil {
				r.cfg.Log.Warn("begun parts could not be recorded", "key", d.in.Key, "err", err)
			}
		}
		seen = text
		err := d.put(ctx, texts)
		if e, ok := errors.AsType[*messenger.SendError](err); ok && !e.Again() {
			cancel(e)
			return
		}
		timer.Reset(every)
	}
}

// written is an answer that one goroutine writes and another one reads.
type written struct {
	mu     sync.Mutex
	before string // what earlier rounds wrote
	b      strings.Builder
	calls  []llm.Call
	wishes int                      // bytes of the calls
	seen   func(text func() string) // called with each piece; nil = not called
}

// add reports whether the answer, or its calls, have become too long.
func (w *written) add(p llm.Piece) (full bool) {
	w.mu.Lock()
	if p.Drop {
		w.b.Reset()
	}
	w.b.WriteString(p.Text)
	if p.Call != nil {
		w.calls = append(w.calls, *p.Call)
		w.wishes += p.Size() - len(p.Text)
	}
	full = len(w.before)+w.b.Len() > answerBytes || w.wishes > callBytes
	w.mu.Unlock()
	if w.seen != nil && p.Text != "" {
		w.seen(w.text)
	}
	return full
}

// keep ends a round and keeps its text.
func (w *written) keep() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if text := strings.TrimSpace(w.b.String()); text != "" {
		w.before += messenger.Closed(text) + "\n\n"
	}
	w.b.Reset()
	w.calls, w.wishes = nil, 0
}

// drop discards what this round wrote.
func (w *written) drop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.b.Reset()
	w.calls, w.wishes = nil, 0
}

// text returns the whole answer so far.
func (w *written) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.before + w.b.String()
}

// now returns what this round wrote.
func (w *written) now() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

// begun reports whether this round wrote anything.
func (w *written) begun() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Len() > 0 || len(w.calls) > 0
}

// wanted returns the calls of this round.
func (w *written) wanted() []llm.Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls
}
