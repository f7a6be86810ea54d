package llmtest

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"openmates/internal/llm"
	"openmates/internal/llm/wire"
)

// Decode feeds input to a decoder and returns an error if it misbehaves: input
// that it can't understand must give an error with a cause.
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

// Refusals returns examples of error bodies from servers, by status.
func Refusals() map[int]string {
	return map[int]string{
		429: `{"error":{"message":"x","type":"y","code":"z"}}`,
		0:   `[{"error":{"code":503,"message":"x","status":"UNAVAILABLE","details":[{"retryDelay":"3s"}]}}]`,
		400: `{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long"}}`,
		500: `{"error":"bare"}`,
		404: "",
	}
}

// Refused returns what is wrong with the error made from a server's error: it
// must have a one-line cause for the log, and no time in the past.
func Refused(e *llm.Error) error {
	if e.Err == nil || e.Err.Error() == "" || len(e.Err.Error()) > 1000 || strings.Contains(e.Error(), "\n") || e.After < 0 {
		return errors.New("it can’t stand in a log: " + fmt.Sprintf("%#v", e))
	}
	return nil
}
