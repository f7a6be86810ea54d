// Package model is the room of the providers and their models: which ones the
// server has, what they cost, and which of them answers for a mate.
//
// It promises that a provider is asked before it is saved and that what is
// wrong with it is said in a sentence with its cure, also when it breaks later
// while mates are answering; that a model is never chosen which no admin
// allowed; that a mate which names a model gets that one or none, because
// another one may cost more or send its words elsewhere; and that every change
// is in the audit record. A model that its provider lists no more is kept,
// with its price.
//
// It refuses to give a key back, in whole or in part, and to send a stored key
// to another host than the one it was entered for. It knows no wire format:
// adapters are handed in, by kind.
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

// Store is what the room asks of the database. Every method is one
// transaction. What doesn't exist is openmates.ENotFound.
type Store interface {
	Providers
	Models
	// Within runs do in one transaction: what is read and written with the context
	// that do is given happens as a whole, or not at all. do may run more than
	// once, and must wait for nothing but the database.
	Within(ctx context.Context, do func(ctx context.Context) error) error
	Mates(ctx context.Context) ([]openmates.Mate, error)
}

// Providers are the services that run models.
type Providers interface {
	// Providers lists them in the order in which they were made.
	Providers(ctx context.Context) ([]openmates.Provider, error)
	// SaveProvider makes one (ID 0) or changes one; a name that is taken is
	// openmates.EConflict.
	SaveProvider(ctx context.Context, p openmates.Provider) (openmates.Provider, error)
	// SetProviderProblem notes what a check or a request found.
	SetProviderProblem(ctx context.Context, id openmates.ID, problem openmates.Text) error
	// RemoveProvider takes its models along, and the defaults that name them.
	RemoveProvider(ctx context.Context, id openmates.ID) error
}

// Models are what the providers offer.
type Models interface {
	ProviderModels(ctx context.Context) ([]openmates.ProviderModel, error)
	// ListModels writes down what a provider lists now; enable decides for
	// those that are new.
	ListModels(ctx context.Context, id openmates.ID, listed []string, enable func(model string) bool) error
	SaveModels(ctx context.Context, models ...openmates.ProviderModel) error
	ModelDefaults(ctx context.Context) (openmates.ModelDefaults, error)
	SetModelDefaults(ctx context.Context, d openmates.ModelDefaults) error
}

// Fixed is a provider that the settings of the server name. Its key is not in
// the database.
type Fixed struct {
	openmates.Provider
	Service llm.Provider
}

// Config holds what a Room needs; what has no word behind it is required.
type Config struct {
	Store    Store
	Audit    openmates.Audit
	Adapters map[string]func(openmates.Provider) (llm.Provider, error) // by kind
	Fixed    []Fixed                                                   // may be none
	Default  string                                                    // the settings' model, as "provider/model"; "" = none
	Wrap     llm.Wrapper                                               // around each model that is chosen; nil = none
	Log      *slog.Logger
	Clock    openmates.Clock // nil = the real one
	Patience time.Duration   // how long a check may take; 0 = 15 s
}

// Room is the model room. It is safe for concurrent use.
type Room struct {
	cfg   Config
	log   *slog.Logger
	fixed map[string]llm.Provider // by the name under which they are stored

	since atomic.Int64 // grows when what is remembered is out of date
	state atomic.Pointer[state]
	mu    sync.Mutex // held while state is read, and for what is below
	made  map[openmates.ID]adapter
}

// adapter is a provider's adapter with what it was made from.
type adapter struct {
	kind, url string
	key       openmates.Secret
	service   llm.Provider
}

// New makes a Room. Settle it before it is used.
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

// Forget drops what is remembered of providers and models; it is called when
// any of them changes, also by another process.
func (r *Room) Forget() {
	r.since.Add(1)
	r.state.Store(nil)
}

// within makes a change together with its line of the audit record, and forgets
// what was before it.
func (r *Room) within(ctx context.Context, do func(ctx context.Context) error) error {
	err := r.cfg.Store.Within(ctx, do)
	r.Forget()
	return err
}

// record writes a change into the audit record; ctx is that of within.
func (r *Room) record(ctx context.Context, actor openmates.ID, action, target string, before, after any) error {
	return r.cfg.Audit.Record(ctx, openmates.AuditEntry{Actor: actor, Action: action, Target: target}, before, after)
}
