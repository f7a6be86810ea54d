package discord

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"openmates"
)

const (
	maxTries   = 6
	tryTimeout = 20 * time.Second
	// longestWait is how long a call waits for a rate limit before it returns
	// the message to the queue, which waits without blocking a worker.
	longestWait = 30 * time.Second
	maxBody     = 8 << 20
)

// client makes the REST calls of all bots.
type client struct {
	base  string
	agent string
	http  *http.Client
	log   *slog.Logger
	now   openmates.Clock
	rand  func() float64
	fuse  breaker

	mu       sync.Mutex
	accounts map[credential]*account
}

// credential identifies a token, so that trying a wrong one in setup doesn't
// affect a running bot.
type credential struct {
	app   string
	token openmates.Secret
}

// mostAccounts limits how many unused tokens are remembered.
const mostAccounts = 4096

// account is the state of one bot's token.
type account struct {
	token openmates.Secret
	limit *limiter

	mu   sync.Mutex
	dead chan struct{} // closed once Discord has rejected the token for good
	gone bool
}

// call is a request. route is the path without its IDs, which Discord's rate
// limits apply to.
type call struct {
	method string
	route  string
	path   string
	major  string // the channel or guild in path
	body   any
	test   bool // try even a token that Discord has rejected before
	tries  int  // maximum number of attempts; 0 = maxTries
}

func newClient(base, agent string, h *http.Client, log *slog.Logger, now openmates.Clock, rnd func() float64) *client {
	return &client{base: base, agent: agent, http: h, log: log, now: now, rand: rnd, accounts: map[credential]*account{}}
}

// account returns the state of a bot's token; a new token has a fresh state.
func (c *client) account(b openmates.Bot) *account {
	key := credential{b.AppID, tokenOf(b)}
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.accounts[key]
	if a == nil {
		if len(c.accounts) >= mostAccounts {
			clear(c.accounts)
		}
		a = &account{token: tokenOf(b), limit: newLimiter(), dead: make(chan struct{})}
		c.accounts[key] = a
	}
	return a
}

// revoke records that Discord rejects the token.
func (a *account) revoke() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.gone {
		a.gone = true
		close(a.dead)
	}
}

// reinstate undoes revoke: Discord accepted the token after all.
func (a *account) reinstate() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gone {
		a.gone = false
		a.dead = make(chan struct{})
	}
}

// revoked returns a channel that is closed when Discord rejects the token for
// good.
func (a *account) revoked() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.dead
}

func (a *account) isRevoked() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.gone
}

// do makes a call with a bot's token, respects the rate limits, and retries
// what can be retried within ctx. Its errors are *apiError, or ctx's.
func (c *client) do(ctx context.Context, b openmates.Bot, k call, out any) error {
	a := c.account(b)
	var body []byte
	if k.body != nil {
		var err error
		if body, err = json.Marshal(k.body); err != nil {
			return fmt.Errorf("%s %s: %w", k.method, k.route, err)
		}
	}
	var last error
	most := maxTries
	if k.tries > 0 {
		most = k.tries
	}
	for try := range most {
		if a.isRevoked() && !k.test {
			return &apiError{status: http.StatusUnauthorized, text: "the token was refused before"}
		}
		if err := c.waitForLimits(ctx, a, k); err != nil {
			return join(err, last)
		}
		err := c.once(ctx, a, k, body, out)
		if err == nil {
			return nil
		}
		last = fmt.Errorf("%s %s: %w", k.method, k.route, err)
		e, ok := errors.AsType[*apiError](err)
		if !ok || ctx.Err() != nil {
			return last
		}
		if e.status == http.StatusUnauthorized && !k.test && c.confirmRevoked(ctx, b) {
			a.revoke()
		}
		if !e.again() {
			return last
		}
		if e.status == http.StatusTooManyRequests && try+1 < most {
			continue // waitForLimits waits as long as Discord asked
		}
		if try+1 < most {
			if err := c.pause(ctx, c.backoff(try)); err != nil {
				return join(err, last)
			}
		}
	}
	return last
}

// confirmRevoked asks a second time whether a token is invalid, because the
// consequences are drastic and one 401 may be an outage on the other side.
func (c *client) confirmRevoked(ctx context.Context, b openmates.Bot) bool {
	err := c.do(ctx, b, call{method: "GET", route: "/users/@me", path: "/users/@me", test: true}, nil)
	e, ok := errors.AsType[*apiError](err)
	return ok && e.status == http.StatusUnauthorized
}

// waitForLimits waits until the limits allow the call.
func (c *client) waitForLimits(ctx context.Context, a *account, k call) error {
	for {
		now := c.now()
		if c.fuse.open(now) {
			return &apiError{text: "too many invalid responses on this host", broken: true}
		}
		wait := a.limit.take(now, k.method+" "+k.route, k.major)
		if wait <= 0 {
			return nil
		}
		if err := c.pause(ctx, wait); err != nil {
			return err
		}
	}
}

// pause sleeps, or returns an error immediately if it would take too long.
func (c *client) pause(ctx context.Context, d time.Duration) error {
	if end, ok := ctx.Deadline(); ok && time.Until(end) < d || d > longestWait {
		return &apiError{text: fmt.Sprintf("would have to wait %s", d.Round(time.Millisecond)), limited: true}
	}
	return sleep(ctx, d)
}

func (c *client) backoff(try int) time.Duration {
	full := min(250*time.Millisecond<<try, 8*time.Second)
	return time.Duration(float64(full) * (0.5 + c.rand()/2))
}

func (c *client) once(ctx context.Context, a *account, k call, body []byte, out any) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	route := k.method + " " + k.route
	defer func() { a.limit.answered(c.now(), route, k.major) }()
	req, err := http.NewRequestWithContext(ctx, k.method, c.base+k.path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bot "+a.token.Reveal())
	req.Header.Set("User-Agent", c.agent)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if k.method != http.MethodGet { // after all waiting for limits
		if err := openmates.Fence(ctx); err != nil {
			return fmt.Errorf("not asked: %w", err)
		}
	}
	resp, err := c.http.Do(req)
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // without the URL: that of an interaction contains its token
	}
	if err != nil {
		return &apiError{text: "no answer", network: true, err: err}
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	now := c.now()
	a.limit.note(now, route, k.major, resp.Header)
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		if err != nil {
			return &apiError{text: "the answer broke off", network: true, err: err}
		}
		if out == nil || len(raw) == 0 {
			return nil
		}
		if err := decode(raw, out); err != nil {
			return &apiError{text: "the answer is not JSON", network: true, err: err}
		}
		return nil
	}
	e := readError(resp, raw)
	switch e.status {
	case http.StatusTooManyRequests:
		c.log.Debug("rate limited", "route", route, "wait", e.wait, "global", e.global)
		a.limit.block(now, route, k.major, e.global, e.wait)
		if !e.shared {
			c.fuse.count(now)
		}
	case http.StatusUnauthorized, http.StatusForbidden:
		c.fuse.count(now)
	}
	return e
}

func join(err, last error) error {
	if last == nil {
		return err
	}
	return fmt.Errorf("%w (after %w)", err, last)
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
