package secret

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"openmates"
)

// macKey derives the MAC key from a sealing key, so that the two algorithms
// never share a key (RFC 5869).
func macKey(raw []byte) ([]byte, error) {
	k, err := hkdf.Key(sha256.New, raw, nil, "openmates mac v1", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive a key: %w", err)
	}
	return k, nil
}

// MAC returns a keyed hash of text for one place. Unlike a plain hash it
// reveals nothing about text to somebody who has the database but not the keys,
// however easy text is to guess. The same text at the same place has the same
// MAC, as long as the first key stays.
func (r *Ring) MAC(place string, text openmates.Secret) string {
	return r.first.sum(place, text)
}

// Verify reports whether mac was made from text for this place, with any of the
// keys.
func (r *Ring) Verify(place string, text openmates.Secret, mac string) bool {
	_, rest, _ := strings.Cut(mac, ".")
	id, _, _ := strings.Cut(rest, ".")
	k, ok := r.all[id]
	return ok && hmac.Equal([]byte(k.sum(place, text)), []byte(mac))
}

func (k key) sum(place string, text openmates.Secret) string {
	h := hmac.New(sha256.New, k.mac)
	fmt.Fprintf(h, "%d:%s", len(place), place)
	h.Write([]byte(text.Reveal()))
	return version + "." + k.id + "." + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}
