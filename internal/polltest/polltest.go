// Package polltest polls in tests. It is for changes without an event: in
// another process, in a page in a browser without JavaScript, in a server that
// notices a moment later. Where there is an event, tests wait for that instead.
// Every wait has a limit.
package polltest

import (
	"context"
	"testing"
	"time"
)

// Patience is the maximum time that a test waits for anything on a busy
// machine.
const Patience = time.Minute

// Await polls until ok returns true or ctx ends, and reports whether it did.
func Await(ctx context.Context, ok func() bool) bool {
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !ok() {
		select {
		case <-again.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// Until is Await for a test. It fails after Patience and adds the results of
// the funcs to the failure.
func Until(t testing.TB, what string, ok func() bool, and ...func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	if Await(ctx, ok) {
		return
	}
	for _, more := range and {
		what += "\n" + more()
	}
	t.Fatalf("waited in vain until %s", what)
}
