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

// maxWait bounds what a server may ask a client to wait; beyond it the number
// is taken for a mistake.
const maxWait = 24 * time.Hour

// After is how long a server asks to wait (RFC 9110, section 10.2.3, and the
// finer retry-after-ms that OpenAI sends); 0 = it doesn't say.
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

// Wait is how long a server asks to wait, if that can be meant; else 0.
func Wait(d time.Duration) time.Duration {
	if d < 0 || d > maxWait {
		return 0
	}
	return d
}

// number reads a count of units that can be waited for.
func number(s string, unit time.Duration) (time.Duration, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	n *= float64(unit)
	if err != nil || math.IsNaN(n) || n <= 0 || n > float64(maxWait) {
		return 0, false
	}
	return time.Duration(n), true
}

// Words makes the error text of a server's code and message, or of its whole
// body when it has no message that can be found. The result is short and of one
// line.
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

// NewCallID makes an id for a call that the server gave none.
func NewCallID() string { return "call_" + rand.Text()[:16] }

// CallID makes the id of a call fit an API that allows only letters, digits,
// "_" and "-", at most 40 of them (OpenAI's bound; Anthropic's is 64). Ids of
// other providers can be longer or hold other characters; the same id always becomes the same one, so that a call
// and its result stay together.
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

// Arguments is what a model wrote as the arguments of a call, as a JSON object
// that can be sent back to it: models write invalid JSON at times, and the
// APIs refuse that in a history.
func Arguments(s string) json.RawMessage {
	b := bytes.TrimSpace([]byte(s))
	if len(b) > 0 && b[0] == '{' && json.Valid(b) {
		return b
	}
	if len(b) == 0 {
		return json.RawMessage("{}")
	}
	wrapped, _ := json.Marshal(map[string]string{"invalid": s}) // strings always marshal
	return wrapped
}

// Parameters is the schema of a tool's parameters; an empty object when it has
// none, since no API takes a tool without.
func Parameters(schema json.RawMessage) json.RawMessage {
	if len(bytes.TrimSpace(schema)) == 0 {
		return json.RawMessage(`{"type":"object","properties":{}}`)
	}
	return schema
}
