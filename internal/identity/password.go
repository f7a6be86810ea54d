package identity

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"openmates"
)

// Lengths of a password. The maximum only keeps a request from making the
// server hash megabytes.
const (
	minPassword = 10   // characters
	maxPassword = 1024 // bytes
)

// Cost is how much work argon2id does for a password (RFC 9106, section 3.1).
// The zero Cost is OWASP's recommendation (Password Storage Cheat Sheet): 19
// MiB, two passes, one lane. Tests use less.
type Cost struct {
	Memory  uint32 // KiB, at least 8 per thread
	Time    uint32 // passes
	Threads uint8  // lanes
}

func (c Cost) orUsual() Cost {
	if c == (Cost{}) {
		return Cost{Memory: 19456, Time: 2, Threads: 1}
	}
	return c
}

const (
	saltLen = 16
	keyLen  = 32
)

// The costs that a stored hash may have. A row in the database decides how much
// work a sign-in does, so they are limited.
const (
	maxMemory = 256 << 10
	maxTime   = 16
)

// vault hashes passwords, only a few at a time: each hash takes 19 MiB, and a
// burst of sign-ins must not use up the machine's memory.
type vault struct {
	cost  Cost
	slots chan struct{}
	decoy string // used for unknown accounts, see check
}

func newVault(c Cost, parallel int) *vault {
	v := &vault{cost: c, slots: make(chan struct{}, parallel)}
	// Comparing with random bytes costs as much as with a real hash, and
	// creating them costs nothing: a real one would keep 19 MiB from startup
	// on.
	v.decoy = phcOf(c, random(saltLen), random(keyLen))
	return v
}

// valid returns what is wrong with a new password, as an EInvalid sentence.
func (v *vault) valid(password openmates.Secret, about ...string) error {
	p := password.Reveal()
	low := strings.ToLower(p)
	switch n := utf8.RuneCountInString(p); {
	case !utf8.ValidString(p) || strings.ContainsFunc(p, unicode.IsControl):
		return openmates.Errorf(openmates.EInvalid, "The password contains characters that can't be typed. Choose a different one.")
	case n < minPassword:
		return openmates.Errorf(openmates.EInvalid, "The password has %d characters; it needs at least %d. Three or four unrelated words are easy to remember.", n, minPassword)
	case len(p) > maxPassword:
		return openmates.Errorf(openmates.EInvalid, "The password is too long; the maximum is %d bytes.", maxPassword)
	case distinct(low) < 5:
		return openmates.Errorf(openmates.EInvalid, "The password repeats the same few characters. Choose one that's harder to guess.")
	}
	var known []string
	for _, a := range about {
		if a = strings.ToLower(a); a != "" && len(low)-len(a) < 4 && strings.Contains(low, a) {
			return openmates.Errorf(openmates.EInvalid, "The password is too similar to your name. Choose a different one.")
		}
		known = append(append(known, a), strings.Fields(a)...)
	}
	if guesses(p, known...) < minGuesses {
		return openmates.Errorf(openmates.EInvalid, "This password is easy to guess: it's made of common words, names, years, or neighbouring keys. Use three or four unrelated words instead.")
	}
	return nil
}

func distinct(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

// hash returns the PHC string of a password.
func (v *vault) hash(ctx context.Context, password openmates.Secret) (string, error) {
	salt := random(saltLen)
	key, err := v.derive(ctx, password, salt, v.cost, keyLen)
	if err != nil {
		return "", err
	}
	return phcOf(v.cost, salt, key), nil
}

// phcOf formats argon2id's PHC string.
func phcOf(c Cost, salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		c.Memory, c.Time, c.Threads, b64.EncodeToString(salt), b64.EncodeToString(key))
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails, see crypto/rand
	return b
}

// check compares a password with a PHC string. An empty one is for an unknown
// account: it takes as long and never matches. stale reports whether the hash
// was made with other costs than today's.
func (v *vault) check(ctx context.Context, password openmates.Secret, phc string) (ok, stale bool, err error) {
	exists := phc != ""
	if !exists {
		phc = v.decoy
	}
	c, salt, want, err := parsePHC(phc)
	if err != nil {
		return false, false, err
	}
	got, err := v.derive(ctx, password, salt, c, uint32(len(want)))
	if err != nil {
		return false, false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && exists, c != v.cost, nil
}

func (v *vault) derive(ctx context.Context, password openmates.Secret, salt []byte, c Cost, n uint32) ([]byte, error) {
	select {
	case v.slots <- struct{}{}:
		defer func() { <-v.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(password.Reveal()), salt, c.Time, c.Memory, c.Threads, n), nil
}

// parsePHC parses argon2id's PHC string.
func parsePHC(s string) (c Cost, salt, key []byte, err error) {
	bad := func(what string) (Cost, []byte, []byte, error) {
		return Cost{}, nil, nil, fmt.Errorf("stored password hash: %s", what)
	}
	f := strings.Split(s, "$")
	if len(f) != 6 || f[0] != "" || f[1] != "argon2id" {
		return bad("not argon2id")
	}
	if f[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return bad("unknown version")
	}
	if _, err := fmt.Sscanf(f[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Time, &c.Threads); err != nil {
		return bad("unreadable costs")
	}
	if c.Memory < 8 || c.Memory > maxMemory || c.Time < 1 || c.Time > maxTime || c.Threads < 1 {
		return bad("costs out of bounds")
	}
	salt, errSalt := base64.RawStdEncoding.Strict().DecodeString(f[4])
	key, errKey := base64.RawStdEncoding.Strict().DecodeString(f[5])
	if errSalt != nil || errKey != nil || len(salt) < 8 || len(key) < 16 || len(salt) > 64 || len(key) > 64 {
		return bad("unreadable salt or key")
	}
	return c, bytes.Clone(salt), bytes.Clone(key), nil
}
