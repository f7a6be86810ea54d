package main

import (
	"context"
	"fmt"
	"path/filepath"

	"openmates/internal/secret"
)

// checkKey looks whether the key of this process is the one that credentials
// were sealed with, and says so where it is not. The server runs on: the pages
// say what has to be typed again, and nothing that can't be read is replaced
// before somebody does.
func (srv *service) checkKey(ctx context.Context, seal *secret.Ring) error {
	lost, err := srv.db.Unreadable(ctx)
	if err != nil {
		return fmt.Errorf("look whether the key fits: %w", err)
	}
	same, known, err := srv.db.SameKey(ctx)
	if err != nil {
		return fmt.Errorf("look whether the key fits: %w", err)
	}
	if lost.Any() {
		srv.log.ErrorContext(ctx, "the key for stored credentials is missing or another one; put the old key back and start again, or enter the credentials again on the pages",
			"key", srv.keyAt(), "made_just_now", seal.Made(), "bots", lost.Bots, "installations", lost.Installations, "providers", lost.Providers, "settings", lost.Settings,
			"passkeys", lost.Passkeys, "authenticators", lost.Authenticators)
		return nil
	}
	if same {
		return nil
	}
	if known {
		srv.log.WarnContext(ctx, "the key for stored credentials is not the one that was used before; nothing is stored under that one, so this one is used from now on. Processes that share a database need the same key",
			"key", srv.keyAt(), "made_just_now", seal.Made())
	}
	if err := srv.db.AdoptKey(ctx); err != nil { // a full disk: the next start does it
		srv.log.WarnContext(ctx, "can't note which key is used", "err", err)
	}
	return nil
}

// keyAt says where the key comes from, for the log.
func (srv *service) keyAt() string {
	if srv.set.Key != "" {
		return "OPENMATES_KEY"
	}
	return filepath.Join(srv.set.Data, keyFile)
}
