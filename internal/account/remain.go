package account

import (
	"context"

	"openmates"
)

// Remain is something that goes on working after its maker has turned away: an
// invite, a token, a schedule. It holds only as long as its maker may still make
// it. Whatever is added to the product that works without its maker asks Holds
// each time before it works, and never its own copy of the rule.
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

// Holds reports whether what somebody has left behind still works.
func (r *Room) Holds(ctx context.Context, x Remain) (bool, error) {
	u, err := r.store.User(ctx, x.Maker)
	if openmates.CodeOf(err) == openmates.ENotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if x.Token != 0 {
		k, err := r.store.AccessTokenByID(ctx, x.Token)
		if openmates.CodeOf(err) == openmates.ENotFound || err == nil && !k.Expires.IsZero() && !r.now().Before(k.Expires) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	var role openmates.Role
	if x.Team != 0 {
		if role, err = r.store.Role(ctx, x.Team, u.ID); err != nil {
			return false, err
		}
	}
	return Allowed(u, role, x.Right), nil
}

// inviteRemains is the rule for an invite. An admin invites both members and
// admins, so that the invite's role asks for no other right.
func inviteRemains(i openmates.Invite) Remain {
	return Remain{Maker: i.By, Team: i.TeamID, Token: i.TokenID, Right: InvitePeople}
}

// tokenRemains is the rule for a token; ok is false where it has its maker's own
// rights, which are asked for in any case.
func tokenRemains(k openmates.AccessToken) (x Remain, ok bool) {
	switch {
	case k.TeamID != 0:
		return Remain{Maker: k.By, Team: k.TeamID, Right: RunTeam}, true
	case k.UserID == 0:
		return Remain{Maker: k.By, Right: RunServer}, true
	}
	return Remain{}, false
}
