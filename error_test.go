package openmates_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"openmates"
)

func TestAPersonNeverReadsTheCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("dial tcp 10.0.0.7:5432: refused")
	const sentence = "The team is full. Ask its admin for a place."
	for name, tc := range map[string]struct {
		err   error
		code  openmates.Code
		shown string // "" = the general sentence
	}{
		"told":         {&openmates.Error{Code: openmates.EConflict, Message: sentence, Err: cause}, openmates.EConflict, sentence},
		"wrapped":      {fmt.Errorf("join team: %w", openmates.Errorf(openmates.ELimit, sentence)), openmates.ELimit, sentence},
		"first wins":   {&openmates.Error{Code: openmates.EConflict, Message: sentence, Err: openmates.Errorf(openmates.ENotFound, "Other.")}, openmates.EConflict, sentence},
		"foreign":      {cause, openmates.EInternal, ""},
		"our fault":    {&openmates.Error{Code: openmates.EInternal, Message: openmates.T("pool of 10.0.0.7 exhausted"), Err: cause}, openmates.EInternal, ""},
		"no sentence":  {&openmates.Error{Code: openmates.ENotFound, Err: cause}, openmates.ENotFound, ""},
		"among others": {errors.Join(cause, openmates.Errorf(openmates.EForbidden, sentence)), openmates.EForbidden, sentence},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := openmates.CodeOf(tc.err); got != tc.code {
				t.Errorf("CodeOf = %q, want %q", got, tc.code)
			}
			got := openmates.MessageOf(tc.err)
			if tc.shown != "" && got != tc.shown {
				t.Errorf("MessageOf = %q, want %q", got, tc.shown)
			}
			if strings.Contains(got, "10.0.0.7") {
				t.Errorf("MessageOf gives the cause away: %q", got)
			}
			if !strings.HasSuffix(got, ".") {
				t.Errorf("MessageOf = %q, not a finished sentence", got)
			}
		})
	}
}

func TestNoErrorHasNoCodeAndNoMessage(t *testing.T) {
	t.Parallel()
	if c, m := openmates.CodeOf(nil), openmates.MessageOf(nil); c != "" || m != "" {
		t.Errorf("CodeOf(nil), MessageOf(nil) = %q, %q", c, m)
	}
}

func TestTheLogReadsTheCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk full")
	err := fmt.Errorf("open team: %w", &openmates.Error{Code: openmates.EUnavailable, Message: openmates.T("Try later."), Err: cause})
	if !errors.Is(err, cause) {
		t.Error("the cause is not in the chain")
	}
	if got, want := err.Error(), "open team: unavailable: Try later.: disk full"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
	if got, want := openmates.Errorf(openmates.EInvalid, "No %s.", "team").Error(), "invalid: No team."; got != want {
		t.Errorf("Error() without a cause = %q, want %q", got, want)
	}
}

func TestALimitErrorNamesWhoseLimitItIs(t *testing.T) {
	t.Parallel()
	layer := openmates.Layer{Name: openmates.T("the team Acme")}
	minute := (&openmates.LimitError{Layer: layer}).Error()
	money := (&openmates.LimitError{Layer: layer, Money: true}).Error()
	if minute == money {
		t.Errorf("both kinds read %q", minute)
	}
	for _, s := range []string{minute, money} {
		if !strings.Contains(s, layer.Name.String()) {
			t.Errorf("%q does not name the layer", s)
		}
	}
}
