package connect_test

import (
	"testing"
	"time"

	"openmates"
	"openmates/internal/connect/connecttest"
	"openmates/internal/messenger"
)

func TestABotIsCheckedBeforeAnybodyLooks(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	checked := func() time.Time {
		t.Helper()
		m, err := h.Mate(ctx, "sophia")
		must(t, err)
		return m.Bots[0].Check.At
	}
	saved := checked()
	if saved.IsZero() {
		t.Fatal("saving a bot leaves nothing of what was found")
	}
	h.pass(time.Hour)
	must(t, h.CheckDue(ctx))
	if !checked().Equal(saved) {
		t.Error("a check without findings is repeated after an hour")
	}
	h.pass(6 * time.Hour)
	must(t, h.CheckDue(ctx))
	again := checked()
	if !again.After(saved) {
		t.Error("an old check is not repeated")
	}

	must(t, h.public.Move("https://moved.example"))
	if at := checked(); !at.IsZero() {
		t.Errorf("what was found for the old address still holds: %v", at)
	}
	h.pass(time.Minute)
	must(t, h.CheckDue(ctx))
	if checked().IsZero() {
		t.Error("nobody checks the bots after the address changed")
	}
}

func TestFindingsThatBlockComeFirst(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	m, err := h.Mate(ctx, "mark") // whose network has a hint
	must(t, err)
	c := m.Bots[0].Check
	if c.Blocking() != nil || c.Bad() != nil || c.Wrong() != 1 {
		t.Errorf("a hint is taken for more: %+v", c)
	}
	bad := messenger.Finding{Check: "public", State: messenger.FindingBad}
	block := messenger.Finding{Check: "redirect", State: messenger.FindingBad, Blocks: true}
	c.Findings = append(c.Findings, bad, block)
	if f := c.Bad(); f == nil || f.Check != "redirect" {
		t.Errorf("%+v comes first", f)
	}
}

func TestARemovedBotIsFreeForAnotherMate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	h.add(h.ada, h.harbour, "sophia", "1001", "g1")
	h.add(h.ada, h.harbour, "mark", "1002", "g1")
	h.add(h.ada, h.harbour, "sophia", "1001", "g2")
	b := h.bot("sophia")

	_, _, err := h.set("mark", "1001", "canary-token-1", "canary-secret-1")
	if openmates.CodeOf(err) != openmates.EConflict {
		t.Fatalf("an application of two mates: %v", err)
	}
	if got := openmates.MessageOf(err); got != "This Testnet application is Sophia's bot. If it was saved there by mistake, open Sophia's bot page, press “Remove bot”, and save it here again." {
		t.Error(got)
	}
	stayed, err := h.RemoveBot(ctx, h.ada.UserID, b.MateID, connecttest.Name)
	must(t, err)
	if len(stayed) > 0 || len(h.net.Leaves()) != 2 {
		t.Errorf("it stayed in %v and left %v", stayed, h.net.Leaves())
	}
	if _, err := h.db.Bot(ctx, b.ID); openmates.CodeOf(err) != openmates.ENotFound {
		t.Errorf("the bot is still there: %v", err)
	}
	if team, err := h.db.TeamAt(ctx, connecttest.Name, "g1"); err != nil || team.ID != h.harbour.ID {
		t.Errorf("g1, in which Mark is, belongs to %v, %v", team.ID, err)
	}
	if _, err := h.db.TeamAt(ctx, connecttest.Name, "g2"); openmates.CodeOf(err) != openmates.ENotFound {
		t.Errorf("g2, in which nobody is, still belongs to a team: %v", err)
	}
	if _, err := h.RemoveBot(ctx, h.ada.UserID, b.MateID, connecttest.Name); openmates.CodeOf(err) != openmates.ENotFound {
		t.Errorf("removing nothing: %v", err)
	}
	if _, _, err = h.set("sophia", "1001", "canary-token-1", "canary-secret-1"); err != nil {
		t.Errorf("the application is not free: %v", err)
	}
}
