package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/messenger"
	"openmates/internal/queue/dbqueue"
	"openmates/internal/queue/natsqueue"
	"openmates/internal/spelling"
)

// openQueue chooses how jobs are handed out: to one process, or to several that
// NATS wakes. Both use the database's leases.
func (srv *service) openQueue() error {
	srv.hold = srv.db
	if srv.set.NATSURL == "" {
		q, err := dbqueue.New(dbqueue.Config{Journal: srv.db.JournalStore, Lease: srv.db, Log: srv.log})
		srv.queue = q
		return err
	}
	conn, err := natsqueue.Connect(srv.set.NATSURL.reveal().Reveal(), srv.log)
	if err != nil {
		return invalid("nats-url", "it isn't the address of a NATS server, such as nats://host:4222")
	}
	if srv.set.does("listen") || srv.set.does("work") {
		srv.nats = conn.IsConnected // pages and the API are there without it: their questions are found a little later
	}
	srv.closers = append(srv.closers, func() error { conn.Close(); return nil })
	q, err := natsqueue.New(natsqueue.Config{Conn: conn, Journal: srv.db.JournalStore, Lease: srv.db.Leases(), Log: srv.log})
	if err != nil {
		return fmt.Errorf("open the queue on NATS: %w", err)
	}
	srv.queue = q
	return nil
}

// saveState stores what a listener of this process reports, so that every
// process can read it.
func (srv *service) saveState(ctx context.Context, bot openmates.ID, s messenger.State) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("describe the listener's state: %w", err)
	}
	host, _ := os.Hostname() // without a host name, the process ID is enough
	return srv.db.SaveBotReport(ctx, connect.BotReport{BotID: bot, Process: fmt.Sprintf("%s/%d", host, os.Getpid()), State: text})
}

// workspaces keeps the stored workspaces of a bot in sync with the network.
func (srv *service) workspaces(ctx context.Context, b openmates.Bot, c messenger.WorkspaceChange) error {
	switch {
	case c.Known:
		return srv.db.OnlyWorkspaces(ctx, b.ID, c.All)
	case c.Left:
		return srv.db.LeftWorkspace(ctx, b.ID, c.Workspace.ID)
	}
	_, err := srv.db.AddInstallation(ctx, openmates.Installation{
		BotID: b.ID, Workspace: c.Workspace.ID, Name: spelling.Clean(c.Workspace.Name, 100),
	})
	return err
}
