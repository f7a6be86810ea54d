package main

import (
	"context"
	"net/url"
	"runtime"
	"strings"

	"openmates"
	"openmates/internal/address"
	"openmates/internal/server"
	"openmates/internal/web"
)

// findAddress determines where people reach the server: from the settings of
// this process, else from the database, else from the address that the process
// listens on.
func (srv *service) findAddress(ctx context.Context) (err error) {
	url, chosen := srv.set.URL, srv.set.URL != ""
	if !chosen {
		if url, err = server.StoredURL(ctx, srv.db); err != nil {
			return err
		}
		chosen = url != ""
	}
	if !chosen {
		url = "http://" + reachable(srv.listener.Addr().String())
	}
	srv.address, err = address.New(url, chosen)
	return err
}

// followAddress updates this process when another one changes the public
// address, until ctx ends. An address from the settings doesn't change.
func (srv *service) followAddress(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-srv.settled:
		}
		if srv.set.URL != "" {
			continue
		}
		if err := srv.server.FollowURL(ctx); err != nil && ctx.Err() == nil {
			srv.log.WarnContext(ctx, "can't follow the public address", "err", err)
		}
	}
}

// facts returns what an admin may want to know about this process and can't
// change on the pages. None of it is secret.
func (srv *service) facts() []web.Fact {
	data := web.Fact{Label: openmates.T("Data"), Text: openmates.T("SQLite in %s", srv.set.Data)}
	if u, err := url.Parse(srv.set.DatabaseURL.reveal().Reveal()); err == nil && srv.set.DatabaseURL != "" {
		data = web.Fact{Label: openmates.T("Data"), Text: openmates.T("PostgreSQL at %s", u.Host+u.Path)}
	}
	work := web.Fact{Label: openmates.T("Work"), Text: openmates.T("distributed by the database")}
	if srv.set.NATSURL != "" {
		work = web.Fact{Label: openmates.T("Work"), Text: openmates.T("shared by several processes, woken by NATS")}
	}
	key := web.Fact{Label: openmates.T("Encryption key"), Text: openmates.T("in the data folder")}
	if srv.set.Key != "" {
		key = web.Fact{Label: openmates.T("Encryption key"), Text: openmates.T("from OPENMATES_KEY")}
	}
	proxies := web.Fact{Label: openmates.T("Trusted proxies"), Value: strings.Join(srv.set.Proxies, ", ")}
	if strings.TrimSpace(proxies.Value) == "" {
		proxies = web.Fact{Label: openmates.T("Trusted proxies"), Text: openmates.T("none")}
	}
	return []web.Fact{
		{Label: openmates.T("Version"), Value: versionText() + ", " + runtime.Version()},
		{Label: openmates.T("Listens on"), Value: srv.listener.Addr().String()},
		data,
		key,
		work,
		{Label: openmates.T("Roles of this process"), Value: strings.Join(srv.set.Role, ", ")},
		proxies,
	}
}
