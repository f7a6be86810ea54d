package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A server whose key file is missing explains at startup what that means and
// keeps running. With the old key, everything works again. A process whose key
// differs from the others' says the same.
func TestALostKeyIsToldAtTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	lives := func(env map[string]string) string {
		p := start(t, env, "demo", "--addr", "127.0.0.1:0", "--data", dir)
		resp, err := http.Get(p.Web + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("/readyz: %d %s, %v", resp.StatusCode, text, err)
		}
		if code := p.Stop(); code != 0 {
			t.Errorf("exit code %d", code)
		}
		return p.Log.String()
	}
	const lost = "the key for stored credentials is missing or has changed; restore the old key and restart, or enter the credentials again on the pages"
	if log := lives(nil); strings.Contains(log, "key") {
		t.Errorf("at first:\n%s", log)
	}
	old, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if log := lives(nil); strings.Contains(log, lost) {
		t.Errorf("with its key:\n%s", log)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if log := lives(nil); strings.Count(log, lost) != 1 || !strings.Contains(log, "made_just_now=true") || !strings.Contains(log, "bots=4") || !strings.Contains(log, key) {
		t.Errorf("without its key:\n%s", log)
	}
	if log := lives(nil); !strings.Contains(log, lost) || !strings.Contains(log, "made_just_now=false") {
		t.Errorf("with the new key:\n%s", log)
	}
	if log := lives(map[string]string{"OPENMATES_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}); !strings.Contains(log, lost) || !strings.Contains(log, "key=OPENMATES_KEY") {
		t.Errorf("with a key of its own:\n%s", log)
	}
	now, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, append(now, old...), 0o600); err != nil { // the old one behind the new one
		t.Fatal(err)
	}
	if log := lives(nil); strings.Contains(log, lost) {
		t.Errorf("with the old key back:\n%s", log)
	}
}
