package main_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"openmates/internal/polltest"
)

// childEnv makes the test's binary be the named program, see TestMain.
const childEnv = "OPENMATES_TEST_CHILD"

// self is the test's own binary, which can be the product as a child process:
// building another one would compile the product a second time.
func self(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// process is a running child.
type process struct {
	cmd   *exec.Cmd
	begun time.Time
	first chan string // the first line on standard output
	web   string      // its address, once it is ready
	ended chan struct{}
	log   *tail
}

// run starts a child that ends with the test at the latest.
func run(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, first: make(chan string, 1), ended: make(chan struct{}), log: &tail{}}
	cmd.Stdout, cmd.Stderr = &firstLine{tell: p.first}, p.log
	p.begun = time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("log of process %d:\n%s", cmd.Process.Pid, p.log)
		}
	})
	return p
}

// kill ends the process as the operating system does it: kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// stop stops the process and returns how long that took.
func (p *process) stop(t testing.TB) time.Duration {
	t.Helper()
	return p.endsBy(t, syscall.SIGTERM, 0)
}

// endsBy sends a signal after this delay and returns how long the process took
// to exit.
func (p *process) endsBy(t testing.TB, s syscall.Signal, ahead time.Duration) time.Duration {
	t.Helper()
	sent := make(chan time.Time, 1)
	time.AfterFunc(ahead, func() {
		sent <- time.Now()
		_ = p.cmd.Process.Signal(s)
	})
	select {
	case <-p.ended:
		if code := p.cmd.ProcessState.ExitCode(); s == syscall.SIGTERM && code != 0 {
			t.Errorf("exit code %d after SIGTERM\n%s", code, p.log)
		}
		return time.Since(<-sent)
	case <-time.After(polltest.Patience):
		t.Fatalf("the process goes on a minute after the signal %v\n%s", s, p.log)
		return 0
	}
}

// start runs the product.
func (in *installation) start(t testing.TB) *process {
	t.Helper()
	args := append([]string{"serve", "--addr", "127.0.0.1:0", "--data", in.dir, "--log-level", "warn"}, in.flags...)
	cmd := exec.Command(in.binary, args...)
	cmd.Env = append(withoutSettings(os.Environ()), childEnv+"=openmates",
		"OPENMATES_KEY="+in.key,
		"OPENMATES_DISCORD_API="+in.world.sim.API(),
		"OPENMATES_DISCORD_AUTHORIZE="+in.world.sim.Authorize(),
		"OPENMATES_OPENAI_URL="+in.world.model.URL(),
		"OPENMATES_MODEL=openai/test",
	)
	if in.db != "" {
		cmd.Env = append(cmd.Env, "OPENMATES_DATABASE_URL="+in.db)
	}
	return run(t, cmd)
}

func withoutSettings(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(kv string) bool { return strings.HasPrefix(kv, "OPENMATES_") })
}

// ready waits until the product is ready and returns how long that took.
func (p *process) ready(t testing.TB) time.Duration {
	t.Helper()
	var address string
	select {
	case line := <-p.first:
		address = strings.TrimPrefix(line, "web ")
		p.web = address
	case <-p.ended:
		t.Fatalf("the process ended at its start\n%s", p.log)
	case <-time.After(polltest.Patience):
		t.Fatalf("no address after a minute\n%s", p.log)
	}
	p.until(t, "ready", func() bool {
		res, err := http.Get(address + "/readyz")
		if err != nil {
			return false
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	return time.Since(p.begun)
}

// until waits until ok holds, or fails as soon as the process has ended.
func (p *process) until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	polltest.Until(t, "the process is "+what, func() bool {
		select {
		case <-p.ended:
			t.Fatalf("the process ended before it was %s\n%s", what, p.log)
		default:
		}
		return ok()
	}, p.log.String)
}

// tail keeps the end of a child's output.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (l *tail) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b = append(l.b, b...)
	if len(l.b) > 1<<16 {
		l.b = slices.Clone(l.b[len(l.b)-1<<15:])
	}
	return len(b), nil
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.b)
}

// firstLine reports the first line written to it.
type firstLine struct {
	tell chan string
	b    []byte
	told bool
}

func (f *firstLine) Write(b []byte) (int, error) {
	if f.told {
		return len(b), nil
	}
	f.b = append(f.b, b...)
	if line, _, whole := bytes.Cut(f.b, []byte("\n")); whole {
		f.tell <- string(line)
		f.told = true
	}
	return len(b), nil
}
