package wire

import (
	"errors"
	"fmt"
	"io"

	"openmates/internal/llm"
)

// Decoder makes sense of the events of one answer.
type Decoder interface {
	// Event takes one event, or the whole answer of a server that doesn't
	// stream, and gives the text in it. An *llm.Error is the server's own; any
	// other error means that the event can't be understood.
	Event(ev Event) (text string, err error)
	// Progress says how far the answer is.
	Progress() Progress
	// End gives what stands only when all is read.
	End() (calls []llm.Call, usage llm.Usage, stop llm.Stop)
}

// Progress is how far an answer is.
type Progress int

// The stages. A stream that ends before Whole is cut.
const (
	Going Progress = iota // more must come
	Whole                 // nothing is missing, but the usage may follow
	Over                  // nothing follows
)

// Pump hands the answer to d and yields its pieces as Model.Stream has to.
func (s *Stream) Pump(d Decoder, yield func(llm.Piece, error) bool) {
	next, err := s.events()
	if err != nil {
		yield(llm.Piece{}, err)
		return
	}
	for d.Progress() != Over {
		was := d.Progress()
		text, err := s.step(d, next)
		switch {
		case err != nil && was == Whole && s.outer.Err() == nil:
			// What broke was no longer needed.
		case err != nil:
			yield(llm.Piece{}, err)
			return
		case text != "" && !yield(llm.Piece{Text: text}, nil):
			return
		default:
			continue
		}
		break
	}
	if s.end(d, yield) {
		s.drain()
	}
}

// end yields the calls and the last piece, and says whether the reader took
// them all.
func (s *Stream) end(d Decoder, yield func(llm.Piece, error) bool) bool {
	calls, usage, stop := d.End()
	for _, c := range calls {
		if !yield(llm.Piece{Call: &c}, nil) {
			return false
		}
	}
	return yield(llm.Piece{Usage: &usage, Stop: stop}, nil)
}

// events gives the events one by one, io.EOF behind the last.
func (s *Stream) events() (func() (Event, error), error) {
	stream, err := s.isEvents()
	if err != nil {
		return nil, err
	}
	if stream {
		return NewReader(s.body).Next, nil
	}
	done := false
	return func() (Event, error) {
		if done {
			return Event{}, io.EOF
		}
		done = true
		body, err := io.ReadAll(io.LimitReader(s.body, maxBody))
		return Event{Data: body}, err
	}, nil
}

// step reads one event. The clock that gives up a silent connection stands
// still while the reader of the answer is busy with what came before.
func (s *Stream) step(d Decoder, next func() (Event, error)) (string, error) {
	wait := s.client.idle
	if d.Progress() == Whole {
		wait = min(wait, lastWait)
	}
	s.timer.Reset(wait)
	ev, err := next()
	s.timer.Stop()
	if err != nil {
		return "", s.cut(err)
	}
	text, err := d.Event(ev)
	if err != nil {
		return "", s.inStream(err)
	}
	return text, nil
}

// cut is the error for a stream that ended too early.
func (s *Stream) cut(err error) error {
	if errors.Is(err, io.EOF) {
		err = errors.New("the stream ended before the answer did")
	}
	return s.broken(llm.KindCut, err)
}

// inStream is the error for what an event said, or failed to say.
func (s *Stream) inStream(err error) error {
	if e, ok := errors.AsType[*llm.Error](err); ok {
		e.Err = s.client.hide(e.Err)
		return e
	}
	return s.broken(llm.KindCut, fmt.Errorf("an event can't be read: %w", err))
}

// drain reads to the end of the body, which is but a few bytes away, so that
// the connection can serve the next request. A server that doesn't end it
// loses the connection instead.
func (s *Stream) drain() {
	s.timer.Reset(min(s.client.idle, lastWait/10))
	_, _ = io.CopyN(io.Discard, s.body, 4<<10)
}
