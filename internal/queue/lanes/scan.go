package lanes

import "time"

// scan is how far the journal has been read. Two things make that more than a
// position: a job may become visible behind a position that was read already
// (its ID is drawn before its transaction ends), so the last seconds are read
// again each time; and a job may end while a page that still shows it as open
// is on its way, so ends are noted during a reading.
type scan struct {
	next   time.Time // of the next reading
	soon   time.Time // of the next reading for what was missed
	full30 time.Time // of the next reading from the very start

	behind bool // the journal holds open jobs that were never in memory
	missed bool // a job was left to the journal since the reading began
	woken  bool // somebody said that there is something new, since the reading began
	rewind bool // the next reading must not trust floor
	caught bool // the journal has been read to its end once

	floor   int64  // all open jobs up to here are in memory, those of the last seconds excepted
	marks   []mark // floors of the last seconds, oldest first
	foreign time.Time

	during map[string]bool // jobs that ended during this reading; nil when there is none
}

type mark struct {
	at    time.Time
	floor int64
}

const (
	pageSize = 500
	// A job that is older than this when it becomes visible is found by the
	// reading from the start.
	overlap = 10 * time.Second
	// How often the whole journal is read, against what nobody has thought of.
	wholeEvery = 30 * time.Second
	// How long a job of another process is taken as a sign that more will come.
	sharedFor = 10 * time.Minute
)

// full reports whether the next job must wait in the journal.
func (s *scan) full(d *Set) bool {
	if len(d.known) >= d.Room {
		s.fallBack()
	}
	return s.behind
}

// fallBack makes the journal the only source until it is read to its end.
func (s *scan) fallBack() {
	if !s.behind {
		s.behind, s.floor = true, s.start()
	}
}

// shared reports whether other processes accept jobs, too.
func (s *scan) shared(now time.Time) bool {
	return !s.foreign.IsZero() && now.Sub(s.foreign) < sharedFor
}

// ended notes the end of a job.
func (s *scan) ended(d *Set, key string) {
	if s.during != nil {
		s.during[key] = true
	}
	if s.behind && len(d.known) == d.Room*3/4 {
		d.poke()
	}
}

// start is where a reading begins that must not miss what came late: the floor
// of ten seconds ago, the journal's start in the first ten seconds.
func (s *scan) start() int64 {
	return s.marks[0].floor
}

// reached notes that the journal was read up to here.
func (s *scan) reached(now time.Time, poll time.Duration, floor int64) {
	s.floor = max(s.floor, floor)
	if now.Sub(s.marks[len(s.marks)-1].at) >= poll {
		s.marks = append(s.marks, mark{now, s.floor})
	}
	for len(s.marks) > 1 && now.Sub(s.marks[1].at) >= overlap {
		s.marks = s.marks[1:]
	}
}

// due is when to look again.
func (s *scan) due() time.Time {
	if (s.missed || s.woken) && s.soon.Before(s.next) {
		return s.soon
	}
	return s.next
}

// look reads the journal if it is time to.
func (d *Set) look() error {
	s := &d.scan
	d.mu.Lock()
	now := d.Clock()
	// Where many jobs wait anyway, one more can wait for its turn to be read.
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
	// Reading takes at most a twentieth of the time, and a fifth for what was
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

// read takes page after page into memory until the journal's end or until
// there is no room.
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
		again := !s.caught // the previous holder of the lease may have begun it
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
			s.behind = true // from here on, not from the start
		}
		d.mu.Unlock()
		if atEnd || full || d.ctx.Err() != nil {
			return nil //nolint:nilerr // Run sees ctx's end itself
		}
		from = last
	}
}
