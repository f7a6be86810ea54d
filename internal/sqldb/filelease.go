package sqldb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// leaser is queue.Leaser for one engine. Within one process, too, only one
// caller holds a name.
type leaser interface {
	Hold(ctx context.Context, name string, do func(context.Context) error) error
	free() error
}

// fileLeaser holds names by file locks. The operating system releases a lock
// when its process dies, and not before: a paused process keeps it. The files
// are never removed, because then two processes could lock two files of the
// same name.
type fileLeaser struct{ dir string }

const fileRetry = 100 * time.Millisecond

func (l fileLeaser) Hold(ctx context.Context, name string, do func(context.Context) error) error {
	lock := flock.New(filepath.Join(l.dir, fileName(name)), flock.SetPermissions(0o600))
	ok, err := lock.TryLockContext(ctx, fileRetry)
	if err != nil {
		return fmt.Errorf("hold %q: %w", name, err)
	}
	if !ok {
		return fmt.Errorf("hold %q: not given", name)
	}
	defer lock.Close()
	return do(ctx)
}

func (l fileLeaser) free() error { return nil }

// fileName returns a readable name, made unique by a hash.
func fileName(name string) string {
	sum := sha256.Sum256([]byte(name))
	readable := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, name)
	return readable[:min(len(readable), 40)] + "." + hex.EncodeToString(sum[:4]) + ".lock"
}
