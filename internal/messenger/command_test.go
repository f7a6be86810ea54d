package messenger_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/messenger/messengertest"
)

// A command reaches what the supervisor was told, with the bot that was meant,
// and one that panics harms nobody else.
func TestTheSupervisorHandsCommandsOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		net := &messengertest.Network{}
		sup, err := messenger.NewSupervisor(messenger.SupervisorConfig{
			Connectors: map[openmates.Network]messenger.Connector{"memory": net},
			Bots: func(context.Context) ([]openmates.Bot, error) {
				return []openmates.Bot{{ID: 7, MateID: 1, Network: "memory"}}, nil
			},
			Hold:       func(ctx context.Context, _ string, do func(context.Context) error) error { return do(ctx) },
			Workspaces: noWorkspaces, Notes: noNotes, SaveNotes: keepNothing,
			Log: slog.New(slog.DiscardHandler), Clock: time.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		product := silent()
		product.Commands = []messenger.CommandInfo{{Name: "echo"}, {Name: "fall"}}
		product.Command = func(_ context.Context, c messenger.Command) (messenger.Reply, error) {
			if c.Name == "fall" {
				panic("odd command")
			}
			return messenger.Reply{Text: c.Name + " " + c.Text + " " + c.Conversation()}, nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- sup.Run(ctx, product) }()
		synctest.Wait()
		if _, err := net.Give(ctx, 7, messenger.Command{Name: "fall"}); err == nil {
			t.Error("a panic is no answer")
		}
		got, err := net.Give(ctx, 7, messenger.Command{Name: "echo", Text: "this", Channel: "c", BotID: 99, Network: "forged"})
		if err != nil || got.Text != "echo this memory:7:c" {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := net.Give(ctx, 7, messenger.Command{Name: "unheard"}); err == nil {
			t.Error("a command that nobody offers was given")
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

func TestAReplyShowsItsLinks(t *testing.T) {
	t.Parallel()
	r := messenger.Reply{Text: "Here:", Links: []messenger.Link{{Label: "Profile", URL: "https://a/b"}, {URL: "https://c"}}}
	if got, want := r.Whole(), "Here:\nProfile: <https://a/b>\n<https://c>"; got != want {
		t.Errorf("%q", got)
	}
}
