package server

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"net/netip"

	"openmates"
	"openmates/internal/guard"
	"openmates/internal/spelling"
)

// Founder is what the first person enters about themselves and their team.
type Founder struct {
	Code     openmates.Secret // the setup code
	Name     string
	Username string
	Password openmates.Secret
	Team     string
	Slug     string // "" = derived from Team
	Host     string // by which they reached the server
}

// SetupCode opens the setup and returns a new code of 130 bits, which only
// appears in the terminal; the code of an earlier start becomes invalid. It
// returns "" once the server has an admin.
func (r *Room) SetupCode(ctx context.Context) (openmates.Secret, error) {
	code := rand.Text()
	open, err := r.store.SetSetupHash(ctx, guard.Digest(code))
	if err != nil || !open {
		return "", err
	}
	return openmates.Secret(code), nil
}

// SetupOpen reports whether the server waits for its first admin.
func (r *Room) SetupOpen(ctx context.Context) (bool, error) {
	hash, err := r.store.SetupHash(ctx)
	return hash != "", err
}

// CheckSetupCode reports whether code is the open one. It doesn't use it up.
func (r *Room) CheckSetupCode(ctx context.Context, from netip.Addr, code openmates.Secret) error {
	if !r.byParty.Allow(guard.Party(from), r.now()) {
		return guard.TooMany()
	}
	_, err := r.setupHash(ctx, from, code)
	return err
}

// Setup creates the server admin and the first team, with that admin as team
// admin. It works once per server: of two people at the same moment, one wins
// and the other gets EConflict.
func (r *Room) Setup(ctx context.Context, from netip.Addr, f Founder) (openmates.User, openmates.Team, error) {
	var noUser openmates.User
	var noTeam openmates.Team
	if !r.byParty.Allow(guard.Party(from), r.now()) {
		return noUser, noTeam, guard.TooMany()
	}
	hash, err := r.setupHash(ctx, from, f.Code)
	if err != nil {
		return noUser, noTeam, err
	}
	u, phc, err := r.accounts.Account(ctx, f.Name, f.Username, f.Password)
	if err != nil {
		return noUser, noTeam, err
	}
	u.Admin = true
	t, err := spelling.Team(f.Team, f.Slug)
	if err != nil {
		return noUser, noTeam, err
	}
	by, made := u, t
	err = r.store.Within(ctx, func(ctx context.Context) (err error) {
		if by, made, err = r.store.Found(ctx, hash, u, phc, t); err != nil {
			return err
		}
		e := openmates.AuditEntry{Actor: by.ID, Action: "server.setup", Target: "server"}
		return r.audit.Record(ctx, e, nil, map[string]string{"team": made.Slug})
	})
	if err != nil {
		return noUser, noTeam, err
	}
	r.keepHost(ctx, f.Host)
	r.log.InfoContext(ctx, "the server is set up", "admin", by.Username, "team", made.Slug)
	return by, made, nil
}

// setupHash returns the stored hash if it matches code.
func (r *Room) setupHash(ctx context.Context, from netip.Addr, code openmates.Secret) (string, error) {
	stored, err := r.store.SetupHash(ctx)
	if err != nil {
		return "", err
	}
	if stored == "" {
		return "", openmates.Errorf(openmates.EConflict, "This server is already set up. Sign in instead.")
	}
	given := guard.DigestTyped(code.Reveal())
	if subtle.ConstantTimeCompare([]byte(given), []byte(stored)) != 1 {
		r.failures.Note(ctx, from, guard.WhySetup, 0)
		return "", openmates.Errorf(openmates.EUnauthorized, "This setup link is no longer valid. Each time the server starts, it prints a new one in the terminal; open that one.")
	}
	return stored, nil
}
