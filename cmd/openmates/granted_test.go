package main

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"openmates"
	"openmates/internal/catalogue"
	"openmates/internal/connect"
	"openmates/internal/messenger"
	"openmates/internal/messenger/messengertest"
)

// Uses a network that no file of the product names and whose bots have a
// credential per workspace instead of one for all. A mate is added by consent,
// answers with the granted credential, and leaves with it.
func TestAMateAnswersByWhatItWasGranted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	net := &messengertest.Granting{Browser: &messengertest.Browser{Network: &messengertest.Network{}, Secret: "s"}}
	net.Place("general", "w1")
	srv := serverOn(ctx, t, net)
	team, users, err := srv.team.Seed(ctx, demoPlan())
	must(t, err)
	_, err = srv.db.AddIdentity(ctx, openmates.Identity{UserID: users[0].ID, Network: "memory", AccountID: "u1", Name: "Ada", Created: time.Now()})
	must(t, err)
	sophia, err := catalogue.Mates()
	must(t, err)
	mate, err := srv.db.SaveMate(ctx, sophia[0])
	must(t, err)
	_, _, err = srv.connect.SetBot(ctx, connect.Credentials{Actor: users[0].ID, MateID: mate.ID, Network: "memory", Values: openmates.Secrets{"app_id": "app", "password": "t", "seal": "s"}})
	must(t, err)
	bot, err := srv.db.BotOf(ctx, mate.ID, "memory")
	must(t, err)

	who := connect.Who{UserID: users[0].ID, Session: "session"}
	page, err := srv.connect.BeginInstall(ctx, who, team, mate.Handle, "memory", "")
	must(t, err)
	back := net.Consent(page, messenger.Workspace{ID: "w1", Name: "Harbour"}, messenger.Account{ID: "u1"})
	if _, err = srv.connect.Finish(ctx, who, connect.Install, back); err != nil {
		t.Fatal(err)
	}

	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- srv.run(running) }()
	net.Say(bot.ID, messenger.Inbound{Workspace: "w1", Channel: "general", Message: "m1", Author: messenger.Account{ID: "u1", Name: "Ada"}, Text: "hello", At: time.Now()})
	must(t, net.Await(ctx, func(posts []messengertest.Post) bool { return len(posts) == 1 && len(posts[0].Text()) > 5 }))
	stop()
	must(t, <-ended)

	_, err = srv.connect.Remove(ctx, users[0].ID, team, "memory", "w1", mate.Handle)
	must(t, err)
	if in, err := srv.db.InstallationAt(ctx, bot.ID, "w1"); openmates.CodeOf(err) != openmates.ENotFound {
		t.Errorf("after leaving there is %+v, %v", in, err)
	}
}

// serverOn returns a server with this as its only network.
func serverOn(ctx context.Context, t *testing.T, c messenger.Connector) *service {
	t.Helper()
	_, s, set, err := parse([]string{"serve", "--addr", "127.0.0.1:0", "--data", t.TempDir()}, environOf(nil), t.Output())
	must(t, err)
	m, err := newModels(s, set, true)
	must(t, err)
	srv := &service{
		set: s, log: slog.New(slog.DiscardHandler), models: m, settled: make(chan struct{}, 1),
		networks: map[openmates.Network]messenger.Connector{c.Info().Network: c},
	}
	t.Cleanup(srv.close)
	must(t, srv.prepare(ctx, nil))
	return srv
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
