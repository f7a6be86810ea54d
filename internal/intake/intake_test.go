package intake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"openmates/internal/intake"
)

// inner and outer are read into; their names are as a request describes them.
type inner struct {
	Name string            `json:"name"`
	Tags map[string]string `json:"tags"`
}

type outer struct {
	inner
	Text  string          `json:"text"`
	Many  []inner         `json:"many"`
	One   *inner          `json:"one"`
	Raw   json.RawMessage `json:"raw"`
	Any   any             `json:"any"`
	Since time.Time       `json:"since"`
	Own   string          `json:"-"`
}

func TestJSONHasOneMeaning(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{ // want: a part of the error, "" = fine
		`{}`: "", `{"text":"a","many":[{"name":"b"}],"one":{"name":"c","tags":{"X":"1","x":"2"}},"name":"d","raw":{"A":1},"any":{"B":[{}]},"since":"2026-01-02T03:04:05Z"}`: "",
		`{"text":"a","TEXT":"b"}`: `no "TEXT"`, `{"Text":"a"}`: `no "Text"`, `{"te\u017ft":"a"}`: "no ", `{"tex\u0074":"a"}`: "", `{"text":"a","tex\u0074":"b"}`: "twice",
		`{"text":"a","text":"b"}`: "twice", `{"one":{"name":"a","name":"b"}}`: "twice", `{"many":[{"Name":"a"}]}`: `no "Name"`, `{"any":{"a":1,"b":[{"c":1,"c":2}]}}`: "twice",
		`{"raw":{"a":1,"a":2}}`: "twice", `{"tags":{"a":"1","a":"2"}}`: "twice", `{"inner":{}}`: `no "inner"`, `{"Own":"a"}`: `no "Own"`, `{"-":"a"}`: `no "-"`,
		`{"text":"a"} `: "", `{"text":"a"}{}`: "behind", `{"text":"a"} x`: "behind", `{"text":"a"}]`: "behind", ``: "not JSON", `{"text":`: "not JSON", `{text:1}`: "not JSON",
		`{"text":1}`: `"text" can't be a number`, "{\"text\":\"\xff\"}": "UTF-8", `null`: "", strings.Repeat("[", 100_000): "levels", `{"any":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`: "levels",
	} {
		var o outer
		err := intake.JSON([]byte(text), &o)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.80q: %v, want %q", text, err, want)
		}
	}
	for text, fine := range map[string]bool{`{"a":1,"A":2}`: true, `{"a":1,"a":2}`: false, `[{"a":{"b":1,"b":1}}]`: false, `{}x`: false} {
		if err := intake.Once([]byte(text)); (err == nil) != fine {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// What is accepted reads the same in a decoder that takes the first of two
// names as in one that takes the last.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"text":"a","many":[{"name":"b"}]}`, `{"text":"a","TEXT":"b"}`, `{"a":[{},{"b":null}]}`, `[1,2`, `{"ſ":1}`, `"\ud800"`, `1e999`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var o outer
		if intake.JSON(data, &o) == nil {
			d := json.NewDecoder(bytes.NewReader(data))
			d.DisallowUnknownFields()
			var again outer
			if err := d.Decode(&again); err != nil {
				t.Errorf("%q is accepted, but %v", data, err)
			}
		}
		var v any
		if intake.JSON(data, &v) == nil && !json.Valid(data) {
			t.Errorf("%q is no JSON", data)
		}
	})
}

// slow is a client that begins a request and sends its body in pieces on
// command.
type slow struct {
	net.Conn
	got chan error // what the handler's reading came to
}

// opened has a client begin a request with a body of so many bytes.
func opened(t *testing.T, p intake.Patience, handle func(r *http.Request) error, length int) slow {
	t.Helper()
	s := slow{got: make(chan error, 1)}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		intake.Within(w, r, p)
		s.got <- handle(r)
	}))
	t.Cleanup(srv.Close)
	var err error
	if s.Conn, err = net.Dial("tcp", srv.Listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	fmt.Fprintf(s, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", length)
	return s
}

func readAll(r *http.Request) error {
	_, err := io.ReadAll(r.Body)
	return err
}

func TestABodyThatNeverComesIsGivenUp(t *testing.T) {
	t.Parallel()
	s := opened(t, intake.Patience{First: 30 * time.Millisecond, Rate: 1 << 20}, readAll, 100)
	if err := <-s.got; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("reading came to %v", err)
	}
}

// Each byte buys so little that the body can't come in time, however steadily it
// comes.
func TestADribbledBodyIsGivenUp(t *testing.T) {
	t.Parallel()
	s := opened(t, intake.Patience{First: 50 * time.Millisecond, Rate: 1 << 20}, readAll, 1<<20)
	for {
		if _, err := s.Write([]byte("x")); err != nil {
			break // it was hung up on
		}
		select {
		case err := <-s.got:
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("reading came to %v", err)
			}
			return
		default:
		}
	}
}

// The deadline applies only to the body: a slow response isn't mistaken for a
// disconnected client.
func TestAnAnswerMayTakeLongerThanTheBody(t *testing.T) {
	t.Parallel()
	window := 20 * time.Millisecond
	s := opened(t, intake.Patience{First: window, Rate: 1 << 20}, func(r *http.Request) error {
		if err := readAll(r); err != nil {
			return err
		}
		long, cancel := context.WithTimeout(r.Context(), 5*window)
		defer cancel()
		<-long.Done()
		return r.Context().Err()
	}, 2)
	if _, err := s.Write([]byte("ab")); err != nil {
		t.Fatal(err)
	}
	if err := <-s.got; err != nil {
		t.Errorf("the request ended while it was answered: %v", err)
	}
}

// A body that comes at a good pace may take as long as it is.
func TestALargeBodyGetsItsTime(t *testing.T) {
	t.Parallel()
	s := opened(t, intake.Patience{First: time.Minute, Rate: 1}, readAll, 3)
	for range 3 {
		if _, err := s.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-s.got; err != nil {
		t.Errorf("reading came to %v", err)
	}
}
