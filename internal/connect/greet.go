package connect

import (
	"context"
	"fmt"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// greetEvery is how often Greet looks for unclaimed workspaces.
const greetEvery = 20 * time.Second

// greetAfter is how long a bot waits before it greets an unclaimed workspace.
// Anybody who adds it from a team's page has returned from the consent page by
// then.
const greetAfter = time.Minute

// Greet calls GreetStrangers regularly until ctx ends.
func (r *Room) Greet(ctx context.Context) error {
	tick := time.NewTicker(greetEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if err := r.GreetStrangers(ctx); err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "strangers could not be greeted", "err", err)
		}
	}
}

// GreetStrangers makes bots that somebody added with a bare link explain, once
// in each workspace, how to connect it. They say nothing in a team's workspace.
// It may be called at any time, by any process.
func (r *Room) GreetStrangers(ctx context.Context) error {
	all, err := r.store.Strangers(ctx, r.now().Add(-greetAfter))
	if err != nil {
		return fmt.Errorf("look for bots that nobody connected: %w", err)
	}
	for _, in := range all {
		if err := r.greet(ctx, in); err != nil {
			r.log.WarnContext(ctx, "a bot could not greet", "bot", in.BotID, "workspace", in.Workspace, "err", err)
		}
	}
	return ctx.Err()
}

func (r *Room) greet(ctx context.Context, in openmates.Installation) error {
	b, err := r.store.Bot(ctx, in.BotID)
	if err != nil {
		return err
	}
	con := r.connectors[b.Network]
	surveyor, ok := con.(messenger.Surveyor)
	m, err := r.mateOf(ctx, b)
	if err != nil || !ok || b.Paused || b.MateID == 0 || !m.Works() {
		return err
	}
	via := messenger.Via{Bot: b, Workspace: in.Workspace, Token: in.Token}
	s, err := surveyor.Survey(ctx, via)
	if openmates.CodeOf(err) == openmates.EUnavailable {
		return err // try again later
	}
	// Counts as done from here on, whatever happens: no greeting is better than
	// two.
	if first, claimed := r.store.GreetOnce(ctx, b.ID, in.Workspace); claimed != nil || !first {
		return claimed
	}
	if err != nil {
		return err
	}
	for _, c := range s.Channels {
		if !c.Answers() {
			continue
		}
		_, err := con.Send(ctx, via, messenger.Outbound{
			Key: "greet:" + b.ID.String() + ":" + string(in.Workspace), Channel: c.ID, Text: r.greeting(m, con.Info()),
		})
		return err
	}
	return nil
}

func (r *Room) greeting(m openmates.Mate, i messenger.Info) string {
	return fmt.Sprintf("Hello, I am %s. I answer teams on OpenMates, and this place on %s is not connected with one yet, so I can't answer here. "+
		"To connect it, sign in at %s, open your team's page, choose “Connect” and add me there.", m.Name, i.Label, r.PublicURL())
}

// testMessage returns what a mate posts as a test.
func testMessage(m openmates.Mate) string {
	return fmt.Sprintf("Hello, this is a test: %s can write here. Mention me with a question, and I answer.", m.Name)
}
