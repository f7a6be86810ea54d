// Package intake is what both doors share: how they read a request, and which
// HTTP status an error has.
//
// A body that arrives too slowly is rejected, while an answer may take as long
// as it needs. JSON means the same to every reader: names are spelled exactly
// as described and appear only once per object, and nothing follows the
// document.
//
// It doesn't know what a request is for.
package intake

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// Patience is how long a body may take: First, plus one second for every Rate
// bytes received.
type Patience struct {
	First time.Duration
	Rate  int // bytes
}

// Usual is the default patience.
func Usual() Patience { return Patience{First: 5 * time.Second, Rate: 8 << 10} }

// Within limits how long the body of a request may take. Reading a late body
// returns an error that wraps os.ErrDeadlineExceeded. A zero p means Usual.
func Within(w http.ResponseWriter, r *http.Request, p Patience) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	if p == (Patience{}) {
		p = Usual()
	}
	r.Body = &timed{ReadCloser: r.Body, on: http.NewResponseController(w), since: time.Now(), patience: p}
}

// timed is a body whose deadline moves as data arrives. At the end of the body
// the deadline is removed: the server keeps reading the connection to notice a
// caller who hangs up, and would mistake the deadline for that.
type timed struct {
	io.ReadCloser
	on       *http.ResponseController
	since    time.Time
	read     int64
	patience Patience
}

// Read reads a part of the body before the deadline.
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

// until sets the deadline, if the connection supports it.
func (t *timed) until(deadline time.Time) error {
	err := t.on.SetReadDeadline(deadline)
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}
