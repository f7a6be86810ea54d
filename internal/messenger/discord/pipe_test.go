package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"openmates/internal/messenger"
	"openmates/internal/polltest"
)

// memory is a Host that keeps what it is told.
type memory struct {
	mu      sync.Mutex
	keys    []string // of first receipts, in order
	seen    map[string]messenger.Inbound
	again   int // receipts of a key that was there already
	changes []messenger.WorkspaceChange
	states  []messenger.State
	notes   []byte
	saves   int

	receive func(in messenger.Inbound) error // asked first
	save    func(raw []byte) error
	command func(c messenger.Command) (messenger.Reply, error) // nil = it offers none
	news    chan struct{}
}

func newMemory() *memory {
	return &memory{seen: map[string]messenger.Inbound{}, news: make(chan struct{})}
}

func (h *memory) tell() {
	close(h.news)
	h.news = make(chan struct{})
}

func (h *memory) Receive(_ context.Context, in messenger.Inbound) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.tell()
	if h.receive != nil {
		if err := h.receive(in); err != nil {
			return err
		}
	}
	if _, ok := h.seen[in.Key]; ok {
		h.again++
		return nil
	}
	h.seen[in.Key] = in
	h.keys = append(h.keys, in.Key)
	return nil
}

func (h *memory) Workspaces(_ context.Context, c messenger.WorkspaceChange) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changes = append(h.changes, c)
	h.tell()
	return nil
}

func (h *memory) Report(s messenger.State) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.states = append(h.states, s)
	h.tell()
}

func (h *memory) Notes(context.Context) ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.notes), nil
}

func (h *memory) SaveNotes(_ context.Context, raw []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.save != nil {
		if err := h.save(raw); err != nil {
			return err
		}
	}
	if len(raw) > 64<<10 {
		return fmt.Errorf("%d bytes of notes", len(raw))
	}
	h.notes = slices.Clone(raw)
	h.saves++
	h.tell()
	return nil
}

func (h *memory) Commands() []messenger.CommandInfo {
	if h.command == nil {
		return nil
	}
	return []messenger.CommandInfo{
		{Name: "whoami", Description: "Who you are"}, {Name: "team", Description: "Your team", Option: "its name"},
	}
}

func (h *memory) Command(_ context.Context, c messenger.Command) (messenger.Reply, error) {
	return h.command(c)
}

func (h *memory) saved() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.saves
}

func (h *memory) stored() notes {
	h.mu.Lock()
	defer h.mu.Unlock()
	return readNotes(h.notes)
}

// until waits until ok holds; it is asked after every change.
func (h *memory) until(t testing.TB, what string, ok func(h *memory) bool) {
	t.Helper()
	deadline := time.After(polltest.Patience)
	for {
		h.mu.Lock()
		done, news := ok(h), h.news
		h.mu.Unlock()
		if done {
			return
		}
		select {
		case <-news:
		case <-deadline:
			h.mu.Lock()
			defer h.mu.Unlock()
			t.Fatalf("%s did not happen; %d keys, changes %+v, last states %+v", what, len(h.keys), h.changes, h.states[max(0, len(h.states)-5):])
		}
	}
}

func testPipe(t testing.TB, h *memory) *pipe {
	t.Helper()
	d, err := New(Config{API: "http://127.0.0.1:1/api", Authorize: "http://127.0.0.1:1/a"})
	if err != nil {
		t.Fatal(err)
	}
	return newPipe(d, h, slog.New(slog.DiscardHandler), readNotes(nil))
}

// The stored position never passes an event that the Host has not taken.
func TestPipeStoresOnlyWhatIsHandled(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		h := newMemory()
		p := testPipe(t, h)
		handled := int64(0)
		next := int64(0)
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			switch rapid.IntRange(0, 2).Draw(rt, "kind") {
			case 0:
				next++
				seq := next
				p.push(job{seq: seq, at: t0, do: func(context.Context) error {
					handled = seq
					return nil
				}})
			case 1:
				next++
				p.skip(next, t0)
			case 2:
				p.next(context.Background())
			}
			p.mu.Lock()
			first := int64(0) // the first event that waits
			for _, j := range p.queue {
				first = j.seq
				break
			}
			seq := p.notes.Seq
			p.mu.Unlock()
			if first != 0 && seq >= first || seq < handled {
				rt.Fatalf("stored %d, handled %d, waiting %d", seq, handled, first)
			}
			if first == 0 && seq != next {
				rt.Fatalf("stored %d of %d though nothing waits", seq, next)
			}
		}
	})
}

func TestPipeTriesAgainInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newMemory()
		p := testPipe(t, h)
		var order []string
		for i := range 3 {
			fails := 3
			p.push(job{seq: int64(i + 1), at: time.Now(), do: func(context.Context) error {
				if fails--; fails >= 0 {
					order = append(order, fmt.Sprint("no", i))
					return errors.New("the database is locked")
				}
				order = append(order, fmt.Sprint("ok", i))
				return nil
			}})
		}
		drain := make(chan struct{})
		close(drain)
		p.run(t.Context(), drain)
		want := []string{"no0", "no0", "no0", "ok0", "no1", "no1", "no1", "ok1", "no2", "no2", "no2", "ok2"}
		if !slices.Equal(order, want) {
			t.Fatalf("%v", order)
		}
		if n := h.stored(); n.Seq != 3 {
			t.Fatalf("stored %+v", n)
		}
	})
}

func TestPipeSavesAboutOnceASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newMemory()
		p := testPipe(t, h)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			p.run(ctx, nil)
		}()
		for i := range int64(100) {
			p.push(job{seq: i + 1, at: time.Now(), do: func(context.Context) error { return nil }})
			time.Sleep(100 * time.Millisecond)
		}
		busy := h.saved()
		for i := range int64(100) {
			p.skip(101+i, time.Now())
			time.Sleep(100 * time.Millisecond)
		}
		idle := h.saved() - busy
		cancel()
		<-done
		if busy < 8 || busy > 12 || idle > 2 {
			t.Errorf("%d saves in ten busy seconds, %d in ten idle ones", busy, idle)
		}
		if n := h.stored(); n.Seq != 200 {
			t.Errorf("the end was not stored: %+v", n)
		}
	})
}

func TestPipeSaysWhenFull(t *testing.T) {
	t.Parallel()
	p := testPipe(t, newMemory())
	for i := range int64(queueMost) {
		if p.full() {
			t.Fatalf("full with %d", i)
		}
		p.push(job{seq: i + 1, do: func(context.Context) error { return nil }})
	}
	if !p.full() {
		t.Fatal("never full")
	}
	for range queueMost / 2 {
		select {
		case <-p.drained:
			t.Fatal("drained too early")
		default:
		}
		p.next(t.Context())
	}
	<-p.drained
}

func TestNotesStaySmall(t *testing.T) {
	t.Parallel()
	n := readNotes(nil)
	for i := range 3000 {
		id := fmt.Sprint(1308012345678901235 + i)
		n.Guilds[id] = id
		n.Pending = append(n.Pending, id)
		n.addDM(id)
	}
	n.Session, n.Resume = "0123456789abcdef0123456789abcdef", "wss://gateway-us-east1-b.discord.gg"
	raw, err := n.encode()
	if err != nil || len(raw) > 60<<10 {
		t.Fatalf("%d bytes, %v", len(raw), err)
	}
	if back := readNotes(raw); back.Session != n.Session || len(back.Guilds) != mostGuilds || len(back.DMs) != mostDMs {
		t.Fatalf("%+v", back)
	}
	if n.DMs[mostDMs-1] != fmt.Sprint(1308012345678901235+2999) {
		t.Fatal("the latest direct messages are forgotten")
	}
	for _, bad := range []string{"", "null", "[]", "{", `{"seq":"x"}`} {
		if n := readNotes([]byte(bad)); n.Guilds == nil || n.Seq != 0 {
			t.Errorf("%q: %+v", bad, n)
		}
	}
}

func TestNotesLost(t *testing.T) {
	t.Parallel()
	n := readNotes(nil)
	n.lost(t0, []string{"1"})
	if n.Since != 0 || n.Pending != nil {
		t.Fatalf("a first start reads back: %+v", n)
	}
	n.Mark = t0.Add(-time.Hour).UnixMilli()
	n.lost(t0, []string{"1", "2"})
	if want := t0.Add(-time.Hour - backfillMargin).UnixMilli(); n.Since != want || len(n.Pending) != 2 {
		t.Fatalf("%+v", n)
	}
	// Interrupted before it was done, it goes on from the first loss.
	since := n.Since
	n.caughtUp("1")
	n.Mark = t0.UnixMilli()
	n.lost(t0, []string{"1", "2"})
	if n.Since != since || len(n.Pending) != 2 {
		t.Fatalf("%+v", n)
	}
	n.caughtUp("1")
	n.caughtUp("2")
	if n.Since != 0 {
		t.Fatalf("%+v", n)
	}
	n.Mark = t0.Add(-72 * time.Hour).UnixMilli()
	n.lost(t0, []string{"1"})
	if n.Since != t0.Add(-backfillAge).UnixMilli() {
		t.Fatalf("reads back %v", t0.Sub(time.UnixMilli(n.Since)))
	}
}

func FuzzNotes(f *testing.F) {
	f.Add([]byte(`{"session":"x","seq":4,"guilds":{"1":"-"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		n := readNotes(raw)
		n.addDM("5")
		n.lost(t0, []string{"1"})
		out, err := n.encode()
		if err != nil || !json.Valid(out) {
			t.Fatalf("%s, %v", out, err)
		}
	})
}
