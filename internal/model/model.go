// Package model is the room of providers and their models: which ones the
// server has, what they cost, and which one answers for a mate.
//
// A provider is checked before it is saved. Problems are described in a
// sentence that says how to fix them, even if they occur later while mates are
// answering. A model that no admin allowed is never chosen. A mate that names a
// model gets that one or none, because another one may cost more or send its
// words elsewhere. Every change is in the audit log. A model that its provider
// no longer lists is kept, with its price.
//
// It never returns a key, in whole or in part, and never sends a stored key to
// another host than the one it was entered for. It knows no wire format:
// adapters are passed in, by kind.
package model

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"openmates"
	"openmates/internal/llm"
)

// Store is the part of the database that the room needs. Every method is one
// transaction. A missing row is openmates.ENotFound.
type Store interface {
	Providers
	Models
	// Within runs do in one transaction: everything read and written with the
	// context passed to do happens completely or not at all. do may run more
	// than once, and must wait for nothing but the database.
	Within(ctx context.Context, do func(ctx context.Context) error) error
	Mates(ctx context.Context) ([]openmates.Mate, error)
}

// Providers reads and writes providers.
type Providers interface {
	// Providers lists them in the order in which they were created.
	Providers(ctx context.Context) ([]openmates.Provider, error)
	// SaveProvider creates one (ID 0) or changes one; a name that is taken is
	// ErrNameTaken, and one that isn't there ErrNoProvider.
	SaveProvider(ctx context.Context, p openmates.Provider) (openmates.Provider, error)
	// SetProviderProblem records the problem that a check or a request found.
	SetProviderProblem(ctx context.Context, id openmates.ID, problem openmates.Text) error
	// RemoveProvider also removes its models, and the defaults that name them.
	RemoveProvider(ctx context.Context, id openmates.ID) error
}

// Models reads and writes the providers' models.
type Models interface {
	ProviderModels(ctx context.Context) ([]openmates.ProviderModel, error)
	// ListModels records which models a provider lists now; enable decides
	// about new ones.
	ListModels(ctx context.Context, id openmates.ID, listed []string, enable func(model string) bool) error
	SaveModels(ctx context.Context, models ...openmates.ProviderModel) error
	ModelDefaults(ctx context.Context) (openmates.ModelDefaults, error)
	SetModelDefaults(ctx context.Context, d openmates.ModelDefaults) error
}

// Fixed is a provider from the server's settings. Its key is not in the
// database.
type Fixed struct {
	openmates.Provider
	Service llm.Provider
}

// Config configures a Room. Fields without a comment are required.
type Config struct {
	Store    Store
	Audit    openmates.Audit
	Adapters map[string]func(openmates.Provider) (llm.Provider, error) // by kind
	Fixed    []Fixed                                                   // may be empty
	Default  string                                                    // the model in the settings, as "provider/model"; "" = none
	Wrap     llm.Wrapper                                               // wraps each model that is chosen; nil = none
	Log      *slog.Logger
	Clock    openmates.Clock // nil = the real one
	Patience time.Duration   // how long a check may take; 0 = 15 s
}

// Room is the model room. It is safe for concurrent use.
type Room struct {
	cfg   Config
	log   *slog.Logger
	fixed map[string]llm.Provider // by the name under which they are stored

	since atomic.Int64 // grows when the cached state is outdated
	state atomic.Pointer[state]
	mu    sync.Mutex // held while state is read, and for the fields below
	made  map[openmates.ID]adapter
}

// adapter is a provider's adapter with what it was created from.
type adapter struct {
	kind, url string
	key       openmates.Secret
	service   llm.Provider
}

// New returns a Room. Call Settle before using it.
func New(c Config) (*Room, error) {
	if c.Store == nil || c.Audit == nil || c.Adapters == nil || c.Log == nil {
		return nil, errors.New("model: Config needs Store, Audit, Adapters and Log")
	}
	if c.Wrap == nil {
		c.Wrap = func(m llm.Model) llm.Model { return m }
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Patience <= 0 {
		c.Patience = 15 * time.Second
	}
	return &Room{
		cfg: c, log: c.Log.With("pkg", "model"),
		fixed: map[string]llm.Provider{}, made: map[openmates.ID]adapter{},
	}, nil
}

// Forget clears the cached providers and models; it is called when any of them
// changes, in any process.
func (r *Room) Forget() {
	r.since.Add(1)
	r.state.Store(nil)
}

// within makes a change together with its audit log entry, and clears the
// cache.
func (r *Room) within(ctx context.Context, do func(ctx context.Context) error) error {
	err := r.cfg.Store.Within(ctx, do)
	r.Forget()
	return err
}

// record writes a change to the audit log; ctx is that of within.
func (r *Room) record(ctx context.Context, actor openmates.ID, action, target string, before, after any) error {
	return r.cfg.Audit.Record(ctx, openmates.AuditEntry{Actor: actor, Action: action, Target: target}, before, after)
}
