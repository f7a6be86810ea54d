//go:build unix

package main_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A server that is started with an open umask, in a folder that others may look
// into, closes the folder, and makes no file that another account could read at
// any moment of its first run: not the database with its log and its shared
// memory, not the key, not what it writes for a moment.
func TestNoFileIsEverReadableByOthers(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"serve": {"serve", "--addr", "127.0.0.1:0"},
		"demo":  {"demo", "--addr", "127.0.0.1:0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("sh", append([]string{"-c", `umask 0; exec "$0" "$@"`, self(t)}, append(args, "--data", dir)...)...)
			cmd.Env = append(withoutSettings(os.Environ()), childEnv+"=openmates", "TMPDIR="+dir)
			w := &watch{dir: dir, stop: make(chan struct{}), done: make(chan struct{}), modes: map[string]fs.FileMode{}}
			go w.run()
			p := run(t, cmd)
			p.ready(t)
			close(w.stop)
			<-w.done
			p.stop(t)
			w.look()
			st, err := os.Stat(dir)
			if err != nil || st.Mode().Perm() != 0o700 {
				t.Errorf("the data folder has the mode %v: %v", st.Mode(), err)
			}
			for name, mode := range w.modes {
				if mode.Perm()&0o077 != 0 {
					t.Errorf("%s had the mode %v", name, mode)
				}
			}
			for _, want := range []string{"openmates.db", "openmates.db-wal", "openmates.db-shm", "key", "locks"} {
				if _, ok := w.modes[want]; !ok {
					t.Errorf("%s was never seen, so nothing is known of it", want)
				}
			}
		})
	}
}

// watch checks all files below a folder as often as it can.
type watch struct {
	dir        string
	stop, done chan struct{}
	modes      map[string]fs.FileMode // the most open mode of each
}

func (w *watch) run() {
	defer close(w.done)
	for {
		select {
		case <-w.stop:
			return
		default:
			w.look()
		}
	}
}

func (w *watch) look() {
	_ = filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == w.dir {
			return nil //nolint:nilerr // it may be gone by now
		}
		if st, err := d.Info(); err == nil {
			name, _ := filepath.Rel(w.dir, path)
			w.modes[name] |= st.Mode()
		}
		return nil
	})
}

// plant makes an empty file of another account in a folder that is open to all.
func plant(dir, name string, owner int) error {
	file := filepath.Join(dir, name)
	return errors.Join(os.WriteFile(file, nil, 0o600), os.Chown(file, owner, owner), os.Chmod(dir, 0o777))
}

// A folder that isn't ours is left unchanged, and the error says what to do.
func TestTheDataFolderIsOursAlone(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	for name, c := range map[string]struct {
		make func(dir string) error
		want string // "" = it is taken
		mode fs.FileMode
	}{
		"new":               {os.Remove, "", 0o700},
		"empty and open":    {func(dir string) error { return os.Chmod(dir, 0o777) }, "", 0o700},
		"ours and open":     {func(dir string) error { return os.WriteFile(filepath.Join(dir, "openmates.db"), nil, 0o644) }, "", 0o700},
		"a disk of its own": {func(dir string) error { return os.Mkdir(filepath.Join(dir, "lost+found"), 0o700) }, "", 0o700},
		"used for more":     {func(dir string) error { return os.WriteFile(filepath.Join(dir, "thesis.txt"), nil, 0o644) }, "chmod 700", 0o755},
		"like /tmp": {func(dir string) error {
			return os.Chmod(dir, 0o777|fs.ModeSticky)
		}, "chmod 700", 0o777},
		"a key by somebody else":      {func(dir string) error { return plant(dir, "key", 4242) }, "key belongs to another account", 0o777},
		"a database by somebody else": {func(dir string) error { return plant(dir, "openmates.db", 4242) }, "openmates.db belongs to another account", 0o777},
		"a log by somebody else": {func(dir string) error {
			return errors.Join(plant(dir, "openmates.db", 0), plant(dir, "openmates.db-wal", 4242))
		}, "belongs to another account", 0o777},
		"a link by somebody else": {func(dir string) error {
			return errors.Join(plant(dir, "key", 0), os.Symlink("/nowhere", filepath.Join(dir, "openmates.db")), os.Lchown(filepath.Join(dir, "openmates.db"), 4242, 4242))
		}, "belongs to another account", 0o777},
		"somebody else's": {func(dir string) error { return os.Chown(dir, 4242, 4242) }, "belongs to another account", 0o755},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := c.make(dir); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // for one that should have been refused
			defer cancel()
			cmd := exec.CommandContext(ctx, self(t), "serve", "--addr", "127.0.0.1:0", "--data", dir)
			cmd.Env = append(withoutSettings(os.Environ()), childEnv+"=openmates")
			cmd.Stderr = &out
			if c.want == "" {
				p := run(t, cmd)
				p.ready(t)
				p.stop(t)
			} else if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != 2 || !strings.Contains(out.String(), c.want) {
				t.Errorf("it ended with %v and said %q", err, out.String())
			}
			st, err := os.Stat(dir)
			if err != nil || st.Mode().Perm() != c.mode {
				t.Errorf("the folder has the mode %v, want %v: %v", st.Mode(), c.mode, err)
			}
		})
	}
	// Root's folder that the server's account may use, as a volume in Kubernetes.
	t.Run("a volume by root", func(t *testing.T) {
		t.Parallel()
		// Every folder above must be passable for the other account.
		top, err := os.MkdirTemp("/tmp", "volume-") //nolint:usetesting // the folders above t.TempDir() are closed
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(top) })
		dir := filepath.Join(top, "data")
		for _, err := range []error{os.Chmod(top, 0o755), os.Mkdir(dir, 0o775), os.Chown(dir, 0, 4242), os.Chmod(dir, 0o775)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		binary := filepath.Join(top, "program")
		b, err := os.ReadFile(self(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(binary, b, 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(binary, "serve", "--addr", "127.0.0.1:0", "--data", dir)
		cmd.Env = append(withoutSettings(os.Environ()), childEnv+"=openmates")
		cmd.Dir = top
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 4242, Gid: 4242}}
		p := run(t, cmd)
		p.ready(t)
		p.stop(t)
	})
}
