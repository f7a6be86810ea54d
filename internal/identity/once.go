package identity

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"openmates"
)

const (
	keyOnce   = "once"
	onceLasts = 10 * time.Minute
	mostOnce  = 1 << 20 // bytes
)

// once is a value that a page shows once, in the session that created it.
type once struct {
	Page  string          `json:"page"`
	Until time.Time       `json:"until"`
	Value json.RawMessage `json:"value"`
}

// KeepOnce keeps a value for the next page that calls TakeOnce, such as a token
// that is only shown once. A session has at most one such value. It is sealed
// with the token in the browser's cookie, of which the server only has a hash,
// so nobody can read it in the database.
func (r *Room) KeepOnce(ctx context.Context, page string, value any) error {
	v, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("keep what is shown once: %w", err)
	}
	if len(v) > mostOnce {
		return openmates.Errorf(openmates.EInvalid, "That's too much for one page. Try it with less.")
	}
	if r.sessions.Token(ctx) == "" { // a new session starts here
		if err := r.sessions.RenewToken(ctx); err != nil {
			return fmt.Errorf("begin a session: %w", err)
		}
	}
	box, err := r.onceBox(ctx)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(once{Page: page, Until: r.now().Add(onceLasts), Value: v})
	if err != nil {
		return fmt.Errorf("keep what is shown once: %w", err)
	}
	r.sessions.Put(ctx, keyOnce, base64.RawStdEncoding.EncodeToString(box.Seal(nil, nil, plain, nil))) //nolint:gosec // the box makes its own nonce
	return nil
}

// TakeOnce reports whether the session has a value for the page, decodes it
// into the given one, and deletes it.
func (r *Room) TakeOnce(ctx context.Context, page string, into any) bool {
	kept := r.sessions.GetString(ctx, keyOnce)
	if kept == "" {
		return false
	}
	o, err := r.openOnce(ctx, kept)
	if err == nil && o.Page != page && r.now().Before(o.Until) {
		return false
	}
	r.sessions.Remove(ctx, keyOnce)
	if err != nil || o.Page != page || !r.now().Before(o.Until) {
		return false
	}
	return json.Unmarshal(o.Value, into) == nil
}

func (r *Room) openOnce(ctx context.Context, kept string) (o once, err error) {
	b, err := base64.RawStdEncoding.DecodeString(kept)
	if err != nil {
		return o, err
	}
	box, err := r.onceBox(ctx)
	if err != nil {
		return o, err
	}
	if b, err = box.Open(nil, nil, b, nil); err != nil {
		return o, err // the session's token has changed
	}
	return o, json.Unmarshal(b, &o)
}

func (r *Room) onceBox(ctx context.Context) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(r.sessions.Token(ctx)), nil, "openmates: shown once", 32)
	if err != nil {
		return nil, fmt.Errorf("seal what is shown once: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("seal what is shown once: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}
