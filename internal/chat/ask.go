package chat

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"openmates"
)

// Accept journals a question. nil means that it is stored, now or earlier, and
// will be answered once. It is the only way in: everything else that accepts
// questions calls it.
func (r *Room) Accept(ctx context.Context, q Question) error {
	j, err := q.job(r.cfg.Clock())
	if err != nil {
		return err
	}
	return r.cfg.Queue.Push(ctx, j)
}

const (
	// lookEvery is how often a waiting caller checks the journal for what
	// another process has written.
	lookEvery = 200 * time.Millisecond
	leaveTime = 10 * time.Second
)

// Pending means that a question is accepted but has no outcome yet. A caller
// with a ticket may ask again for the same answer; without a ticket, the answer
// is cancelled.
type Pending struct{ Err error }

// Error returns the text for the log.
func (p *Pending) Error() string { return p.Err.Error() }

// Unwrap returns why waiting ended.
func (p *Pending) Unwrap() error { return p.Err }

// Ask accepts a question and waits for its outcome, whichever process writes
// it. show, unless nil, is called with the text so far while it grows, and may
// block. A refusal by the mate is an outcome, too, not an error. A *Pending
// means that there is none yet: ctx has ended, or no worker has started within
// Config.Patience.
func (r *Room) Ask(ctx context.Context, a Ask, show func(text string)) (openmates.Outcome, error) {
	leave, err := r.crowd.enter(a.User)
	if err != nil {
		return openmates.Outcome{}, err
	}
	defer leave()
	asksAgain := a.Ticket != ""
	if !asksAgain {
		a.Ticket = rand.Text()
	}
	key := a.key()
	s := r.desk.sit(key, show != nil)
	defer r.desk.rise(s)
	if err := r.Accept(ctx, a); err != nil {
		return openmates.Outcome{}, fmt.Errorf("accept a question: %w", err)
	}
	err = r.wait(ctx, s, a, show, asksAgain)
	if err == nil {
		return r.outcome(ctx, s)
	}
	if _, pending := errors.AsType[*Pending](err); pending && !asksAgain {
		r.left(ctx, key)
	}
	return openmates.Outcome{Key: key}, err
}

// wait returns when the turn is settled. again means that it may already be.
func (r *Room) wait(ctx context.Context, s *seat, a Ask, show func(string), again bool) error {
	if show == nil {
		show = func(string) {}
	}
	patience := time.NewTimer(r.cfg.Patience)
	defer patience.Stop()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	if again {
		if done, err := r.lookFor(ctx, s, a, show); done || err != nil {
			return err
		}
	}
	for {
		select {
		case <-s.wake:
			text, _, came := r.desk.see(s)
			if came != nil {
				return nil
			}
			if text != "" {
				show(text)
			}
		case <-look.C:
			if done, err := r.lookFor(ctx, s, a, show); done || err != nil {
				return err
			}
		case <-patience.C:
			if _, taken, _ := r.desk.see(s); !taken {
				return &Pending{openmates.Errorf(openmates.EUnavailable, "No worker of this server has started on your question yet. Please ask again in a moment.")}
			}
		case <-ctx.Done():
			return pending(ctx)
		}
	}
}

// pending returns the error for a caller that stops waiting.
func pending(ctx context.Context) error {
	err := context.Cause(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = &openmates.Error{Code: openmates.EUnavailable, Err: err,
			Message: openmates.T("The answer isn't finished yet. Please ask the same again in a moment: you'll get this answer, and it is only paid for once.")}
	}
	return &Pending{err}
}

// lookFor checks the journal for the outcome, and shows what another process
// has written so far. A question that the journal has lost is accepted again.
func (r *Room) lookFor(ctx context.Context, s *seat, a Ask, show func(string)) (done bool, err error) {
	p, err := r.cfg.Store.Progress(ctx, s.key)
	switch {
	case ctx.Err() != nil:
		return false, pending(ctx)
	case err != nil:
		r.cfg.Log.Warn("the journal could not be read for somebody who waits", "key", s.key, "err", err)
		return false, nil
	case !p.Known:
		return false, r.Accept(ctx, a)
	case p.Ended:
		return true, nil
	case p.Text != "":
		show(p.Text)
	}
	r.desk.taken(s, p.Taken)
	return false, nil
}

// outcome returns the result of the turn, either from a worker in this process
// or from the journal.
func (r *Room) outcome(ctx context.Context, s *seat) (openmates.Outcome, error) {
	var o openmates.Outcome
	if _, _, came := r.desk.see(s); came != nil {
		o = *came
	} else {
		was, _, ok, err := r.cfg.Store.Settled(ctx, s.key)
		if err != nil {
			return openmates.Outcome{Key: s.key}, &Pending{fmt.Errorf("read the outcome: %w", err)}
		}
		if o = was; !ok { // it was pruned
			o.State = openmates.TurnFailed
		}
	}
	if o.State == openmates.TurnFailed && o.Text == "" {
		return openmates.Outcome{Key: s.key}, openmates.Errorf(openmates.EUnavailable, "Something went wrong on this server, so your question wasn't answered. Please ask again.")
	}
	return o, nil
}

// left cancels the answer to a question that its asker can't ask for again.
func (r *Room) left(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTime)
	defer cancel()
	if err := r.desk.leave(ctx, key); err != nil {
		r.cfg.Log.Warn("an answer that nobody waits for goes on", "key", key, "err", err)
	}
}
