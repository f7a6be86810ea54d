// Package client speaks to the API of an OpenMates server.
//
// It promises that a failure which the server names is a *Problem, with its
// stable code and its sentence; that a call which makes something is sent under
// one Idempotency-Key however often it is tried, or once where the server takes
// no key; and that a token never goes to another host than the one it was given
// for.
//
// It has a method for each operation of the API, which a test compares with the
// API's description. It knows no rules: what the server refuses, it refuses. It
// needs the standard library and the vocabulary alone. The module's name is no
// address, so another program uses it from a copy of this repository, by a
// replace directive in its go.mod or a go.work file.
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

// Prefix is where the API is on a server.
const Prefix = "/api/v1"

// Config says which server, and who speaks.
type Config struct {
	URL   string           // "https://mates.example"
	Token openmates.Secret // "" = nobody yet: SignIn begins a session
	HTTP  *http.Client     // nil = one with a cookie jar of its own; redirects are never followed
	Tries int              // of a call that the server could not answer; 0 = 3
}

// Client is one caller of one server. It is safe for concurrent use.
type Client struct {
	base  *url.URL
	token openmates.Secret
	http  *http.Client
	tries int
}

// New makes a Client. It does no I/O.
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

// Problem is a failure as the server tells it (RFC 9457).
type Problem struct {
	Status  int            `json:"status"`
	Code    openmates.Code `json:"code"`
	Reason  string         `json:"reason"`
	Detail  string         `json:"detail"` // a finished sentence
	Request string         `json:"request_id"`
	Errors  []Wrong        `json:"errors"`

	RetryAfter time.Duration `json:"-"` // as the server asks; 0 = it does not say
}

// Wrong is one thing wrong with a request.
type Wrong struct {
	Location string `json:"location"`
	Message  string `json:"message"`
}

// Error is the code and the sentence.
func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// Unwrap lets openmates.CodeOf and openmates.MessageOf find code and sentence.
func (p *Problem) Unwrap() error {
	return &openmates.Error{Code: p.Code, Message: openmates.T("%s", p.Detail)}
}

// Option changes one call.
type Option func(*http.Request)

// IfMatch makes a change only if what is changed is still as its ETag says.
func IfMatch(etag string) Option { return func(r *http.Request) { r.Header.Set("If-Match", etag) } }

// Key sends the call under this Idempotency-Key and not under one of its own, so
// that it can be sent again by another process.
func Key(key string) Option { return func(r *http.Request) { r.Header.Set("Idempotency-Key", key) } }

// RequestID names the call in the log of the server.
func RequestID(id string) Option { return func(r *http.Request) { r.Header.Set("X-Request-Id", id) } }

// Query adds a parameter.
func Query(name, value string) Option {
	return func(r *http.Request) {
		q := r.URL.Query()
		q.Set(name, value)
		r.URL.RawQuery = q.Encode()
	}
}

// Do makes any call. path begins after Prefix and is made by Path where parts
// of it come from outside; in and out may be nil. It gives the ETag.
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
			p = &Problem{} // the network
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

// takesKey reports whether what is made at a path can be asked for under an
// Idempotency-Key. Where passwords go in, or credentials come out, it can't: the
// server keeps neither. Such a call is sent once.
func takesKey(path string) bool {
	return !strings.HasPrefix(path, "/auth/") && !strings.HasPrefix(path, "/me/") && !strings.HasSuffix(path, "/tokens") && path != "/server/listeners" && path != "/server/reset-links"
}

// Path makes a path of its parts, each of which stays one segment whatever is
// in it.
func Path(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(p))
	}
	return b.String()
}

// send makes one try; its error is a *Problem where the server has answered.
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

// mostRead bounds what is read of an answer.
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

// problem reads a failure. One that is no problem comes from something in
// front of the server.
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
	Next  string `json:"next"` // "" = it is the last one
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
