package connect_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/connect/connecttest"
	"openmates/internal/messenger"
	"openmates/internal/store/storetest"
)

// able is a network whose bots have profiles and can request permissions, and
// that reports a newly added bot as the only one in its workspace.
type able struct {
	*connecttest.Network
	h *house
}

func (able) Dress(context.Context, openmates.Bot, messenger.Look) error { return nil }

func (able) Permissions(openmates.Bot) []messenger.Permission { return nil }

func (able) Ask([]string) string { return "8" }

func (able) InviteURL(openmates.Bot, string) string { return connecttest.Origin }

func (a able) Joined(_ context.Context, via messenger.Via, _ []openmates.AccountID) (map[openmates.AccountID]time.Time, error) {
	return map[openmates.AccountID]time.Time{via.Bot.UserID: a.h.now().Add(time.Minute)}, nil
}

func ableHouse(t *testing.T) *house {
	t.Helper()
	h := newHouse(t)
	var err error
	h.Room, err = connect.New(connect.Config{
		Store: h.db, Log: slog.New(slog.DiscardHandler), Connectors: map[openmates.Network]messenger.Connector{connecttest.Name: able{h.net, h}},
		Address: h.public, Changed: func() {}, Clock: h.now, Audit: h.db.AddAudit,
	})
	must(t, err)
	return h
}

// No bot changes without an entry in the audit record.
func TestNoBotChangesWithoutItsAuditEntry(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := ableHouse(t)
	sophia := h.bot("sophia").MateID
	_, err := h.db.SaveMate(ctx, openmates.Mate{Handle: "nora", Name: "Nora", Prompt: "."})
	must(t, err)
	audited := func(action string, do func() error) { t.Helper(); storetest.Audited(t, h.db, action, do) }

	audited("bot.set", func() error { _, _, err := h.set("nora", "1003", "canary-token-3", "canary-secret-3"); return err })
	audited("bot.pause", func() error { _, err := h.PauseBot(ctx, h.ada.UserID, sophia, connecttest.Name, true); return err })
	audited("bot.resume", func() error { _, err := h.PauseBot(ctx, h.ada.UserID, sophia, connecttest.Name, false); return err })
	audited("bot.restart", func() error { return h.RestartBot(ctx, h.ada.UserID, sophia, connecttest.Name) })
	audited("bot.dress", func() error { return h.DressBot(ctx, h.ada.UserID, sophia, connecttest.Name) })
	audited("bot.permissions", func() error { return h.SetPermissions(ctx, h.ada.UserID, sophia, connecttest.Name, []string{"read"}) })
	audited("bot.remove", func() error { _, err := h.RemoveBot(ctx, h.ada.UserID, sophia, connecttest.Name); return err })
}

// Nothing is connected or disconnected without an entry in the audit record. A
// consent is used up all the same.
func TestNothingIsConnectedWithoutItsAuditEntry(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := ableHouse(t)
	audited := func(action string, do func() error) {
		t.Helper()
		storetest.Audited(t, h.db, action, do, "connect_states")
	}
	install := func(who connect.Who, team openmates.Team, mate, workspace string) func() error {
		return func() error {
			_, err := h.Finish(ctx, who, connect.Install, h.install(who, team, mate, workspace))
			return err
		}
	}

	audited("team.connect", install(h.ada, h.harbour, "sophia", "w1"))
	audited("team.connect", install(h.ada, h.harbour, "mark", "w1"))
	audited("team.disconnect_mate", func() error {
		_, err := h.Remove(ctx, h.ada.UserID, h.harbour, connecttest.Name, "w1", "mark")
		return err
	})
	h.pass(time.Hour)
	audited("team.workspace_lost", install(h.eve, h.lighthouse, "mark", "w1"))
	h.pass(time.Hour)
	audited("team.workspace_taken_over", install(h.ada, h.harbour, "sophia", "w1"))
	audited("team.disconnect", func() error {
		_, _, err := h.Disconnect(ctx, h.ada.UserID, h.harbour, connecttest.Name, "w1")
		return err
	})
	must(t, install(h.ada, h.harbour, "sophia", "w2")())
	audited("server.untie", func() error { _, _, err := h.Untie(ctx, h.eve.UserID, connecttest.Name, "w2", false); return err })
	audited("account.link", func() error {
		_, err := h.Finish(ctx, h.ada, connect.Link, h.link(h.ada, "acc1"))
		return err
	})
	ids, err := h.db.IdentitiesOf(ctx, h.ada.UserID)
	must(t, err)
	audited("account.unlink", func() error { return h.Unlink(ctx, h.ada.UserID, ids[0].ID) })
}
