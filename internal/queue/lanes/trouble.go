package lanes

import (
	"context"
	"log/slog"
	"sync"
)

// Trouble logs one line when the journal becomes unavailable and one when it is
// available again, however many attempts fail in between.
type Trouble struct {
	log *slog.Logger
	mu  sync.Mutex
	on  bool
}

// NewTrouble returns a Trouble that assumes the journal is available.
func NewTrouble(log *slog.Logger) *Trouble { return &Trouble{log: log} }

// Note records the result of an attempt.
func (t *Trouble) Note(ctx context.Context, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.on == (err != nil) {
		return
	}
	if t.on = err != nil; t.on {
		t.log.WarnContext(ctx, "the journal can't be used; what is open waits in it", "err", err)
		return
	}
	t.log.InfoContext(ctx, "the journal can be used again")
}
