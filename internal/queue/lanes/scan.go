package lanes

import "time"

// scan records how far the journal has been read. A position alone is not
// enough, for two reasons. A job may become visible before a position that has
// been read, because its ID is drawn before its transaction commits; so each
// scan rereads the last seconds. And a job may end after a page was read that
// shows it as open; so ends are recorded during a scan.
type scan struct {
	next   time.Time // time of the next scan
	soon   time.Time // time of the next scan for missed jobs
	full30 time.Time // time of the next full scan

	behind bool // the journal has open jobs that were never in memory
	missed bool // a job was left to the journal since the scan started
	woken  bool // Wake was called since the scan started
	rewind bool // the next scan must not start at floor
	caught bool // the journal has been read to its end once

	floor   int64  // all open jobs up to here are in memory, except those of the last seconds
	marks   []mark // floors of the last seconds, oldest first
	foreign time.Time

	during map[string]bool // jobs that ended during this scan; nil between scans
}

type mark struct {
	at    time.Time
	floor int64
}

const (
	pageSize = 500
	// A job that becomes visible later than this is found by the next full
	// scan.
	overlap = 10 * time.Second
	// How often the whole journal is read, in case something was missed.
	wholeEvery = 30 * time.Second
	// How long after a job of another process we expect more of them.
	sharedFor = 10 * time.Minute
)

// full reports whether new jobs must wait in the journal.
func (s *scan) full(d *Set) bool {
	if len(d.known) >= d.Room {
		s.fallBack()
	}
	return s.behind
}

// fallBack makes the journal the only source until it has been read to its end.
func (s *scan) fallBack() {
	if !s.behind {
		s.behind, s.floor = true, s.start()
	}
}

// shared reports whether other processes accept jobs, too.
func (s *scan) shared(now time.Time) bool {
	return !s.foreign.IsZero() && now.Sub(s.foreign) < sharedFor
}

// ended records the end of a job.
func (s *scan) ended(d *Set, key string) {
	if s.during != nil {
		s.during[key] = true
	}
	if s.behind && len(d.known) == d.Room*3/4 {
		d.poke()
	}
}

// start returns where a scan starts that must not miss late jobs: at the floor
// of ten seconds ago, or at the journal's start in the first ten seconds.
func (s *scan) start() int64 {
	return s.marks[0].floor
}

// reached records that the journal has been read up to floor.
func (s *scan) reached(now time.Time, poll time.Duration, floor int64) {
	s.floor = max(s.floor, floor)
	if now.Sub(s.marks[len(s.marks)-1].at) >= poll {
		s.marks = append(s.marks, mark{now, s.floor})
	}
	for len(s.marks) > 1 && now.Sub(s.marks[1].at) >= overlap {
		s.marks = s.marks[1:]
	}
}

// due returns the time of the next scan.
func (s *scan) due() time.Time {
	if (s.missed || s.woken) && s.soon.Before(s.next) {
		return s.soon
	}
	return s.next
}

// look scans the journal if it is time.
func (d *Set) look() error {
	s := &d.scan
	d.mu.Lock()
	now := d.Clock()
	// If many jobs are waiting anyway, a missed one can wait for the next scan.
	needed := (s.missed || s.woken) && len(d.known) <= pageSize && !now.Before(s.soon) || s.behind && len(d.known) <= d.Room*3/4
	if !needed && now.Before(s.next) {
		d.mu.Unlock()
		return nil
	}
	blocked := s.behind && len(d.known) > d.Room*3/4
	from := s.start()
	if s.behind && !s.rewind {
		from = s.floor
	} else if !now.Before(s.full30) {
		from, s.full30 = 0, now.Add(wholeEvery)
	}
	s.missed, s.woken, s.during = false, false, map[string]bool{}
	if !blocked {
		s.rewind = false
	}
	d.mu.Unlock()

	var err error
	if !blocked {
		err = d.read(from)
	}

	d.mu.Lock()
	defer d.mu.Unlock()
	s.during = nil
	end := d.Clock()
	// Scans take at most a twentieth of the time, or a fifth if jobs were
	// missed.
	s.next, s.soon = end.Add(max(d.Poll, 20*end.Sub(now))), end.Add(4*end.Sub(now))
	if err != nil {
		s.soon = s.next
	}
	if s.missed && err == nil && !blocked {
		d.poke()
	}
	return err
}

// read reads pages until the journal's end, or until memory is full.
func (d *Set) read(from int64) error {
	s := &d.scan
	for {
		jobs, last, err := d.Journal.OpenJobs(d.ctx, from, pageSize)
		if err != nil {
			d.mu.Lock()
			s.missed, s.rewind = true, true // a job that was left to the journal must not be forgotten
			d.mu.Unlock()
			return err
		}
		d.mu.Lock()
		now := d.Clock()
		again := !s.caught // the previous holder of the lease may have started it
		for _, j := range jobs {
			if d.known[j.Key] || s.during[j.Key] || d.Skip(j.Key) {
				continue
			}
			j.Again = again || j.Attempt > 1 || !j.NotBefore.IsZero()
			if s.caught && !s.behind {
				s.foreign = now
			}
			d.add(j)
		}
		s.reached(now, d.Poll, last)
		atEnd := len(jobs) < pageSize
		if atEnd && !s.missed {
			s.behind, s.caught = false, true
		}
		full := !atEnd && len(d.known) >= d.Room
		if full {
			s.behind = true // continue here, not at the start
		}
		d.mu.Unlock()
		if atEnd || full || d.ctx.Err() != nil {
			return nil //nolint:nilerr // Run checks ctx itself
		}
		from = last
	}
}
