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

// Patience configures Retry. The zero value is sensible.
type Patience struct {
	Attempts int           // in all; 0 = 4
	Base     time.Duration // the pause before the second attempt; 0 = 500 ms
	Most     time.Duration // the longest pause; 0 = 30 s

	Clock openmates.Clock                                  // nil = time.Now
	Sleep func(ctx context.Context, d time.Duration) error // nil = a timer; returns early with ctx's error
	Rand  func() float64                                   // in [0,1); nil = math/rand
}

// Retry repeats a request that failed temporarily, as long as nothing of the
// answer has been yielded, because a piece can't be taken back.
//
// The pause doubles with each attempt, with jitter, so that many that failed
// together don't return together. If the provider says how long to wait, that
// is used. A pause above Most, or beyond the deadline of ctx, isn't waited for:
// the failure is yielded immediately, with its After, so that the caller can
// retry later.
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
				var lost Usage // by failed attempts that are billed anyway
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

// once passes an answer on, adding lost to its usage. It returns a failure that
// came before any piece, or nil when the answer, the failure or the reader has
// ended.
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

// piece returns a piece with the usage of a failure.
func (u Usage) piece() Piece {
	if u == (Usage{}) {
		return Piece{}
	}
	return Piece{Usage: &u}
}

// cutAttempts limits the attempts at an answer that had started, because each
// may be billed.
const cutAttempts = 2

// pause waits before the next attempt, or returns the error to give up with.
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

// modelFunc is a func that implements Model.
type modelFunc func(context.Context, Request) iter.Seq2[Piece, error]

// Stream calls the func.
func (f modelFunc) Stream(ctx context.Context, req Request) iter.Seq2[Piece, error] {
	return f(ctx, req)
}
