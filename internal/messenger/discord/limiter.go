package discord

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// globalRate stays below Discord's 50 requests per second and bot in any
// one-second window: 10 at once plus 40 per second.
const (
	globalRate  = 40
	globalBurst = 10
	maxBuckets  = 512
)

// limiter keeps one bot within its rate limits (topics/rate-limits). A limit
// applies to a bucket, which Discord names in a header, together with the major
// parameter of the path (the channel or guild).
type limiter struct {
	global *rate.Limiter

	mu      sync.Mutex
	blocked time.Time // all routes wait until then: the global limit was hit
	names   map[string]string
	buckets map[string]*bucket
}

type bucket struct {
	limit, left int
	known       bool // limit and left are known from headers
	reset       time.Time
	blocked     time.Time // a 429 said to wait until then
	probing     bool      // the first request is in flight
	probed      bool      // the first request was answered
}

// probeWait is how often callers check again while they wait for a bucket's
// first response, which says how many requests may run at once.
const probeWait = 10 * time.Millisecond

func newLimiter() *limiter {
	return &limiter{
		global:  rate.NewLimiter(globalRate, globalBurst),
		names:   map[string]string{},
		buckets: map[string]*bucket{},
	}
}

// take asks for permission to make one request. Zero means go; otherwise
// nothing is taken and the caller asks again after the pause.
func (l *limiter) take(now time.Time, route, major string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if wait := l.blocked.Sub(now); wait > 0 {
		return wait
	}
	b := l.bucket(now, route, major)
	if wait := b.blocked.Sub(now); wait > 0 {
		return wait
	}
	if b.probing && !b.probed {
		return probeWait
	}
	if b.known && b.left <= 0 {
		if wait := b.reset.Sub(now); wait > 0 {
			return wait
		}
		b.left = b.limit
	}
	if r := l.global.ReserveN(now, 1); r.DelayFrom(now) > 0 {
		wait := r.DelayFrom(now)
		r.CancelAt(now)
		return wait
	}
	b.left--
	b.probing = true
	return 0
}

// answered records that a request has ended, successfully or not.
func (l *limiter) answered(now time.Time, route, major string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(now, route, major)
	b.probed = true
}

// note updates the limits from a response's headers. Servers that send none are
// only limited by the global rate.
func (l *limiter) note(now time.Time, route, major string, h http.Header) {
	limit, err1 := strconv.Atoi(h.Get("X-RateLimit-Limit"))
	left, err2 := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	after, ok := seconds(h.Get("X-RateLimit-Reset-After"))
	if err1 != nil || err2 != nil || !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if name := h.Get("X-RateLimit-Bucket"); name != "" && l.names[route] != name {
		if len(l.names) >= maxBuckets {
			clear(l.names)
		}
		l.names[route] = name
	}
	b := l.bucket(now, route, major)
	reset := now.Add(after)
	// Within a window the smaller number is right: requests in flight are
	// counted here but not in the header.
	if b.known && now.Before(b.reset) {
		left = min(left, b.left)
	}
	b.limit, b.left, b.reset, b.known, b.probed = max(limit, 1), left, reset, true, true
}

// block applies a 429.
func (l *limiter) block(now time.Time, route, major string, global bool, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if global {
		l.blocked = later(l.blocked, now.Add(wait))
		return
	}
	b := l.bucket(now, route, major)
	b.blocked = later(b.blocked, now.Add(wait))
}

func (l *limiter) bucket(now time.Time, route, major string) *bucket {
	key := l.names[route]
	if key == "" {
		key = route
	}
	key += " " + major
	b := l.buckets[key]
	if b == nil {
		if len(l.buckets) >= maxBuckets {
			l.forget(now)
		}
		b = &bucket{}
		l.buckets[key] = b
	}
	return b
}

// forget drops buckets that no longer delay anything.
func (l *limiter) forget(now time.Time) {
	for k, b := range l.buckets {
		if !now.Before(b.reset) && !now.Before(b.blocked) && (b.probed || !b.probing) {
			delete(l.buckets, k)
		}
	}
}

// longestPause is the longest plausible pause for a rate limit: a day, the
// window of Discord's longest limit.
const longestPause = 24 * time.Hour

// seconds parses fractional seconds. It must not round down, or a request would
// come too early.
func seconds(s string) (time.Duration, bool) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, false
	}
	return pause(f)
}

// pause returns a number of seconds as a duration, if it is plausible.
func pause(seconds float64) (time.Duration, bool) {
	if !(seconds >= 0 && seconds <= longestPause.Seconds()) { // false for NaN
		return 0, false
	}
	return time.Duration(seconds * float64(time.Second)), true
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
