package store_test

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"openmates"
	"openmates/internal/mail"
	"openmates/internal/store/storetest"
)

func scopeOf(m mail.Record, s mail.Scope) string {
	switch s {
	case mail.ToRecipient:
		return m.Recipient
	case mail.BySender:
		return m.Sender.String()
	case mail.ByTeam:
		return m.TeamID.String()
	}
	return "server"
}

// Whatever is booked in whichever order, no period of any budget ever holds
// more than it allows, what is refused is allowed at the time that the refusal
// names and at none before, and a message is refused only for a budget that is
// full.
func TestMailBudgetsHold(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		ctx := t.Context()
		runs++
		pot := "pot" + strconv.Itoa(runs)
		budgets := []mail.Budget{
			{Scope: mail.ToRecipient, Most: rapid.IntRange(1, 3).Draw(t, "recipient"), Within: time.Hour},
			{Scope: mail.ToRecipient, Most: rapid.IntRange(2, 4).Draw(t, "recipient's day"), Within: 24 * time.Hour},
			{Scope: mail.BySender, Most: rapid.IntRange(1, 5).Draw(t, "sender"), Within: time.Hour},
			{Scope: mail.ByTeam, Most: rapid.IntRange(1, 6).Draw(t, "team"), Within: 24 * time.Hour},
			{Scope: mail.ByServer, Most: rapid.IntRange(3, 8).Draw(t, "server"), Within: 24 * time.Hour},
		}
		now := time.UnixMilli(1_000_000_000_000).UTC()
		var taken []mail.Record
		full := func(m mail.Record, b mail.Budget) bool {
			n := 0
			for _, was := range taken {
				whose := scopeOf(m, b.Scope)
				if whose != "0" && scopeOf(was, b.Scope) == whose && was.At.After(m.At.Add(-b.Within)) {
					n++
				}
			}
			return n >= b.Most
		}
		for range rapid.IntRange(1, 25).Draw(t, "messages") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "minutes")) * time.Minute)
			m := mail.Record{Pot: pot, Recipient: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "to"),
				Sender: openmates.ID(rapid.IntRange(0, 2).Draw(t, "by")), TeamID: openmates.ID(rapid.IntRange(0, 2).Draw(t, "of")), At: now}
			_, refused, err := db.BookMail(ctx, m, budgets)
			if err != nil {
				t.Fatal(err)
			}
			is := slices.ContainsFunc(budgets, func(b mail.Budget) bool { return full(m, b) })
			if is != (refused != nil) {
				t.Fatalf("refused: %v, but a budget is full: %v", refused, is)
			}
			if refused == nil {
				taken = append(taken, m)
				continue
			}
			m.At = refused.Again.Add(-time.Millisecond)
			before := slices.ContainsFunc(budgets, func(b mail.Budget) bool { return full(m, b) })
			m.At = refused.Again
			after := slices.ContainsFunc(budgets, func(b mail.Budget) bool { return full(m, b) })
			if !before || after || !refused.Again.After(now) {
				t.Fatalf("works again at %s, but is full before: %v, then: %v", refused.Again, before, after)
			}
		}
	})
}

// Several processes share the budgets: at one moment as well, and after a start.
func TestMailBudgetsAreShared(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open storetest.Open) {
		ctx, now := t.Context(), time.UnixMilli(1_000_000_000_000).UTC()
		here, there := open(), open()
		budget := []mail.Budget{{Scope: mail.ToRecipient, Most: 3, Within: time.Hour}}
		m := mail.Record{Pot: "p", Recipient: "kim", Sender: 7, At: now}
		var booked atomic.Int64
		var group sync.WaitGroup
		for i := range 12 {
			db := here
			if i%2 == 0 {
				db = there
			}
			group.Go(func() {
				_, refused, err := db.BookMail(ctx, m, budget)
				if err != nil {
					t.Error(err)
				}
				if refused == nil && err == nil {
					booked.Add(1)
				}
			})
		}
		group.Wait()
		same(t, booked.Load(), int64(3))
		_, refused, err := open().BookMail(ctx, m, budget) // another start
		ok(t, err)
		same(t, refused, &mail.Refusal{Scope: mail.ToRecipient, Again: now.Add(time.Hour)})
		other := m
		other.Pot = "another"
		id, refused, err := here.BookMail(ctx, other, budget)
		ok(t, err)
		same(t, refused == nil, true)
		// Undelivered mail counts for no recipient, but still as an attempt.
		ok(t, here.UnbookMail(ctx, id))
		one := func(s mail.Scope) []mail.Budget {
			return []mail.Budget{{Scope: s, Most: 1, Within: time.Hour}}
		}
		_, refused, err = here.BookMail(ctx, other, one(mail.BySender))
		ok(t, err)
		same(t, refused != nil, true)
		_, refused, err = here.BookMail(ctx, other, one(mail.ToRecipient))
		ok(t, err)
		same(t, refused == nil, true)
		ok(t, here.ForgetMail(ctx, now))
		_, refused, err = here.BookMail(ctx, m, budget)
		ok(t, err)
		same(t, refused == nil, true)
	})
}
