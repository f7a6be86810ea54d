package api

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/identity"
	"openmates/internal/intake"
	"openmates/internal/locale"
)

// Problem is a failure as in RFC 9457, with a stable code for programs.
type Problem struct {
	Type   string         `json:"type" doc:"The kind of problem; always about:blank, because the code tells problems apart." example:"about:blank"`
	Title  string         `json:"title" doc:"The status in words."`
	Status int            `json:"status" doc:"The HTTP status."`
	Code   openmates.Code `json:"code" doc:"Stable, for programs." enum:"invalid,unauthorized,forbidden,not_found,conflict,limit,unavailable,internal"`
	Reason string         `json:"reason,omitempty" doc:"Tells problems with the same code apart, where programs may need it." enum:"workspace_not_connected,account_not_linked,not_a_member,proof_missing,precondition_failed,second_step,password"`
	Detail string         `json:"detail" doc:"A complete sentence for a person: what is wrong and what to do."`
	Errors []FieldProblem `json:"errors,omitempty" doc:"What is wrong with which field, if the request is malformed."`
	// Request identifies the request in the log.
	Request string `json:"request_id,omitempty" doc:"Identifies the request in the server's log."`

	wait time.Duration // until a retry can help; 0 = unknown
}

// FieldProblem is an error in one field of a request.
type FieldProblem struct {
	Location string `json:"location" doc:"The field, such as body.text."`
	Message  string `json:"message"`
}

func problemType() reflect.Type { return reflect.TypeFor[Problem]() }

// Error implements error.
func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// GetStatus returns the status for huma.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders returns more headers for huma: after how many seconds to retry
// (RFC 9110, section 10.2.3), if known.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.wait > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((p.wait+time.Second-1)/time.Second), 10))
	}
	return h
}

// ContentType returns the media type for huma.
func (*Problem) ContentType(string) string { return "application/problem+json" }

// codeOf returns the code for a status of the framework.
func codeOf(status int) openmates.Code {
	switch {
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		return openmates.ENotFound
	case status >= 400 && status < 500:
		return openmates.EInvalid
	}
	return openmates.EInternal
}

func problemOf(voice *locale.Voice, err error) *Problem {
	code := openmates.CodeOf(err)
	p := &Problem{Type: "about:blank", Status: intake.StatusOf(err), Code: code, Reason: reasonOf(err), Detail: voice.Say(openmates.TextOf(err))}
	if p.Reason == "precondition_failed" {
		p.Status = http.StatusPreconditionFailed
	}
	p.Title = http.StatusText(p.Status)
	return p
}

// reasonOf refines a code where programs need to tell cases apart.
func reasonOf(err error) string {
	if e, ok := errors.AsType[*connect.UnknownError](err); ok {
		switch e.What {
		case connect.UnknownWorkspace:
			return "workspace_not_connected"
		case connect.NotMember:
			return "not_a_member"
		}
		return "account_not_linked"
	}
	if _, ok := errors.AsType[*connect.ProofError](err); ok {
		return "proof_missing"
	}
	if _, ok := errors.AsType[*identity.SecondStepError](err); ok {
		return "second_step"
	}
	if _, ok := errors.AsType[*identity.PasswordError](err); ok {
		return "password"
	}
	if _, ok := errors.AsType[precondition](err); ok {
		return "precondition_failed"
	}
	return ""
}

// fail converts a room's error to the response.
func (s *Server) fail(ctx context.Context, err error) error { return s.problem(ctx, err) }

// problem returns what a caller is told about an error, and logs errors that
// aren't the caller's fault.
func (s *Server) problem(ctx context.Context, err error) *Problem {
	gone := ctx.Err() != nil && errors.Is(err, context.Canceled) // the caller has left
	if c := openmates.CodeOf(err); !gone && (c == openmates.EInternal || c == openmates.EUnavailable) {
		s.log.ErrorContext(ctx, "request failed", "request", requestOf(ctx), "err", err)
	}
	p := problemOf(s.voice(ctx), err)
	p.Request = requestOf(ctx)
	if e, ok := errors.AsType[*openmates.WaitError](err); ok {
		p.wait = max(e.Until.Sub(s.now()), time.Second)
	}
	return p
}

// problems converts the framework's own errors (an invalid body, a path
// parameter that is too long) to the common form.
func (s *Server) problems(ctx huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	code := codeOf(e.Status)
	p := &Problem{Type: "about:blank", Title: http.StatusText(e.Status), Status: e.Status, Code: code, Request: requestOf(ctx.Context())}
	if code == openmates.EInternal {
		p.Detail = s.voice(ctx.Context()).Say(openmates.TextOf(e))
		return p, nil
	}
	why := sentence(e.Detail)
	for _, d := range e.Errors {
		p.Errors = append(p.Errors, FieldProblem{Location: d.Location, Message: d.Message})
	}
	if len(p.Errors) > 0 {
		why = sentence(strings.TrimSpace(p.Errors[0].Location + " " + p.Errors[0].Message))
	}
	p.Detail = s.voice(ctx.Context()).Say(openmates.T("The request can't be read as the API describes it: %s", why))
	return p, nil
}

// sentence returns the framework's error message, which is in English.
func sentence(s string) openmates.Text {
	if s == "" {
		return openmates.T("its form is wrong.")
	}
	return openmates.T("%s.", strings.TrimRight(s, "."))
}

// write sends the problem as the response.
func (p *Problem) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), p.GetHeaders())
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // this fails only if the client has disconnected
}
