package walk

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"openmates/internal/walktest"
)

// start runs the program as people do, and waits until it has printed its
// addresses.
func start(t *testing.T, env map[string]string, args ...string) *walktest.Program {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return walktest.Start(t, args[0] == "demo", func(ctx context.Context, out, log io.Writer) int {
		cmd := exec.CommandContext(ctx, path, args...)
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "OPENMATES_") })
		for name, value := range env {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		cmd.Stdout, cmd.Stderr = out, log
		if err := cmd.Run(); err != nil && cmd.ProcessState == nil { // it did not start
			io.WriteString(log, err.Error())
			return -1
		}
		return cmd.ProcessState.ExitCode()
	})
}

// built is the program as it is installed, built once for all tests.
var built = sync.OnceValues(func() (string, error) {
	path := filepath.Join(folder(), "openmates")
	args := []string{"build", "-tags", "nodemo", "-o", path}
	if raced {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "./cmd/openmates")...)
	cmd.Dir = "../.." // the product's module, with its versions of what it uses
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, nil
})

func folder() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("openmates-walk-%d", os.Getpid()))
}

// TestMain removes what was built.
func TestMain(m *testing.M) {
	code := m.Run()
	_ = os.RemoveAll(folder())
	os.Exit(code)
}
