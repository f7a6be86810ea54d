// Package client calls the API of an OpenMates server.
//
// A failure reported by the server is a *Problem, with its stable code and its
// sentence. A call that creates something uses the same Idempotency-Key for
// every attempt; if the server accepts no key, it is sent only once. A token is
// never sent to another host than the one it was given for.
//
// There is a method for each operation of the API, which a test compares with
// the API's description. The package knows no rules: it leaves refusing to the
// server. It only needs the standard library and the vocabulary. The module's
// name isn't an address, so another program uses it from a copy of this
// repository, with a replace directive in its go.mod or a go.work file.
package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"time"

	"openmates"
)

// Prefix is the path of the API on a server.
const Prefix = "/api/v1"

// Config configures a Client.
type Config struct {
	URL   string           // "https://mates.example"
	Token openmates.Secret // "" = none; SignIn starts a session
	HTTP  *http.Client     // nil = a new one with its own cookie jar; redirects are never followed
	Tries int              // attempts if the server is unavailable; 0 = 3
}

// Client calls a server on behalf of one caller. It is safe for concurrent use.
type Client struct {
	base  *url.URL
	token openmates.Secret
	http  *http.Client
	tries int
}

// New returns a Client. It does no I/O.
func New(c Config) (*Client, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("client: %q is not of the form https://host", c.URL)
	}
	u.Path = ""
	h := http.Client{}
	if c.HTTP != nil {
		h = *c.HTTP
	} else {
		jar, err := cookiejar.New(nil)
		if err != nil {
			return nil, fmt.Errorf("client: %w", err)
		}
		h.Jar = jar
	}
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if c.Tries <= 0 {
		c.Tries = 3
	}
	return &Client{base: u, token: c.Token, http: &h, tries: c.Tries}, nil
}

// Problem is a failure reported by the server (RFC 9457).
type Problem struct {
	Status  int            `json:"status"`
	Code    openmates.Code `json:"code"`
	Reason  string         `json:"reason"`
	Detail  string         `json:"detail"` // a complete sentence
	Request string         `json:"request_id"`
	Errors  []Wrong        `json:"errors"`

	RetryAfter time.Duration `json:"-"` // from the server; 0 = not given
}

// Wrong is an error in one field of a request.
type Wrong struct {
	Location string `json:"location"`
	Message  string `json:"message"`
}

// Error returns the code and the sentence.
func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// Unwrap returns an *openmates.Error, for openmates.CodeOf and
// openmates.MessageOf.
func (p *Problem) Unwrap() error {
	return &openmates.Error{Code: p.Code, Message: openmates.T("%s", p.Detail)}
}

// Option modifies a call.
type Option func(*http.Request)

// IfMatch makes a change fail if the object no longer has this ETag.
func IfMatch(etag string) Option { return func(r *http.Request) { r.Header.Set("If-Match", etag) } }

// Key sets the Idempotency-Key, instead of a generated one, so that another
// process can repeat the call.
func Key(key string) Option { return func(r *http.Request) { r.Header.Set("Idempotency-Key", key) } }

// RequestID names the call in the server's log.
func RequestID(id string) Option { return func(r *http.Request) { r.Header.Set("X-Request-Id", id) } }

// Query adds a query parameter.
func Query(name, value string) Option {
	return func(r *http.Request) {
		q := r.URL.Query()
		q.Set(name, value)
		r.URL.RawQuery = q.Encode()
	}
}

// Do makes any call. path is relative to Prefix; use Path if it contains
// outside values. in and out may be nil. Do returns the ETag.
func (c *Client) Do(ctx context.Context, method, path string, in, out any, options ...Option) (etag string, err error) {
	var body []byte
	if in != nil {
		if body, err = json.Marshal(in); err != nil {
			return "", fmt.Errorf("client: write the body: %w", err)
		}
	}
	key := ""
	if method == http.MethodPost && takesKey(path) {
		key = rand.Text()
	}
	for try := 1; ; try++ {
		resp, err := c.send(ctx, method, path, key, body, options)
		var p *Problem
		switch {
		case err == nil:
			defer resp.Body.Close()
			return resp.Header.Get("ETag"), read(resp, out)
		case !errors.As(err, &p):
			p = &Problem{} // a network error
		case p.Status != http.StatusBadGateway && p.Status != http.StatusTooManyRequests:
			return "", err
		}
		if try >= c.tries || method == http.MethodPost && key == "" || ctx.Err() != nil {
			return "", err
		}
		select {
		case <-ctx.Done():
			return "", err
		case <-time.After(max(p.RetryAfter, time.Duration(try)*200*time.Millisecond)):
		}
	}
}

// takesKey reports whether creating something at a path accepts an
// Idempotency-Key. Paths that take passwords or return credentials don't,
// because the server stores neither. Such a call is sent once.
func takesKey(path string) bool {
	return !strings.HasPrefix(path, "/auth/") && !strings.HasPrefix(path, "/me/") && !strings.HasSuffix(path, "/tokens") && path != "/server/listeners" && path != "/server/reset-links"
}

// Path builds a path from its parts, each of which stays one segment, whatever
// it contains.
func Path(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(p))
	}
	return b.String()
}

// send makes one attempt; its error is a *Problem if the server has answered.
func (c *Client) send(ctx context.Context, method, path, key string, body []byte, options []Option) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base.String()+Prefix+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	}
	for _, o := range options {
		o(req)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	if resp.StatusCode >= 200 && resp.StatusCode <= 299 {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, problem(resp)
}

// mostRead limits how much of an answer is read.
const mostRead = 64 << 20

func read(resp *http.Response, out any) error {
	if out == nil || resp.StatusCode == http.StatusNoContent {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, mostRead)).Decode(out); err != nil {
		return fmt.Errorf("client: read the answer: %w", err)
	}
	return nil
}

// problem reads a failure. One that isn't a problem document comes from
// something in front of the server.
func problem(resp *http.Response) error {
	p := &Problem{}
	b, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil || json.Unmarshal(b, p) != nil || p.Code == "" {
		p = &Problem{Code: openmates.EUnavailable, Detail: fmt.Sprintf("Not OpenMates, but something before it answered (%s).", resp.Status)}
	}
	p.Status = resp.StatusCode
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s >= 0 && s <= 3600 {
		p.RetryAfter = time.Duration(s) * time.Second
	}
	return p
}

// List is one page of a list.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"` // "" = last page
}

// All reads a list to its end.
func All[T any](ctx context.Context, c *Client, path string, options ...Option) ([]T, error) {
	var all []T
	for next := ""; ; {
		var l List[T]
		page := append([]Option{Query("limit", "200")}, options...)
		if next != "" {
			page = append(page, Query("cursor", next))
		}
		if _, err := c.Do(ctx, http.MethodGet, path, nil, &l, page...); err != nil {
			return all, err
		}
		all = append(all, l.Items...)
		if next = l.Next; next == "" {
			return all, nil
		}
	}
}

func get[T any](ctx context.Context, c *Client, path string, options ...Option) (out T, err error) {
	_, err = c.Do(ctx, http.MethodGet, path, nil, &out, options...)
	return out, err
}

func post[T any](ctx context.Context, c *Client, path string, in any, options ...Option) (out T, err error) {
	_, err = c.Do(ctx, http.MethodPost, path, in, &out, options...)
	return out, err
}
