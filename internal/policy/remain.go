package policy

import (
	"context"
	"time"

	"openmates"
)

// Remain is something that keeps working without its maker: an invite, a token,
// a schedule. It is valid only as long as its maker may still make it.
// Everything of this kind calls Holds at each use, and has no copy of the rule.
//
// Other things are bound differently. What waits for the next click (a second
// step, a consent, a code, a ceremony) belongs to a session or to the account's
// Epoch and ends with it. What can't be bound (a linked account, a role, a
// token) can only be created in person, never with a token.
type Remain struct {
	Maker openmates.ID
	Team  openmates.ID // 0 = none
	Token openmates.ID // the access token that made it; 0 = made in person
	Right Right        // the right that is needed to make it
}

// Makers is the part of the database that Remain needs. A missing row is
// openmates.ENotFound.
type Makers interface {
	User(ctx context.Context, id openmates.ID) (openmates.User, error)
	AccessTokenByID(ctx context.Context, id openmates.ID) (openmates.AccessToken, error)
	// Role returns "" if the user isn't a member.
	Role(ctx context.Context, teamID, userID openmates.ID) (openmates.Role, error)
}

// Holds reports whether something that somebody left behind is still valid at a
// time.
func (x Remain) Holds(ctx context.Context, m Makers, at time.Time) (bool, error) {
	u, err := m.User(ctx, x.Maker)
	if openmates.CodeOf(err) == openmates.ENotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if x.Token != 0 {
		k, err := m.AccessTokenByID(ctx, x.Token)
		if openmates.CodeOf(err) == openmates.ENotFound || err == nil && !k.Expires.IsZero() && !at.Before(k.Expires) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	var role openmates.Role
	if x.Team != 0 {
		if role, err = m.Role(ctx, x.Team, u.ID); err != nil {
			return false, err
		}
	}
	return Allowed(u, role, x.Right), nil
}
