package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"

	"openmates"
)

// IdempotencyKey is the header with which a request that creates something can
// be repeated without creating it twice.
const IdempotencyKey = "Idempotency-Key"

// Replayed is the header of a repeated response.
const Replayed = "Idempotent-Replayed"

const (
	keepFor   = 24 * time.Hour
	abandoned = 2 * time.Minute // after which an unfinished request is considered dead
)

// Answers stores responses to requests that create something.
type Answers interface {
	// ClaimAnswer lets one of any number of requests with the same key start,
	// and returns mine = true to it. Otherwise it returns what is stored for
	// the key. Errors: openmates.ErrAnswerDropped, openmates.ErrAnswerUnreadable.
	ClaimAnswer(ctx context.Context, owner, key string, a openmates.KeptAnswer, abandoned, expires time.Time) (is openmates.KeptAnswer, mine bool, err error)
	// KeepAnswer returns openmates.ErrNoAnswer if the key isn't claimed any more.
	KeepAnswer(ctx context.Context, owner, key string, a openmates.KeptAnswer) error
	DropAnswer(ctx context.Context, owner, key, ticket string) error
}

// keyless reports whether an operation accepts no key: those for people in
// person, and those whose request contains a password. Such a request, and a
// credential in its response, must not be kept for a day.
func keyless[I any](who string) bool {
	body, ok := reflect.TypeFor[I]().FieldByName("Body")
	if who == forPerson || !ok {
		return who == forPerson
	}
	for body.Type.Kind() == reflect.Pointer {
		body.Type = body.Type.Elem()
	}
	if body.Type.Kind() != reflect.Struct {
		return false
	}
	_, password := body.Type.FieldByName("Password")
	return password
}

// takesKey reports whether a request is for an operation that accepts a key.
func (s *Server) takesKey(r *http.Request) bool {
	_, pattern := s.mux.Handler(r)
	return !s.keyless[pattern]
}

// once repeats the stored response to a request with the same key. A refused
// request created nothing, and may be retried.
func (s *Server) once(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, ctx := r.Header[IdempotencyKey], r.Context()
		owner := ownerOf(openmates.CallerOf(ctx))
		if len(given) == 0 || r.Method != http.MethodPost || owner == "" || streams(r) && !s.asksMates(r) || strings.HasPrefix(r.URL.Path, Prefix+"/auth/") {
			next.ServeHTTP(w, r)
			return
		}
		if !s.takesKey(r) {
			if openmates.CallerOf(ctx).Token.ID != 0 { // refused there, with a better reason
				next.ServeHTTP(w, r)
				return
			}
			s.refuse(w, r, openmates.Errorf(openmates.EInvalid, "This operation doesn't accept an Idempotency-Key, because passwords and credentials aren't stored. Send it without one."))
			return
		}
		key := given[0]
		if len(given) > 1 || len(key) == 0 || len(key) > 200 || strings.ContainsFunc(key, func(c rune) bool { return c <= ' ' || c > '~' }) {
			s.refuse(w, r, openmates.Errorf(openmates.EInvalid, "An Idempotency-Key must have 1 to 200 visible ASCII characters."))
			return
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			s.late(w, r)
			return
		}
		if err != nil {
			s.refuse(w, r, openmates.Errorf(openmates.EInvalid, "The request was incomplete."))
			return
		}
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), r.Body))
		if len(body) > maxBody {
			next.ServeHTTP(w, r)
			return
		}
		now := s.now()
		a := openmates.KeptAnswer{Request: requestHash(r, body), Begun: now, Ticket: rand.Text()}
		is, mine, err := s.answers.ClaimAnswer(ctx, owner, key, a, now.Add(-abandoned), now.Add(keepFor))
		switch {
		case err != nil:
			s.refuse(w, r, err)
		case is.Request != a.Request:
			s.refuse(w, r, openmates.Errorf(openmates.EConflict, "This Idempotency-Key was used for another request within the last day. Use a new key for each request."))
		case mine:
			s.first(w, r, next, owner, key, is)
		case s.asksMates(r) && (is.Status == 0 || streams(r)): // the same turn, which has or will have an outcome
			s.first(w, r, next, owner, key, is)
		case is.Status == 0:
			s.refuse(w, r, openmates.Errorf(openmates.EConflict, "The same request is still being processed. Wait a moment and send it again."))
		default:
			w.Header().Set(Replayed, "true")
			w.Header().Del("Content-Language") // of the first answer, which may be another one
			if is.Type != "" {
				w.Header().Set("Content-Type", is.Type)
			}
			w.WriteHeader(is.Status)
			_, _ = io.WriteString(w, is.Body.Reveal()) // this fails only if the client has disconnected
		}
	})
}

// late says that a body took too long, like the framework for requests without
// a key.
func (s *Server) late(w http.ResponseWriter, r *http.Request) {
	p := s.problem(r.Context(), openmates.Errorf(openmates.EInvalid, "The request took too long to arrive and was discarded."))
	p.Status, p.Title = http.StatusRequestTimeout, http.StatusText(http.StatusRequestTimeout)
	p.write(w)
}

// first executes a request whose key has no response yet. It continues even if
// the client disconnects, since the client will ask again; a question to a mate
// continues in the background.
func (s *Server) first(w http.ResponseWriter, r *http.Request, next http.Handler, owner, key string, a openmates.KeptAnswer) {
	settled := context.WithoutCancel(r.Context())
	claim := &claim{ticket: a.Ticket}
	ctx := settled
	if s.asksMates(r) {
		ctx = r.Context()
	}
	ctx = context.WithValue(ctx, claimKey{}, claim)
	drop := true
	defer func() {
		if drop { // also if it panicked: the key is free again
			s.drop(settled, owner, key, a.Ticket)
		}
	}()
	if streams(r) { // what is told in the stream is in the journal
		next.ServeHTTP(w, r.WithContext(ctx))
		drop = !claim.stands
		return
	}
	k := newKept()
	next.ServeHTTP(k, r.WithContext(ctx))
	if k.code < 200 || k.code > 299 {
		drop = !claim.stands
		k.send(w)
		return
	}
	drop = false
	a.Status, a.Type, a.Body = k.code, k.header.Get("Content-Type"), openmates.Secret(k.body.String())
	if err := s.answers.KeepAnswer(settled, owner, key, a); err != nil {
		s.log.ErrorContext(settled, "an answer was not kept", "request", requestOf(settled), "err", err) // it is true all the same
	}
	k.send(w)
}

// claim is a request that has claimed a key.
type claim struct {
	ticket string // "" = the request has no key
	// stands reports whether the key still leads to the request: there is, or
	// will be, a result worth asking for again.
	stands bool
}

type claimKey struct{}

// claimOf is the claim of a request; one without a key has an empty one.
func claimOf(ctx context.Context) *claim {
	if c, ok := ctx.Value(claimKey{}).(*claim); ok {
		return c
	}
	return &claim{}
}

// asksMates reports whether a request is a question to a mate. Its turn is in the
// journal, so that repeated requests wait for one outcome.
func (s *Server) asksMates(r *http.Request) bool {
	_, pattern := s.mux.Handler(r)
	return s.asks[pattern]
}

func (s *Server) drop(ctx context.Context, owner, key, ticket string) {
	if err := s.answers.DropAnswer(ctx, owner, key, ticket); err != nil {
		s.log.ErrorContext(ctx, "a key was not freed", "request", requestOf(ctx), "err", err)
	}
}

// ownerOf returns the owner of a caller's keys: a token's are different from
// its person's.
func ownerOf(c openmates.Caller) string {
	switch {
	case c.Token.ID != 0:
		return "token:" + c.Token.ID.String()
	case c.SignedIn():
		return "user:" + c.User.ID.String()
	}
	return ""
}

func requestHash(r *http.Request, body []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%d\n", r.Method, r.URL.RequestURI(), len(body))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// streams reports whether the caller wants the answer as a stream.
func streams(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/event-stream")
}
