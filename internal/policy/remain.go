package policy

import (
	"context"
	"time"

	"openmates"
)

// Remain is something that goes on working without its maker: an invite, a
// token, a schedule. It works only as long as its maker may still make it.
// Whatever is added to the product that works without its maker calls Holds each
// time before it works, and has no copy of the rule.
//
// What needs no such question is bound otherwise: what waits for the next click
// (a second step, a consent, a code, a ceremony) belongs to a session or to the
// account's Epoch and ends with it, and what can't be bound (a linked account, a
// role, a token) is made in person alone, never by a token.
type Remain struct {
	Maker openmates.ID
	Team  openmates.ID // 0 = it is no team's
	Token openmates.ID // the access token by which it was made; 0 = in person
	Right Right        // that making it takes
}

// Makers is what Remains asks of the database. What doesn't exist is
// openmates.ENotFound.
type Makers interface {
	User(ctx context.Context, id openmates.ID) (openmates.User, error)
	AccessTokenByID(ctx context.Context, id openmates.ID) (openmates.AccessToken, error)
	// Role is "" where the user is no member.
	Role(ctx context.Context, teamID, userID openmates.ID) (openmates.Role, error)
}

// Holds reports whether what somebody has left behind still works at a time.
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
