package sqldb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"openmates"
)

// Leases is queue.Leaser for processes on several machines, as rows of the
// database.
//
// Each process has a row with a beat that it increments regularly. A process
// that sees the same beat for longer than silent removes that row, and with it
// everything that its owner held. The owner itself is certain of its leases
// only for sureFor after it sent the last beat that arrived, which ends before
// anybody can have removed it. So two processes are never certain at once, and
// no clocks are compared: not those of two machines, nor the database's.
//
// A process that isn't certain does nothing (openmates.Fence waits) and usually
// becomes certain again with the next beat. Only one that was removed, or that
// can't reach the database for giveUpAfter, loses its leases.
type Leases struct {
	db  leaseDB
	log *slog.Logger

	joining sync.Mutex // only one goroutine creates a session
	start   sync.Once
	stop    context.CancelFunc
	ctx     context.Context
	running sync.WaitGroup

	mu    sync.Mutex
	me    *session
	held  map[string]*heldLease // by this process
	taken map[string]bool       // by any process, as last seen; nil = unknown
	news  chan struct{}         // closed after each round

	procs map[string]sight // as last seen; only used by rounds
}

// leaseDB accesses the rows.
type leaseDB interface {
	Querier
	exec(ctx context.Context, d Durability, query string, args ...any) (int64, error)
}

// After a kill, a takeover takes at most silent and two rounds. The time
// between sureFor and silent is for requests that were sent at the last certain
// moment to arrive.
const (
	beatEvery   = 250 * time.Millisecond
	sureFor     = 1200 * time.Millisecond
	silent      = 1700 * time.Millisecond
	giveUpAfter = 10 * time.Second
)

// session is one registration of this process.
type session struct {
	id   string
	lost chan struct{} // closed when it is lost

	mu   sync.Mutex
	sent time.Time                          // of the last beat that arrived
	news chan struct{}                      // closed when sent changes
	do   map[string]context.CancelCauseFunc // what runs under it
}

// heldLease is a lease that is held, or (if since is zero) being taken or
// released.
type heldLease struct{ since time.Time }

// sight records since when a process has shown the same beat.
type sight struct {
	beat  int64
	since time.Time
}

func newLeases(db leaseDB, log *slog.Logger) *Leases {
	l := &Leases{db: db, log: log, held: map[string]*heldLease{}, procs: map[string]sight{}, news: make(chan struct{})}
	l.ctx, l.stop = context.WithCancel(context.Background())
	return l
}

// Hold waits until only this process holds name, and then runs do; see
// queue.Leaser.
func (l *Leases) Hold(ctx context.Context, name string, do func(context.Context) error) error {
	for {
		l.mu.Lock()
		news, taken := l.news, l.taken[name]
		l.mu.Unlock()
		if !taken {
			if ok, err := l.Try(ctx, name, do); ok {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.ctx.Done():
			return errClosed
		case <-news:
		}
	}
}

// Try is Hold without waiting: if the name is held, or the database doesn't
// respond, it doesn't call do and ok is false.
func (l *Leases) Try(ctx context.Context, name string, do func(context.Context) error) (ok bool, err error) {
	l.start.Do(func() { l.running.Go(l.beat) })
	s, err := l.take(ctx, name)
	if s == nil {
		return false, err
	}
	defer l.giveBack(ctx, s, name)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.dependents(func(d map[string]context.CancelCauseFunc) { d[name] = cancel })
	defer s.dependents(func(d map[string]context.CancelCauseFunc) { delete(d, name) })
	if s.over() {
		cancel(openmates.ErrLost)
	}
	return true, do(openmates.WithFence(ctx, s.fence))
}

// Held lists the leases held by any process.
func (l *Leases) Held(ctx context.Context) ([]string, error) {
	return List(ctx, l.db, func(s Row) (name string, err error) { return name, s.Scan(&name) }, `SELECT name FROM leases`)
}

// take returns nil if another process holds the name.
func (l *Leases) take(ctx context.Context, name string) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	mine := l.held[name] != nil
	if !mine {
		l.held[name] = &heldLease{}
	}
	l.mu.Unlock()
	if mine {
		return nil, nil
	}
	s, err := l.enter(ctx, name)
	l.mu.Lock()
	defer l.mu.Unlock()
	if s == nil {
		delete(l.held, name)
		return nil, err
	}
	l.held[name].since = time.Now()
	return s, nil
}

func (l *Leases) enter(ctx context.Context, name string) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, silent)
	defer cancel()
	s, err := l.join(ctx)
	if err != nil {
		return nil, err
	}
	n, err := l.db.exec(ctx, Hard, `INSERT INTO leases (name, holder) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, s.id)
	if Orphan(err) {
		l.lost(s, errRemoved)
	}
	if err != nil || n == 0 {
		return nil, err
	}
	return s, nil
}

// join returns this process's session, or a new one if the last was lost.
func (l *Leases) join(ctx context.Context) (*session, error) {
	l.joining.Lock()
	defer l.joining.Unlock()
	l.mu.Lock()
	s := l.me
	l.mu.Unlock()
	if s != nil {
		return s, nil
	}
	if l.ctx.Err() != nil {
		return nil, errClosed
	}
	host, _ := os.Hostname() // only for people who read the table
	s = &session{
		id: fmt.Sprintf("%s/%d/%s", host, os.Getpid(), rand.Text()), sent: time.Now(),
		lost: make(chan struct{}), news: make(chan struct{}), do: map[string]context.CancelCauseFunc{},
	}
	if _, err := l.db.exec(ctx, Hard, `INSERT INTO processes (id, beat) VALUES ($1, 1)`, s.id); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.me = s
	return s, nil
}

var (
	errRemoved = errors.New("another process saw no sign of life of this one")
	errSilence = errors.New("the database does not answer")
	errForgot  = errors.New("the database has forgotten a lease")
)

// lost ends a session and everything that runs under it.
func (l *Leases) lost(s *session, why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.me == s {
		l.me = nil
		l.log.Warn("the leases of this process are lost; it asks for them again", "held", len(l.held), "why", why)
	}
	s.lose()
}

// giveBack releases a name. If this fails, the next round does it.
func (l *Leases) giveBack(ctx context.Context, s *session, name string) {
	l.mu.Lock()
	l.held[name].since = time.Time{}
	l.mu.Unlock()
	if !s.over() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), silent)
		defer cancel()
		_, _ = l.db.exec(ctx, Hard, `DELETE FROM leases WHERE name = $1 AND holder = $2`, name, s.id)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.held, name)
}

// beat runs rounds until the last lease is released.
func (l *Leases) beat() {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-tick.C:
		}
		l.round()
	}
}

// round tells others that this process is alive, and checks on them.
func (l *Leases) round() {
	ctx, cancel := context.WithTimeout(l.ctx, silent)
	defer cancel()
	l.mu.Lock()
	s := l.me
	l.mu.Unlock()
	if s != nil {
		l.renew(ctx, s)
	}
	v, err := l.look(ctx)
	if err == nil && l.removeSilent(ctx, s, v) {
		v, err = l.look(ctx)
	}
	if err == nil && s != nil {
		l.compare(ctx, s, v)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.taken = v.taken; err != nil {
		// A process isn't dead just because the database was away.
		clear(l.procs)
	}
	close(l.news)
	l.news = make(chan struct{})
}

func (l *Leases) renew(ctx context.Context, s *session) {
	sent := time.Now()
	n, err := l.db.exec(ctx, Hard, `UPDATE processes SET beat = beat + 1 WHERE id = $1`, s.id)
	switch {
	case err == nil && n == 0:
		l.lost(s, errRemoved)
	case err == nil:
		s.confirm(sent)
	case l.ctx.Err() == nil && time.Since(s.last()) > giveUpAfter:
		l.lost(s, errors.Join(errSilence, err))
	}
}

// view is the content of the tables at one moment.
type view struct {
	asked time.Time
	beats map[string]int64    // of all processes
	taken map[string]bool     // names held by any process
	names map[string][]string // by process
}

func (l *Leases) look(ctx context.Context) (view, error) {
	type row struct {
		id   string
		beat int64
		name *string
	}
	v := view{asked: time.Now(), beats: map[string]int64{}, names: map[string][]string{}}
	rows, err := List(ctx, l.db, func(s Row) (r row, err error) { return r, s.Scan(&r.id, &r.beat, &r.name) },
		`SELECT p.id, p.beat, l.name FROM processes p LEFT JOIN leases l ON l.holder = p.id`)
	if err != nil {
		return v, err
	}
	v.taken = map[string]bool{}
	for _, r := range rows {
		v.beats[r.id] = r.beat
		if r.name != nil {
			v.taken[*r.name] = true
			v.names[r.id] = append(v.names[r.id], *r.name)
		}
	}
	return v, nil
}

// removeSilent removes silent processes and their leases.
func (l *Leases) removeSilent(ctx context.Context, s *session, v view) (removed bool) {
	now := time.Now()
	for id := range l.procs {
		if _, there := v.beats[id]; !there {
			delete(l.procs, id)
		}
	}
	for id, beat := range v.beats {
		p, known := l.procs[id]
		if !known || p.beat != beat || s != nil && s.id == id {
			l.procs[id] = sight{beat, now}
			continue
		}
		if now.Sub(p.since) < silent {
			continue
		}
		// It may have beaten since; then it stays.
		n, err := l.db.exec(ctx, Hard, `DELETE FROM processes WHERE id = $1 AND beat = $2`, id, beat)
		if err == nil && n > 0 {
			removed = true
			l.log.Info("a process was silent for too long; others may do now what it did", "process", id)
		}
	}
	return removed
}

// compare checks that the database has exactly what this process holds. A
// replica that took over may lack the last writes.
func (l *Leases) compare(ctx context.Context, s *session, v view) {
	l.mu.Lock()
	var left []string
	missing := 0
	if l.me == s {
		own := map[string]bool{}
		for _, name := range v.names[s.id] {
			own[name] = true
			if l.held[name] == nil {
				left = append(left, name)
				l.held[name] = &heldLease{} // reserved, so that nobody takes it meanwhile
			}
		}
		for name, h := range l.held {
			if !own[name] && !h.since.IsZero() && h.since.Before(v.asked) {
				missing++
			}
		}
	}
	l.mu.Unlock()
	if missing > 0 {
		l.lost(s, errForgot)
	}
	for _, name := range left {
		l.giveBack(ctx, s, name)
	}
}

// free releases everything.
func (l *Leases) free() error {
	l.stop()
	l.running.Wait()
	l.mu.Lock()
	s := l.me
	l.me = nil
	l.mu.Unlock()
	if s == nil {
		return nil
	}
	s.lose()
	ctx, cancel := context.WithTimeout(context.Background(), silent)
	defer cancel()
	_, _ = l.db.exec(ctx, Hard, `DELETE FROM processes WHERE id = $1`, s.id) // otherwise others have to find it silent
	return nil
}

// confirm records that a beat arrived.
func (s *session) confirm(sent time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = sent
	close(s.news)
	s.news = make(chan struct{})
}

// lose ends what runs under this session, and only then reports it as lost.
func (s *session) lose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, cancel := range s.do {
		cancel(openmates.ErrLost)
	}
	clear(s.do)
	select {
	case <-s.lost:
	default:
		close(s.lost)
	}
}

// over reports whether the session is lost.
func (s *session) over() bool {
	select {
	case <-s.lost:
		return true
	default:
		return false
	}
}

// dependents changes the set of what ends with this session.
func (s *session) dependents(change func(map[string]context.CancelCauseFunc)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.do)
}

func (s *session) last() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent
}

// fence is openmates.Fence for what runs under this session. It also checks the
// wall clock, because the monotonic clock stops while a machine sleeps.
func (s *session) fence(ctx context.Context) error {
	for {
		s.mu.Lock()
		sent, news := s.sent, s.news
		s.mu.Unlock()
		if s.over() {
			return openmates.ErrLost
		}
		now := time.Now()
		if now.Sub(sent) < sureFor && now.Round(0).Sub(sent.Round(0)) < sureFor {
			return nil
		}
		select {
		case <-s.lost:
		case <-news:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
