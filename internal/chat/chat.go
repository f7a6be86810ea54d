// Package chat is the room in which a person's question becomes a mate's reply.
//
// Every question that Accept took is answered exactly once, whatever dies in
// between, and wherever it was asked: in a messenger, by the API or on a page.
// Accept only journals. Reply, in any worker, takes the question through its
// steps: it identifies who asks, authorises them, chooses a model, reserves the
// money, converses, settles the outcome, and only then finishes posting it. A
// repeated Reply continues from what was recorded and posts with the same keys,
// so nothing is said twice and no recorded answer is paid for twice. Refusals
// take the same path. Whoever waits for an answer on this server (Ask) gets it
// from whichever process writes it, and again with the same ticket. Everyone who
// asks gets a reaction: if something was said recently, or can't be said in the
// channel, it is an emoji or a direct message, and where a mate may not write it
// asks no model. The journal keeps a turn for 90 days (Prune): that long,
// repeated messages are recognised and conversations are remembered. A trial is
// forgotten at once. Costs are kept separately, and money that no turn holds any
// more is released (Sweep).
//
// The room knows no networks, databases or model providers: they are passed in
// as contracts. Text from a channel or a model is data, never instructions, and
// is never logged.
package chat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"text/template"
	"time"

	"openmates"
	"openmates/internal/document"
	"openmates/internal/llm"
	"openmates/internal/messenger"
	"openmates/internal/queue"
)

// Config configures a Room. All fields up to Log are required.
type Config struct {
	Store      Store
	Queue      queue.Queue
	Connectors map[openmates.Network]messenger.Connector
	// Model returns the model that answers for a mate. If there is none:
	// openmates.ENotFound.
	Model func(ctx context.Context, mate openmates.Mate) (llm.Choice, error)
	// Currency returns the current currency.
	Currency func(ctx context.Context) (string, error)
	Log      *slog.Logger
	Clock    openmates.Clock // nil = the real one

	// Say returns a text in the first of some languages that it can: BCP 47 tags,
	// "" where one is not known. nil = English.
	Say func(t openmates.Text, languages ...string) string

	// Skills are what mates can do besides talking; nil = nothing. Each turn's
	// limits decide which of them a model sees.
	Skills    Skills
	SkillTime time.Duration // for all skills of one answer; 0 = 2 minutes

	// Documents reads the files that people show; the zero value reads plain text
	// alone.
	Documents document.Reader

	// Links leads people to where they connect what is missing; nil = refusals
	// contain no links.
	Links Links

	Patience    time.Duration // how long an Ask waits for a worker; 0 = 30 s
	NoStreaming bool          // post whole answers only
	Grace       time.Duration // how long a reply may continue after its context ended
	CacheFor    time.Duration // how long an Asker may be cached; 0 = 30 s
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

// New returns a Room.
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

// Forget clears the cache of people, teams and limits; it is called when any of
// them changes.
func (r *Room) Forget() { r.askers.forget() }

// Close ends background work; it is called after Work has ended.
func (r *Room) Close() error {
	r.askers.close()
	return nil
}

// linger gives work some time to finish after ctx has ended, but none if
// another process may already be doing it.
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
