package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBackup(t *testing.T) {
	t.Parallel()
	dir, out := t.TempDir(), t.TempDir()
	do := func(env map[string]string, args ...string) (code int, text string) {
		var b bytes.Buffer
		code = run(t.Context(), args, environOf(env), &b, &b)
		return code, b.String()
	}
	to := filepath.Join(out, "copy.db")
	if code, text := do(nil, "backup", to, "--data", dir); code != 2 || !strings.Contains(text, "There's no database at "+dir) {
		t.Errorf("without a database: %d %s", code, text)
	}
	p := start(t, nil, "serve", "--addr", "127.0.0.1:0", "--data", dir)
	code, text := do(nil, "backup", to, "--data", dir)
	if code != 0 || !strings.Contains(text, to) || !strings.Contains(text, filepath.Join(dir, "key")) {
		t.Errorf("while the server runs: %d %s", code, text)
	}
	if code, text := do(nil, "backup", to, "--data", dir); code != 2 || !strings.Contains(text, "already exists") {
		t.Errorf("once more: %d %s", code, text)
	}
	p.Stop()
	// The copy is a server's database.
	again := t.TempDir()
	b, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(again, "openmates.db"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, nil, "serve", "--addr", "127.0.0.1:0", "--data", again)
	code, text = do(map[string]string{"OPENMATES_DATABASE_URL": "postgres://user:secret@127.0.0.1/x"}, "backup", filepath.Join(out, "pg.dump"))
	if code != 2 || !strings.Contains(text, "pg_dump") || strings.Contains(text, "secret") {
		t.Errorf("with PostgreSQL: %d %s", code, text)
	}
}
