// Package browsertest opens a real browser for tests. A test is skipped unless
// OPENMATES_TEST_CHROMIUM is set, the browser ends with the test, and each step
// in a browser has its own deadline, however long the test has waited for its
// turn. The package never looks for a browser itself.
package browsertest

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Patience is how long a browser may take for one step on a busy machine.
const Patience = time.Minute

// Open starts a headless Chromium and returns the context of its first tab. The
// test is skipped if OPENMATES_TEST_CHROMIUM doesn't name a Chromium.
func Open(t *testing.T) context.Context {
	t.Helper()
	path := os.Getenv("OPENMATES_TEST_CHROMIUM")
	if path == "" {
		t.Skip("OPENMATES_TEST_CHROMIUM is not set")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.WSURLReadTimeout(time.Minute),
	)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	// Cancel waits until the browser has ended and no longer uses its folder.
	t.Cleanup(func() { _ = chromedp.Cancel(ctx); cancel() })
	begin(ctx, t)
	return ctx
}

// Tab opens another tab in the browser of a tab, until the test ends.
func Tab(of context.Context, t *testing.T, options ...chromedp.ContextOption) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewContext(of, options...)
	t.Cleanup(cancel)
	begin(ctx, t)
	return ctx
}

// begin first runs a tab in its own context. A tab lives as long as the first
// context that runs in it, so that context must have no deadline.
func begin(tab context.Context, t *testing.T) {
	t.Helper()
	if err := chromedp.Do(tab); err != nil {
		t.Fatal(err)
	}
}

// Run runs one action in a tab, within Patience.
func Run[T any](tab context.Context, action chromedp.Action[T]) (T, error) {
	ctx, cancel := context.WithTimeout(tab, Patience)
	defer cancel()
	return chromedp.Run(ctx, action)
}

// Do runs steps in a tab, within Patience.
func Do(tab context.Context, steps ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(tab, Patience)
	defer cancel()
	return chromedp.Do(ctx, steps...)
}
