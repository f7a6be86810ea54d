//go:build nodemo

package main

import (
	"context"
	"io"
	"log/slog"

	"openmates"
)

// demo isn't in the released program: the simulated Discord is for trying
// things out, and a server doesn't need it.
func demo(context.Context, settings, map[string]bool, *slog.Logger, io.Writer) error {
	return openmates.Errorf(openmates.EInvalid, "This build has no demo. Run `go run ./cmd/openmates demo` in a copy of the source code.")
}
