package openmates

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a credential in memory: a token, key or code. It is printed, logged
// and marshalled as a mask, so it can't end up in a log line, a page or a job.
// One gap remains that no method can close: fmt reads the unexported fields of
// a struct by reflection. So a struct with an unexported Secret must not be
// printed.
type Secret string

const masked = "•••"

// String returns the mask.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return masked
}

// Format prints the mask for every verb. fmt uses the raw value if a verb is
// wrong for a string (%d), and String alone can't prevent that.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue keeps slog from printing the value.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns nothing: a marshalled secret is empty.
func (s Secret) MarshalText() ([]byte, error) { return nil, nil }

// Reveal returns the value. Call it only where the credential is used.
func (s Secret) Reveal() string { return string(s) }
