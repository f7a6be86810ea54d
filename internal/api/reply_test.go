package api

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/chat"
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
		r, err := replyOf("sophia", tc.o)
		w, waits := errors.AsType[*openmates.WaitError](err)
		if openmates.CodeOf(err) != tc.code || waits != tc.wait || waits && !w.Until.Equal(until) {
			t.Errorf("%s %s: %v", tc.o.State, tc.o.Why, err)
		}
		if said := r.Text + openmates.MessageOf(err); said != tc.o.Text {
			t.Errorf("said %q, want %q", said, tc.o.Text)
		}
	}
}

// Under one key, a question has one ticket, however often and in whichever
// format it is asked, until it was refused or failed; then the key starts a new
// one. Without a key there is no ticket.
func TestAQuestionUnderAKeyHasOneTicket(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ben := h.as("ben")
	ask := func(header ...string) *http.Response {
		t.Helper()
		resp, _ := h.raw(ben, "POST", "/harbour/apps/messages/process", say, header...)
		return resp
	}
	tickets := func() (all []string) {
		for _, a := range h.asked {
			all = append(all, a.Ticket)
		}
		h.asked = nil
		return all
	}
	ask()
	if got := tickets(); got[0] != "" {
		t.Errorf("without a key it has the ticket %q", got[0])
	}
	// No worker takes it up, once as a stream and twice not; then there is an answer.
	h.fail = &chat.Pending{Err: openmates.Errorf(openmates.EUnavailable, "No worker is there. Please ask again.")}
	for _, accept := range []string{"application/json", "text/event-stream", "application/json"} {
		if resp := ask(IdempotencyKey, "k", "Accept", accept); resp.StatusCode != 503 && accept != "text/event-stream" {
			t.Errorf("%s: %d", accept, resp.StatusCode)
		}
	}
	h.fail = nil
	ask(IdempotencyKey, "k")
	if resp := ask(IdempotencyKey, "k"); resp.Header.Get(Replayed) != "true" {
		t.Error("an answer that is kept is asked for again")
	}
	ask(IdempotencyKey, "k", "Accept", "text/event-stream") // the journal has it
	one := tickets()
	if all := slices.Compact(slices.Clone(one)); len(one) != 5 || len(all) != 1 || len(all[0]) < 20 {
		t.Errorf("under one key it has the tickets %q", one)
	}
	if resp, b := h.raw(ben, "POST", "/harbour/apps/messages/process", strings.Replace(say, "hello", "bye", 1), IdempotencyKey, "k", "Accept", "text/event-stream"); resp.StatusCode != 409 {
		t.Errorf("another question under the key: %d %s", resp.StatusCode, b)
	}
	h.came = &openmates.Outcome{State: openmates.TurnRefused, Why: openmates.TroubleRate, Text: "Too many.", Until: time.Now()}
	for _, accept := range []string{"application/json", "text/event-stream", "application/json"} {
		ask(IdempotencyKey, "refused", "Accept", accept)
	}
	refused := tickets()
	if slices.Sort(refused); len(slices.Compact(refused)) != 3 || slices.Contains(refused, one[0]) {
		t.Errorf("what was refused has the tickets %q", refused)
	}
	if resp, _ := h.raw(h.as("cleo"), "POST", "/harbour/apps/messages/process", say, IdempotencyKey, "k"); resp.StatusCode != 429 || slices.Contains(tickets(), one[0]) {
		t.Error("somebody else's key is the same one")
	}
	h.came = nil
	zoe := h.as("zoe")
	h.fail = &chat.Pending{Err: fmt.Errorf("the caller has left")}
	for range 2 {
		h.raw(zoe, "POST", "/server/mates/sophia/try", `{"text":"hello"}`, IdempotencyKey, "try")
	}
	if got := tickets(); len(got) != 2 || got[0] != got[1] || got[0] == "" {
		t.Errorf("a trial has the tickets %q", got)
	}
}
