package lanes

import (
	"context"
	"log/slog"
	"sync"
)

// Trouble writes one line to the log when the journal can't be used and one
// when it can again, however often it is tried meanwhile.
type Trouble struct {
	log *slog.Logger
	mu  sync.Mutex
	on  bool
}

// NewTrouble makes a Trouble that begins with all being well.
func NewTrouble(log *slog.Logger) *Trouble { return &Trouble{log: log} }

// Note takes the result of each try.
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
