package discordtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// caller is the account behind a REST call.
type caller struct {
	user   *user
	app    *application // of a bot or of a Bearer token
	bearer *bearer
}

func (c *caller) bot() bool { return c.bearer == nil && c.user.Bot }

// apiError is an error in Discord's shape (reference, Error Messages).
type apiError struct {
	status, code int
	message      string
	fields       map[string]fieldError
}

type fieldError struct{ code, message string }

func (e *apiError) Error() string { return fmt.Sprintf("%d: %s", e.code, e.message) }

// JSON error codes (topics/opcodes-and-status-codes, JSON Error Codes).
func errUnauthorized() error { return &apiError{status: 401, message: "401: Unauthorized"} }
func errNotFound() error     { return &apiError{status: 404, message: "404: Not Found"} }
func errChannel() error      { return &apiError{status: 404, code: 10003, message: "Unknown Channel"} }
func errGuild() error        { return &apiError{status: 404, code: 10004, message: "Unknown Guild"} }
func errMember() error       { return &apiError{status: 404, code: 10007, message: "Unknown Member"} }
func errMessage() error      { return &apiError{status: 404, code: 10008, message: "Unknown Message"} }
func errUser() error         { return &apiError{status: 404, code: 10013, message: "Unknown User"} }
func errAccess() error       { return &apiError{status: 403, code: 50001, message: "Missing Access"} }
func errPermission() error {
	return &apiError{status: 403, code: 50013, message: "Missing Permissions"}
}
func errEmpty() error {
	return &apiError{status: 400, code: 50006, message: "Cannot send an empty message"}
}
func errBadJSON() error {
	return &apiError{status: 400, code: 50109, message: "The request body contains invalid JSON."}
}

// errForm names one invalid field; nested fields are joined by dots.
func errForm(field, code, message string) error {
	return &apiError{
		status: 400, code: 50035, message: "Invalid Form Body",
		fields: map[string]fieldError{field: {code, message}},
	}
}

func (e *apiError) body() map[string]any {
	b := map[string]any{"message": e.message, "code": e.code}
	if len(e.fields) == 0 {
		return b
	}
	root := map[string]any{}
	for name, f := range e.fields {
		at := root
		for part := range strings.SplitSeq(name, ".") {
			next, ok := at[part].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[part] = next
			}
			at = next
		}
		at["_errors"] = []map[string]string{{"code": f.code, "message": f.message}}
	}
	b["errors"] = root
	return b
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(mustJSON(v))
}

// call is one REST call with its caller; who is nil for calls that are
// authorized by their path.
type call struct {
	r    *http.Request
	who  *caller
	body []byte // JSON, or that in payload_json
	upl  []upload
}

type upload struct {
	field, name, kind string
	data              []byte
}

func (c *call) decode(v any) error {
	if len(c.body) == 0 {
		return errBadJSON()
	}
	err := json.Unmarshal(c.body, v)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return errForm(wrong.Field, "BASE_TYPE_INVALID", "This field has the wrong type.")
	}
	if err != nil {
		return errBadJSON()
	}
	return nil
}

// id returns a snowflake from the path.
func (c *call) id(name string) (string, error) {
	v := c.r.PathValue(name)
	if _, ok := snowflake(v); !ok {
		return "", errForm(name, "NUMBER_TYPE_COERCE", fmt.Sprintf("Value %q is not snowflake.", v))
	}
	return v, nil
}

// answer is a result with its own status; other values mean 200, nil means 204.
type answer struct {
	status int
	body   any
}

// handle serves a call while holding the lock: nothing changes until the
// handler's result has been rendered. Errors keep their Discord code.
func (s *Server) handle(open bool, fn func(*call) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := &call{r: r, who: callerOf(r)}
		if c.who == nil && !open {
			s.fail(w, errUnauthorized())
			return
		}
		if err := c.read(); err != nil {
			s.fail(w, err)
			return
		}
		s.mu.Lock()
		v, err := fn(c)
		status, b := encodeReply(v, err)
		s.mu.Unlock()
		s.write(w, status, b)
	}
}

func (s *Server) fail(w http.ResponseWriter, err error) {
	status, b := encodeReply(nil, err)
	s.write(w, status, b)
}

func encodeReply(v any, err error) (int, []byte) {
	var bad *apiError
	switch {
	case errors.As(err, &bad):
		return bad.status, mustJSON(bad.body())
	case err != nil:
		return 500, mustJSON(map[string]any{"message": "500: Internal Server Error", "code": 0})
	case v == nil:
		return http.StatusNoContent, nil
	}
	if a, ok := v.(answer); ok {
		return a.status, mustJSON(a.body)
	}
	return http.StatusOK, mustJSON(v)
}

func (s *Server) write(w http.ResponseWriter, status int, b []byte) {
	if b != nil {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

// read parses the body: JSON, or a form with payload_json and files (reference,
// Uploading Files).
func (c *call) read() error {
	raw := bodyOf(c.r)
	kind, params, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		c.body = raw
		return nil
	}
	return c.readForm(raw, params["boundary"])
}

const (
	largestRequest = 25 << 20
	largestFile    = 10 << 20
	mostFiles      = 10
)

type contextKey int

const (
	callerKey contextKey = iota
	bodyKey
)

func callerOf(r *http.Request) *caller {
	c, _ := r.Context().Value(callerKey).(*caller)
	return c
}

// bodyOf returns the body of a call that came through the middleware.
func bodyOf(r *http.Request) []byte {
	b, _ := r.Context().Value(bodyKey).([]byte)
	return b
}

// callerLocked returns the caller for an Authorization header: "Bot TOKEN", the
// bare token of a person, or "Bearer TOKEN".
func (s *Server) callerLocked(header string) *caller {
	if t, ok := strings.CutPrefix(header, "Bot "); ok {
		if u := s.tokens[t]; u != nil && u.Bot {
			return &caller{user: u, app: s.apps[u.AppID]}
		}
		return nil
	}
	if t, ok := strings.CutPrefix(header, "Bearer "); ok {
		b := s.bearers[t]
		if b == nil || s.cfg.Clock().After(b.Expires) || s.users[b.UserID] == nil {
			return nil
		}
		return &caller{user: s.users[b.UserID], app: s.apps[b.AppID], bearer: b}
	}
	if u := s.tokens[header]; u != nil && !u.Bot {
		return &caller{user: u}
	}
	return nil
}

// botAgent matches the User-Agent that a bot must send (reference, User Agent).
var botAgent = regexp.MustCompile(`^DiscordBot \(\S+, ?\S+.*\)`)

// restMiddleware reads the body, finds the caller, applies faults and limits,
// and records the call.
func (s *Server) restMiddleware(api *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestRequest))
		if err != nil {
			s.fail(w, &apiError{status: 413, code: 40005, message: "Request entity too large"})
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		auth := r.Header.Get("Authorization")
		s.mu.Lock()
		who := s.callerLocked(auth)
		appID := s.appOfLocked(who, r, body)
		faults := s.allFaults
		if app := s.apps[appID]; app != nil {
			faults = app.faults
		}
		failure := faults.failureLocked(r.Method, r.URL.Path)
		s.mu.Unlock()

		ctx := context.WithValue(r.Context(), bodyKey, body)
		if who != nil {
			ctx = context.WithValue(ctx, callerKey, who)
		}
		r = r.WithContext(ctx)
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		at := s.cfg.Clock()
		switch {
		case strings.HasPrefix(auth, "Bot ") && !botAgent.MatchString(r.UserAgent()):
			s.fail(rec, &apiError{status: 403, code: 40333, message: "internal network error"})
		case failure != nil && failure.Hang:
			<-r.Context().Done()
			return
		case failure != nil:
			if failure.AfterEffect {
				api.ServeHTTP(&recorder{ResponseWriter: discard{http.Header{}}}, r)
			}
			s.limits.headers(rec, s, who, api, r)
			failure.answer(rec)
		case s.limits.take(rec, s, who, api, r):
			s.route(rec, api, r)
		}
		s.requests.add(Request{
			Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Status: rec.status, AppID: appID, Body: body, At: at,
		})
	})
}

// route answers unknown paths and methods in Discord's format.
func (s *Server) route(w http.ResponseWriter, api *http.ServeMux, r *http.Request) {
	if _, pattern := api.Handler(r); pattern != "" {
		api.ServeHTTP(w, r)
		return
	}
	probe := &recorder{ResponseWriter: discard{http.Header{}}}
	api.ServeHTTP(probe, r)
	if probe.status == http.StatusMethodNotAllowed {
		s.fail(w, &apiError{status: 405, message: "405: Method Not Allowed"})
		return
	}
	s.fail(w, errNotFound())
}

// appOfLocked returns the application that a call counts for; the token
// endpoint gets it from Basic authentication or its form.
func (s *Server) appOfLocked(who *caller, r *http.Request, body []byte) string {
	if who != nil && who.app != nil {
		return who.app.ID
	}
	if !strings.HasPrefix(r.URL.Path, "/oauth2/token") {
		return ""
	}
	if id, _, ok := r.BasicAuth(); ok {
		return id
	}
	form := &http.Request{Method: r.Method, Header: r.Header, Body: io.NopCloser(bytes.NewReader(body)), URL: r.URL}
	return form.PostFormValue("client_id")
}

// recorder records the status of a response.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// discard is a response that nobody receives.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// Request is an answered REST call. Path is below /api/vN.
type Request struct {
	Method, Path, Query string
	Status              int
	AppID               string
	Body                []byte
	At                  time.Time
}
