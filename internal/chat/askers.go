package chat

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"openmates"
	"openmates/internal/messenger"
)

// askers remembers who is who, so that a busy conversation asks the database
// only whether anything has changed. Unknown people are not remembered: the
// next message after they connected is answered.
//
// What is remembered is used only while the database says that nothing has
// changed since, whichever process made the change: whoever was unlinked or
// taken out of a team is nobody with the very next message. Being told of
// changes (Forget) would come too late for that.
type askers struct {
	store Store
	cache *otter.Cache[askerKey, known]
}

type askerKey struct {
	bot       openmates.ID
	workspace openmates.WorkspaceID
	account   openmates.AccountID
}

// known is an asker as of a revision of the database.
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
	// Read before the asker: a change in between makes it look older than it is,
	// which costs one more read and nothing else.
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
