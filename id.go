package openmates

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// ID names a stored thing. IDs sort by time of making, are unique over all
// processes of one installation, and are written as decimal strings in JSON
// because JavaScript rounds integers above 2^53.
type ID int64

// String is the decimal form.
func (id ID) String() string { return strconv.FormatInt(int64(id), 10) }

// MarshalText writes the decimal form.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText wrote: what ParseID accepts, and the "0"
// of a reference to nothing.
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

// ParseID reads a positive ID in the one form that String writes, so that two
// spellings never name the same thing; anything else ("0", "+7", "007") is
// EInvalid.
func ParseID(s string) (ID, error) {
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || v <= 0 || s[0] < '1' || s[0] > '9' {
		return 0, Errorf(EInvalid, "%q isn't an ID.", clip(s, 40))
	}
	return ID(v), nil
}

// Clock tells the time; tests inject their own.
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
