// Package browsertest opens a real browser for tests. It promises that a test
// without OPENMATES_TEST_CHROMIUM is skipped, that the browser has ended when
// the test ends, and that each thing asked of a browser has a deadline of its
// own, however long the test has waited for its turn. It refuses to look for a
// browser that nobody named.
package browsertest

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Patience is how long a browser may take for one thing that is asked of it, on
// a machine that has much else to do.
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

// Tab opens another tab of the browser of a tab, until the test ends.
func Tab(of context.Context, t *testing.T, options ...chromedp.ContextOption) context.Context {
	t.Helper()
	ctx, cancel := chromedp.NewContext(of, options...)
	t.Cleanup(cancel)
	begin(ctx, t)
	return ctx
}

// begin has a tab run in its own context first. A tab lives as long as the
// first context that runs in it, which must have no deadline.
func begin(tab context.Context, t *testing.T) {
	t.Helper()
	if err := chromedp.Do(tab); err != nil {
		t.Fatal(err)
	}
}

// Run does one thing in a tab, within Patience.
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
