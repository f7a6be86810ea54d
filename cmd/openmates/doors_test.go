package main

import (
	"errors"
	"testing"
	"time"

	"openmates"
)

func TestAnOutcomeHasItsCodeInTheAPI(t *testing.T) {
	t.Parallel()
	until := time.Now().Add(time.Minute)
	for _, tc := range []struct {
		o    openmates.Outcome
		code openmates.Code
		wait bool
	}{
		{openmates.Outcome{State: openmates.TurnAnswered, Text: "Hello."}, "", false},
		{openmates.Outcome{State: openmates.TurnRefused, Why: openmates.TroubleRate, Text: "Too many.", Until: until}, openmates.ELimit, true},
		{openmates.Outcome{State: openmates.TurnRefused, Why: openmates.TroubleMoney, Text: "No money.", Until: until}, openmates.ELimit, true},
		{openmates.Outcome{State: openmates.TurnRefused, Why: openmates.TroubleNotAllowed, Text: "Not here."}, openmates.EForbidden, false},
		{openmates.Outcome{State: openmates.TurnFailed, Why: openmates.TroubleBusy, Text: "Busy."}, openmates.EUnavailable, false},
	} {
		a, err := answerOf(tc.o)
		w, waits := errors.AsType[*openmates.WaitError](err)
		if openmates.CodeOf(err) != tc.code || waits != tc.wait || waits && !w.Until.Equal(until) {
			t.Errorf("%s %s: %v", tc.o.State, tc.o.Why, err)
		}
		if said := a.Text + openmates.MessageOf(err); said != tc.o.Text {
			t.Errorf("said %q, want %q", said, tc.o.Text)
		}
	}
}
