package llm

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"time"

	"openmates"
)

// Patience says how Retry tries again. The zero value is a sensible one.
type Patience struct {
	Attempts int           // in all; 0 = 4
	Base     time.Duration // the pause before the second attempt; 0 = 500 ms
	Most     time.Duration // the longest pause; 0 = 30 s

	Clock openmates.Clock                                  // nil = time.Now
	Sleep func(ctx context.Context, d time.Duration) error // nil = a timer; returns early with ctx's error
	Rand  func() float64                                   // in [0,1); nil = math/rand
}

// Retry asks a model again when it failed in a way that can pass, as long as
// nothing of the answer was yielded: a piece that a reader has can't be taken
// back.
//
// The pause doubles with each attempt and is spread by half, so that many who
// failed together don't return together. A provider that says how long to wait
// gets that time. A pause above Most, or beyond the deadline of ctx, isn't
// waited for: the failure is yielded at once, with its After, and the caller that keeps
// the work can try later.
func Retry(p Patience) Wrapper {
	p.Attempts = cmp.Or(p.Attempts, 4)
	p.Base = cmp.Or(p.Base, 500*time.Millisecond)
	p.Most = cmp.Or(p.Most, 30*time.Second)
	if p.Clock == nil {
		p.Clock = time.Now
	}
	if p.Sleep == nil {
		p.Sleep = sleep
	}
	if p.Rand == nil {
		p.Rand = rand.Float64
	}
	return func(m Model) Model {
		return modelFunc(func(ctx context.Context, req Request) iter.Seq2[Piece, error] {
			return func(yield func(Piece, error) bool) {
				var lost Usage // by attempts that failed and are billed all the same
				for attempt := 1; ; attempt++ {
					err := once(m.Stream(ctx, req), &lost, yield)
					if err == nil {
						return
					}
					if e := p.pause(ctx, attempt, err); e != nil {
						yield(lost.piece(), e)
						return
					}
				}
			}
		})
	}
}

// once hands an answer on, with what was lost before it in its usage. It
// returns the failure that came before any piece, and nil when the answer, the
// failure or the reader has come to its end.
func once(answer iter.Seq2[Piece, error], lost *Usage, yield func(Piece, error) bool) error {
	begun := false
	for piece, err := range answer {
		if piece.Usage != nil {
			*lost = lost.Plus(*piece.Usage)
			sum := *lost
			piece.Usage = &sum
		}
		if err != nil && !begun {
			return err
		}
		if err != nil {
			piece = lost.piece()
		}
		begun = true
		if !yield(piece, err) {
			return nil
		}
	}
	return nil
}

// piece carries what was used together with a failure.
func (u Usage) piece() Piece {
	if u == (Usage{}) {
		return Piece{}
	}
	return Piece{Usage: &u}
}

// cutAttempts bounds the attempts at an answer that was begun: each may be paid.
const cutAttempts = 2

// pause waits before the next attempt. It returns the error to give up with.
func (p *Patience) pause(ctx context.Context, attempt int, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || !e.Again() || attempt >= p.Attempts || e.Kind == KindCut && attempt == cutAttempts {
		return err
	}
	d := p.Base << min(attempt-1, 20)
	d = time.Duration(float64(d) * (0.5 + p.Rand()))
	if d <= 0 || d > p.Most {
		d = p.Most
	}
	d = max(d, e.After)
	if d > p.Most {
		return err
	}
	if until, ok := ctx.Deadline(); ok && p.Clock().Add(d).After(until) {
		return err
	}
	return p.Sleep(ctx, d)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// modelFunc makes a Model of a function.
type modelFunc func(context.Context, Request) iter.Seq2[Piece, error]

// Stream calls the function.
func (f modelFunc) Stream(ctx context.Context, req Request) iter.Seq2[Piece, error] {
	return f(ctx, req)
}
