// Command openmates runs AI team mates that live where a team already talks.
//
// This package is the only one that names adapters: it reads the settings,
// creates all parts, passes each what it needs, and starts and stops them. It
// contains none of the product's rules.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	_ "time/tzdata" // minimal images have no time zones

	_ "golang.org/x/crypto/x509roots/fallback" // … and no certificate authorities

	"openmates"
	"openmates/internal/document"
)

// readDocument starts the program as the process that takes one file apart; only
// the program itself does.
const readDocument = "read-document"

// version is set by the linker for releases.
var version string

func main() {
	keepPrivate()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process immediately
	os.Exit(run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr))
}

// run executes a command and returns the exit code: 0 for success, 2 for a
// mistake by the caller, 1 for other failures.
func run(ctx context.Context, args []string, env func(string) (string, bool), stdout, stderr io.Writer) int {
	err := do(ctx, args, env, stdout, stderr)
	switch {
	case err == nil, errors.Is(err, errShown), ctx.Err() != nil && errors.Is(err, context.Canceled):
		return 0
	case openmates.CodeOf(err) == openmates.EInvalid:
		fmt.Fprintln(stderr, openmates.MessageOf(err))
		return 2
	}
	fmt.Fprintf(stderr, "openmates can't continue: %v\n", err)
	return 1
}

func do(ctx context.Context, args []string, env func(string) (string, bool), stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == readDocument {
		os.Exit(document.Serve(args[1:], os.Stdin, stdout))
	}
	command, s, set, err := parse(args, env, stdout)
	if err != nil {
		return err
	}
	switch command {
	case "version":
		fmt.Fprintln(stdout, "openmates", versionText())
		return nil
	case "health":
		return health(ctx, s, stdout)
	case "backup <file>":
		return backup(ctx, s, s.backupTo, stdout)
	case "config":
		printConfig(stdout)
		return nil
	}
	log := s.logger(stderr)
	if strings.HasPrefix(command, "admin ") {
		return administer(ctx, command, s, log, stdout)
	}
	for _, name := range unknownSettings(os.Environ()) {
		log.Warn("not a setting; `openmates config` lists them all", "name", name)
	}
	if command == "demo" {
		return demo(ctx, s, set, log, stdout)
	}
	return serve(ctx, s, set, log, stdout)
}

// versionText returns the release, or the commit that the binary was built
// from.
func versionText() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	for _, kv := range info.Settings {
		if kv.Key == "vcs.revision" {
			return "dev-" + kv.Value[:min(len(kv.Value), 12)]
		}
	}
	return "dev"
}
