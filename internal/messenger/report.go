package messenger

import (
	"context"
	"time"
)

const (
	saveEvery  = time.Second      // between two saves of the same phase
	alive      = 15 * time.Second // between two saves without a change
	saveWithin = 3 * time.Second
)

// Stale is the age after which a stored state must be from a process that died
// without reporting.
const Stale = 4 * alive

// keepStates stores what the listeners report until stop is called.
func (s *Supervisor) keepStates(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(saveEvery)
		defer tick.Stop()
		for {
			urgent := false
			select {
			case <-ctx.Done():
				return
			case <-s.news:
				urgent = true
			case <-tick.C:
			}
			s.mu.Lock()
			all := make([]*listener, 0, len(s.running))
			for _, l := range s.running {
				all = append(all, l)
			}
			s.mu.Unlock()
			for _, l := range all {
				if l.unsaved(urgent) {
					l.save(ctx)
				}
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// own makes this process report for the bot.
func (l *listener) own() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mine, l.dirty = true, true
	select {
	case l.sup.news <- struct{}{}:
	default:
	}
}

func (l *listener) disown() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mine = false
}

// unsaved reports whether the state has to be stored now: a new state within a
// second, a new phase immediately, and an unchanged one as a sign of life.
func (l *listener) unsaved(urgent bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	age := l.sup.cfg.Clock().Sub(l.saved)
	return l.mine && (l.dirty && (urgent || age >= saveEvery) || age >= alive)
}

// save stores the state. If that fails, it is retried.
func (l *listener) save(ctx context.Context) {
	if l.sup.cfg.SaveState == nil {
		return
	}
	l.saving.Lock()
	defer l.saving.Unlock()
	l.mu.Lock()
	st, mine := l.state, l.mine
	l.dirty, l.saved = false, l.sup.cfg.Clock()
	l.mu.Unlock()
	if !mine {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, saveWithin)
	defer cancel()
	if err := l.sup.cfg.SaveState(ctx, l.bot.ID, st); err != nil {
		l.sup.cfg.Log.Debug("a listener's state could not be saved", "bot", l.bot.Name, "err", err)
		l.mu.Lock()
		l.dirty = true
		l.mu.Unlock()
	}
}
