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
// Each process has a row whose beat it counts up, again and again. Whoever sees
// the same beat for longer than silent removes that row, and with it all that
// the process held. The process itself is certain of what it holds only for
// sureFor after it sent the last beat that arrived, which is over before anybody
// can have removed it. So there are never two that are certain, and no clock is
// compared with another one: not those of two machines, nor the database's.
//
// A process that is not certain does nothing (openmates.Fence waits) and is
// mostly certain again with the next beat; only one that was removed, or that
// hears nothing for giveUpAfter, loses what it holds.
type Leases struct {
	db  leaseDB
	log *slog.Logger

	joining sync.Mutex // one at a time makes a session
	start   sync.Once
	stop    context.CancelFunc
	ctx     context.Context
	running sync.WaitGroup

	mu    sync.Mutex
	me    *session
	held  map[string]*heldLease // by this process
	taken map[string]bool       // by anybody, as last seen; nil = not seen
	news  chan struct{}         // closed after each round

	procs map[string]sight // as last seen; of the rounds alone
}

// leaseDB is where the rows are.
type leaseDB interface {
	Querier
	exec(ctx context.Context, d Durability, query string, args ...any) (int64, error)
}

// Between a kill and the takeover pass at most silent and two rounds. What lies
// between sureFor and silent is for what was begun at the last certain moment to
// arrive where it goes.
const (
	beatEvery   = 250 * time.Millisecond
	sureFor     = 1200 * time.Millisecond
	silent      = 1700 * time.Millisecond
	giveUpAfter = 10 * time.Second
)

// session is one life of this process among the others.
type session struct {
	id   string
	lost chan struct{} // closed when it is

	mu   sync.Mutex
	sent time.Time                          // of the last beat that arrived
	news chan struct{}                      // closed when sent changes
	do   map[string]context.CancelCauseFunc // what is done under it
}

// heldLease is a lease that is held, or just being taken or given back; then
// since is zero.
type heldLease struct{ since time.Time }

// sight is since when a process has shown the same beat.
type sight struct {
	beat  int64
	since time.Time
}

func newLeases(db leaseDB, log *slog.Logger) *Leases {
	l := &Leases{db: db, log: log, held: map[string]*heldLease{}, procs: map[string]sight{}, news: make(chan struct{})}
	l.ctx, l.stop = context.WithCancel(context.Background())
	return l
}

// Hold waits until this process alone holds name, and then runs do, see
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

// Try is Hold without waiting: where name is held already, or the database does
// not answer, do is not called and ok is false.
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

// Held lists the leases that are held, by whichever process.
func (l *Leases) Held(ctx context.Context) ([]string, error) {
	return List(ctx, l.db, func(s Row) (name string, err error) { return name, s.Scan(&name) }, `SELECT name FROM leases`)
}

// take gives nil where another one holds the name.
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

// join gives this process's session, a new one where the last was lost.
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
	host, _ := os.Hostname() // only for people who look into the table
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

// lost ends a session and all that is done under it.
func (l *Leases) lost(s *session, why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.me == s {
		l.me = nil
		l.log.Warn("the leases of this process are lost; it asks for them again", "held", len(l.held), "why", why)
	}
	s.lose()
}

// giveBack frees a name. What fails here is done by the next round.
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

// beat goes round and round.
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

// round tells the others that this process lives, and looks after them.
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
		// Nobody is dead only because the database was away.
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

// view is the tables at one moment.
type view struct {
	asked time.Time
	beats map[string]int64    // of all processes
	taken map[string]bool     // names that anybody holds
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

// removeSilent takes away what silent processes held.
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
		// It may have spoken since; then it stays.
		n, err := l.db.exec(ctx, Hard, `DELETE FROM processes WHERE id = $1 AND beat = $2`, id, beat)
		if err == nil && n > 0 {
			removed = true
			l.log.Info("a process was silent for too long; others may do now what it did", "process", id)
		}
	}
	return removed
}

// compare looks whether the database still has what this process holds, and
// nothing else. A replica that took over may lack what was written last.
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
				l.held[name] = &heldLease{} // nobody takes it meanwhile
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

// free gives everything back.
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
	_, _ = l.db.exec(ctx, Hard, `DELETE FROM processes WHERE id = $1`, s.id) // else others find it silent
	return nil
}

// confirm notes that a beat arrived.
func (s *session) confirm(sent time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = sent
	close(s.news)
	s.news = make(chan struct{})
}

// lose ends what is done under this session; only then anybody learns that it is
// lost.
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

// dependents changes what ends with this session.
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

// fence is openmates.Fence for what is done under this session. The clock on the
// wall is asked, too: the other one stands still while a machine sleeps.
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
