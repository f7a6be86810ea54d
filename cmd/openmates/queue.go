package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats.go"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/queue/dbqueue"
	"openmates/internal/queue/natsqueue"
)

// openQueue chooses who carries jobs and leases: the database, or NATS where
// an address is set.
func (srv *server) openQueue(ctx context.Context) error {
	log := srv.log.With("pkg", "queue")
	if srv.set.NATSURL == "" {
		srv.hold = srv.db
		q, err := dbqueue.New(dbqueue.Config{Journal: srv.db, Lease: srv.db, Log: log, Now: time.Now})
		srv.queue = q
		return err
	}
	conn, err := nats.Connect(srv.set.NATSURL.reveal().Reveal(),
		nats.Name("openmates"), nats.MaxReconnects(-1), nats.Timeout(5*time.Second))
	if err != nil {
		return invalid("nats-url", "the server does not answer: %v", err)
	}
	srv.closers = append(srv.closers, func() error { conn.Close(); return nil })
	q, err := natsqueue.New(ctx, natsqueue.Config{Conn: conn, Journal: srv.db, Log: log, Now: time.Now})
	if err != nil {
		return fmt.Errorf("open the queue on NATS: %w", err)
	}
	srv.queue, srv.hold = q, q.Leaser()
	return nil
}

// saveState puts what a listener of this process reports where every process
// can read it.
func (srv *server) saveState(ctx context.Context, bot openmates.ID, s messenger.State) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("describe the listener's state: %w", err)
	}
	host, _ := os.Hostname() // without one, the number of the process says enough
	return srv.db.SaveBotReport(ctx, openmates.BotReport{BotID: bot, Process: fmt.Sprintf("%s/%d", host, os.Getpid()), State: text})
}

// workspaces keeps what is known of a bot's workspaces in step with the
// network.
func (srv *server) workspaces(ctx context.Context, b openmates.Bot, c messenger.WorkspaceChange) error {
	switch {
	case c.Known:
		return srv.db.OnlyWorkspaces(ctx, b.ID, c.All)
	case c.Left:
		return srv.db.LeftWorkspace(ctx, b.ID, c.Workspace.ID)
	}
	_, err := srv.db.AddInstallation(ctx, openmates.Installation{
		BotID: b.ID, Workspace: c.Workspace.ID, Name: c.Workspace.Name,
	})
	return err
}
