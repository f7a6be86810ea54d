package llm

import (
	"context"
	"errors"
	"iter"
	"strings"
	"time"
)

// ErrLeft is what a meter is told when the reader left before the answer's end.
var ErrLeft = errors.New("the reader left before the answer ended")

// Meter tells report what each answer took: the tokens, the time from the
// question to the end, and how it failed (nil = not at all). It is called once
// per answer, before Stream returns. Providers bill for what they wrote of an
// answer that was cut or left, so the tokens of one are estimated; a failure
// before the first piece costs nothing.
func Meter(report func(Usage, time.Duration, error)) Wrapper {
	return func(m Model) Model {
		return modelFunc(func(ctx context.Context, req Request) iter.Seq2[Piece, error] {
			return func(yield func(Piece, error) bool) {
				r := reading{req: req}
				begin := time.Now()
				defer func() { report(r.usage(), time.Since(begin), r.err) }()
				for p, err := range m.Stream(ctx, req) {
					r.take(p, err)
					if !yield(p, err) {
						r.leave()
						return
					}
				}
			}
		})
	}
}

// reading is what a meter saw of one answer.
type reading struct {
	req   Request
	told  *Usage
	text  strings.Builder
	calls []Call
	begun bool
	err   error
}

func (r *reading) take(p Piece, err error) {
	if p.Usage != nil {
		r.told = p.Usage
	}
	if err != nil {
		r.err = err
		return
	}
	r.begun = true
	r.text.WriteString(p.Text)
	if p.Call != nil {
		r.calls = append(r.calls, *p.Call)
	}
}

func (r *reading) leave() {
	if r.err == nil && r.told == nil {
		r.err = ErrLeft
	}
}

func (r *reading) usage() Usage {
	switch {
	case r.told != nil:
		return *r.told
	case !r.begun:
		return Usage{}
	}
	return Usage{
		Input:  Estimate(r.req),
		Output: EstimateMessage(Message{Text: r.text.String(), Calls: r.calls}),
	}
}
