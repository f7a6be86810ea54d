package openmates

import (
	"errors"
	"fmt"
	"time"
)

// Code is the kind of failure, for machines. Doors map it to their own status
// (one table per door). Codes are part of the public API and never renamed.
type Code string

// The codes. An error that isn't an *Error is internal.
const (
	EInvalid      Code = "invalid"      // the input is wrong; Message says what and how to fix it
	EUnauthorized Code = "unauthorized" // nobody is signed in, or the credential is wrong
	EForbidden    Code = "forbidden"    // signed in, but not allowed
	ENotFound     Code = "not_found"    // does not exist, or may not be known to exist
	EConflict     Code = "conflict"     // already exists, or was changed meanwhile
	ELimit        Code = "limit"        // a limit or budget is used up
	EUnavailable  Code = "unavailable"  // something outside doesn't respond; trying again later can help
	EInternal     Code = "internal"     // our fault; the cause is in the log
)

// Error is a failure told to two audiences: Message is a complete sentence for
// the person who caused it and says what to do next; Err is the cause, for the
// log only. Neither may contain a secret.
type Error struct {
	Code    Code
	Message Text
	Err     error
}

// Error returns the text for the log.
func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%s: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// WaitError is a failure that ends at a known time.
type WaitError struct {
	Err   error
	Until time.Time
}

// Error returns the text for the log.
func (e *WaitError) Error() string { return e.Err.Error() }

// Unwrap returns the failure.
func (e *WaitError) Unwrap() error { return e.Err }

// Errorf returns an Error without a cause.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: T(format, args...)}
}

// CodeOf returns the code of the first *Error in err's chain, EInternal for any
// other error, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return EInternal
}

// TextOf returns the sentence that a person may see, or nothing for nil. For an
// error that isn't an *Error, and for internal ones, it reveals nothing about
// the error.
func TextOf(err error) Text {
	if err == nil {
		return ""
	}
	if t, ok := textOf(err); ok {
		return t
	}
	return T("Something went wrong on our side. Try again; if it keeps happening, ask the person who runs this server to check its log.")
}

func textOf(err error) (Text, bool) {
	if e, ok := errors.AsType[*Error](err); ok && e.Code != EInternal && e.Message != "" {
		return e.Message, true
	}
	return "", false
}

// MessageOf returns TextOf in English.
func MessageOf(err error) string { return TextOf(err).String() }
