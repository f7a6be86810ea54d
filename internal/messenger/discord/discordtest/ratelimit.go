package discordtest

import (
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// limiter counts REST calls per bucket and major parameter, and per bot
// (topics/rate-limits).
type limiter struct {
	mu      sync.Mutex
	buckets map[bucketKey]*bucket
}

type bucketKey struct{ account, route, major string }

type bucket struct {
	reset time.Time
	used  int
}

type rate struct {
	limit int
	per   time.Duration
}

// globalRate is a bot's limit per second for all routes.
func globalRate() rate { return rate{50, time.Second} }

// rateOf returns the limit of a route. Discord publishes none of them; these
// are the values that bots see in the headers.
func rateOf(pattern string) rate {
	switch {
	case strings.Contains(pattern, "/reactions/"):
		return rate{1, 250 * time.Millisecond}
	case strings.HasPrefix(pattern, "POST /channels/{channel_id}/messages"),
		strings.HasPrefix(pattern, "PATCH /channels/{channel_id}/messages"),
		strings.HasPrefix(pattern, "DELETE /channels/{channel_id}/messages"),
		strings.HasPrefix(pattern, "POST /channels/{channel_id}/typing"),
		strings.Contains(pattern, " /webhooks/"):
		return rate{5, 5 * time.Second}
	case strings.HasPrefix(pattern, "GET /channels/{channel_id}/messages"):
		return rate{5, time.Second}
	case strings.HasSuffix(pattern, "/users/@me/channels"):
		return rate{10, 10 * time.Second}
	}
	return rate{10, time.Second}
}

// major returns the part of a path that has its own limits: the channel, the
// guild or the webhook with its token.
func major(path string) string {
	parts := strings.SplitN(strings.TrimPrefix(path, "/"), "/", 4)
	if len(parts) < 2 {
		return ""
	}
	switch parts[0] {
	case "channels", "guilds":
		return parts[1]
	case "webhooks":
		if len(parts) > 2 {
			return parts[1] + "/" + parts[2]
		}
	}
	return ""
}

func hashOf(route string) string {
	h := fnv.New64a()
	h.Write([]byte(route))
	return strconv.FormatUint(h.Sum64(), 16)
}

// hasten shortens the window of a limit by Config.Haste.
func (s *Server) hasten(r rate) rate {
	r.per /= time.Duration(s.cfg.Haste)
	return r
}

// take counts a call and sets the headers; false means that it has answered
// with 429.
func (l *limiter) take(w http.ResponseWriter, s *Server, who *caller, api *http.ServeMux, r *http.Request) bool {
	_, pattern := api.Handler(r)
	if pattern == "" {
		return true
	}
	if person := who != nil && !who.bot(); person || !s.cfg.RateLimits {
		// People are never limited: a script that acts as one may go at any
		// pace.
		l.unlimited(w, s, pattern)
		return true
	}
	rt := s.hasten(rateOf(pattern))
	account := r.RemoteAddr
	if who != nil {
		account = who.user.ID
	}
	now := s.cfg.Clock()
	free := strings.Contains(pattern, "/interactions/") || strings.Contains(pattern, "/webhooks/")
	if who != nil && who.bot() && !free {
		if _, wait, ok := l.count(bucketKey{account: account}, s.hasten(globalRate()), now); !ok {
			tooMany(w, wait, true)
			return false
		}
	}
	left, wait, ok := l.count(bucketKey{account, pattern, major(r.URL.Path)}, rt, now)
	rateHeaders(w, pattern, rt.limit, left, now.Add(wait), wait)
	if !ok {
		tooMany(w, wait, false)
	}
	return ok
}

// headers sets the headers of a call that is not counted.
func (l *limiter) headers(w http.ResponseWriter, s *Server, _ *caller, api *http.ServeMux, r *http.Request) {
	if _, pattern := api.Handler(r); pattern != "" {
		l.unlimited(w, s, pattern)
	}
}

// unlimited sets the headers of a bucket that isn't limited. They say that it
// will be full again in a moment; otherwise a client that counts by itself, as
// it should, would wait for a limit that nobody enforces.
func (l *limiter) unlimited(w http.ResponseWriter, s *Server, pattern string) {
	const soon = 10 * time.Millisecond
	limit := rateOf(pattern).limit
	rateHeaders(w, pattern, limit, limit-1, s.cfg.Clock().Add(soon), soon)
}

// count takes one from a bucket; it returns what is left and how long until the
// bucket is full again.
func (l *limiter) count(k bucketKey, rt rate, now time.Time) (int, time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buckets == nil {
		l.buckets = map[bucketKey]*bucket{}
	}
	b := l.buckets[k]
	if b == nil || !now.Before(b.reset) {
		if b == nil && len(l.buckets) > 20_000 {
			for old, x := range l.buckets {
				if !now.Before(x.reset) {
					delete(l.buckets, old)
				}
			}
		}
		b = &bucket{reset: now.Add(rt.per)}
		l.buckets[k] = b
	}
	if b.used >= rt.limit {
		return 0, b.reset.Sub(now), false
	}
	b.used++
	return rt.limit - b.used, b.reset.Sub(now), true
}

func rateHeaders(w http.ResponseWriter, route string, limit, left int, reset time.Time, after time.Duration) {
	h := w.Header()
	h.Set("X-RateLimit-Limit", strconv.Itoa(limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(left))
	h.Set("X-RateLimit-Reset", strconv.FormatFloat(float64(reset.UnixMilli())/1000, 'f', 3, 64))
	h.Set("X-RateLimit-Reset-After", strconv.FormatFloat(after.Seconds(), 'f', 3, 64))
	h.Set("X-RateLimit-Bucket", hashOf(route))
}

// tooMany answers 429. The global limit has no bucket (topics/rate-limits,
// Exceeding A Rate Limit). Retry-After is in whole seconds, retry_after is
// exact.
func tooMany(w http.ResponseWriter, wait time.Duration, global bool) {
	h := w.Header()
	h.Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	h.Set("X-RateLimit-Scope", "user")
	if global {
		for _, k := range []string{"Limit", "Remaining", "Reset", "Reset-After", "Bucket"} {
			h.Del("X-RateLimit-" + k)
		}
		h.Set("X-RateLimit-Global", "true")
		h.Set("X-RateLimit-Scope", "global")
	}
	writeJSON(w, http.StatusTooManyRequests, map[string]any{
		"message": "You are being rate limited.", "retry_after": wait.Seconds(), "global": global,
	})
}
