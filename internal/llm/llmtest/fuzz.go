package llmtest

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"openmates/internal/llm"
	"openmates/internal/llm/wire"
)

// Decode feeds a decoder whatever a server may send, and says what it did that
// no decoder may do: what it can't understand has to be an error with a cause.
func Decode(d wire.Decoder, in string) error {
	r := wire.NewReader(strings.NewReader(in))
	for d.Progress() != wire.Over {
		ev, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("the reader: %w", err)
		}
		if _, err := d.Event(ev); err != nil {
			if e, ok := errors.AsType[*llm.Error](err); ok && (e.Err == nil || e.Error() == "") {
				return errors.New("an error that says nothing: " + fmt.Sprintf("%#v", e))
			}
			return nil
		}
	}
	end := d.End()
	if end.Stop == "" {
		return errors.New("no reason to stop")
	}
	for _, c := range end.Calls {
		if c.ID == "" {
			return fmt.Errorf("a call without an id: %+v", c)
		}
	}
	return nil
}

// Refusals are what servers refuse with, in each of their ways: bodies by
// status.
func Refusals() map[int]string {
	return map[int]string{
		429: `{"error":{"message":"x","type":"y","code":"z"}}`,
		0:   `[{"error":{"code":503,"message":"x","status":"UNAVAILABLE","details":[{"retryDelay":"3s"}]}}]`,
		400: `{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long"}}`,
		500: `{"error":"bare"}`,
		404: "",
	}
}

// Refused says what is wrong with the error that was made of a refusal: it has
// one line of cause for the log, and never a time in the past.
func Refused(e *llm.Error) error {
	if e.Err == nil || e.Err.Error() == "" || len(e.Err.Error()) > 1000 || strings.Contains(e.Error(), "\n") || e.After < 0 {
		return errors.New("it can’t stand in a log: " + fmt.Sprintf("%#v", e))
	}
	return nil
}
