package main_test

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"openmates"
	"openmates/client"
	"openmates/internal/guard"
	"openmates/internal/llm/llmtest"
	"openmates/internal/polltest"
	"openmates/internal/sqldb/sqldbtest"
)

// token returns a token of this person; an admin's also has the server scopes.
func (in *installation) token(t testing.TB, username string, admin bool) openmates.Secret {
	t.Helper()
	s := in.open(t)
	u, err := s.UserByName(t.Context(), username)
	if err != nil {
		t.Fatal(err)
	}
	u.Admin = admin
	if err := s.SaveUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	text := "om_" + rand.Text()
	_, err = s.AddAccessToken(t.Context(), openmates.AccessToken{
		UserID: u.ID, By: u.ID, Name: "test", Scopes: []openmates.Scope{openmates.ScopeAdmin}, Created: time.Now(),
	}, guard.Digest(text), 10)
	if err != nil {
		t.Fatal(err)
	}
	return openmates.Secret(text)
}

// asking is a person with a program that asks in its own way, wherever the
// server is now.
type asking struct {
	token openmates.Secret
	web   func() string
}

func (a asking) client(t testing.TB) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{URL: a.web(), Token: a.token, Tries: 1})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// process asks a mate by the API; try has an admin try it out.
func (a asking) process(ctx context.Context, t testing.TB, n int, key string) (client.Reply, error) {
	return a.client(t).Process(ctx, "acme", client.Question{Mate: "mate0", Text: fmt.Sprint("question ", n)}, client.Key(key))
}

func (a asking) try(ctx context.Context, t testing.TB, n int, key string) (r client.Reply, err error) {
	_, err = a.client(t).Do(ctx, http.MethodPost, client.Path("server", "mates", "mate0", "try"), map[string]string{"text": fmt.Sprint("question ", n)}, &r, client.Key(key))
	return r, err
}

// TestQuestionsOfTheAPIAreAnsweredOnce repeatedly kills the program with
// SIGKILL during API questions and trials. Asking again under the same key
// returns exactly one answer, which is recorded once.
func TestQuestionsOfTheAPIAreAnsweredOnce(t *testing.T) {
	t.Parallel()
	sqldbtest.EachAddress(t, func(t *testing.T, db string) {
		w := newWorld(t, plan{bots: 1, channels: 1, people: 2, answer: numbered(func(llmtest.Question) llmtest.Reply {
			return llmtest.Reply{First: 100 * time.Millisecond, Gap: 20 * time.Millisecond}
		})})
		in := install(t, w, db)
		in.flags = []string{"--role", "web,work"}
		besiege(t, in)
	})
}

// besiege has two people ask, one by the API and one as an admin who tries a mate
// out, while the program is killed.
func besiege(t *testing.T, in *installation) {
	const each = 20
	p := in.start(t)
	p.ready(t)
	var at atomic.Pointer[string]
	at.Store(&p.web)
	web := func() string { return *at.Load() }
	one := asking{in.token(t, in.world.people[0].Name, false), web}
	admin := asking{in.token(t, in.world.people[1].Name, true), web}
	ways := []func(context.Context, testing.TB, int, string) (client.Reply, error){one.process, admin.try}

	ctx, cancel := context.WithTimeout(t.Context(), polltest.Patience)
	defer cancel()
	var replies [2 * each]client.Reply
	var answered, tries atomic.Int64
	slots := make(chan struct{}, 6) // or all would be answered before the first death
	var all sync.WaitGroup
	for n := range replies {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			ask := ways[n%2]
			polltest.Await(ctx, func() bool {
				tries.Add(1)
				r, err := ask(ctx, t, n, fmt.Sprint("key-", n))
				replies[n] = r
				return err == nil
			})
			answered.Add(1)
		})
	}
	deaths := 0
	for _, after := range []int64{2, 12, 24} {
		p.until(t, "answering", func() bool { return answered.Load() >= after })
		p.endsBy(t, syscall.SIGKILL, time.Duration(mathrand.Int64N(int64(30*time.Millisecond))))
		deaths++
		p = in.start(t)
		p.ready(t)
		at.Store(&p.web)
	}
	all.Wait()
	if tries.Load() == int64(len(replies)) {
		t.Error("no death was noticed by anybody")
	}
	asked := in.world.model.Count()
	t.Logf("questions %d, deaths %d, requests of the askers %d, of the model %d", len(replies), deaths, tries.Load(), asked)
	for n, r := range replies {
		if !answers(n, r.Text) {
			t.Errorf("question %d is answered with %q", n, r.Text)
		}
		again, err := ways[n%2](ctx, t, n, fmt.Sprint("key-", n))
		if err != nil || again.Text != r.Text || again.Usage != r.Usage {
			t.Errorf("question %d is answered again with %q, %v", n, again.Text, err)
		}
	}
	if got := in.world.model.Count(); got != asked {
		t.Errorf("to ask again took %d questions to the model", got-asked)
	}
	p.stop(t)
	in.books(t, each)
}

// answers reports whether a text is one whole answer to question n.
func answers(n int, said string) bool {
	var to, call int
	if _, err := fmt.Sscanf(said, "answer %d by call %d:", &to, &call); err != nil || to != n {
		return false
	}
	return said == joinedText(n, call)
}

func joinedText(n, call int) (all string) {
	for _, piece := range text(n, call) {
		all += piece
	}
	return all
}

// books makes sure that each of the two people has so many turns, all of them
// answered, and so many settled requests.
func (in *installation) books(t *testing.T, each int) {
	t.Helper()
	s := in.open(t)
	for _, who := range in.world.people {
		u, err := s.UserByName(t.Context(), who.Name)
		if err != nil {
			t.Fatal(err)
		}
		turns, err := s.OwnTurns(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		usage, err := s.OwnUsage(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(turns) != each || len(usage) != each {
			t.Errorf("%s has %d turns and %d requests in the books, not %d", who.Name, len(turns), len(usage), each)
		}
		for _, o := range turns {
			if o.State != openmates.TurnAnswered || u.Admin && o.Question != "" {
				t.Errorf("%s has the turn %+v", who.Name, o)
			}
		}
		for _, g := range usage {
			if g.Output == 0 {
				t.Errorf("%s has the request %+v", who.Name, g)
			}
		}
	}
	if n, err := s.FreeHeld(t.Context(), 100); err != nil || n != 0 {
		t.Errorf("%d turns hold money that nobody owns, %v", n, err)
	}
	if jobs, _, err := s.OpenJobs(t.Context(), 0, 10); err != nil || len(jobs) != 0 {
		t.Errorf("still open: %v, %v", jobs, err)
	}
}

// TestPagesAndWorkInProcessesOfTheirOwn: the process that serves the API doesn't
// work. Another one answers what it accepts, also as the answer grows; and when
// that one is killed in the middle, the next one does.
func TestPagesAndWorkInProcessesOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, plan{bots: 1, channels: 1, people: 2, answer: numbered(func(q llmtest.Question) llmtest.Reply {
		return llmtest.Reply{First: 50 * time.Millisecond, Gap: 400 * time.Millisecond}
	})})
	in := install(t, w, sqldbtest.Address(t))
	role := func(name string) *process {
		in.flags = []string{"--role", name}
		p := in.start(t)
		p.ready(t)
		return p
	}
	web, work := role("web"), role("work")
	at := func() string { return web.web }
	one, admin := asking{in.token(t, w.people[0].Name, false), at}, asking{in.token(t, w.people[1].Name, true), at}
	ctx, cancel := context.WithTimeout(t.Context(), polltest.Patience)
	defer cancel()

	var all sync.WaitGroup
	all.Go(func() {
		var grown []string
		r, err := one.client(t).Stream(ctx, "acme", client.Question{Mate: "mate0", Text: "question 1"}, func(text string) { grown = append(grown, text) }, client.Key("stream"))
		if err != nil || !answers(1, r.Text) {
			t.Errorf("the stream ended with %q, %v", r.Text, err)
		}
		if len(grown) < 2 || len(grown[0]) >= len(r.Text) {
			t.Errorf("it grew by %q", grown)
		}
		again, err := one.client(t).Stream(ctx, "acme", client.Question{Mate: "mate0", Text: "question 1"}, func(string) {}, client.Key("stream"))
		if err != nil || again.Text != r.Text || again.Usage != r.Usage {
			t.Errorf("asked again, the stream ended with %q, %v", again.Text, err)
		}
	})
	all.Go(func() {
		if r, err := admin.try(ctx, t, 2, "try"); err != nil || !answers(2, r.Text) {
			t.Errorf("the trial came to %q, %v", r.Text, err)
		}
	})
	all.Wait()
	if n := w.model.Count(); n != 2 {
		t.Errorf("the model was asked %d times for two answers", n)
	}

	before := w.model.Count()
	all.Go(func() {
		if r, err := one.process(ctx, t, 4, "outlives"); err != nil || !answers(4, r.Text) {
			t.Errorf("the answer of the second process is %q, %v", r.Text, err)
		}
	})
	work.until(t, "answering", func() bool { return w.model.Count() > before })
	work.kill()
	next := role("work")
	all.Wait()
	if r, err := one.process(ctx, t, 4, "outlives"); err != nil || !answers(4, r.Text) {
		t.Errorf("asked again, it is %q, %v", r.Text, err)
	}
	if got := w.model.Count(); got != before+2 {
		t.Errorf("the model was asked %d times for an answer that a second process wrote anew", got-before)
	}
	next.stop(t)
	web.stop(t)
}
