package chat_test

import (
	"context"
	"log/slog"
	"testing"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/llm"
	"openmates/internal/messenger"
	"openmates/internal/queue/dbqueue"
)

// BenchmarkAsk measures a question through the API, from call to answer, with a
// model that answers immediately.
func BenchmarkAsk(b *testing.B) {
	ctx := b.Context()
	db, err := openDB(ctx, b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	team, _ := db.AddTeam(ctx, openmates.Team{Slug: "acme", Name: "Acme"})
	user, _ := db.AddUser(ctx, openmates.User{Username: "ada", DisplayName: "Ada"}, "")
	_ = db.AddMember(ctx, openmates.Membership{TeamID: team.ID, UserID: user.ID, Role: openmates.RoleMember})
	mate, err := db.SaveMate(ctx, openmates.Mate{Handle: "sophia", Name: "Sophia", Prompt: "You like tests."})
	if err != nil {
		b.Fatal(err)
	}
	jobs, err := dbqueue.New(dbqueue.Config{Journal: db, Lease: db, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	model := &script{say: func(int, llm.Request) ([]llm.Piece, error) { return words("Because of the missing index."), nil }}
	room, err := chat.New(chat.Config{
		Store: db, Queue: jobs, Connectors: map[openmates.Network]messenger.Connector{}, Log: slog.New(slog.DiscardHandler),
		Currency: func(context.Context) (string, error) { return "USD", nil },
		Model: func(context.Context, openmates.Mate) (llm.Choice, error) {
			return llm.Choice{Name: "test/one", Model: model, Price: openmates.Price{Input: 1_000_000, Output: 2_000_000}}, nil
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = room.Close() })
	working, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- room.Work(working, 8) }()
	b.Cleanup(func() { stop(); <-ended })
	for b.Loop() {
		o, err := room.Ask(ctx, chat.Ask{Team: team.ID, User: user.ID, Mate: mate.ID, Text: "why?"}, nil)
		if err != nil || o.State != openmates.TurnAnswered {
			b.Fatal(o, err)
		}
	}
}
