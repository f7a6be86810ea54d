package main

import (
	"context"
	"fmt"
	"path/filepath"

	"openmates/internal/secret"
)

// checkKey checks that this process has the key that sealed the stored
// credentials, and logs an error if not. The server starts anyway: the pages
// say what has to be entered again, and unreadable values are kept until
// somebody replaces them.
func (srv *service) checkKey(ctx context.Context, seal *secret.Ring) error {
	lost, err := srv.db.Unreadable(ctx)
	if err != nil {
		return fmt.Errorf("check the key: %w", err)
	}
	same, known, err := srv.db.SameKey(ctx)
	if err != nil {
		return fmt.Errorf("check the key: %w", err)
	}
	if lost.Any() {
		srv.log.ErrorContext(ctx, "the key for stored credentials is missing or has changed; restore the old key and restart, or enter the credentials again on the pages",
			"key", srv.keyAt(), "made_just_now", seal.Made(), "bots", lost.Bots, "installations", lost.Installations, "providers", lost.Providers, "settings", lost.Settings,
			"passkeys", lost.Passkeys, "authenticators", lost.Authenticators)
		return nil
	}
	if same {
		return nil
	}
	if known {
		srv.log.WarnContext(ctx, "the key for stored credentials has changed; nothing was sealed with the old one, so the new one is used from now on. Processes that share a database need the same key",
			"key", srv.keyAt(), "made_just_now", seal.Made())
	}
	if err := srv.db.AdoptKey(ctx); err != nil { // a full disk; the next start does it
		srv.log.WarnContext(ctx, "can't record which key is used", "err", err)
	}
	return nil
}

// keyAt returns where the key comes from, for the log.
func (srv *service) keyAt() string {
	if srv.set.Key != "" {
		return "OPENMATES_KEY"
	}
	return filepath.Join(srv.set.Data, keyFile)
}
