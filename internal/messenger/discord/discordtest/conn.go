package discordtest

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// Gateway close codes (topics/opcodes-and-status-codes, Gateway Close Event
// Codes).
const (
	closeUnknownOpcode  = 4001
	closeDecode         = 4002
	closeNotIdentified  = 4003
	closeBadToken       = 4004
	closeIdentifiedTwo  = 4005
	closeBadSeq         = 4007
	closeTooFast        = 4008
	closeTimedOut       = 4009
	closeBadShard       = 4010
	closeBadVersion     = 4012
	closeBadIntents     = 4013
	closeDeniedIntents  = 4014
	sendsPerMinute      = 120
	largestPayload      = 4096
	closeAbnormal       = 1006
	closeNormal         = 1000
	closeGoingAway      = 1001
	batchOfEvents       = 64
	silentBeatsAllowed  = 2.5
	deadGateway         = "ws://127.0.0.1:1/gateway" // nobody ever listens on port 1
	largestClientFrame  = 1 << 20
	closeServerReplaces = 4000
)

// conn is one websocket. Its reader handles the protocol; its writer owns the
// socket and sends control payloads first, then the events of its session.
type conn struct {
	s     *Server
	ws    *websocket.Conn
	ctx   context.Context
	stop  context.CancelFunc
	wake  chan struct{}
	zip   *compressor
	kind  string // of compression
	since time.Time
	beat  *time.Timer

	// Only used by the reader.
	window time.Time
	sends  int

	mu      sync.Mutex
	control []control
	ss      *session
	resumed bool
	replay  int64 // number of the RESUMED that ends the replay; 0 = no replay
	sent    int   // events of the replay sent so far
	ours    bool  // this side closes the connection
	ready   bool  // identified or resumed
}

// control is a payload outside of a session, or a close frame.
type control struct {
	payload []byte
	code    int
	reason  string
}

func (s *Server) serveGateway(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return // Accept has already answered
	}
	ws.SetReadLimit(largestClientFrame)
	ctx, stop := context.WithCancel(context.Background())
	q := r.URL.Query()
	c := &conn{
		s: s, ws: ws, ctx: ctx, stop: stop, wake: make(chan struct{}, 1),
		kind: q.Get("compress"), zip: newCompressor(q.Get("compress")), since: s.cfg.Clock(),
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		stop()
		ws.CloseNow()
		return
	}
	s.conns[c] = struct{}{}
	s.wg.Go(c.write)
	s.wg.Go(func() { c.read(q.Get("v"), q.Get("encoding")) })
	s.mu.Unlock()
}

// read runs until the connection ends, then releases the session: closing with
// 1000 or 1001 ends it, anything else keeps it for a while (events/gateway,
// Disconnecting).
func (c *conn) read(version, encoding string) {
	// A client without a heartbeat for two and a half intervals is dead.
	limit := time.Duration(silentBeatsAllowed * float64(c.s.cfg.HeartbeatInterval))
	c.beat = time.AfterFunc(limit, func() { c.closeWith(closeTimedOut, "Session timed out.") })
	switch {
	case version != "" && version != "10" && version != "9":
		c.closeWith(closeBadVersion, "Invalid API version.")
	case encoding != "" && encoding != "json":
		c.closeWith(closeDecode, "Unknown encoding.")
	default:
		c.hello()
	}
	var code int
	for {
		_, data, err := c.ws.Read(c.ctx)
		if err != nil {
			code = closeCode(err)
			break
		}
		c.receive(data)
	}
	c.beat.Stop()
	c.mu.Lock()
	ours, ss := c.ours, c.ss
	c.mu.Unlock()
	c.leave(ss, code, ours)
	if ours {
		// The writer may still be in the closing handshake, which ends by
		// itself.
		return
	}
	c.cut()
}

func (c *conn) leave(ss *session, code int, ours bool) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	if ss == nil {
		return
	}
	ss.detach(c, s.cfg.Clock())
	if ours {
		return
	}
	ss.app.closed = append(ss.app.closed, code)
	if code == closeNormal || code == closeGoingAway {
		s.endSessionLocked(ss)
	}
}

// closeCode returns how the client closed: 1006 if it just disappeared.
func closeCode(err error) int {
	if code := websocket.CloseStatus(err); code >= 0 {
		return int(code)
	}
	return closeAbnormal
}

func (c *conn) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// post queues a control payload.
func (c *conn) post(payload []byte) {
	c.mu.Lock()
	c.control = append(c.control, control{payload: payload})
	c.mu.Unlock()
	c.signal()
}

// closeWith queues a close frame after everything that is already queued.
func (c *conn) closeWith(code int, reason string) {
	c.mu.Lock()
	c.ours = true
	c.control = append(c.control, control{code: code, reason: reason})
	c.mu.Unlock()
	c.signal()
}

// cut closes the TCP connection without a close frame.
func (c *conn) cut() {
	c.mu.Lock()
	c.ours = true
	c.mu.Unlock()
	c.ws.CloseNow()
	c.stop()
}

// write is the only goroutine that writes payloads.
func (c *conn) write() {
	var (
		batch []entry
		frame []byte
	)
	for {
		controls, ss := c.take()
		for _, p := range controls {
			if p.code != 0 {
				if ss != nil {
					ss.detach(c, c.s.cfg.Clock())
				}
				_ = c.ws.Close(websocket.StatusCode(p.code), p.reason)
				c.stop()
				return
			}
			if !c.send(p.payload) {
				return
			}
		}
		var wait time.Duration
		batch, wait = ss.waiting(c, batch[:0])
		for i := range batch {
			frame = appendDispatch(frame[:0], &batch[i])
			if !c.send(frame) || !c.sentOne(ss, &batch[i]) {
				return
			}
			ss.advance(c, batch[i].seq)
		}
		if len(batch) > 0 {
			continue
		}
		if !c.pause(wait) {
			return
		}
	}
}

func (c *conn) take() ([]control, *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	controls := c.control
	c.control = nil
	return controls, c.ss
}

// pause waits for something to do, but not longer than wait unless it is 0.
func (c *conn) pause(wait time.Duration) bool {
	var due <-chan time.Time
	if wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		due = t.C
	}
	select {
	case <-c.wake:
		return true
	case <-due:
		return true
	case <-c.ctx.Done():
		return false
	}
}

func (c *conn) send(payload []byte) bool {
	kind := websocket.MessageText
	if c.zip != nil {
		kind, payload = websocket.MessageBinary, c.zip.pack(payload)
	}
	err := c.ws.Write(c.ctx, kind, payload)
	if err != nil && !errors.Is(err, context.Canceled) {
		c.s.log.Debug("the gateway could not write", "err", err)
	}
	return err == nil
}

// sentOne counts a replayed event and cuts the connection if a fault says so.
func (c *conn) sentOne(ss *session, e *entry) bool {
	c.mu.Lock()
	replaying := c.replay > 0 && e.seq < c.replay
	if replaying {
		c.sent++
	}
	sent := c.sent
	c.mu.Unlock()
	if !replaying {
		return true
	}
	c.s.mu.Lock()
	f := ss.faults
	drop := f.DropInReplayAfter > 0 && sent >= f.DropInReplayAfter
	if drop {
		f.DropInReplayAfter = 0
	}
	c.s.mu.Unlock()
	if drop {
		ss.detach(c, c.s.cfg.Clock())
		c.cut()
	}
	return !drop
}

// waiting returns a batch of due events, or how long until the next one is due.
// It doesn't replay an old RESUMED.
func (ss *session) waiting(c *conn, batch []entry) ([]entry, time.Duration) {
	if ss == nil || ss.faults.frozen.Load() {
		return batch, 0
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.conn != c {
		return batch, 0
	}
	var now time.Time
	for i := ss.next; i < len(ss.log) && len(batch) < batchOfEvents; i++ {
		e := ss.log[i]
		if !e.due.IsZero() {
			if now.IsZero() {
				now = time.Now()
			}
			if wait := e.due.Sub(now); wait > 0 {
				return batch, wait
			}
		}
		if e.t == "RESUMED" && e.seq != c.replayEnd() {
			if len(batch) == 0 {
				ss.next++
			}
			continue
		}
		batch = append(batch, e)
	}
	return batch, 0
}

func (c *conn) replayEnd() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.replay
}

// advance records that the events up to seq were sent.
func (ss *session) advance(c *conn, seq int64) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.conn != c {
		return
	}
	for ss.next < len(ss.log) && ss.log[ss.next].seq <= seq {
		ss.next++
	}
}

func appendDispatch(b []byte, e *entry) []byte {
	b = append(b, `{"t":"`...)
	b = append(b, e.t...)
	b = append(b, `","s":`...)
	b = strconv.AppendInt(b, e.seq, 10)
	b = append(b, `,"op":0,"d":`...)
	b = append(b, e.d...)
	return append(b, '}')
}
