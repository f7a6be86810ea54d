package chat_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/queue"
)

func TestOldTurnsLeaveTheJournal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		const day = 24 * time.Hour
		answered := w.deliver(w.message("hello"))
		must(t, w.room.Reply(t.Context(), answered))
		must(t, w.db.CloseJob(t.Context(), answered.Key, queue.Done))
		for n := range 500 {
			_, err := w.db.AddJob(t.Context(), queue.Job{Key: fmt.Sprint("api:", n), Kind: chat.KindAsk, Lane: "api:lane", Alone: true, Soft: true})
			must(t, err)
			must(t, w.db.CloseJob(t.Context(), fmt.Sprint("api:", n), queue.Done))
		}
		open := w.deliver(w.message("are you there?"))
		spent := w.spent()
		settled := func(key string) bool {
			t.Helper()
			_, _, ok, err := w.db.Settled(t.Context(), key)
			must(t, err)
			return ok
		}
		w.later.Store(int64(80 * day))
		young := w.message("still there?")
		must(t, w.ask(young))
		must(t, w.db.CloseJob(t.Context(), young.Key, queue.Done))

		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.room.Prune(ctx) }()
		synctest.Wait()
		if !settled(answered.Key) {
			t.Error("a turn is gone after 80 days")
		}
		w.later.Store(int64(91 * day))
		time.Sleep(time.Hour + time.Second)
		synctest.Wait()
		if settled(answered.Key) || !settled(young.Key) {
			t.Errorf("after 91 days, the old turn is there: %v, the young one: %v", settled(answered.Key), settled(young.Key))
		}
		for n := range 500 {
			if known(w, fmt.Sprint("api:", n)) {
				t.Fatalf("turn %d is left", n)
			}
		}
		jobs, _, err := w.db.OpenJobs(t.Context(), 0, 10)
		must(t, err)
		if len(jobs) != 1 || jobs[0].Key != open.Key {
			t.Errorf("still open: %v", jobs)
		}
		if now := w.spent(); now != spent || spent == 0 {
			t.Errorf("%d were spent, and now %d", spent, now)
		}
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
	})
}

// known reports whether the journal contains a turn: one that it doesn't
// contain can't be settled.
func known(w *world, key string) bool {
	w.Helper()
	err := w.db.Settle(w.Context(), openmates.Outcome{Key: key, State: openmates.TurnRefused})
	return openmates.CodeOf(err) != openmates.ENotFound
}
