package chat_test

import (
	"cmp"
	"context"
	"iter"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/llm"
	"openmates/internal/messenger"
	"openmates/internal/messenger/messengertest"
	"openmates/internal/queue"
	"openmates/internal/secret"
	"openmates/internal/store"
)

// world is a room with a real database and a network in memory. Jobs are
// worked off by the tests themselves.
type world struct {
	*testing.T
	db    *store.DB
	net   *messengertest.Network
	model *script
	room  *chat.Room
	jobs  *inbox
	bot   openmates.Bot
	team  openmates.Team
	user  openmates.User
	now   time.Time
	later atomic.Int64 // nanoseconds to add to now while others look at the clock
	n     int

	store     chat.Store  // before grace; nil = db
	links     chat.Links  // before grace
	skills    chat.Skills // before grace
	skillTime time.Duration
	currency  string                                 // "" = USD
	say       func(openmates.Text, ...string) string // before grace; nil = English
	unpriced  bool                                   // nobody has entered the model's price
	fixed     bool                                   // the model's provider comes from the settings
	log       *slog.Logger
}

// inbox journals like any queue. It keeps messages for the test and processes
// those that somebody waits for.
type inbox struct {
	db      *store.DB
	reply   func(context.Context, queue.Job) error // nil = nobody works
	ctx     context.Context
	working sync.WaitGroup
	mu      sync.Mutex
	jobs    []queue.Job
}

func (q *inbox) Push(ctx context.Context, j queue.Job) error {
	fresh, err := q.db.AddJob(ctx, j)
	if err != nil || !fresh {
		return err
	}
	if j.Kind != queue.Message {
		if q.reply != nil {
			q.working.Go(func() { q.work(j) })
		}
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs = append(q.jobs, j)
	return nil
}

// work replies as a queue has it, without the pauses.
func (q *inbox) work(j queue.Job) {
	for err := q.reply(q.ctx, j); err != nil; err = q.reply(q.ctx, j) {
		if q.ctx.Err() != nil {
			return
		}
		if queue.IsDrop(err) || j.Attempt == queue.MaxAttempts {
			_ = q.db.CloseJob(q.ctx, j.Key, queue.Dropped) // the test sees an open job
			return
		}
		j.Attempt, j.Again = j.Attempt+1, true
	}
	_ = q.db.CloseJob(q.ctx, j.Key, queue.Done)
}

func (q *inbox) Work(ctx context.Context, _ int, _ func(context.Context, queue.Job) error) error {
	<-ctx.Done()
	return ctx.Err()
}

// script is a model that says what the test sets.
type script struct {
	mu    sync.Mutex
	asked []llm.Request
	say   func(n int, req llm.Request) ([]llm.Piece, error)
	each  func(n, piece int) // called before each piece
	hold  func(ctx context.Context, piece int)
}

func (s *script) Stream(ctx context.Context, req llm.Request) iter.Seq2[llm.Piece, error] {
	return func(yield func(llm.Piece, error) bool) {
		s.mu.Lock()
		s.asked = append(s.asked, req)
		n := len(s.asked)
		s.mu.Unlock()
		pieces, err := s.say(n, req)
		for i, p := range pieces {
			if s.each != nil {
				s.each(n, i)
			}
			if s.hold != nil {
				s.hold(ctx, i)
			}
			if ctx.Err() != nil {
				yield(llm.Piece{}, ctx.Err())
				return
			}
			if !yield(p, nil) {
				return
			}
		}
		if err != nil {
			yield(llm.Piece{}, err)
		}
	}
}

func (s *script) requests() []llm.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]llm.Request(nil), s.asked...)
}

// words is a whole answer, one piece a word.
func words(text string) []llm.Piece {
	var pieces []llm.Piece
	for _, w := range strings.SplitAfter(text, " ") {
		pieces = append(pieces, llm.Piece{Text: w})
	}
	return append(pieces, llm.Piece{Usage: &llm.Usage{Input: 100, Output: 50}, Stop: llm.StopEnd})
}

func setup(t *testing.T) *world {
	t.Helper()
	seal, err := secret.New([]byte(strings.Repeat("k", 32)))
	must(t, err)
	w := &world{T: t, net: &messengertest.Network{}, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	log := slog.New(slog.DiscardHandler)
	w.log = log
	w.db, err = store.Open(t.Context(), store.Config{Dir: t.TempDir(), Seal: seal, Log: log, Clock: w.clock})
	must(t, err)
	t.Cleanup(func() { _ = w.db.Close() })
	w.model = &script{say: func(int, llm.Request) ([]llm.Piece, error) { return words("Because of the missing index."), nil }}
	w.jobs = &inbox{db: w.db, ctx: t.Context()}
	t.Cleanup(w.jobs.working.Wait)
	w.grace(0)
	w.populate()
	return w
}

func (w *world) clock() time.Time { return w.now.Add(time.Duration(w.later.Load())) }

// unit is the currency as the server has it settled now.
func (w *world) unit(context.Context) (string, error) { return cmp.Or(w.currency, "USD"), nil }

// grace recreates the room with this grace period.
func (w *world) grace(d time.Duration) {
	w.Helper()
	var db chat.Store = w.db
	if w.store != nil {
		db = w.store
	}
	var err error
	w.room, err = chat.New(chat.Config{
		Store: db, Queue: w.jobs, Clock: w.clock, Grace: d, Currency: w.unit,
		Log: w.log, Say: w.say,
		Links:  w.links,
		Skills: w.skills, SkillTime: w.skillTime,
		Connectors: map[openmates.Network]messenger.Connector{"memory": w.net},
		Model: func(_ context.Context, mate openmates.Mate) (llm.Choice, error) {
			if mate.Model == "none" {
				return llm.Choice{}, openmates.Errorf(openmates.ENotFound, "none")
			}
			return llm.Choice{Name: "test/one", Model: w.model, Price: openmates.Price{Input: 1_000_000, Output: 2_000_000}, Priced: !w.unpriced, Fixed: w.fixed}, nil
		},
	})
	must(w.T, err)
	room := w.room
	w.jobs.reply = room.Reply
	w.Cleanup(func() { _ = room.Close() })
}

func (w *world) populate() {
	ctx := w.Context()
	var err error
	w.team, err = w.db.AddTeam(ctx, openmates.Team{Slug: "acme", Name: "Acme"})
	must(w.T, err)
	w.user, err = w.db.AddUser(ctx, openmates.User{
		Username: "ada", DisplayName: "Ada", Preferences: openmates.Preferences{Tone: "dry"},
	}, "")
	must(w.T, err)
	must(w.T, w.db.AddMember(ctx, openmates.Membership{TeamID: w.team.ID, UserID: w.user.ID, Role: openmates.RoleMember}))
	mate, err := w.db.SaveMate(ctx, openmates.Mate{Handle: "sophia", Name: "Sophia", Field: "software", Prompt: "You like tests."})
	must(w.T, err)
	if w.net == nil {
		w.net = &messengertest.Network{}
	}
	w.bot, err = w.db.SaveBot(ctx, openmates.Bot{MateID: mate.ID, Network: "memory", AppID: "app", UserID: "app", Name: "Sophia", Secrets: openmates.Secrets{"password": "t"}})
	must(w.T, err)
	_, err = w.db.AddInstallation(ctx, openmates.Installation{BotID: w.bot.ID, TeamID: w.team.ID, Workspace: "g1", Name: "Guild"})
	must(w.T, err)
	_, err = w.db.AddIdentity(ctx, openmates.Identity{UserID: w.user.ID, Network: "memory", AccountID: "u1", Name: "ada"})
	must(w.T, err)
}

// message is one of the linked person in the team's workspace.
func (w *world) message(text string) messenger.Inbound {
	w.n++
	id := strconv.Itoa(1000 + w.n)
	return messenger.Inbound{
		Key: "memory:app:" + id, BotID: w.bot.ID, Network: "memory", Workspace: "g1", Channel: "c1",
		Message: openmates.MessageID(id), Author: messenger.Account{ID: "u1", Name: "ada"}, Text: text, At: w.now,
	}
}

// deliver receives a message and returns the journalled job.
func (w *world) deliver(in messenger.Inbound) queue.Job {
	w.Helper()
	must(w.T, w.room.Receive(w.Context(), in))
	w.jobs.mu.Lock()
	defer w.jobs.mu.Unlock()
	if len(w.jobs.jobs) == 0 {
		w.Fatal("nothing was journalled")
	}
	return w.jobs.jobs[len(w.jobs.jobs)-1]
}

// ask delivers a message and replies to it.
func (w *world) ask(in messenger.Inbound) error {
	w.Helper()
	return w.room.Reply(w.Context(), w.deliver(in))
}

// only is the text of the only message in the network.
func (w *world) only() string {
	w.Helper()
	posts := w.net.Posts()
	if len(posts) != 1 {
		w.Fatalf("%d messages were posted: %v", len(posts), posts)
	}
	return posts[0].Text()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
