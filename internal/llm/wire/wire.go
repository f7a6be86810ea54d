// Package wire is what the adapters of llm share: a request in JSON, an answer
// as server-sent events, and errors as llm.Error.
//
//   - A key is sent to the configured server and nowhere else; redirects are not
//     followed.
//   - No error contains the key or the content of the request.
//   - Leaving the loop or ending the context frees the connection, and a silent
//     connection times out.
//   - What a server sends can't fill the memory.
//   - An answer is complete, or an error says that it isn't.
//   - Reported usage is only believed as far as it can be true.
//
// The package never repeats a request on its own, and doesn't know what a
// request or an event means: that is up to the adapter.
package wire

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"openmates"
	"openmates/internal/llm"
)

const (
	// DefaultIdle is how long nothing may arrive. Reasoning models think for
	// minutes before the first token; all hosted APIs send keep-alives or
	// answer sooner.
	DefaultIdle = 5 * time.Minute
	// lastWait is how long to wait, after a complete answer, for what may
	// follow (the usage, the end of the body).
	lastWait = 2 * time.Second
	// maxBody limits an answer that arrives as one document.
	maxBody = 8 * llm.MaxAnswer // JSON can write a character in six bytes
	// maxStream limits an answer with everything around its text: thoughts,
	// comments, some hundred bytes around each word.
	maxStream = 128 << 20
	// maxRefusal limits how much of an error is read.
	maxRefusal = 64 << 10
)

// Refusal returns what a server's error means. Status is 0 for an error within
// the stream; body is the server's own text, in JSON if it kept to its format.
type Refusal func(status int, body []byte) *llm.Error

// Config configures a Client.
type Config struct {
	URL     string            // of the API; http or https, without a query
	Key     openmates.Secret  // kept out of every error
	Header  map[string]string // sent with each request; contains the key
	HTTP    *http.Client      // nil = a new one
	Refusal Refusal
	Fields  []string      // field names in requests that explain errors: no error loses them
	Idle    time.Duration // 0 = DefaultIdle
}

// Client sends requests to one server.
type Client struct {
	url     string
	key     string
	header  map[string]string
	http    *http.Client
	refusal Refusal
	fields  []string
	idle    time.Duration
}

// New checks the address and the key. Its errors are openmates.EInvalid.
func New(c Config) (*Client, error) {
	u, err := url.Parse(strings.TrimSpace(c.URL))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, openmates.Errorf(openmates.EInvalid, "The address of the model's API must look like https://host/path.")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, openmates.Errorf(openmates.EInvalid, "The address of the model's API must not contain a user, a query or a fragment; the key has its own field.")
	}
	for _, v := range c.Header {
		if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return nil, openmates.Errorf(openmates.EInvalid, "The key of the model's API contains a line break or another control character. Copy it again.")
		}
	}
	return &Client{
		url:     strings.TrimRight(u.String(), "/"),
		key:     c.Key.Reveal(),
		header:  c.Header,
		http:    httpClient(c.HTTP),
		refusal: c.Refusal,
		fields:  c.Fields,
		idle:    cmp.Or(c.Idle, DefaultIdle),
	}, nil
}

// httpClient returns a copy of h that follows no redirects: net/http would send
// headers such as x-api-key to any host.
func httpClient(h *http.Client) *http.Client {
	if h == nil {
		h = &http.Client{}
		if t, ok := http.DefaultTransport.(*http.Transport); ok {
			own := t.Clone()
			own.MaxIdleConnsPerHost = own.MaxIdleConns
			h.Transport = own
		}
	}
	c := *h
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// URL returns the server's address.
func (c *Client) URL() string { return c.url }

// Get reads a JSON document.
func (c *Client) Get(ctx context.Context, path string, into any) error {
	s, err := c.open(ctx, http.MethodGet, path, llm.Request{}, nil)
	if err != nil {
		return err
	}
	defer s.Close()
	body, err := io.ReadAll(io.LimitReader(s.body, maxBody))
	if err != nil {
		return s.broken(llm.KindUnavailable, err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return &llm.Error{Kind: llm.KindInvalid, Status: http.StatusOK, Err: fmt.Errorf("the answer is not what this API answers: %w", err)}
	}
	return nil
}

// Post sends in, which is asked in this API's format, as JSON and returns the
// answer as a Stream that the caller must close. The error is an *llm.Error or
// that of ctx.
func (c *Client) Post(ctx context.Context, path string, asked llm.Request, in any) (*Stream, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, &llm.Error{Kind: llm.KindInvalid, Err: fmt.Errorf("write the request: %w", err)}
	}
	return c.open(ctx, http.MethodPost, path, asked, body)
}

// Gone returns the piece for the error of a Post under ctx: a caller that
// leaves while the server reads is billed for what it has read.
func Gone(ctx context.Context, asked llm.Request) llm.Piece {
	if ctx.Err() == nil {
		return llm.Piece{}
	}
	return llm.Piece{Usage: &llm.Usage{Input: llm.Estimate(asked)}}
}

func (c *Client) open(ctx context.Context, method, path string, asked llm.Request, body []byte) (*Stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := &Stream{client: c, outer: ctx, asked: asked, sent: len(body)}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	s.timer = time.AfterFunc(c.idle, func() { s.cancel(errIdle) })
	res, err := c.send(s.ctx, method, path, body)
	if err != nil {
		err = s.broken(llm.KindUnavailable, err)
		s.Close()
		return nil, err
	}
	s.res, s.body = res, &counted{ReadCloser: res.Body, n: &s.received}
	if res.StatusCode/100 != 2 {
		err = s.refused()
		s.Close()
		return nil, err
	}
	return s, nil
}

func (c *Client) send(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("User-Agent", "openmates")
	for k, v := range c.header {
		req.Header.Set(k, v)
	}
	return c.http.Do(req)
}

// errIdle is the cancellation cause of a silent connection.
var errIdle = errors.New("nothing arrived for too long")

// Stream is an answer in progress.
type Stream struct {
	Thoughts Thoughts // removes them from the text

	client *Client
	outer  context.Context // the caller's
	ctx    context.Context // ends with outer, on Close and when idle
	cancel context.CancelCauseFunc
	timer  *time.Timer
	res    *http.Response
	body   io.ReadCloser

	asked    llm.Request
	sent     int // bytes
	received int
	said     strings.Builder // the text so far, at most llm.MaxAnswer
	text     llm.Count       // of said
}

// counted counts the bytes read.
type counted struct {
	io.ReadCloser
	n *int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	*c.n += n
	return n, err
}

// Close frees the connection. It may be called twice.
func (s *Stream) Close() {
	s.timer.Stop()
	s.cancel(nil)
	if s.body != nil {
		_ = s.body.Close()
	}
}

// broken returns the error for a connection that failed with err.
func (s *Stream) broken(k llm.Kind, err error) error {
	if ctxErr := s.outer.Err(); ctxErr != nil {
		return ctxErr
	}
	if errors.Is(context.Cause(s.ctx), errIdle) {
		err = errIdle
	}
	return &llm.Error{Kind: k, Status: s.status(), Err: s.hide(err)}
}

func (s *Stream) status() int {
	if s.res == nil {
		return 0
	}
	return s.res.StatusCode
}

// refused reads an error response.
func (s *Stream) refused() error {
	body, err := io.ReadAll(io.LimitReader(s.body, maxRefusal))
	if ctxErr := s.outer.Err(); err != nil && ctxErr != nil {
		return ctxErr
	}
	if s.res.StatusCode/100 == 3 {
		return &llm.Error{Kind: llm.KindInvalid, Status: s.res.StatusCode, Err: errors.New("the server redirects elsewhere; the address of the API must be the final one")}
	}
	e := s.client.refusal(s.res.StatusCode, body)
	e.Status = s.res.StatusCode
	e.Err = s.hide(e.Err)
	e.After = max(e.After, After(s.res.Header, time.Now()))
	return e
}

// notAPage rejects an HTML page, which is what a wrong address returns.
func (s *Stream) notAPage() error {
	if kind, _, _ := mime.ParseMediaType(s.res.Header.Get("Content-Type")); kind == "text/html" {
		return &llm.Error{Kind: llm.KindInvalid, Status: s.res.StatusCode, Err: errors.New("the server answered with a web page; is the address that of an API?")}
	}
	return nil
}
