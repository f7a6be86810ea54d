package team_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"openmates"
	"openmates/internal/policy"
	"openmates/internal/store/storetest"
	"openmates/internal/team"
)

// No change of a team happens without its entry in the audit record.
func TestNothingOfATeamChangesWithoutItsAuditEntry(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := seeded(t)
	h.Audit = h.DB.AddAudit
	ada, p := h.in(t, "ada", "harbour")
	audited := func(action string, do func() error) { t.Helper(); storetest.Audited(t, h.DB, action, do) }

	var invite openmates.Invite
	var link string
	audited("invite.add", func() (err error) {
		invite, link, _, err = h.Invite(ctx, ada, p, plainInvite(), nil)
		return err
	})
	audited("team.join", func() error {
		_, _, err := h.Join(ctx, openmates.Caller{}, from(1), link, "", nora(1))
		return err
	})
	audited("invite.revoke", func() error { return h.Revoke(ctx, ada, p, invite.ID) })
	audited("team.role", func() error { return h.SetRole(ctx, ada, p, "ben", openmates.RoleAdmin) })
	audited("team.remove", func() error { return h.Remove(ctx, ada, p, "ben") })
	nora, place := h.in(t, "nora1", "harbour")
	audited("team.leave", func() error { return h.QuitTeam(ctx, nora, place) })
	audited("team.rename", func() error { return h.RenameTeam(ctx, ada, p, "Another name") })

	var founder openmates.Caller
	audited("team.found", func() (err error) {
		founder.User, _, err = h.Establish(ctx, nora, from(1), team.Draft{Name: "Pier"}, openmates.Newcomer{})
		return err
	})
	pier, err := h.Enter(ctx, founder, "pier", policy.SeeTeam)
	must(t, err)
	founder.Session = "s"
	audited("team.delete", func() error { return h.EndTeam(ctx, founder, pier, "pier") })
}

// A team made from its draft keeps the draft where the audit record fails.
func TestADraftOutlivesAFailureOfTheAuditRecord(t *testing.T) {
	t.Parallel()
	h := seeded(t)
	h.Audit = h.DB.AddAudit
	ada, _ := h.in(t, "ada", "harbour")
	h.visit(t, func(ctx context.Context) {
		must(t, h.KeepDraft(ctx, ada, from(1), team.Draft{Name: "Pier"}))
		storetest.Audited(t, h.DB, "team.found", func() error {
			_, _, err := h.FoundTeam(ctx, ada, from(1), openmates.Newcomer{})
			return err
		})
	})
}

// visit runs fn within a request of a browser.
func (h *house) visit(t *testing.T, fn func(context.Context)) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	h.people.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { fn(r.Context()) })).ServeHTTP(httptest.NewRecorder(), r)
}
