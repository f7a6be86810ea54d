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

// Decoder decodes the events of one answer.
type Decoder interface {
	// Event decodes one event, or the whole answer of a server that doesn't
	// stream, and returns its text. An *llm.Error is the server's own; any
	// other error means that the event can't be decoded.
	Event(ev Event) (text string, err error)
	// Progress returns how much of the answer has arrived.
	Progress() Progress
	// Counted returns what it has read besides the text.
	Counted() *Tally
	// End returns what is only known at the end.
	End() End
}

// End is the end of an answer. The usage is as the server reports it, or zero.
type End struct {
	Calls []llm.Call
	Usage llm.Usage
	Stop  llm.Stop
	Echo  llm.Echo
}

// Tally counts what a decoder has read besides the text. It is embedded in a
// decoder, which reports to it everything that it keeps.
type Tally struct {
	calls   int
	bytes   int
	thought bool      // thoughts arrive separately from the text
	written llm.Count // by calls, and by hidden thoughts
}

// Counted implements Decoder.
func (t *Tally) Counted() *Tally { return t }

// NewCall counts a call.
func (t *Tally) NewCall() { t.calls++ }

// Keep counts what is kept for calls.
func (t *Tally) Keep(id, name, arguments string) {
	t.bytes += len(id) + len(name) + len(arguments)
	t.written.Call(llm.Call{Name: name, Arguments: arguments})
}

// Think counts a thought, which is billed although nobody sees it.
func (t *Tally) Think(text string) {
	t.written.Add(text)
	t.thought = t.thought || text != ""
}

// Hold counts bytes that are kept for a thought.
func (t *Tally) Hold(bytes int) { t.bytes += bytes }

// Progress is how much of an answer has arrived.
type Progress int

// The stages. A stream that ends before Whole is truncated.
const (
	Going Progress = iota // more must come
	Whole                 // complete, but the usage may follow
	Over                  // nothing follows
)

// Pump passes the answer to d and yields its pieces as Model.Stream must. It is
// the only place where thoughts are removed from the text, where reported usage
// is checked against the bytes sent and received, and where an endless answer
// is ended.
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
			// The rest was no longer needed.
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

// room takes as much of a text, without its thoughts, as still fits into an
// answer, and reports whether the answer is full.
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

// usage returns the answer's usage, as far as the server can be believed.
func (s *Stream) usage(d Decoder, told llm.Usage) *llm.Usage {
	written := s.text
	written.Join(d.Counted().written)
	u := llm.Seen{Asked: s.asked, Sent: s.sent, Received: s.received, Written: written}.Hold(told)
	return &u
}

// spent returns the piece that goes with a failure: what was written until then
// is billed, and so is what an abandoned server has read.
func (s *Stream) spent(d Decoder) llm.Piece {
	if s.text.Bytes() == 0 && d.Counted().written.Bytes() == 0 && s.outer.Err() == nil {
		return llm.Piece{}
	}
	return llm.Piece{Usage: s.usage(d, d.End().Usage)}
}

// end yields what was held back, the calls and the last piece, and reports
// whether the reader accepted them all.
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

// events returns the events one by one, then io.EOF. Servers and proxies call a
// stream a document and a document a stream; the first character decides.
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

// firstByte returns the first non-blank character, without consuming it.
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

// documents returns the JSON documents in a body one by one, and the elements
// of a list as documents: Google's API sends its chunks as a list if a proxy
// drops the query. What follows the last document is ignored.
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

// notJSON detects the end of the documents: what follows them, such as "data:
// [DONE]", is ignored.
func notJSON(err error) error {
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return io.EOF
	}
	return err
}

// step reads one event. The idle timer stops while the reader of the answer is
// busy.
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

// cut returns the error for a stream that ended too early.
func (s *Stream) cut(err error) error {
	if errors.Is(err, io.EOF) {
		err = errors.New("the stream ended before the answer did")
	}
	return s.broken(llm.KindCut, err)
}

// inStream returns the error for an event that reports one, or can't be
// decoded.
func (s *Stream) inStream(err error) error {
	if e, ok := errors.AsType[*llm.Error](err); ok {
		e.Err = s.hide(e.Err)
		return e
	}
	return s.broken(llm.KindCut, fmt.Errorf("an event can't be read: %w", err))
}

// drain reads the few remaining bytes of the body, so that the connection can
// be reused. If the server doesn't end the body, the connection is closed
// instead.
func (s *Stream) drain() {
	s.timer.Reset(min(s.client.idle, lastWait/10))
	_, _ = io.CopyN(io.Discard, s.body, 4<<10)
}
