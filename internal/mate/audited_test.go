package mate_test

import (
	"log/slog"
	"testing"

	"openmates"
	"openmates/internal/mate"
	"openmates/internal/store/storetest"
)

// No mate and no limit changes without an entry in the audit record.
func TestNothingChangesWithoutItsAuditEntry(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := setup(t)
	room, err := mate.New(mate.Config{
		Store: w.db, Log: slog.New(slog.DiscardHandler), Audit: w.db.AddAudit, Apps: w.none, Providers: w.none,
	})
	must(t, err)
	audited := func(action string, do func() error) { t.Helper(); storetest.Audited(t, w.db, action, do) }

	var m openmates.Mate
	audited("mate.add", func() (err error) { m, err = room.Create(ctx, admin, "", draft("Nora")); return err })
	audited("mate.duplicate", func() error { _, err := room.Duplicate(ctx, admin, m, "", "Norbert"); return err })
	other := draft("Nora")
	other.Prompt = "You are somebody else."
	audited("mate.change", func() (err error) { m, err = room.Edit(ctx, admin, m, m.Version, other); return err })
	audited("mate.restore", func() (err error) { m, err = room.Restore(ctx, admin, m, 1); return err })
	audited("mate.disable", func() (err error) { m, err = room.Switch(ctx, admin, m, false); return err })
	audited("mate.enable", func() (err error) { m, err = room.Switch(ctx, admin, m, true); return err })
	audited("mate.archive", func() (err error) { m, err = room.Archive(ctx, admin, m, true); return err })
	audited("mate.unarchive", func() (err error) { m, err = room.Archive(ctx, admin, m, false); return err })

	limits := openmates.Limits{PerMinute: 3}
	audited("mate.limits", func() (err error) { m, err = room.PutMate(ctx, admin, m, limits); return err })
	audited("server.limits", func() error { return room.PutServer(ctx, admin, limits) })
	seeded := storetest.Seed(t, w.db)
	audited("team.limits", func() error { return room.PutTeam(ctx, admin, seeded.Team, limits) })
	audited("member.limits", func() error { return room.PutMember(ctx, admin, seeded.Team, seeded.User, limits) })
}
