// Package chat is the room in which a person's message becomes a mate's reply.
//
// It promises that every message that Receive accepted is answered exactly
// once, whatever dies in between: Receive only journals; Reply, in any worker,
// finds out who asks and with which rights, holds the limits of server, team,
// mate and person, asks the model, records the answer, and only then finishes
// posting it. A repeated Reply goes on from what was recorded and posts under
// the same keys, so nothing is said twice and no model is paid twice for an
// answer that was recorded. Refusals take the same road. Nobody who asks meets
// silence: what was said lately, or can't be said in the channel, is a sign at
// the message or a word in private, and a mate that may not write somewhere
// asks no model there. The journal keeps a turn for 90 days (Prune): so long a
// message is known when it comes again, and so long a conversation is
// remembered. What was spent is kept apart from it, and a turn that no queue
// carries is settled also when nobody waits for it (Sweep).
//
// It refuses to know networks, databases and model providers: they come in as
// contracts. Text from a channel and text from a model are data to it, never
// instructions, and it writes neither to the log.
package chat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"text/template"
	"time"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/messenger"
	"openmates/internal/queue"
)

// Config is what the room needs. All fields up to Log are required.
type Config struct {
	Store      Store
	Queue      queue.Queue
	Connectors map[openmates.Network]messenger.Connector
	// Model gives the model that answers for a mate. None:
	// openmates.ENotFound.
	Model func(ctx context.Context, mate openmates.Mate) (llm.Choice, error)
	// Currency names what money is counted in, as it is settled now.
	Currency func(ctx context.Context) (string, error)
	Log      *slog.Logger
	Clock    openmates.Clock // nil = the real one

	// Say returns a text in the first of some languages that it can: BCP 47 tags,
	// "" where one is not known. nil = English.
	Say func(t openmates.Text, languages ...string) string

	// Skills are what mates can do beside talking; nil = nothing. Which of them a
	// model is shown is decided for each turn by the limits of its layers.
	Skills    Skills
	SkillTime time.Duration // for all skills of one answer; 0 = 2 minutes

	// Links leads people to where they connect what is missing; nil = refusals
	// lead nowhere.
	Links Links

	Patience    time.Duration // how long an Ask waits for a worker to start on it; 0 = 30 s
	NoStreaming bool          // post whole answers only
	Grace       time.Duration // how long a reply may go on after its context ended; 0 = not at all
	CacheFor    time.Duration // how long an Asker may be remembered; 0 = 30 s
}

// Room receives messages and replies to them. Its methods are safe for
// concurrent use.
type Room struct {
	cfg    Config
	askers *askers
	prompt *template.Template
	crowd  crowd
	desk   *desk
}

// New makes a Room.
func New(cfg Config) (*Room, error) {
	if cfg.Store == nil || cfg.Queue == nil || cfg.Connectors == nil || cfg.Model == nil || cfg.Currency == nil || cfg.Log == nil {
		return nil, errors.New("chat: Config needs Store, Queue, Connectors, Model, Currency and Log")
	}
	cfg.Log = cfg.Log.With("pkg", "chat")
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.CacheFor == 0 {
		cfg.CacheFor = 30 * time.Second
	}
	if cfg.Patience == 0 {
		cfg.Patience = 30 * time.Second
	}
	if cfg.SkillTime == 0 {
		cfg.SkillTime = 2 * time.Minute
	}
	askers, err := newAskers(cfg.Store, cfg.CacheFor)
	if err != nil {
		return nil, fmt.Errorf("chat room: %w", err)
	}
	prompt, err := parsePrompt()
	if err != nil {
		return nil, fmt.Errorf("chat room: %w", err)
	}
	return &Room{cfg: cfg, askers: askers, prompt: prompt, desk: newDesk(cfg.Store)}, nil
}

// Receive accepts a message of a messenger.
func (r *Room) Receive(ctx context.Context, in messenger.Inbound) error {
	return r.Accept(ctx, Message(r.withoutCode(in)))
}

// Work replies to accepted messages, n conversations at a time, until ctx
// ends.
func (r *Room) Work(ctx context.Context, n int) error {
	return r.cfg.Queue.Work(ctx, n, r.Reply)
}

// Forget drops what is remembered of people, teams and limits; it is called
// when any of them changes.
func (r *Room) Forget() { r.askers.forget() }

// Close ends what runs in the background; it is called when Work has ended.
func (r *Room) Close() error {
	r.askers.close()
	return nil
}

// linger gives work that runs when ctx ends a while to finish, but none to what
// another process may be doing already.
func linger(ctx context.Context, grace time.Duration) (context.Context, func()) {
	if grace == 0 {
		return ctx, func() {}
	}
	going, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(context.Cause(ctx), openmates.ErrLost) {
			cancel(openmates.ErrLost)
			return
		}
		t := time.AfterFunc(grace, func() { cancel(context.Cause(ctx)) })
		context.AfterFunc(going, func() { t.Stop() })
	})
	return going, func() { stop(); cancel(nil) }
}
