package api

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/intake"
)

// maxBody is the largest request, in bytes.
const maxBody = 256 << 10

// RequestID is the header that names a request, in both directions.
const RequestID = "X-Request-Id"

type requestKey struct{}

// requestOf returns the ID of ctx's request.
func requestOf(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// name returns each request an ID: the caller's if it is valid, else a new one.
// It also logs the request.
func (s *Server) name(next http.Handler) http.Handler {
	fit := regexp.MustCompile(`^[A-Za-z0-9._:-]{8,80}$`)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(RequestID)
		if !fit.MatchString(id) {
			id = rand.Text()
		}
		w.Header().Set(RequestID, id)
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, id))
		begun := time.Now()
		seen := &status{ResponseWriter: w}
		next.ServeHTTP(seen, r)
		level := slog.LevelDebug
		if seen.code >= http.StatusInternalServerError {
			level = slog.LevelWarn
		}
		s.log.Log(r.Context(), level, "request", "request", id, "method", r.Method, "path", clip(r.URL.Path),
			"status", seen.code, "took", time.Since(begun).Round(time.Millisecond))
	})
}

// status records the status of a response.
type status struct {
	http.ResponseWriter
	code int
}

// WriteHeader implements http.ResponseWriter.
func (s *status) WriteHeader(code int) {
	if s.code == 0 {
		s.code = code
	}
	switch code {
	case http.StatusUnauthorized:
		s.Header().Set("WWW-Authenticate", `Bearer realm="OpenMates"`) // RFC 9110, section 15.5.2
	case http.StatusTooManyRequests:
		if s.Header().Get("Retry-After") == "" {
			s.Header().Set("Retry-After", "5")
		}
	}
	s.ResponseWriter.WriteHeader(code)
}

// Write implements http.ResponseWriter.
func (s *status) Write(b []byte) (int, error) {
	if s.code == 0 {
		s.code = http.StatusOK
	}
	return s.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// here rejects requests sent to the name of another site, and limits how long a
// body may take.
func (s *Server) here(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch err := s.server.Serves(r.Context(), s.asked(r)); {
		case openmates.CodeOf(err) == openmates.EInvalid:
			p := s.problem(r.Context(), err)
			p.Status, p.Title = http.StatusMisdirectedRequest, http.StatusText(http.StatusMisdirectedRequest)
			p.write(w)
			return
		case err != nil:
			s.refuse(w, r, err)
			return
		}
		intake.Within(w, r, s.patient)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), hostKey{}, s.asked(r).Host)))
	})
}

type (
	fromKey struct{}
	hostKey struct{}
)

// hostOf returns the host that ctx's request was sent to.
func hostOf(ctx context.Context) string {
	host, _ := ctx.Value(hostKey{}).(string)
	return host
}

// fromOf returns the address that ctx's request came from.
func fromOf(ctx context.Context) netip.Addr {
	a, _ := ctx.Value(fromKey{}).(netip.Addr)
	return a
}

// alone ignores the session of a request with a token, so that only one of them
// counts.
func (s *Server) alone(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from := s.from(r)
		ctx := context.WithValue(r.Context(), fromKey{}, from)
		r = r.WithContext(identity.WithVisit(ctx, identity.Visit{From: from, Agent: r.UserAgent()}))
		if len(r.Header["Authorization"]) > 0 {
			r.Header = r.Header.Clone()
			r.Header.Del("Cookie")
		}
		next.ServeHTTP(w, r)
	})
}

// identify determines whose token a request has, and counts the request towards
// its caller's limit.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		c, err := openmates.CallerOf(ctx), error(nil)
		if given := r.Header["Authorization"]; len(given) > 0 {
			c, err = s.bearer(ctx, given)
			ctx = openmates.WithCaller(ctx, c)
		}
		if err == nil {
			ctx = s.settle(w, r, ctx)
			err = s.identity.Admit(c, fromOf(ctx))
		}
		r = r.WithContext(ctx)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// bearer parses the header of RFC 6750, section 2.1.
func (s *Server) bearer(ctx context.Context, given []string) (openmates.Caller, error) {
	scheme, token, ok := strings.Cut(given[0], " ")
	if len(given) > 1 || !ok || !strings.EqualFold(scheme, "Bearer") {
		return openmates.Caller{}, openmates.Errorf(openmates.EUnauthorized, "Send a token as “Authorization: Bearer om_…”, or no such header at all.")
	}
	return s.identity.Bearer(ctx, fromOf(ctx), openmates.Secret(strings.TrimSpace(token)))
}

// refuse sends a problem from outside of an operation.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	s.problem(r.Context(), err).write(w)
}

func clip(s string) string {
	if len(s) > 200 {
		return s[:200]
	}
	return s
}
