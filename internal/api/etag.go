package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"strings"
	"sync"

	"openmates"
)

// etag returns the strong validator (RFC 9110, section 8.8.3) of a text.
func etag(text string) string {
	sum := sha256.Sum256([]byte(text))
	return `"` + hex.EncodeToString(sum[:12]) + `"`
}

// kept buffers a response until it is clear whether it is sent.
type kept struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

func newKept() *kept { return &kept{header: http.Header{}} }

// Header implements http.ResponseWriter.
func (k *kept) Header() http.Header { return k.header }

// WriteHeader implements http.ResponseWriter.
func (k *kept) WriteHeader(code int) {
	if k.code == 0 {
		k.code = code
	}
}

// Write implements http.ResponseWriter.
func (k *kept) Write(b []byte) (int, error) {
	k.WriteHeader(http.StatusOK)
	return k.body.Write(b)
}

func (k *kept) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), k.header)
	w.WriteHeader(k.code)
	_, _ = w.Write(k.body.Bytes()) //nolint:gosec // JSON that the API wrote, never sniffed; this fails only if the client has disconnected
}

// versions adds ETags to responses, and checks the If-Match of changes (RFC
// 9110, section 13.1.1).
type versions struct {
	next  *http.ServeMux
	refer func(w http.ResponseWriter, r *http.Request, err error)

	mu    sync.Mutex
	paths map[string]*turn // being changed under a condition
}

type turn struct {
	sync.Mutex
	waiting int
}

// ServeHTTP implements http.Handler.
func (v *versions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodGet:
		k := v.read(r)
		if k.code == http.StatusOK && matches(r.Header.Get("If-None-Match"), k.header.Get("ETag"), true) {
			k.code = http.StatusNotModified
			k.body.Reset()
			k.header.Del("Content-Type")
		}
		k.send(w)
	case r.Method != http.MethodPost && r.Header.Get("If-Match") != "":
		defer v.hold(r.URL.Path)()
		if err := v.unchanged(r); err != nil {
			v.refer(w, r, err)
			return
		}
		v.next.ServeHTTP(w, r)
	default:
		v.next.ServeHTTP(w, r)
	}
}

// read handles a GET and adds the ETag.
func (v *versions) read(r *http.Request) *kept {
	k := newKept()
	v.next.ServeHTTP(k, r)
	if k.code == http.StatusOK && k.header.Get("ETag") == "" {
		k.header.Set("ETag", etag(k.body.String()))
	}
	return k
}

// unchanged returns nil if the object is still as the caller saw it.
func (v *versions) unchanged(r *http.Request) error {
	get := r.Clone(r.Context())
	get.Method, get.Body, get.ContentLength = http.MethodGet, http.NoBody, 0
	get.Header.Del("Content-Type")
	get.URL.RawQuery = ""
	k := v.read(get)
	if k.code == http.StatusOK && matches(r.Header.Get("If-Match"), k.header.Get("ETag"), false) {
		return nil
	}
	if _, pattern := v.next.Handler(get); k.code == http.StatusOK || pattern == "" || pattern == "/" {
		return precondition{}
	}
	return nil // the change itself will say what is wrong
}

// hold allows one conditional change of a path at a time in this process.
func (v *versions) hold(path string) (release func()) {
	v.mu.Lock()
	t := v.paths[path]
	if t == nil {
		t = &turn{}
		v.paths[path] = t
	}
	t.waiting++
	v.mu.Unlock()
	t.Lock()
	return func() {
		t.Unlock()
		v.mu.Lock()
		defer v.mu.Unlock()
		if t.waiting--; t.waiting == 0 {
			delete(v.paths, path)
		}
	}
}

// matches compares a list of validators with one.
func matches(list, one string, weak bool) bool {
	if list == "" || one == "" {
		return false
	}
	for tag := range strings.SplitSeq(list, ",") {
		tag = strings.TrimSpace(tag)
		if weak {
			tag = strings.TrimPrefix(tag, "W/")
		}
		if tag == "*" || tag == one {
			return true
		}
	}
	return false
}

// precondition is the error for a change of an object that has changed
// meanwhile.
type precondition struct{}

func (precondition) Error() string { return "If-Match does not hold" }

// Unwrap returns the sentence for people.
func (precondition) Unwrap() error {
	return openmates.Errorf(openmates.EConflict, "This has changed since you read it, so nothing was saved. Read it again, and send your change with the new ETag.")
}
