package chat

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"openmates"
	"openmates/internal/messenger"
)

// askers caches who is who, so that in a busy conversation the database is only
// asked whether anything has changed. Unknown people aren't cached: after they
// connect, their next message is answered.
//
// The cache is used only while the database says that nothing has changed
// since, in any process. So revoking access takes effect with the next message;
// a notification of changes (Forget) would arrive too late for that.
type askers struct {
	store Store
	cache *otter.Cache[askerKey, known]
}

type askerKey struct {
	bot       openmates.ID
	workspace openmates.WorkspaceID
	account   openmates.AccountID
}

// known is an asker at a revision of the database.
type known struct {
	openmates.Asker
	revision int64
}

const mostAskers = 10_000

func newAskers(store Store, d time.Duration) (*askers, error) {
	cache, err := otter.New(&otter.Options[askerKey, known]{
		MaximumSize:      mostAskers,
		ExpiryCalculator: otter.ExpiryWriting[askerKey, known](d),
	})
	if err != nil {
		return nil, err
	}
	return &askers{store: store, cache: cache}, nil
}

func (a *askers) of(ctx context.Context, in messenger.Inbound) (openmates.Asker, error) {
	// Read this before the asker: a change in between makes the entry look
	// older than it is, which only costs another read.
	revision, err := a.store.Revision(ctx)
	if err != nil {
		return openmates.Asker{}, err
	}
	key := askerKey{in.BotID, in.Workspace, in.Author.ID}
	if k, ok := a.cache.GetIfPresent(key); ok && k.revision == revision {
		return k.Asker, nil
	}
	asker, err := a.store.Asker(ctx, in.BotID, in.Workspace, in.Author.ID)
	if err != nil || asker.Team.ID == 0 || asker.User.ID == 0 {
		a.cache.Invalidate(key)
		return asker, err
	}
	if err := a.store.ForgetRefusals(ctx, about(in, openmates.TroubleWorkspace), about(in, openmates.TroubleAccount), about(in, openmates.TroubleNotMember)); err != nil {
		return asker, err
	}
	a.cache.Set(key, known{asker, revision})
	return asker, nil
}

func (a *askers) forget() { a.cache.InvalidateAll() }

func (a *askers) close() { a.cache.StopAllGoroutines() }
