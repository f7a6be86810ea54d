//go:build unix

package sqldbtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Postgres is a PostgreSQL server of one test's own, which may be killed.
type Postgres struct {
	URL  string
	bin  string
	dir  string
	port int
	cmd  *exec.Cmd
	done chan struct{}
}

// NewPostgres makes a server, which does not run yet. The test is skipped where
// OPENMATES_TEST_POSTGRES is not set; where it is, PostgreSQL's programs must be
// on this machine.
func NewPostgres(t testing.TB) *Postgres {
	t.Helper()
	if os.Getenv(Env) == "" {
		t.Skip(Env + " is not set")
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // Debian keeps them out of the PATH
	if path, err := exec.LookPath("initdb"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		t.Fatal("PostgreSQL's initdb is neither in the PATH nor where Debian has it")
	}
	p := &Postgres{bin: filepath.Dir(found[len(found)-1]), dir: t.TempDir(), port: FreePort(t)}
	p.URL = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", p.port)
	if err := p.own(); err != nil {
		t.Fatal(err)
	}
	init := p.command("initdb", "-D", p.dir, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale", "C")
	if text, err := init.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, text)
	}
	return p
}

// own gives the folder to whom the server runs as: it refuses to run as root.
func (p *Postgres) own() error {
	c := servant()
	if c == nil {
		return nil
	}
	if err := os.Chmod(filepath.Dir(p.dir), 0o755); err != nil { //nolint:gosec // the way to the folder, which is empty
		return err
	}
	return os.Chown(p.dir, int(c.Uid), int(c.Gid))
}

// servant is the account that Debian makes for the server; nil where the test
// is not run as root.
func servant() *syscall.Credential {
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func (p *Postgres) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(p.bin, name), args...)
	cmd.Dir = p.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir, "LC_ALL=C"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: servant()}
	return cmd
}

// Start runs the server and returns when it answers.
func (p *Postgres) Start(t testing.TB) {
	t.Helper()
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	for again := time.NewTicker(50 * time.Millisecond); ; {
		if p.cmd == nil {
			p.run(t)
		}
		if p.answers(t.Context()) {
			again.Stop()
			return
		}
		select {
		case <-p.done: // what was left of a killed one still held the memory
			p.cmd = nil
		case <-again.C:
		case <-late.C:
			t.Fatal("PostgreSQL does not start")
		}
	}
}

func (p *Postgres) run(t testing.TB) {
	t.Helper()
	settings := []string{"-D", p.dir, "-p", strconv.Itoa(p.port)}
	for _, s := range []string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=400", "shared_buffers=32MB",
		"fsync=off", // the machine stays up; only the server dies
	} {
		settings = append(settings, "-c", s)
	}
	p.cmd, p.done = p.command("postgres", settings...), make(chan struct{})
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	cmd, done := p.cmd, p.done
	go func() {
		defer close(done)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGQUIT) // takes its children along
		<-done
	})
}

func (p *Postgres) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, p.URL)
	if err != nil {
		return false
	}
	defer c.Close(ctx)
	return c.Ping(ctx) == nil
}

// Kill ends the server as the operating system does it: kill -9.
func (p *Postgres) Kill() {
	if p.cmd != nil {
		_ = p.cmd.Process.Kill()
		<-p.done
		p.cmd = nil
	}
}

// FreePort is a port on which a server can be started again and again: it lies
// below those that the system gives to others.
func FreePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 20_000 + rand.IntN(10_000)
		if l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}
