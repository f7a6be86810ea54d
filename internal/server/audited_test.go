package server_test

import (
	"testing"

	"openmates"
	"openmates/internal/mail"
	"openmates/internal/policy"
	"openmates/internal/server"
	"openmates/internal/store/storetest"
	"openmates/internal/team"
)

// No setting of the server, and nobody on it, changes without an entry in the
// audit record.
func TestNothingOfTheServerChangesWithoutItsAuditEntry(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := newHouse(t)
	h.Audit = h.DB.AddAudit
	audited := func(action string, do func() error, except ...string) {
		t.Helper()
		storetest.Audited(t, h.DB, action, do, except...)
	}

	setup, err := h.SetupCode(ctx)
	must(t, err)
	ada := openmates.Caller{Session: "s"}
	var harbour openmates.Team
	audited("server.setup", func() (err error) {
		ada.User, harbour, err = h.Setup(ctx, from(1), founder(setup))
		return err
	})
	audited("server.rename", func() error { return h.Rename(ctx, ada.User.ID, "Lighthouse") })
	audited("server.sign_up", func() error { return h.SetSignUp(ctx, ada.User.ID, server.OpenToTeams) })
	audited("server.currency", func() error { return h.SetCurrency(ctx, ada.User.ID, "EUR") })
	elsewhere := listening(t, says(502, "")).URL
	if h.Reaches(ctx, elsewhere) == nil { // the first check makes what the server is known by
		t.Error("another server is taken for this one")
	}
	audited("server.url", func() error { return h.SetURL(ctx, ada.User.ID, elsewhere, true) })
	h.Mailing(t)
	audited("server.mail", func() error {
		s := mail.Settings{Host: "mail.example.org", Port: 465, Security: mail.TLS, From: "mates@example.org"}
		return h.SetMail(ctx, ada, s, "ada@example.org")
	}, "mails", "mail_counting") // the test message is on its way by then
	audited("server.mail", func() error { return h.StopMail(ctx, ada) })

	_, _, err = h.Seed(ctx, team.Plan{Team: "Pier", People: []team.Person{{Username: "ben", Name: "Ben", Password: goodPassword, Role: openmates.RoleAdmin}}})
	must(t, err)
	audited("server.admin", func() error { return h.SetServerAdmin(ctx, ada, "ben", true) })
	audited("team.delete", func() error { return h.RemoveAnyTeam(ctx, ada, harbour) })
	must(t, h.SetServerAdmin(ctx, ada, "ben", false))
	pier, err := h.AnyTeam(ctx, ada, "pier")
	must(t, err)
	must(t, h.RemoveAnyTeam(ctx, ada, pier))
	audited("server.remove_person", func() error { return h.RemovePerson(ctx, ada, "ben") })
	if !policy.Allowed(ada.User, "", policy.RunServer) {
		t.Error("ada runs the server no more")
	}
}
