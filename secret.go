package openmates

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a credential in memory: a token, key or code. It prints, logs and
// marshals as a mask, so it can't ride along in a log line, a page or a job. One
// way out is left that no method can close: fmt reads the unexported fields of
// a struct by reflection. So a struct that keeps a Secret unexported isn't
// printed whole.
type Secret string

const masked = "•••"

// String is the mask.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return masked
}

// Format prints the mask for every verb: fmt falls back to the raw value where
// a verb is wrong for a string (%d), and String alone can't prevent that.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue keeps slog from printing the value.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText gives nothing away: a marshalled secret is empty.
func (s Secret) MarshalText() ([]byte, error) { return nil, nil }

// Reveal is the value itself. Call it only where the credential is used.
func (s Secret) Reveal() string { return string(s) }
