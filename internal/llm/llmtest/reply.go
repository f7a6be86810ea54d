package llmtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"openmates/internal/llm"
)

// Reply is what the server answers, and how.
type Reply struct {
	Text   string     // streamed word by word
	Pieces []string   // the exact pieces, instead of Text
	Calls  []llm.Call // the tools that it calls; Google's API signs a call with the Data of its Echo
	Args   int        // bytes of a call's arguments per chunk; 0 = all
	Usage  *llm.Usage // nil = a small count
	Stop   llm.Stop   // "" = StopCalls if there are calls, StopEnd if not

	Fail *Failure // fails at once, or in the middle with an error (InStream)

	First time.Duration // before the first byte
	Gap   time.Duration // before each further chunk
	Bytes int           // bytes per write; 0 = one chunk with a Gap, otherwise everything at once

	Cut       Cut    // ends the stream too early
	Malformed bool   // an unreadable chunk follows the pieces
	Hold      bool   // after the pieces nothing follows until the client leaves
	NoUsage   bool   // usage isn't reported
	Flood     int    // sends this many bytes by repeating the longest chunk, then ends the stream
	NoDone    bool   // OpenAI: no [DONE] at the end
	Comments  bool   // comments between the chunks
	NoSpace   bool   // no space after "data:"
	Whole     bool   // OpenAI: one document although a stream was requested
	Raw       []byte // a body that is sent as it is, instead of everything above
	Type      string // of a Raw body; "" = text/event-stream
	Status    int    // of a Raw body; 0 = 200
}

// Cut is a way to end a stream too early.
type Cut int

// The ways.
const (
	NoCut    Cut = iota
	CutFirst     // the connection breaks before the first piece
	CutBreak     // the connection breaks after the pieces
	CutEnd       // the stream ends cleanly after the pieces
)

// Failure is an error response. Its status and body are what the API would
// answer.
type Failure struct {
	Kind     llm.Kind
	Status   int           // 0 = the API's
	After    time.Duration // Retry-After
	Message  string        // "" = the API's
	InStream bool          // after the pieces, within the stream
}

// dialect is one wire format.
type dialect interface {
	base() string // the path at the end of a base address
	ask(r *http.Request, body []byte) (Question, error)
	list(w http.ResponseWriter, r *http.Request, models []string)
	refuse(w http.ResponseWriter, f Failure)
	// stream appends the chunks of an answer; the last one is its end.
	stream(b *builder, q Question, r Reply)
	failure(f Failure) (event string, data []byte)
	whole(q Question, r Reply) []byte
}

var dialects = map[API]dialect{OpenAI: openAI{}, Anthropic: anthropic{}, Google: google{}, Responses: responses{}}

var errNoSuchPath = errors.New("no such path")

// builder collects the chunks of a stream in one buffer.
type builder struct {
	reply Reply
	buf   bytes.Buffer
	ends  []int
	text  int // the chunks up to the last piece of text or call
}

func (b *builder) add(event string, data []byte) {
	if b.reply.Comments {
		b.buf.WriteString(": keep-alive\n\n")
	}
	if event != "" {
		b.buf.WriteString("event: ")
		b.buf.WriteString(event)
		b.buf.WriteByte('\n')
	}
	b.buf.WriteString("data:")
	if !b.reply.NoSpace {
		b.buf.WriteByte(' ')
	}
	b.buf.Write(data)
	b.buf.WriteString("\n\n")
	b.ends = append(b.ends, b.buf.Len())
}

// body marks that all pieces are written and only the end is missing.
func (b *builder) body() { b.text = len(b.ends) }

// shorten keeps the chunks up to the last piece.
func (b *builder) shorten() {
	b.ends = b.ends[:b.text]
	n := 0
	if b.text > 0 {
		n = b.ends[b.text-1]
	}
	b.buf.Truncate(n)
}

// longest returns the longest chunk.
func (b *builder) longest() []byte {
	var long []byte
	begin := 0
	for _, end := range b.ends {
		if end-begin > len(long) {
			long = b.buf.Bytes()[begin:end]
		}
		begin = end
	}
	return long
}

// play sends the reply.
func (s *Server) play(w http.ResponseWriter, r *http.Request, q Question, reply Reply) {
	ctx := r.Context()
	if !pause(ctx, reply.First) {
		return
	}
	switch {
	case reply.Fail != nil && !reply.Fail.InStream:
		s.dialect.refuse(w, *reply.Fail)
		return
	case reply.Raw != nil:
		b := builder{reply: reply, ends: []int{len(reply.Raw)}}
		b.buf.Write(reply.Raw)
		stream(ctx, w, &b)
		return
	case !q.Stream || reply.Whole:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(s.dialect.whole(q, reply))
		return
	case reply.Cut == CutFirst:
		w.Header().Set("Content-Type", "text/event-stream")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	b, ok := s.memory.Get().(*builder)
	if !ok {
		b = new(builder)
	}
	defer s.memory.Put(b)
	b.reply, b.ends, b.text = reply, b.ends[:0], 0
	b.buf.Reset()
	s.dialect.stream(b, q, reply)
	if reply.Fail != nil || reply.Cut != NoCut || reply.Malformed || reply.Hold || reply.Flood > 0 {
		b.shorten()
	}
	if reply.Fail != nil {
		b.add(s.dialect.failure(*reply.Fail))
	}
	if reply.Malformed {
		b.add("", []byte(`{"choices":[{"delta":{"content":"bro`))
	}
	stream(ctx, w, b)
	if reply.Flood > 0 {
		s.flood(w, b.longest(), reply.Flood)
	}
}

// flood repeats a chunk until enough was sent or the client has left.
func (s *Server) flood(w http.ResponseWriter, chunk []byte, most int) {
	for sent := 0; sent < most; sent += len(chunk) {
		if _, err := w.Write(chunk); err != nil {
			return
		}
		s.flooded.Add(int64(len(chunk)))
	}
}

// stream writes the chunks.
func stream(ctx context.Context, w http.ResponseWriter, b *builder) {
	kind := b.reply.Type
	if kind == "" {
		kind = "text/event-stream"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-cache")
	if b.reply.Status != 0 {
		w.WriteHeader(b.reply.Status)
	}
	out := http.NewResponseController(w)
	all, begin := b.buf.Bytes(), 0
	for _, end := range b.cuts() {
		if begin > 0 && !pause(ctx, b.reply.Gap) {
			return
		}
		if _, err := w.Write(all[begin:end]); err != nil {
			return
		}
		begin = end
		if end < len(all) || b.reply.Hold || b.reply.Cut == CutBreak {
			if out.Flush() != nil {
				return
			}
		}
	}
	if b.reply.Hold {
		<-ctx.Done()
	}
	if b.reply.Cut == CutBreak {
		panic(http.ErrAbortHandler)
	}
}

// cuts returns the positions at which a write ends.
func (b *builder) cuts() []int {
	switch {
	case b.reply.Bytes > 0:
		var at []int
		for i := b.reply.Bytes; i < b.buf.Len(); i += b.reply.Bytes {
			at = append(at, i)
		}
		return append(at, b.buf.Len())
	case b.reply.Gap > 0:
		return b.ends
	}
	return []int{b.buf.Len()}
}

func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (r Reply) pieces() []string {
	if r.Pieces != nil || r.Text == "" {
		return r.Pieces
	}
	return strings.SplitAfter(r.Text, " ")
}

func (r Reply) text() string {
	if r.Pieces != nil {
		return strings.Join(r.Pieces, "")
	}
	return r.Text
}

func (r Reply) usage() llm.Usage {
	if r.Usage != nil {
		return *r.Usage
	}
	return llm.Usage{Input: 10, Output: 1 + len(r.text())/4}
}

func (r Reply) stop() llm.Stop {
	switch {
	case r.Stop != "":
		return r.Stop
	case len(r.Calls) > 0:
		return llm.StopCalls
	}
	return llm.StopEnd
}

// fragments splits the arguments of a call.
func (r Reply) fragments(args string) []string {
	if r.Args <= 0 || len(args) <= r.Args {
		return []string{args}
	}
	var parts []string
	for len(args) > r.Args {
		n := r.Args
		for n < len(args) && args[n]&0xC0 == 0x80 { // not within a rune, which JSON couldn't represent
			n++
		}
		parts, args = append(parts, args[:n]), args[n:]
	}
	return append(parts, args)
}

// refuseWith writes an error as a JSON document.
func refuseWith(w http.ResponseWriter, f Failure, status int, body []byte) {
	if f.Status != 0 {
		status = f.Status
	}
	if f.After > 0 {
		w.Header().Set("Retry-After", strconv.FormatFloat(f.After.Seconds(), 'f', -1, 64))
	}
	writeJSON(w, status, body)
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// quoted appends a JSON string.
func quoted(to []byte, s string) []byte {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\' {
			return append(to, encode(s)...)
		}
	}
	to = append(append(to, '"'), s...)
	return append(to, '"')
}

// encode returns the JSON of a value that always has one.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

type object = map[string]any
