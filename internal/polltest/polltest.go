// Package polltest is the one place where tests ask again and again. It is for
// what tells nobody when it changes: another process, a page in a browser
// without JavaScript, a server that notices a moment later. Where there is an
// event, a test waits for that. It promises that nothing is waited for without a
// bound.
package polltest

import (
	"context"
	"testing"
	"time"
)

// Patience is how long anything may take that a test waits for, on a machine
// that has much else to do.
const Patience = time.Minute

// Await asks until ok holds, or until ctx ends, and reports whether ok holds.
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

// Until is Await for a test, which fails if that takes longer than Patience.
// What else the failure says comes from the funcs.
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
