// Package intake is what both doors have in common: how they read a request,
// and which HTTP status an error has.
//
// It promises that a body that arrives too slowly is given up, while an answer
// may take as long as it needs. JSON means the same to every reader: a name is
// spelled exactly as described, appears once at each depth, and nothing follows
// the document.
//
// It does not know what a request is for.
package intake

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// Patience is how long a body may take: First, and a second more for every Rate
// bytes that have arrived.
type Patience struct {
	First time.Duration
	Rate  int // bytes
}

// Usual is the default patience.
func Usual() Patience { return Patience{First: 5 * time.Second, Rate: 8 << 10} }

// Within bounds how long the body of a request may take. A body that is late
// ends with an error that wraps os.ErrDeadlineExceeded. p zero = Usual.
func Within(w http.ResponseWriter, r *http.Request, p Patience) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	if p == (Patience{}) {
		p = Usual()
	}
	r.Body = &timed{ReadCloser: r.Body, on: http.NewResponseController(w), since: time.Now(), patience: p}
}

// timed is a body with a deadline that moves with what arrives. At the end of
// the body the deadline is removed: the server keeps reading the connection to
// notice a caller who hangs up, and would mistake the deadline for that.
type timed struct {
	io.ReadCloser
	on       *http.ResponseController
	since    time.Time
	read     int64
	patience Patience
}

// Read reads a part of the body within what time is left.
func (t *timed) Read(p []byte) (int, error) {
	more := time.Duration(float64(t.read) / float64(t.patience.Rate) * float64(time.Second))
	if err := t.until(t.since.Add(t.patience.First + more)); err != nil {
		return 0, err
	}
	n, err := t.ReadCloser.Read(p)
	t.read += int64(n)
	if errors.Is(err, io.EOF) {
		if off := t.until(time.Time{}); off != nil {
			return n, off
		}
	}
	return n, err
}

// until sets the deadline, where the connection has one.
func (t *timed) until(deadline time.Time) error {
	err := t.on.SetReadDeadline(deadline)
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}
