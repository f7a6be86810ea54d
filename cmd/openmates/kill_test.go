package main_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"openmates/internal/llm/llmtest"
	"openmates/internal/messenger/discord/discordtest"
	"openmates/internal/polltest"
	"openmates/internal/sqldb/sqldbtest"
)

const mentions = 200

// TestNothingIsLostOrSaidTwice repeatedly kills or stops the program while
// people send 200 mentions, restarts it immediately, and then counts the
// replies to each mention.
func TestNothingIsLostOrSaidTwice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		stream   bool
		answer   func(llmtest.Question) llmtest.Reply
		end      func(*testing.T, *process, time.Duration)
		postgres bool
	}{
		{name: "kill -9", answer: quick, end: killed},
		{name: "kill -9 on PostgreSQL", answer: quick, end: killed, postgres: true},
		{name: "kill -9 while streaming", stream: true, answer: slow, end: killed},
		{name: "SIGTERM while streaming", stream: true, answer: slow, end: stopped},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var db string
			if c.postgres {
				db = sqldbtest.Address(t)
			}
			w := newWorld(t, plan{bots: 8, channels: 8, people: 5, answer: numbered(c.answer)})
			in := install(t, w, db)
			in.flags = []string{fmt.Sprintf("--stream=%t", c.stream)}
			siege(t, in, c.end)
		})
	}
}

// killed and stopped end the process after this delay.
func killed(t *testing.T, p *process, ahead time.Duration) { p.endsBy(t, syscall.SIGKILL, ahead) }

func stopped(t *testing.T, p *process, ahead time.Duration) {
	if took := p.endsBy(t, syscall.SIGTERM, ahead); took > 10*time.Second {
		t.Errorf("stopping took %s", took)
	}
}

// siege has people mention the mates without pause while the program is ended
// again and again: each time at a random moment, 40 to 60 mentions after it
// started to listen. Mentions sent while it is down or starting count as well.
func siege(t *testing.T, in *installation, end func(*testing.T, *process, time.Duration)) {
	w := in.world
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	listens := func() bool { return w.connected(w.apps) == len(w.apps) }
	p := in.start(t)
	p.ready(t)
	p.until(t, "connected", listens)

	asked := make([]string, mentions)
	leave, said := make(chan struct{}, mentions), make(chan int, mentions)
	go func() {
		defer close(said)
		pace := time.NewTicker(10 * time.Millisecond)
		defer pace.Stop()
		for n := range mentions {
			<-leave
			asked[n] = w.ask(n).ID
			said <- n
			<-pace.C
		}
	}()
	const overlap = 15 // mentions of each life that are left for its end and the next start
	deaths, heard := 0, 0
	for granted := 0; granted < mentions; deaths++ {
		life := min(40+rnd.IntN(21), mentions-granted)
		for range life {
			leave <- struct{}{}
		}
		for granted += life; heard < granted-overlap; heard++ {
			<-said
		}
		p.until(t, "connected", listens)
		end(t, p, time.Duration(rnd.Int64N(int64(100*time.Millisecond))))
		p = in.start(t)
	}
	for range said { // until all is said
		heard++
	}
	if heard != mentions {
		t.Fatalf("%d mentions were said", heard)
	}
	count(t, w, asked, deaths, p)
}

// count waits for the answers, stops the processes and reports the outcome of
// each mention.
func count(t *testing.T, w *world, asked []string, deaths int, ps ...*process) {
	ctx, cancel := context.WithTimeout(t.Context(), polltest.Patience)
	defer cancel()
	for n, id := range asked {
		_, err := w.sim.Await(ctx, func(m discordtest.Message) bool { return whole(n, w.sim.Replies(id)) })
		if err != nil {
			t.Logf("mention %d has no whole answer", n)
			break // the table tells
		}
	}
	// Lanes (a bot in a channel) are worked off in order: once a last mention in each of them is
	// answered, nothing that came before it can still be said.
	var last []string
	for n := range w.places {
		last = append(last, w.ask(mentions+n).ID)
	}
	for n, id := range last {
		if _, err := w.sim.Await(ctx, func(m discordtest.Message) bool { return whole(mentions+n, w.sim.Replies(id)) }); err != nil {
			t.Errorf("the last mention in channel %d has no answer", n)
			break
		}
	}
	for _, p := range ps {
		p.stop(t)
	}

	var once, lost, doubled, torn, stray int
	for n, id := range asked {
		switch replies := w.sim.Replies(id); {
		case whole(n, replies):
			once++
		case len(replies) == 0:
			lost++
		case strings.Count(joined(replies), "answer") > 1:
			doubled++
			t.Logf("mention %d was answered with %q", n, joined(replies))
		default:
			torn++
			t.Logf("mention %d was answered with %q", n, joined(replies))
		}
	}
	known := map[string]bool{}
	for _, id := range append(asked, last...) {
		known[id] = true
	}
	for _, place := range w.places {
		for _, m := range w.sim.Messages(place.channel) {
			if m.Bot && !m.Deleted && !known[m.ReplyTo] {
				stray++
			}
		}
	}
	t.Logf("mentions %d, ends of the process %d, questions to the model %d", len(asked), deaths, w.model.Count())
	t.Logf("answered once %d | lost %d | doubled %d | torn %d | stray %d", once, lost, doubled, torn, stray)
	if once != len(asked) || stray != 0 {
		t.Errorf("answered once %d of %d, lost %d, doubled %d, torn %d, stray %d", once, len(asked), lost, doubled, torn, stray)
	}
	if deaths < 2 {
		t.Errorf("the process ended %d times only", deaths)
	}
}

// An answer names its question and the model call that wrote it, so that a mix
// of two answers is detected.
// that a mixture of two answers is no whole one.
func numbered(answer func(llmtest.Question) llmtest.Reply) func(llmtest.Question) llmtest.Reply {
	var calls atomic.Int64
	question := regexp.MustCompile(`question (\d+)`)
	return func(q llmtest.Question) llmtest.Reply {
		n := mentions
		if m := question.FindStringSubmatch(q.Last()); m != nil {
			n, _ = strconv.Atoi(m[1])
		}
		var r llmtest.Reply
		if n < mentions { // answer the last ones immediately
			r = answer(q)
		}
		r.Pieces = text(n, int(calls.Add(1)))
		return r
	}
}

// text is an answer in pieces; every tenth is longer than one message may be.
func text(question, call int) []string {
	words := 10
	if question%10 == 3 {
		words = 400
	}
	pieces := []string{fmt.Sprintf("answer %d by call %d:", question, call)}
	var b strings.Builder
	for n := range words {
		fmt.Fprintf(&b, " word%d", n)
		if (n+1)%(words/5) == 0 {
			pieces = append(pieces, b.String())
			b.Reset()
		}
	}
	return append(pieces, " end")
}

func quick(llmtest.Question) llmtest.Reply { return llmtest.Reply{First: 5 * time.Millisecond} }

// slow is long enough to be shown before it is whole.
func slow(llmtest.Question) llmtest.Reply {
	return llmtest.Reply{First: 50 * time.Millisecond, Gap: 100 * time.Millisecond}
}

func joined(replies []discordtest.Message) string {
	var b strings.Builder
	for _, m := range replies {
		b.WriteString(m.Content)
		b.WriteByte(' ')
	}
	return b.String()
}

// whole reports whether the replies are the parts of one answer to question n,
// each present once and in order.
func whole(n int, replies []discordtest.Message) bool {
	got := strings.Fields(joined(replies))
	if len(got) < 5 {
		return false
	}
	call, err := strconv.Atoi(strings.TrimSuffix(got[4], ":"))
	if err != nil {
		return false
	}
	return strings.Join(got, " ") == strings.Join(text(n, call), "")
}
