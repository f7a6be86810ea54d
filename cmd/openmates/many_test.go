//go:build unix

package main_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"openmates/internal/llm/llmtest"
	"openmates/internal/polltest"
	"openmates/internal/sqldb/sqldbtest"
)

// cluster is one installation in many processes, with services that can die.
type cluster struct {
	*installation
	t    *testing.T
	nats *natsService // nil = none
}

// natsService is a NATS server in a process of its own.
type natsService struct {
	port int
	p    *process // nil while it is away
}

func (n *natsService) url() string { return fmt.Sprintf("nats://127.0.0.1:%d", n.port) }

func (n *natsService) start(t *testing.T) {
	t.Helper()
	cmd := exec.Command(self(t), strconv.Itoa(n.port))
	cmd.Env = append(withoutSettings(os.Environ()), childEnv+"=nats")
	n.p = run(t, cmd)
	select {
	case line := <-n.p.first:
		if line != "ready" {
			t.Fatalf("NATS says %q", line)
		}
	case <-n.p.ended:
		t.Fatal("NATS ended at its start")
	case <-time.After(polltest.Patience):
		t.Fatal("NATS does not start")
	}
}

func (n *natsService) kill() {
	n.p.kill()
	n.p = nil
}

// newCluster sets a world up on a database. Each answer names its question.
func newCluster(t *testing.T, db string, p plan, answer func(llmtest.Question) llmtest.Reply) *cluster {
	t.Helper()
	p.answer = numbered(answer)
	c := &cluster{installation: install(t, newWorld(t, p), db), t: t, nats: &natsService{port: sqldbtest.FreePort(t)}}
	return c
}

// member is one process of a cluster.
type member struct {
	*process
	role string
	at   string // its address
}

// add starts a process with a role, which may wait for its services.
func (c *cluster) add(role string, flags ...string) *member {
	c.t.Helper()
	m := &member{role: role, at: fmt.Sprintf("127.0.0.1:%d", sqldbtest.FreePort(c.t))}
	c.flags = append([]string{"--role", role, "--addr", m.at, "--no-stream"}, flags...)
	if c.nats != nil {
		c.flags = append(c.flags, "--nats-url", c.nats.url())
	}
	m.process = c.start(c.t)
	return m
}

// says returns a process's health.
func (m *member) says(path string) (int, string) {
	res, err := http.Get("http://" + m.at + path)
	if err != nil {
		return 0, ""
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(text)
}

// becomes waits until /readyz returns this.
func (m *member) becomes(t *testing.T, status int, words string) {
	t.Helper()
	m.until(t, fmt.Sprintf("saying %d %q", status, words), func() bool {
		got, text := m.says("/readyz")
		return got == status && strings.Contains(text, words)
	})
}

// answered waits until each mention has exactly one complete answer and returns
// how long that took.
func (c *cluster) answered(p *process, asked map[int]string) time.Duration {
	c.t.Helper()
	begun := time.Now()
	p.until(c.t, "answering", func() bool {
		for n, id := range asked {
			if !whole(n, c.world.sim.Replies(id)) {
				return false
			}
		}
		return true
	})
	return time.Since(begun)
}

// mentions asks once in each place, from number n on.
func (c *cluster) mentions(n int) map[int]string {
	asked := map[int]string{}
	for i := range c.world.places {
		asked[n+i] = c.world.ask(n + i).ID
	}
	return asked
}

func (c *cluster) listening(m *member) {
	c.t.Helper()
	m.until(c.t, "connected", func() bool { return c.world.connected(c.world.apps) == len(c.world.apps) })
}

// NATS may be killed and restarted without its data. Meanwhile mentions are
// answered from the journal, and afterwards as usual, without restarting any
// role.
func TestNATSMayRestart(t *testing.T) {
	t.Parallel()
	c := newCluster(t, sqldbtest.Address(t), plan{bots: 2, channels: 2, people: 2}, quick)
	listens, works := c.add("listen"), c.add("work")
	for _, m := range []*member{listens, works} { // NATS is away at their start
		m.becomes(t, 503, "messages are answered about a second later")
	}
	c.listening(listens)
	n := 0
	ask := func(when string) {
		t.Helper()
		took := c.answered(works.process, c.mentions(n))
		t.Logf("%s: answered within %v", when, took.Round(time.Millisecond))
		n += len(c.world.places)
	}
	ask("before NATS came")
	const lives = 3
	for life := range lives {
		c.nats.start(t)
		for _, m := range []*member{listens, works} {
			m.becomes(t, 200, "ready")
		}
		ask("with NATS")
		c.nats.kill()
		if life == lives-1 {
			break // and the next one at once
		}
		for _, m := range []*member{listens, works} {
			m.becomes(t, 503, "messages are answered about a second later")
		}
		ask("without NATS")
	}
	c.nats.start(t)
	works.becomes(t, 200, "ready")
	ask("with NATS again")
	for _, m := range []*member{listens, works} {
		if lines := strings.Count(m.log.String(), "NATS does not answer; jobs"); lines < 1 || lines > lives+1 {
			t.Errorf("a process with the role %s wrote %d lines for %d absences:\n%s", m.role, lines, lives+1, m.log)
		}
		if all := strings.Count(m.log.String(), "\n"); all > 12 {
			t.Errorf("a process with the role %s wrote %d lines:\n%s", m.role, all, m.log)
		}
		m.stop(t)
	}
}

// A role waits for its services and reports which are missing.
func TestRolesWaitForTheirServices(t *testing.T) {
	t.Parallel()
	db := sqldbtest.NewPostgres(t)
	db.Start(t)
	c := newCluster(t, db.URL, plan{bots: 1, channels: 2, people: 1}, quick)
	db.Kill()
	listens, works, web := c.add("listen"), c.add("work"), c.add("web")
	all := []*member{listens, works, web}
	for _, m := range all {
		m.becomes(t, 503, "The database isn't responding.")
		if status, text := m.says("/healthz"); status != 200 || !strings.Contains(text, "ok") {
			t.Errorf("%s waits and says %d %q of its health", m.role, status, text)
		}
	}
	db.Start(t)
	web.becomes(t, 200, "ready") // it needs no NATS
	for _, m := range all[:2] {
		m.becomes(t, 503, "messages are answered about a second later")
	}
	c.nats.start(t)
	for _, m := range all {
		m.becomes(t, 200, "ready")
	}
	c.listening(listens)
	c.answered(works.process, c.mentions(0))

	// And again while they run.
	db.Kill()
	for _, m := range all {
		m.becomes(t, 503, "The database isn't responding.")
	}
	said := c.mentions(2)
	db.Start(t)
	for _, m := range all {
		m.becomes(t, 200, "ready")
	}
	t.Logf("answered %v after PostgreSQL was back", c.answered(works.process, said).Round(time.Millisecond))
	for _, m := range all {
		if lines := strings.Count(m.log.String(), "\n"); lines > 25 {
			t.Errorf("a process with the role %s wrote %d lines:\n%s", m.role, lines, m.log)
		}
		m.stop(t)
	}
}

// After a role is killed with SIGKILL, another process soon replaces it. The
// test logs how soon; on a busy machine it can't require three seconds.
func TestAKilledRoleIsReplacedSoon(t *testing.T) {
	t.Parallel()
	for _, role := range []string{"listen", "work"} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, sqldbtest.Address(t), plan{bots: 2, channels: 2, people: 2}, quick)
			c.nats.start(t)
			stays := "work"
			if role == "work" {
				stays = "listen"
			}
			other := c.add(stays)
			other.becomes(t, 200, "ready")
			dies := c.add(role)
			dies.becomes(t, 200, "ready")
			for _, m := range []*member{other, dies} {
				if m.role == "listen" {
					c.listening(m)
				}
			}
			c.answered(other.process, c.mentions(0))
			successor := c.add(role)
			successor.becomes(t, 200, "ready")
			dies.kill()
			took := c.answered(successor.process, c.mentions(len(c.world.places)))
			t.Logf("all were answered %v after the kill", took.Round(time.Millisecond))
			if took > 10*time.Second {
				t.Errorf("the takeover took %v", took)
			}
		})
	}
}

// A process that is paused while it answers, and resumes after others have
// answered, posts nothing.
func TestAPausedProcessSaysNothingWhenItGoesOn(t *testing.T) {
	t.Parallel()
	for _, stream := range []string{"--stream", "--no-stream"} {
		t.Run(stream, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, sqldbtest.Address(t), plan{bots: 3, channels: 3, people: 2}, func(llmtest.Question) llmtest.Reply {
				return llmtest.Reply{First: 300 * time.Millisecond, Gap: 500 * time.Millisecond}
			})
			c.nats.start(t)
			listens, sleeper := c.add("listen"), c.add("work", stream)
			c.listening(listens)
			sleeper.becomes(t, 200, "ready")
			asked := []string{c.world.ask(0).ID}
			c.answered(sleeper.process, map[int]string{0: asked[0]}) // it has all partitions
			asks := c.world.model.Count()
			for n := range 9 {
				asked = append(asked, c.world.ask(n+1).ID)
			}
			sleeper.until(t, "writing", func() bool {
				shown := !slices.ContainsFunc(asked, func(id string) bool { return len(c.world.sim.Replies(id)) == 0 })
				return c.world.model.Count() == asks+9 && (shown || stream != "--stream")
			})
			awake := c.add("work", stream)
			if err := sleeper.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			all := map[int]string{}
			for n, id := range asked {
				all[n] = id
			}
			c.answered(awake.process, all)
			said := map[string]string{}
			for _, id := range asked {
				said[id] = joined(c.world.sim.Replies(id))
			}
			if err := sleeper.cmd.Process.Signal(syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			sleeper.until(t, "told that it was replaced", func() bool {
				return strings.Contains(sleeper.log.String(), "the leases of this process are lost")
			})
			count(t, c.world, asked, 2, listens.process, sleeper.process, awake.process)
			for n, id := range asked {
				if now := joined(c.world.sim.Replies(id)); now != said[id] {
					t.Errorf("the answer to mention %d was\n%q, and is now\n%q", n, said[id], now)
				}
			}
		})
	}
}

// Everything dies at random: listeners, workers, the pages, NATS and
// PostgreSQL; some are only paused. Each mention is answered once.
func TestManyProcessesDieAtRandom(t *testing.T) {
	t.Parallel()
	const asks = 150
	db := sqldbtest.NewPostgres(t)
	db.Start(t)
	c := newCluster(t, db.URL, plan{bots: 4, channels: 4, people: 4}, func(llmtest.Question) llmtest.Reply {
		return llmtest.Reply{First: 100 * time.Millisecond, Gap: 80 * time.Millisecond}
	})
	c.nats.start(t)
	var all []*member
	for _, role := range []string{"listen", "listen", "listen", "work", "work", "work", "web"} {
		all = append(all, c.add(role, "--stream"))
	}
	c.listening(all[0])

	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	dies := map[string]func(){
		"a process": func() {
			n := rnd.IntN(len(all))
			all[n].kill()
			all[n] = c.add(all[n].role, "--stream")
		},
		"a pause": func() {
			m := all[rnd.IntN(len(all))]
			_ = m.cmd.Process.Signal(syscall.SIGSTOP)
			time.AfterFunc(time.Duration(rnd.IntN(4000))*time.Millisecond, func() { _ = m.cmd.Process.Signal(syscall.SIGCONT) })
		},
		"NATS":       func() { c.nats.kill(); c.nats.start(t) },
		"PostgreSQL": func() { db.Kill(); db.Start(t) },
	}
	kinds := []string{"a process", "a process", "a process", "a process", "a pause", "a pause", "NATS", "NATS", "PostgreSQL"}
	rnd.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	pace := time.NewTicker(50 * time.Millisecond)
	defer pace.Stop()
	asked := make([]string, asks)
	for n := range asks {
		asked[n] = c.world.ask(n).ID
		<-pace.C
		if every := asks / (len(kinds) + 1); n%every == every-1 && n/every < len(kinds) {
			what := kinds[n/every]
			t.Logf("after mention %d: %s", n, what)
			dies[what]()
		}
	}
	ps := make([]*process, len(all))
	for i, m := range all {
		m.becomes(t, 200, "ready")
		ps[i] = m.process
	}
	count(t, c.world, asked, len(kinds), ps...)
}
