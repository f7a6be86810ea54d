package mate_test

import (
	"errors"
	"testing"

	"openmates"
)

// A change whose entry can't be kept is not made.
func TestNothingChangesWithoutItsAuditEntry(t *testing.T) {
	t.Parallel()
	w := setup(t)
	m, err := w.db.SaveMate(t.Context(), openmates.Mate{Handle: "sophia", Name: "Sophia"})
	must(t, err)
	team, err := w.db.AddTeam(t.Context(), openmates.Team{Slug: "acme", Name: "Acme"})
	must(t, err)
	w.auditErr = errors.New("the record is closed")
	limits := openmates.Limits{PerMinute: 3}
	if _, err := w.room.PutMate(t.Context(), admin, m, limits); !errors.Is(err, w.auditErr) {
		t.Errorf("limits of a mate: %v", err)
	}
	if err := w.room.PutServer(t.Context(), admin, limits); !errors.Is(err, w.auditErr) {
		t.Errorf("limits of the server: %v", err)
	}
	if err := w.room.PutTeam(t.Context(), admin, team, limits); !errors.Is(err, w.auditErr) {
		t.Errorf("limits of a team: %v", err)
	}
	if now, err := w.db.Mate(t.Context(), m.ID); err != nil || now.Version != m.Version || now.Limits.PerMinute != 0 {
		t.Errorf("the mate is %+v, %v", now, err)
	}
	if now, err := w.db.ServerLimits(t.Context()); err != nil || now.PerMinute != 0 {
		t.Errorf("the server's limits are %+v, %v", now, err)
	}
	if now, err := w.db.Team(t.Context(), team.ID); err != nil || now.Limits.PerMinute != 0 {
		t.Errorf("the team's limits are %+v, %v", now.Limits, err)
	}
}
