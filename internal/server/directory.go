package server

import (
	"context"
	"strings"
	"time"

	"openmates"
	"openmates/internal/policy"
	"openmates/internal/spelling"
)

// AnyPerson is a person as server admins see them.
type AnyPerson struct {
	DirectoryPerson
	Seen time.Time // when they were last seen, in a browser or asking a mate; zero = never
}

// People lists the server's people, for its admins, and reports whether there
// are more.
func (r *Room) People(ctx context.Context, c openmates.Caller, q openmates.DirectorySearch) (all []AnyPerson, more bool, err error) {
	if err := policy.Require(c, policy.RunServer); err != nil {
		return nil, false, err
	}
	limit := q.Limit
	q.Limit++
	found, err := r.store.FindPeople(ctx, q)
	if err != nil {
		return nil, false, err
	}
	found, more = atMost(found, limit)
	for _, p := range found {
		one := AnyPerson{DirectoryPerson: p, Seen: p.Asked}
		seen, err := r.accounts.LastSeen(ctx, p.User.ID)
		if err != nil {
			return nil, false, err
		}
		if seen.After(one.Seen) {
			one.Seen = seen
		}
		all = append(all, one)
	}
	return all, more, nil
}

func atMost[T any](all []T, n int) ([]T, bool) {
	if len(all) > n {
		return all[:n], true
	}
	return all, false
}

// AnyTeams lists the server's teams, for its admins, with the cost of this
// month, and reports whether there are more.
func (r *Room) AnyTeams(ctx context.Context, c openmates.Caller, q openmates.DirectorySearch) ([]DirectoryTeam, bool, error) {
	if err := policy.Require(c, policy.RunServer); err != nil {
		return nil, false, err
	}
	limit := q.Limit
	q.Limit++
	all, err := r.store.FindTeams(ctx, q, r.now())
	all, more := atMost(all, limit)
	return all, more, err
}

// AnyPerson returns a person, for server admins.
func (r *Room) AnyPerson(ctx context.Context, c openmates.Caller, username string) (openmates.User, error) {
	if err := policy.Require(c, policy.RunServer); err != nil {
		return openmates.User{}, err
	}
	none := openmates.Errorf(openmates.ENotFound, "No one on this server is called %q.", spelling.Clip(username, 40))
	if len(username) > 100 || strings.ContainsFunc(username, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return openmates.User{}, none
	}
	u, err := r.store.UserByName(ctx, username)
	if openmates.CodeOf(err) == openmates.ENotFound {
		err = none
	}
	return u, err
}

// AnyTeam returns a team, for server admins. It doesn't give them access to it.
func (r *Room) AnyTeam(ctx context.Context, c openmates.Caller, slug string) (openmates.Team, error) {
	if err := policy.Require(c, policy.RunServer); err != nil {
		return openmates.Team{}, err
	}
	t, err := policy.TeamAt(ctx, r.store, slug)
	if openmates.CodeOf(err) == openmates.ENotFound {
		err = openmates.Errorf(openmates.ENotFound, "There's no team %q on this server.", spelling.Clip(slug, 40))
	}
	return t, err
}

// SetServerAdmin makes a person a server admin, or removes the role. The last
// admin can't be removed.
func (r *Room) SetServerAdmin(ctx context.Context, c openmates.Caller, username string, admin bool) error {
	if err := policy.RequireInPerson(c, policy.RunServer); err != nil {
		return err
	}
	u, err := r.AnyPerson(ctx, c, username)
	if err != nil || u.Admin == admin {
		return err
	}
	err = r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.SetServerAdmin(ctx, u.ID, admin); err != nil {
			return err
		}
		e := openmates.AuditEntry{Actor: c.User.ID, Action: "server.admin"}.AboutPerson(u.ID)
		return r.audit.Record(ctx, e, map[string]any{"server_admin": !admin}, map[string]any{"server_admin": admin})
	})
	if err != nil {
		return err
	}
	r.log.InfoContext(ctx, "who runs the server has changed", "user", u.ID, "admin", admin, "by", c.User.ID)
	return nil
}

// RemovePerson deletes somebody else's account permanently, as they could
// themselves: their questions are deleted, the cost records are kept.
func (r *Room) RemovePerson(ctx context.Context, c openmates.Caller, username string) error {
	if err := policy.RequireInPerson(c, policy.RunServer); err != nil {
		return err
	}
	u, err := r.AnyPerson(ctx, c, username)
	if err != nil {
		return err
	}
	if u.ID == c.User.ID {
		return openmates.Errorf(openmates.EConflict, "This is your own account. You can delete it on your profile under “Your data”.")
	}
	err = r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.RemoveUser(ctx, u.ID); err != nil {
			return err
		}
		// The name is gone with the account; the number still tells lines apart.
		return r.audit.Record(ctx, openmates.AuditEntry{Actor: c.User.ID, Action: "server.remove_person"}.AboutPerson(u.ID), nil, nil)
	})
	if err != nil {
		return err
	}
	r.log.InfoContext(ctx, "an account was deleted by an admin", "user", u.ID, "by", c.User.ID)
	return nil
}

// RemoveAnyTeam deletes a team permanently, as its own admin could: its
// workspaces become free, its people keep their accounts, and its cost records
// are kept.
func (r *Room) RemoveAnyTeam(ctx context.Context, c openmates.Caller, t openmates.Team) error {
	if err := policy.RequireInPerson(c, policy.RunServer); err != nil {
		return err
	}
	err := r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.RemoveTeam(ctx, t.ID); err != nil {
			return err
		}
		e := openmates.AuditEntry{Actor: c.User.ID, TeamID: t.ID, Action: "team.delete", Target: "team " + t.Slug}
		return r.audit.Record(ctx, e, map[string]string{"name": t.Name}, nil)
	})
	if err != nil {
		return err
	}
	r.log.InfoContext(ctx, "a team was removed by an admin of the server", "team", t.ID, "by", c.User.ID)
	return nil
}
