package connect_test

import (
	"slices"
	"testing"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/connect/connecttest"
	"openmates/internal/messenger"
)

// Linking and unlinking an account is in the audit log, whichever way it
// happened.
func TestTyingStandsInTheRecord(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	_, err := h.Finish(ctx, h.ada, connect.Link, h.link(h.ada, "acc1"))
	must(t, err)
	address, err := h.BeginCode(ctx, connecttest.Name, messenger.Account{ID: "acc2", Name: "Two"})
	must(t, err)
	_, err = h.FinishCode(ctx, h.ada, codeIn(t, address))
	must(t, err)
	own, err := h.BeginOwnCode(ctx, h.eve, connecttest.Name)
	must(t, err)
	_, err = h.FinishByChat(ctx, h.CodeHash(own.Code), connecttest.Name, messenger.Account{ID: "acc3", Name: "Three"})
	must(t, err)
	ids, err := h.db.IdentitiesOf(ctx, h.ada.UserID)
	must(t, err)
	must(t, h.Unlink(ctx, h.ada.UserID, ids[0].ID))
	if h.Unlink(ctx, h.ada.UserID, ids[0].ID) == nil || h.Unlink(ctx, h.eve.UserID, ids[1].ID) == nil {
		t.Error("what is not theirs (any more) is unlinked")
	}
	_, err = h.Finish(ctx, h.ada, connect.Install, h.install(h.ada, h.harbour, "sophia", "w1"))
	must(t, err)
	_, err = h.Finish(ctx, h.ada, connect.Install, h.install(h.ada, h.harbour, "mark", "w1"))
	must(t, err)
	_, err = h.Remove(ctx, h.ada.UserID, h.harbour, connecttest.Name, "w1", "mark")
	must(t, err)
	_, _, err = h.Disconnect(ctx, h.ada.UserID, h.harbour, connecttest.Name, "w1")
	must(t, err)

	lines, err := h.db.FindAudit(ctx, openmates.AuditSearch{Limit: 100})
	must(t, err)
	slices.Reverse(lines)
	var got []string
	for _, l := range lines {
		if l.Action != "bot.add" && l.Actor != 0 {
			got = append(got, l.Username+" "+l.Team+" "+l.Action+" "+l.Target+" "+l.Before+" > "+l.After)
		}
	}
	const place = `{"name":"Place w1","workspace":"w1"}`
	want := []string{
		`ada  account.link testnet account  > {"account":"acc1","name":"name-acc1"}`,
		`ada  account.link testnet account  > {"account":"acc2","name":"Two"}`,
		`eve  account.link testnet account  > {"account":"acc3","name":"Three"}`,
		`ada  account.unlink testnet account {"account":"acc1","name":"name-acc1"} > `,
		`ada harbour team.connect testnet/sophia  > ` + place,
		`ada harbour team.connect testnet/mark  > ` + place,
		`ada harbour team.disconnect_mate testnet/mark  > ` + place,
		`ada harbour team.disconnect testnet/w1  > ` + place,
	}
	if !slices.Equal(got, want) {
		t.Errorf("on record:\n%q\nwant:\n%q", got, want)
	}
}
