package store_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"openmates"
	"openmates/internal/queue"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

// BenchmarkMessage does what the database does for one message. Besides the
// time it reports the CPU time of this process.
func BenchmarkMessage(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		b.Run(engine, func(b *testing.B) {
			db := storetest.One(b, engine)()
			w := storetest.Seed(b, db)
			if err := db.SetServerLimits(b.Context(), openmates.Limits{PerMinute: 1 << 30, PerMonth: 1 << 50}); err != nil {
				b.Fatal(err)
			}
			if err := db.SetTeamLimits(b.Context(), w.Team.ID, openmates.Limits{PerMonth: 1 << 50}); err != nil {
				b.Fatal(err)
			}
			m := message{db: db, w: w}
			steps := []struct {
				name string
				run  func(n int64) error
			}{
				{"AddJob", m.add}, {"Revision", m.revision}, {"Asker", m.ask}, {"History", m.history},
				{"Reserve", m.reserve}, {"Settle", m.settle}, {"CloseJob", m.close},
			}
			for _, s := range steps {
				b.Run(s.name, func(b *testing.B) {
					m.prepare(b, s.name)
					measure(b, func() error { return s.run(m.first + m.n.Add(1) - 1) })
				})
			}
			for _, lanes := range []int{1, 64} {
				b.Run(fmt.Sprintf("All/lanes=%d", lanes), func(b *testing.B) {
					var n atomic.Int64
					base := m.next.Add(int64(b.N)) - int64(b.N)
					b.SetParallelism(lanes)
					before := cpu()
					run := func() {
						id := base + n.Add(1)
						for _, s := range steps {
							if err := s.run(id); err != nil {
								b.Error(err)
							}
						}
					}
					if lanes == 1 {
						for b.Loop() {
							run()
						}
					} else {
						b.RunParallel(func(p *testing.PB) {
							for p.Next() {
								run()
							}
						})
					}
					b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-µs/op")
				})
			}
		})
	}
}

type message struct {
	db    *store.DB
	w     storetest.World
	next  atomic.Int64
	n     atomic.Int64
	first int64
}

// prepare makes the turns that a step works on.
func (m *message) prepare(b *testing.B, step string) {
	m.first = m.next.Add(int64(b.N)) - int64(b.N)
	m.n.Store(0)
	for n := m.first; n < m.first+int64(b.N) && step != "AddJob" && step != "Asker" && step != "Revision"; n++ {
		if err := m.add(n); err != nil {
			b.Fatal(err)
		}
		if step == "Settle" {
			if err := m.reserve(n); err != nil {
				b.Fatal(err)
			}
		}
		if step == "History" && n == m.first+20 {
			break
		}
	}
}

func measure(b *testing.B, run func() error) {
	b.ResetTimer()
	before := cpu()
	for range b.N {
		if err := run(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

var body = []byte(`{"key":"discord:1:2","bot":"1","network":"discord","workspace":"guild","channel":"channel","message":"1234567890","author":{"id":"account","name":"ada"},"text":"What did we decide about the release?","at":"2026-05-01T12:00:00Z"}`)

func key(n int64) string  { return fmt.Sprintf("discord:1:%d", n) }
func lane(n int64) string { return fmt.Sprintf("discord:1:%d", n%50) }

func (m *message) add(n int64) error {
	_, err := m.db.AddJob(context.Background(), queue.Job{Key: key(n), Lane: lane(n), Body: body})
	return err
}

func (m *message) ask(int64) error {
	_, err := m.db.Asker(context.Background(), m.w.Bot.ID, "guild", "account")
	return err
}

func (m *message) revision(int64) error {
	_, err := m.db.Revision(context.Background())
	return err
}

func (m *message) history(n int64) error {
	_, err := m.db.History(context.Background(), lane(n), 10)
	return err
}

func (m *message) reserve(n int64) error {
	return m.db.Reserve(context.Background(), key(n), openmates.Usage{TeamID: m.w.Team.ID, UserID: m.w.User.ID, MateID: m.w.Mate.ID, Model: "a/b", Cost: 10},
		[]openmates.Layer{
			{Scope: "server", Limits: openmates.Limits{PerMinute: 1 << 30, PerMonth: 1 << 50}},
			{Scope: openmates.CounterName("team:" + m.w.Team.ID.String()), Limits: openmates.Limits{PerMonth: 1 << 50}},
		})
}

func (m *message) settle(n int64) error {
	return m.db.Settle(context.Background(), openmates.Outcome{Key: key(n), State: openmates.TurnAnswered, Author: "Ada",
		Question: "What did we decide about the release?", Text: "We decided to ship it on Friday, after the review.",
		Usage: openmates.Usage{TeamID: m.w.Team.ID, UserID: m.w.User.ID, MateID: m.w.Mate.ID, Model: "a/b", Input: 100, Output: 20, Cost: 7}})
}

func (m *message) close(n int64) error {
	return m.db.CloseJob(context.Background(), key(n), queue.Done)
}
