package discordtest

import (
	"slices"
	"sync"
	"time"
)

// How many events a session keeps: sent ones for replay, and unsent ones.
const (
	keepSent    = 4096
	keepWaiting = 200_000
)

// session is what a gateway client resumes: numbered events. It outlives
// connections.
type session struct {
	id       string
	token    string
	app      *application
	userID   string
	intents  int64
	shard    [2]uint64
	compress string
	faults   *appFaults

	mu      sync.Mutex
	log     []entry
	next    int // index in log of the first unsent entry
	seq     int64
	conn    *conn // nil = no connection
	dropped time.Time
	ended   bool
	held    *entry // a MESSAGE_CREATE that waits to be swapped
	again   bool   // the next duplicate gets its own number
}

type entry struct {
	seq int64
	t   string
	d   []byte
	due time.Time // don't send before; zero = now
}

// hasGuild reports whether a guild belongs to the shard (events/gateway,
// Sharding); direct messages belong to shard 0.
func (ss *session) hasGuild(id string) bool {
	if ss.shard[1] < 2 {
		return true
	}
	n, _ := snowflake(id)
	return (n>>22)%ss.shard[1] == ss.shard[0]
}

// pushLocked appends an event to a session, with the permanent faults. It
// returns false if the session is too long to be replayed.
func (s *Server) pushLocked(ss *session, t string, d []byte) bool {
	f := ss.faults
	if f.IllTyped {
		d = illTyped(t, d)
	}
	e := entry{t: t, d: d}
	if f.Delay > 0 {
		e.due = time.Now().Add(f.Delay)
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if f.Reorder && t == "MESSAGE_CREATE" {
		if ss.held == nil {
			ss.held = &e
			time.AfterFunc(swapWithin, ss.releaseHeld)
			return true
		}
		first := *ss.held
		ss.held = nil
		ss.appendLocked(e, f.Duplicate)
		ss.appendLocked(first, f.Duplicate)
	} else {
		ss.appendLocked(e, f.Duplicate)
	}
	ss.trimLocked()
	ss.wakeLocked()
	return len(ss.log)-ss.next <= keepWaiting
}

// swapWithin is how long the first message of a pair waits for the second.
const swapWithin = 250 * time.Millisecond

func (ss *session) releaseHeld() {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.held != nil {
		ss.appendLocked(*ss.held, false)
		ss.held = nil
		ss.wakeLocked()
	}
}

func (ss *session) appendLocked(e entry, duplicate bool) {
	ss.seq++
	e.seq = ss.seq
	ss.log = append(ss.log, e)
	if !duplicate || e.t == "READY" || e.t == "RESUMED" {
		return
	}
	if ss.again {
		ss.seq++
		e.seq = ss.seq
	}
	ss.again = !ss.again
	ss.log = append(ss.log, e)
}

func (ss *session) trimLocked() {
	if ss.next > 2*keepSent {
		cut := ss.next - keepSent
		ss.log = append(ss.log[:0], ss.log[cut:]...)
		clear(ss.log[len(ss.log):cap(ss.log)])
		ss.next -= cut
	}
}

func (ss *session) wakeLocked() {
	if ss.conn != nil {
		ss.conn.signal()
	}
}

// rewindLocked makes everything after seq unsent again. It returns false if the
// log doesn't go back that far.
func (ss *session) rewindLocked(seq int64) bool {
	if len(ss.log) > 0 && ss.log[0].seq > seq+1 {
		return false
	}
	ss.next = slices.IndexFunc(ss.log, func(e entry) bool { return e.seq > seq })
	if ss.next < 0 {
		ss.next = len(ss.log)
	}
	return true
}

// attachLocked binds the session to a connection and returns the previous one.
func (ss *session) attachLocked(c *conn) *conn {
	old := ss.conn
	ss.conn = c
	return old
}

// detach releases the session from a connection, if that still has it.
func (ss *session) detach(c *conn, now time.Time) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.conn == c {
		ss.conn, ss.dropped = nil, now
	}
}

// expiredLocked reports whether a session has been without a connection for too
// long to be resumed.
func (s *Server) expiredLocked(ss *session) bool {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return ss.conn == nil && s.cfg.Clock().Sub(ss.dropped) > s.cfg.ResumeWindow
}

func (s *Server) endSessionLocked(ss *session) {
	ss.mu.Lock()
	ss.ended = true
	c := ss.conn
	ss.mu.Unlock()
	delete(s.sessions, ss.id)
	list := slices.DeleteFunc(slices.Clone(s.byUser[ss.userID]), func(o *session) bool { return o == ss })
	if len(list) == 0 {
		delete(s.byUser, ss.userID)
	} else {
		s.byUser[ss.userID] = list
	}
	if c != nil {
		c.closeWith(closeTimedOut, "Session timed out.")
	}
}
