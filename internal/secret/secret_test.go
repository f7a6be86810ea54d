package secret_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"openmates"
	"openmates/internal/secret"
)

const canary = openmates.Secret("canary-token-7f3a")

func key(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func ring(t *testing.T, keys ...[]byte) *secret.Ring {
	t.Helper()
	r, err := secret.New(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func seal(t *testing.T, r *secret.Ring, place string) string {
	t.Helper()
	s, err := r.Seal(place, canary)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	r := ring(t, key(1))
	a, b := seal(t, r, "bots.token:1"), seal(t, r, "bots.token:1")
	if a == b {
		t.Error("sealing twice gives the same text")
	}
	if strings.Contains(a, string(canary)) || strings.Contains(a, base64.RawURLEncoding.EncodeToString([]byte(canary))) {
		t.Error("the sealed text holds the plain one")
	}
	got, err := r.Open("bots.token:1", a)
	if err != nil || got != canary {
		t.Errorf("Open: %v", err)
	}
	if s, err := r.Seal("x", ""); s != "" || err != nil {
		t.Errorf("an empty secret became %q, %v", s, err)
	}
	if s, err := r.Open("x", ""); s != "" || err != nil {
		t.Errorf("an empty text opened as %q, %v", s.Reveal(), err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	r := ring(t, key(1))
	good := seal(t, r, "bots.token:1")
	parts := strings.Split(good, ".")
	flipped := []byte(good)
	flipped[len(flipped)-5] ^= 1
	for name, c := range map[string]struct{ place, sealed string }{
		"another place": {"bots.token:2", good},
		"flipped bit":   {"bots.token:1", string(flipped)},
		"cut":           {"bots.token:1", good[:len(good)-8]},
		"no version":    {"bots.token:1", parts[1] + "." + parts[2]},
		"other version": {"bots.token:1", "v2." + parts[1] + "." + parts[2]},
		"unknown key":   {"bots.token:1", "v1.deadbeef." + parts[2]},
		"short":         {"bots.token:1", "v1." + parts[1] + ".AAAA"},
		"no base64":     {"bots.token:1", "v1." + parts[1] + ".§§§"},
		"plain text":    {"bots.token:1", string(canary)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := r.Open(c.place, c.sealed)
			if err == nil || got != "" {
				t.Fatal("opened")
			}
			if s := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(s, string(canary)) {
				t.Error("the error holds the secret")
			}
		})
	}
	for _, keys := range [][][]byte{nil, {key(1)[:31]}, {key(1), nil}} {
		if _, err := secret.New(keys...); openmates.CodeOf(err) != openmates.EInvalid {
			t.Errorf("New(%d keys) = %v", len(keys), err)
		}
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	before := ring(t, key(1))
	after := ring(t, key(2), key(1))
	old := seal(t, before, "p")
	if got, err := after.Open("p", old); err != nil || got != canary {
		t.Errorf("the new ring does not open what the old key sealed: %v", err)
	}
	if !after.Stale(old) || after.Stale(seal(t, after, "p")) || after.Stale("") {
		t.Error("Stale does not tell which key sealed")
	}
	if _, err := before.Open("p", seal(t, after, "p")); err == nil {
		t.Error("the old ring opened what the new key sealed")
	}
}

func TestKeyFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "data", "key")
	first, err := secret.Load(secret.Config{File: file})
	if err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(file)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", st.Mode(), err)
	}
	if names, _ := os.ReadDir(filepath.Dir(file)); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
	again, err := secret.Load(secret.Config{File: file})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Open("p", seal(t, first, "p")); err != nil || got != canary {
		t.Errorf("a second start uses another key: %v", err)
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	_, err = secret.Load(secret.Config{File: file})
	if !strings.Contains(openmates.MessageOf(err), "chmod 600 "+file) {
		t.Errorf("a readable key file: %v", err)
	}
	text, _ := os.ReadFile(file)
	if strings.Contains(err.Error(), strings.TrimSpace(string(text))) {
		t.Error("the error holds the key")
	}
}

func TestKeySetting(t *testing.T) {
	t.Parallel()
	std := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 32))
	url := base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{0xfe}, 32))
	r, err := secret.Load(secret.Config{Keys: openmates.Secret(std + ",\n" + url), File: "/nowhere"})
	if err != nil {
		t.Fatal(err)
	}
	old := ring(t, bytes.Repeat([]byte{0xfe}, 32))
	if _, err := r.Open("p", seal(t, old, "p")); err != nil {
		t.Errorf("the second key does not open: %v", err)
	}
	for _, bad := range []openmates.Secret{" ,", "secret-but-short", openmates.Secret(std + " x")} {
		_, err := secret.Load(secret.Config{Keys: bad})
		if openmates.CodeOf(err) != openmates.EInvalid || strings.Contains(err.Error(), "secret-but") {
			t.Errorf("Load: %v", err)
		}
	}
}

func TestEmptyKeyFileIsNotReplaced(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.Load(secret.Config{File: file}); openmates.CodeOf(err) != openmates.EInvalid {
		t.Errorf("Load: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	r, _ := secret.New(key(1))
	good, _ := r.Seal("p", canary)
	for _, s := range []string{good, "", "v1..", "v1.a.b", good + "x"} {
		f.Add("p", s)
	}
	f.Fuzz(func(t *testing.T, place, sealed string) {
		got, err := r.Open(place, sealed)
		if err == nil && sealed != "" && (place != "p" || got != canary) {
			t.Errorf("opened %q", sealed)
		}
	})
}
