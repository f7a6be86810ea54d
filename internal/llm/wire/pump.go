package wire

import (
	"bufio"
	"encoding/json"
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
	// End returns what stands only when all is read.
	End() End
}

// End is what stands at the end of an answer. The usage is as the server tells
// it, zero where it tells none.
type End struct {
	Calls []llm.Call
	Usage llm.Usage
	Stop  llm.Stop
	Echo  llm.Echo
}

// Tally is what a decoder has read besides the text that it gave. It is embedded
// in a decoder, which tells it of everything it keeps.
type Tally struct {
	calls   int
	bytes   int
	thought bool      // what is thought comes apart from the text
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
func (t *Tally) Think(text string) {
	t.written.Add(text)
	t.thought = t.thought || text != ""
}

// Hold counts bytes that are kept of a thought.
func (t *Tally) Hold(bytes int) { t.bytes += bytes }

// Progress is how far an answer is.
type Progress int

// The stages. A stream that ends before Whole is cut.
const (
	Going Progress = iota // more must come
	Whole                 // nothing is missing, but the usage may follow
	Over                  // nothing follows
)

// Pump hands the answer to d and yields its pieces as Model.Stream has to. It
// is the one place where thoughts are taken out of the text, where what a server
// says of its usage is held against what went and came, and where an answer that
// never ends is ended.
func (s *Stream) Pump(d Decoder, yield func(llm.Piece, error) bool) {
	next, err := s.events()
	if err != nil {
		yield(llm.Piece{}, err)
		return
	}
	for d.Progress() != Over {
		was := d.Progress()
		text, err := s.step(d, next)
		piece, full := s.room(d, text)
		switch {
		case err != nil && was == Whole && s.outer.Err() == nil:
			// What broke was no longer needed.
		case err != nil:
			yield(s.spent(d), err)
			return
		case shows(piece) && !yield(piece, nil):
			return
		case full:
			yield(llm.Piece{Usage: s.usage(d, d.End().Usage), Stop: llm.StopLength}, nil)
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

func shows(p llm.Piece) bool { return p.Text != "" || p.Drop }

// room takes as much of a text as still fits into an answer, without the
// thoughts in it, and reports whether the answer is full.
func (s *Stream) room(d Decoder, text string) (p llm.Piece, full bool) {
	h := d.Counted()
	left := llm.MaxAnswer - s.said.Len() - h.bytes
	if len(text) > left {
		text, full = strings.ToValidUTF8(text[:max(left, 0)], ""), true
	}
	s.said.WriteString(text)
	s.text.Add(text)
	if h.thought {
		s.Thoughts.Hold = false
	}
	p.Text, _, p.Drop = s.Thoughts.Add(text)
	return p, full || left < 0 || h.calls > llm.MaxCalls || s.received > maxStream
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
	return llm.Piece{Usage: s.usage(d, d.End().Usage)}
}

// end yields what was held back, the calls and the last piece, and reports
// whether the reader took them all.
func (s *Stream) end(d Decoder, yield func(llm.Piece, error) bool) bool {
	var rest llm.Piece
	rest.Text, _, rest.Drop = s.Thoughts.Rest()
	if shows(rest) && !yield(rest, nil) {
		return false
	}
	e := d.End()
	for _, c := range e.Calls {
		if !yield(llm.Piece{Call: &c}, nil) {
			return false
		}
	}
	return yield(llm.Piece{Usage: s.usage(d, e.Usage), Stop: e.Stop, Echo: e.Echo}, nil)
}

// events returns the events one by one, io.EOF behind the last. Servers and
// proxies call a stream a document and a document a stream; its first character
// tells.
func (s *Stream) events() (func() (Event, error), error) {
	if err := s.notAPage(); err != nil {
		return nil, err
	}
	body := bufio.NewReaderSize(s.body, 4<<10)
	var read func() (Event, error)
	return func() (Event, error) {
		if read == nil {
			first, err := firstByte(body)
			if err != nil {
				return Event{}, err
			}
			read = NewReader(body).Next
			if first == '{' || first == '[' {
				read = documents(body)
			}
		}
		return read()
	}, nil
}

// firstByte returns the first character that is no blank, without reading it.
func firstByte(r *bufio.Reader) (byte, error) {
	for {
		b, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		if b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return b, r.UnreadByte()
		}
	}
}

// documents returns the JSON documents of a body one by one, and the elements of
// a list as documents: Google's API sends its chunks as one where a proxy loses
// the query. What follows the last document is not looked at.
func documents(r io.Reader) func() (Event, error) {
	in := json.NewDecoder(io.LimitReader(r, maxBody))
	var queue []json.RawMessage
	return func() (Event, error) {
		if len(queue) == 0 {
			var doc json.RawMessage
			if err := in.Decode(&doc); err != nil {
				return Event{}, notJSON(err)
			}
			queue = []json.RawMessage{doc}
			if doc[0] == '[' && json.Unmarshal(doc, &queue) != nil || len(queue) == 0 {
				return Event{}, io.EOF
			}
		}
		ev := Event{Data: queue[0]}
		queue = queue[1:]
		return ev, nil
	}
}

// notJSON tells the end of the documents: what follows them, "data: [DONE]"
// for one, means nothing.
func notJSON(err error) error {
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return io.EOF
	}
	return err
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
