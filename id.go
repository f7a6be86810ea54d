package openmates

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// ID identifies a stored object. IDs sort by creation time, are unique across
// all processes of an installation, and are decimal strings in JSON because
// JavaScript rounds integers above 2^53.
type ID int64

// String returns the decimal form.
func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// MarshalText returns the decimal form.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText parses the output of MarshalText: what ParseID accepts, and "0"
// for a reference to nothing.
func (id *ID) UnmarshalText(b []byte) error {
	if string(b) == "0" {
		*id = 0
		return nil
	}
	v, err := ParseID(string(b))
	if err != nil {
		return err
	}
	*id = v
	return nil
}

// ParseID parses a positive ID in the form that String returns, so that two
// spellings never mean the same ID. Anything else ("0", "+7", "007") is
// EInvalid.
func ParseID(s string) (ID, error) {
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || v <= 0 || s[0] < '1' || s[0] > '9' {
		return 0, Errorf(EInvalid, "%q isn't an ID.", clip(s, 40))
	}
	return ID(v), nil
}

// Clock returns the time; tests inject their own.
type Clock func() time.Time

// clip cuts s to at most n bytes of whole characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
