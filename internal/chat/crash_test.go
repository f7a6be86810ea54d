package chat_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/messenger"
)

// TestARepeatedTurnSaysNothingTwice ends the first attempt at every call to
// the network, before or after its effect, and has the turn repeated as the
// queue does after a crash.
func TestARepeatedTurnSaysNothingTwice(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("All work and no play. ", 200)
	for _, after := range []bool{false, true} {
		for n := range 5 {
			w := setup(t)
			w.model.say = func(int, llm.Request) ([]llm.Piece, error) { return words(long), nil }
			calls := 0
			w.net.After = after
			w.net.Refuse = func(string, messenger.Outbound) error {
				if calls++; calls == n+1 {
					return errors.New("the process died here")
				}
				return nil
			}
			j := w.deliver(w.message("tell me"))
			first := w.room.Reply(t.Context(), j)
			w.net.Refuse = nil
			j.Again = true
			must(t, w.room.Reply(t.Context(), j))
			must(t, w.room.Reply(t.Context(), j))
			var all []string
			for _, p := range w.net.Posts() {
				all = append(all, p.Text())
			}
			if got := strings.Join(all, " "); got != strings.TrimSpace(long) {
				t.Errorf("call %d, after %v (first attempt: %v): %d messages say %d of %d characters",
					n, after, first, len(all), len(got), len(long))
			}
			if asked := len(w.model.requests()); asked != 1 {
				t.Errorf("call %d, after %v: the model was asked %d times for an answer that was recorded", n, after, asked)
			}
		}
	}
}

func TestAStrayPartOfALostAnswerIsTakenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		long := strings.Repeat("first attempt ", 300)
		w.model.say = func(n int, _ llm.Request) ([]llm.Piece, error) {
			if n == 1 {
				return words(long), nil
			}
			return words("Short this time."), nil
		}
		ctx, kill := context.WithCancel(t.Context())
		w.model.each = func(n, piece int) {
			if n == 1 && piece == 598 {
				time.Sleep(2 * time.Second) // the draft is shown meanwhile
				kill()
			}
		}
		j := w.deliver(w.message("tell me"))
		if err := w.room.Reply(ctx, j); !errors.Is(err, context.Canceled) {
			t.Fatalf("the first attempt ended with %v", err)
		}
		if n := len(w.net.Posts()); n != 3 {
			t.Fatalf("the draft had %d messages, want 3", n)
		}
		j.Again = true
		must(t, w.room.Reply(t.Context(), j))
		if got := w.only(); got != "Short this time." {
			t.Errorf("in the end it says %q", got)
		}
	})
}

func TestAnAnswerGrowsInTheChannel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		text := "One. Two. Three. Four. Five."
		w.model.say = func(int, llm.Request) ([]llm.Piece, error) { return words(text), nil }
		w.model.each = func(_, piece int) {
			if piece > 0 {
				time.Sleep(1300 * time.Millisecond)
			}
		}
		must(t, w.ask(w.message("count")))
		p := w.net.Posts()
		if len(p) != 1 || p[0].Text() != text {
			t.Fatalf("posted %+v", p)
		}
		if n := len(p[0].Texts); n < 4 {
			t.Errorf("the message had only %d texts: %q", n, p[0].Texts)
		}
		for i := 1; i < len(p[0].Texts); i++ {
			if !strings.HasPrefix(p[0].Texts[i], strings.TrimSpace(p[0].Texts[i-1])) {
				t.Errorf("%q became %q", p[0].Texts[i-1], p[0].Texts[i])
			}
		}
	})
}

func TestASlowModelIsSeenTyping(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		w.model.each = func(_, piece int) {
			if piece == 0 {
				time.Sleep(20 * time.Second)
			}
		}
		must(t, w.ask(w.message("think")))
		if n := w.net.Typings(); n < 2 || n > 4 {
			t.Errorf("typing was shown %d times in 20 s, want one every 8 s", n)
		}
	})
}

func TestAQuickAnswerIsPostedInOnePieceWithoutTyping(t *testing.T) {
	t.Parallel()
	w := setup(t)
	must(t, w.ask(w.message("hello")))
	if p := w.net.Posts(); len(p[0].Texts) != 1 || w.net.Typings() != 0 {
		t.Errorf("texts %q, typing %d times", p[0].Texts, w.net.Typings())
	}
}

func TestAnAnswerThatNobodyCanReadIsNotPaidToItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		pieces := 0
		w.model.say = func(int, llm.Request) ([]llm.Piece, error) { return words(strings.Repeat("word ", 100)), nil }
		w.model.each = func(_, piece int) { pieces = piece; time.Sleep(100 * time.Millisecond) }
		w.net.Refuse = func(string, messenger.Outbound) error {
			return &messenger.SendError{Kind: messenger.SendGone, Reason: openmates.T("The channel is gone.")}
		}
		j := w.deliver(w.message("hello"))
		if err := w.room.Reply(t.Context(), j); err == nil {
			t.Fatal("no error")
		}
		if pieces > 20 {
			t.Errorf("the model wrote %d pieces", pieces)
		}
		o, _, ok, err := w.db.Settled(t.Context(), j.Key)
		must(t, err)
		if !ok || o.State != openmates.TurnFailed || o.Usage.Cost == 0 {
			t.Errorf("settled as %+v, %v", o, ok)
		}
	})
}

func TestGraceLetsARunningReplyFinish(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		w.grace(5 * time.Second)
		ctx, stop := context.WithCancel(t.Context())
		w.model.each = func(_, piece int) {
			if piece == 1 {
				stop()
				time.Sleep(3 * time.Second)
			}
		}
		must(t, w.room.Reply(ctx, w.deliver(w.message("hello"))))
		if got := w.only(); got != "Because of the missing index." {
			t.Errorf("said %q", got)
		}
	})
}

func TestGraceEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := setup(t)
		w.grace(5 * time.Second)
		ctx, stop := context.WithCancel(t.Context())
		w.model.each = func(_, piece int) {
			if piece == 1 {
				stop()
				time.Sleep(30 * time.Second)
			}
		}
		if err := w.room.Reply(ctx, w.deliver(w.message("hello"))); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

// What another process may be doing already ends at once, also in the grace, and
// is neither posted nor recorded.
func TestALostLeaseHasNoGrace(t *testing.T) {
	t.Parallel()
	for _, graceful := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := setup(t)
			w.grace(time.Minute)
			ctx, lose := context.WithCancelCause(t.Context())
			lost := false
			ctx = openmates.WithFence(ctx, func(context.Context) error {
				if lost {
					return openmates.ErrLost
				}
				return nil
			})
			w.model.each = func(_, piece int) {
				if piece == 1 {
					if lost = true; graceful {
						lose(context.Canceled) // asked to stop first
					} else {
						lose(openmates.ErrLost)
					}
				}
			}
			j := w.deliver(w.message("hello"))
			begun := time.Now()
			if err := w.room.Reply(ctx, j); !errors.Is(err, openmates.ErrLost) {
				t.Errorf("error %v", err)
			}
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("it went on for %v", took)
			}
			if p := w.net.Posts(); len(p) > 0 {
				t.Errorf("posted %+v", p)
			}
			if _, _, ok, err := w.db.Settled(t.Context(), j.Key); ok || err != nil {
				t.Errorf("settled: %v, %v", ok, err)
			}
		})
	}
}
