package wire

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"openmates/internal/llm"
)

// Decoder makes sense of the events of one answer.
type Decoder interface {
	// Event takes one event, or the whole answer of a server that doesn't
	// stream, and returns the text in it. An *llm.Error is the server's own; any
	// other error means that the event can't be understood.
	Event(ev Event) (text string, err error)
	// Progress says how far the answer is.
	Progress() Progress
	// Counted is what it has read besides the text.
	Counted() *Tally
	// End returns what stands only when all is read. The usage is as the server
	// tells it, zero where it tells none.
	End() (calls []llm.Call, usage llm.Usage, stop llm.Stop)
}

// Tally is what a decoder has read besides the text that it gave. It is embedded
// in a decoder, which tells it of everything it keeps.
type Tally struct {
	calls   int
	bytes   int
	written llm.Count // of calls, and of thoughts that are shown to nobody
}

// Counted implements Decoder.
func (t *Tally) Counted() *Tally { return t }

// NewCall counts a call.
func (t *Tally) NewCall() { t.calls++ }

// Keep counts what is kept of calls.
func (t *Tally) Keep(id, name, arguments string) {
	t.bytes += len(id) + len(name) + len(arguments)
	t.written.Call(llm.Call{Name: name, Arguments: arguments})
}

// Think counts a thought, which is billed though nobody sees it.
func (t *Tally) Think(text string) { t.written.Add(text) }

// Progress is how far an answer is.
type Progress int

// The stages. A stream that ends before Whole is cut.
const (
	Going Progress = iota // more must come
	Whole                 // nothing is missing, but the usage may follow
	Over                  // nothing follows
)

// Pump hands the answer to d and yields its pieces as Model.Stream has to. It
// is the one place where what a server says of its usage is held against what
// went and came, and where an answer that never ends is ended.
func (s *Stream) Pump(d Decoder, yield func(llm.Piece, error) bool) {
	next, err := s.events()
	if err != nil {
		yield(llm.Piece{}, err)
		return
	}
	for d.Progress() != Over {
		was := d.Progress()
		text, err := s.step(d, next)
		text, full := s.room(d, text)
		switch {
		case err != nil && was == Whole && s.outer.Err() == nil:
			// What broke was no longer needed.
		case err != nil:
			yield(s.spent(d), err)
			return
		case text != "" && !yield(llm.Piece{Text: text}, nil):
			return
		case full:
			_, told, _ := d.End()
			yield(llm.Piece{Usage: s.usage(d, told), Stop: llm.StopLength}, nil)
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

// room takes as much of a text as still fits into an answer, and reports whether
// that is full.
func (s *Stream) room(d Decoder, text string) (fits string, full bool) {
	h := d.Counted()
	left := llm.MaxAnswer - s.said.Len() - h.bytes
	if len(text) > left {
		text, full = strings.ToValidUTF8(text[:max(left, 0)], ""), true
	}
	s.said.WriteString(text)
	s.text.Add(text)
	return text, full || left < 0 || h.calls > llm.MaxCalls || s.received > maxStream
}

// usage is what the answer used, as far as its server can be believed.
func (s *Stream) usage(d Decoder, told llm.Usage) *llm.Usage {
	written := s.text
	written.Join(d.Counted().written)
	u := llm.Seen{Asked: s.asked, Sent: s.sent, Received: s.received, Written: written}.Hold(told)
	return &u
}

// spent is the piece together with a failure: what was written by then is billed, and
// so is what the server has read when it is left.
func (s *Stream) spent(d Decoder) llm.Piece {
	if s.text.Bytes() == 0 && d.Counted().written.Bytes() == 0 && s.outer.Err() == nil {
		return llm.Piece{}
	}
	_, told, _ := d.End()
	return llm.Piece{Usage: s.usage(d, told)}
}

// end yields the calls and the last piece, and reports whether the reader took
// them all.
func (s *Stream) end(d Decoder, yield func(llm.Piece, error) bool) bool {
	calls, told, stop := d.End()
	for _, c := range calls {
		if !yield(llm.Piece{Call: &c}, nil) {
			return false
		}
	}
	return yield(llm.Piece{Usage: s.usage(d, told), Stop: stop}, nil)
}

// events returns the events one by one, io.EOF behind the last.
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
		e.Err = s.hide(e.Err)
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
