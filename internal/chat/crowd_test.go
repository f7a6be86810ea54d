package chat_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"openmates"
)

// One person can't take up all connections with questions that a model is slow
// to answer. Others are answered meanwhile, and so is the person once one of
// theirs is done, however it ended.
func TestOnePersonHoldsSoManyAnswersOnly(t *testing.T) {
	t.Parallel()
	const most = 64
	w := setup(t)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	var holding atomic.Bool
	holding.Store(true)
	var begun, all sync.WaitGroup
	begun.Add(most)
	w.model.hold = func(held context.Context, _ int) {
		if holding.Load() {
			begun.Done()
			<-held.Done()
		}
	}
	for range most {
		all.Go(func() {
			if _, err := w.room.Ask(ctx, w.question(), nil); !errors.Is(err, context.Canceled) {
				t.Errorf("one that was held ended with %v", err)
			}
		})
	}
	begun.Wait()
	holding.Store(false)
	if _, err := w.room.Ask(t.Context(), w.question(), nil); openmates.CodeOf(err) != openmates.ELimit {
		t.Errorf("one more: %v", err)
	}
	other := w.question()
	ben, err := w.db.AddUser(t.Context(), openmates.User{Username: "ben", DisplayName: "Ben"}, "")
	must(t, err)
	must(t, w.db.AddMember(t.Context(), openmates.Membership{TeamID: w.team.ID, UserID: ben.ID, Role: openmates.RoleMember}))
	other.User = ben.ID
	if o, err := w.room.Ask(t.Context(), other, nil); err != nil || o.State != openmates.TurnAnswered {
		t.Errorf("somebody else: %+v, %v", o, err)
	}
	leave()
	all.Wait()
	if o, err := w.room.Ask(t.Context(), w.question(), nil); err != nil || o.State != openmates.TurnAnswered {
		t.Errorf("afterwards: %+v, %v", o, err)
	}
}
