package main

import (
	"context"
	"fmt"
	"net/url"
	"runtime"
	"strings"

	"openmates/internal/web"
)

// settleAddress takes the public address from the database, unless the
// settings of this process name one.
func (srv *server) settleAddress(ctx context.Context) error {
	if srv.set.URL != "" {
		return nil
	}
	stored, ok, err := srv.db.Setting(ctx, addressSetting)
	if err != nil {
		return fmt.Errorf("read the public address: %w", err)
	}
	if ok && stored != "" {
		srv.public = stored
	}
	return nil
}

// addressSetting is where the account room keeps the public address.
const addressSetting = "server.url"

// moved brings a new public address to all who need it.
func (srv *server) moved(address string) error {
	srv.accounts.Secure(strings.HasPrefix(address, "https://"))
	return srv.links.MoveTo(address)
}

// followAddress moves this process along when another one has changed the
// public address, until ctx ends.
func (srv *server) followAddress(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-srv.settled:
		}
		stored, ok, err := srv.db.Setting(ctx, addressSetting)
		if err == nil && ok && stored != "" && srv.set.URL == "" && stored != srv.links.PublicURL() {
			srv.log.InfoContext(ctx, "the public address was changed by another process", "address", stored)
			err = srv.moved(stored)
		}
		if err != nil && ctx.Err() == nil {
			srv.log.WarnContext(ctx, "can't follow the public address", "err", err)
		}
	}
}

// facts are what an admin may want to know of this process and can't change in
// the pages. None of them is a secret.
func (srv *server) facts() []web.Fact {
	data := web.Fact{Label: "Data", Text: fmt.Sprintf("SQLite in %s", srv.set.Data)}
	if u, err := url.Parse(srv.set.DatabaseURL.reveal().Reveal()); err == nil && srv.set.DatabaseURL != "" {
		data = web.Fact{Label: "Data", Text: fmt.Sprintf("PostgreSQL at %s", u.Host+u.Path)}
	}
	work := web.Fact{Label: "Work", Text: "handed out by the database"}
	if srv.set.NATSURL != "" {
		work = web.Fact{Label: "Work", Text: "shared by many processes, which NATS wakes"}
	}
	key := web.Fact{Label: "Key for credentials", Text: "in the data folder"}
	if srv.set.Key != "" {
		key = web.Fact{Label: "Key for credentials", Text: "from OPENMATES_KEY"}
	}
	proxies := web.Fact{Label: "Trusted proxies", Value: strings.Join(srv.set.Proxies, ", ")}
	if strings.TrimSpace(proxies.Value) == "" {
		proxies = web.Fact{Label: "Trusted proxies", Text: "none"}
	}
	return []web.Fact{
		{Label: "Version", Value: versionText() + ", " + runtime.Version()},
		{Label: "Listens at", Value: srv.listener.Addr().String()},
		data,
		key,
		work,
		{Label: "This process does", Value: strings.Join(srv.set.Role, ", ")},
		proxies,
	}
}
