// Package secret seals credentials for storage.
//
// A Ring has one or more 256-bit keys: the first seals, all of them open. To
// rotate keys, add a new one in front. Sealed text is bound to its place (a
// table, a column and a row): moved to another place it doesn't open. It is
// printable and names its key, so that a missing key can be distinguished from
// tampered text.
//
// It also makes keyed hashes (MAC) of what is only ever compared, such as a
// request that may contain a password: with only a copy of the database, nobody
// can guess what was hashed.
//
// It rejects a key file that other accounts on the machine can read, and never
// puts a key, a credential or a part of one in an error.
//
// The cipher is AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D,
// 8.2.2), which allows 2^32 seals per key: far more than a server will ever
// need.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"openmates"
)

const (
	version = "v1"
	keySize = 32
)

// Ring seals and opens credentials. It is safe for concurrent use.
type Ring struct {
	first key
	all   map[string]key
	made  bool
}

// Made reports whether Load created the key because there was none.
func (r *Ring) Made() bool { return r.made }

type key struct {
	id   string
	aead cipher.AEAD
	mac  []byte // key for MAC
}

// New returns a Ring with the given keys, 32 bytes each. The first one seals.
func New(keys ...[]byte) (*Ring, error) {
	if len(keys) == 0 {
		return nil, openmates.Errorf(openmates.EInvalid, "No key to encrypt saved credentials is set.")
	}
	r := &Ring{all: make(map[string]key, len(keys))}
	for i, raw := range keys {
		k, err := newKey(raw)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			r.first = k
		}
		r.all[k.id] = k
	}
	return r, nil
}

func newKey(raw []byte) (key, error) {
	if len(raw) != keySize {
		return key{}, openmates.Errorf(openmates.EInvalid,
			"The encryption key must have 32 bytes (44 characters of base64); one of the given keys has %d bytes.", len(raw))
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return key{}, fmt.Errorf("make cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return key{}, fmt.Errorf("make cipher: %w", err)
	}
	// The ID distinguishes keys and reveals nothing about them: it is 32 bits
	// of a hash of 256 random bits.
	sum := sha256.Sum256(append([]byte("openmates key id\x00"), raw...))
	mac, err := macKey(raw)
	return key{id: hex.EncodeToString(sum[:4]), aead: aead, mac: mac}, err
}

// Seal encrypts plain for one place, such as "bots.token:17". An empty secret
// stays empty.
func (r *Ring) Seal(place string, plain openmates.Secret) (string, error) {
	if plain == "" {
		return "", nil
	}
	k := r.first
	nonce := make([]byte, k.aead.NonceSize(), k.aead.NonceSize()+len(plain)+k.aead.Overhead())
	if _, err := rand.Read(nonce); err != nil {
		return "", fmt.Errorf("draw a nonce: %w", err)
	}
	sealed := k.aead.Seal(nonce, nonce, []byte(plain.Reveal()), bind(k.id, place))
	return version + "." + k.id + "." + base64.RawURLEncoding.EncodeToString(sealed), nil
}

// Open decrypts what Seal made for the same place.
func (r *Ring) Open(place, sealed string) (openmates.Secret, error) {
	if sealed == "" {
		return "", nil
	}
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 || parts[0] != version {
		return "", fmt.Errorf("open %s: %w", place, errForm)
	}
	k, ok := r.all[parts[1]]
	if !ok {
		return "", &openmates.Error{Code: openmates.EInternal,
			Message: openmates.T("Saved credentials were encrypted with a key that this server doesn't have. Add the old key after the new one."),
			Err:     fmt.Errorf("open %s: no key %q: %w", place, clip(parts[1]), openmates.ErrUnreadable)}
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(raw) < k.aead.NonceSize() {
		return "", fmt.Errorf("open %s: %w", place, errForm)
	}
	n := k.aead.NonceSize()
	plain, err := k.aead.Open(nil, raw[:n], raw[n:], bind(k.id, place))
	if err != nil {
		return "", fmt.Errorf("open %s: %w", place, errTampered)
	}
	return openmates.Secret(plain), nil
}

// Stale reports whether sealed was sealed with another key than the current
// one, so that a rotation can seal it again.
func (r *Ring) Stale(sealed string) bool {
	return sealed != "" && !strings.HasPrefix(sealed, version+"."+r.first.id+".")
}

var (
	errForm     = fmt.Errorf("the sealed text is malformed: %w", openmates.ErrUnreadable)
	errTampered = fmt.Errorf("the sealed text was changed, or belongs to another place: %w", openmates.ErrUnreadable)
)

func bind(id, place string) []byte { return []byte(version + "\x00" + id + "\x00" + place) }

func clip(s string) string { return s[:min(len(s), 16)] }
