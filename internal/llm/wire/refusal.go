package wire

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxWait limits how long a server may ask a client to wait; a longer time must
// be a mistake.
const maxWait = 24 * time.Hour

// After returns how long a server asks to wait (RFC 9110, section 10.2.3, and
// OpenAI's more precise retry-after-ms); 0 = not given.
func After(h http.Header, now time.Time) time.Duration {
	if d, ok := number(h.Get("Retry-After-Ms"), time.Millisecond); ok {
		return d
	}
	v := h.Get("Retry-After")
	if d, ok := number(v, time.Second); ok {
		return d
	}
	if at, err := http.ParseTime(v); err == nil {
		return Wait(at.Sub(now))
	}
	return 0
}

// Wait returns d if a server can mean it, else 0.
func Wait(d time.Duration) time.Duration {
	if d < 0 || d > maxWait {
		return 0
	}
	return d
}

// number parses a plausible number of units to wait.
func number(s string, unit time.Duration) (time.Duration, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	n *= float64(unit)
	if err != nil || math.IsNaN(n) || n <= 0 || n > float64(maxWait) {
		return 0, false
	}
	return time.Duration(n), true
}

// Words builds an error text from a server's code and message, or from its
// whole body if there is no message. The result is one short line.
func Words(code, message string, body []byte) error {
	if message == "" {
		message = string(body)
	}
	const most = 500
	if len(message) > most {
		message = message[:most] + "…"
	}
	if code = strings.TrimSpace(code); code != "" && code != "null" {
		message = code[:min(len(code), 60)] + ": " + message
	}
	message = strings.Join(strings.Fields(strings.ToValidUTF8(message, "")), " ")
	if message == "" {
		message = "the server gave no reason"
	}
	return errors.New(message)
}

// NewCallID returns an ID for a call without one.
func NewCallID() string { return "call_" + rand.Text()[:16] }

// CallID converts the ID of a call for an API that only allows letters, digits,
// "_" and "-", at most 40 of them (OpenAI's limit; Anthropic's is 64). Other
// providers' IDs can be longer or contain other characters. The same ID is
// always converted to the same result, so that a call and its result stay
// together.
func CallID(id string) string {
	fits := id != "" && len(id) <= 40 && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	})
	if fits {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "call_" + hex.EncodeToString(sum[:12])
}

// Arguments returns the arguments that a model wrote, as a JSON object that can
// be sent back: models sometimes write invalid JSON, which the APIs reject in a
// history.
func Arguments(s string) json.RawMessage {
	b := bytes.TrimSpace([]byte(s))
	if len(b) > 0 && b[0] == '{' && json.Valid(b) {
		return b
	}
	if len(b) == 0 {
		return json.RawMessage("{}")
	}
	wrapped, _ := json.Marshal(map[string]string{"invalid": s}) // strings can always be marshalled
	return wrapped
}

// Parameters returns the schema of a tool's parameters, or an empty object if
// there is none, because every API requires one.
func Parameters(schema json.RawMessage) json.RawMessage {
	if len(bytes.TrimSpace(schema)) == 0 {
		return json.RawMessage(`{"type":"object","properties":{}}`)
	}
	return schema
}
