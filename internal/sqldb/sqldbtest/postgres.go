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

	"openmates/internal/polltest"
)

// Postgres is a test's own PostgreSQL server, which it may kill.
type Postgres struct {
	URL  string
	bin  string
	dir  string
	port int
	cmd  *exec.Cmd
	done chan struct{}
}

// NewPostgres returns a server that isn't running yet. The test is skipped if
// OPENMATES_TEST_POSTGRES isn't set; if it is, PostgreSQL's programs must be
// installed on this machine.
func NewPostgres(t testing.TB) *Postgres {
	t.Helper()
	if os.Getenv(Env) == "" {
		t.Skip(Env + " is not set")
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // Debian doesn't add them to the PATH
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

// own returns the folder to the account that runs the server, which refuses to
// run as root.
func (p *Postgres) own() error {
	c := servant()
	if c == nil {
		return nil
	}
	if err := os.Chmod(filepath.Dir(p.dir), 0o755); err != nil { //nolint:gosec // access to the folder, which is empty
		return err
	}
	return os.Chown(p.dir, int(c.Uid), int(c.Gid))
}

// servant returns the account that Debian creates for the server, or nil if the
// test doesn't run as root.
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

// Start starts the server and returns when it responds.
func (p *Postgres) Start(t testing.TB) {
	t.Helper()
	polltest.Until(t, "PostgreSQL has started", func() bool {
		select {
		case <-p.done: // leftovers of a killed server still held the memory
			p.cmd = nil
		default:
		}
		if p.cmd == nil {
			p.run(t)
		}
		return p.answers(t.Context())
	})
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
		_ = cmd.Process.Signal(syscall.SIGQUIT) // also ends its children
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

// Kill ends the server with kill -9.
func (p *Postgres) Kill() {
	if p.cmd != nil {
		_ = p.cmd.Process.Kill()
		<-p.done
		p.cmd = nil
	}
}

// FreePort returns a port on which a server can be restarted: it is below the
// range from which the system assigns ports.
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
