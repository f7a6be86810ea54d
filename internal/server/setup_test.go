package server_test

import (
	"fmt"
	"strings"
	"testing"

	"openmates"
	"openmates/internal/server"
)

func TestSetup(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := newHouse(t)
	open, err := h.SetupOpen(ctx)
	must(t, err)
	if open {
		t.Error("the setup is open before a code was made")
	}
	old, err := h.SetupCode(ctx)
	must(t, err)
	if len(old.Reveal()) < 26 { // base32: 26 characters are 130 bits
		t.Errorf("the code %d characters long", len(old.Reveal()))
	}
	fresh, err := h.SetupCode(ctx)
	must(t, err)
	stored, err := h.DB.SetupHash(ctx)
	must(t, err)
	if strings.Contains(stored, fresh.Reveal()) {
		t.Error("the code is stored readable")
	}
	_, _, err = h.Setup(ctx, from(1), founder(old))
	code(t, err, openmates.EUnauthorized) // that of an earlier start
	_, _, err = h.Setup(ctx, from(1), founder(""))
	code(t, err, openmates.EUnauthorized)
	must(t, h.CheckSetupCode(ctx, from(1), fresh))

	for name, f := range map[string]server.Founder{
		"no name":          {Code: fresh, Username: "ada", Password: goodPassword, Team: "T"},
		"bad username":     {Code: fresh, Name: "A", Username: "a b", Password: goodPassword, Team: "T"},
		"short password":   {Code: fresh, Name: "A", Username: "ada", Password: "short", Team: "T"},
		"common password":  {Code: fresh, Name: "A", Username: "ada", Password: "Password123!", Team: "T"},
		"no team":          {Code: fresh, Name: "A", Username: "ada", Password: goodPassword},
		"reserved address": {Code: fresh, Name: "A", Username: "ada", Password: goodPassword, Team: "T", Slug: "api"},
	} {
		_, _, err := h.Setup(ctx, from(len(name)), f)
		if openmates.CodeOf(err) != openmates.EInvalid {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}

	u, team, err := h.Setup(ctx, from(2), founder(fresh))
	must(t, err)
	if !u.Admin || team.Slug != "harbour" {
		t.Errorf("made %+v, %+v", u, team)
	}
	if role, _ := h.DB.Role(ctx, team.ID, u.ID); role != openmates.RoleAdmin {
		t.Errorf("role %q", role)
	}
	_, _, err = h.Setup(ctx, from(2), founder(fresh))
	code(t, err, openmates.EConflict) // used up
	if again, err := h.SetupCode(ctx); again != "" || err != nil {
		t.Errorf("a code for a server that has an admin: %v %v", again, err)
	}
	if h.Log.Len() == 0 || strings.Contains(h.Log.String(), fresh.Reveal()) {
		t.Errorf("log: %s", h.Log)
	}
}

func TestSetupRace(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c, err := h.SetupCode(t.Context())
	must(t, err)
	const n = 6
	errs := make(chan error, n)
	for i := range n {
		go func() {
			f := founder(c)
			f.Username, f.Team = fmt.Sprintf("ada%d", i), fmt.Sprintf("Team %d", i)
			_, _, err := h.Setup(t.Context(), from(i), f)
			errs <- err
		}()
	}
	won := 0
	for range n {
		if err := <-errs; err == nil {
			won++
		} else if openmates.CodeOf(err) != openmates.EConflict {
			t.Errorf("a loser got %v", err)
		}
	}
	teams, err := h.DB.Teams(t.Context())
	must(t, err)
	users, err := h.DB.Users(t.Context())
	must(t, err)
	if won != 1 || len(teams) != 1 || len(users) != 1 {
		t.Errorf("%d won, %d teams, %d users", won, len(teams), len(users))
	}
}

func TestSetupGuessing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c, err := h.SetupCode(t.Context())
	must(t, err)
	limited := false
	for range 30 {
		limited = limited || openmates.CodeOf(h.CheckSetupCode(t.Context(), from(9), "WRONG")) == openmates.ELimit
	}
	if !limited {
		t.Error("codes can be guessed without end")
	}
	must(t, h.CheckSetupCode(t.Context(), from(10), c)) // others are not held up
}
