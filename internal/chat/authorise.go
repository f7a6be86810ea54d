package chat

import (
	"context"
	"fmt"
	"strings"
	"time"

	"openmates"
	"openmates/internal/policy"
)

// The second step: whether a model may be asked.

// decision is an outcome without, or instead of, a model's answer.
type decision struct {
	State openmates.TurnState // "" = refused
	Why   openmates.Trouble
	Text  string
	Note  string    // see openmates.Outcome
	Until time.Time // when a used-up limit resets

	Channel, Lacks string // see openmates.Outcome
}

// refuse returns the decision that the mate says this to the asker.
func (r *Room) refuse(t *turn, why openmates.Trouble, said openmates.Text) *decision {
	return &decision{Why: why, Text: r.to(t.asker, said)}
}

// authorise decides a turn that needs no model. nil = the model may be asked.
func (r *Room) authorise(ctx context.Context, t *turn, d *draft) (*decision, error) {
	if !d.access.Writes() {
		return &decision{Why: openmates.TroubleNoAccess, Channel: d.access.Channel, Lacks: strings.Join(d.access.Missing, ", ")}, nil
	}
	decided, err := t.source.authorise(ctx, t)
	if decided != nil || err != nil {
		return decided, err
	}
	return r.mateAllowed(t), nil
}

func (s fromMessenger) authorise(ctx context.Context, t *turn) (*decision, error) {
	r, a := s.room, t.asker
	if decided, err := r.direct(ctx, t); decided != nil || err != nil {
		return decided, err
	}
	switch direct := t.in.Workspace == ""; {
	case !a.Mate.Works():
		return r.refuse(t, openmates.TroubleMateOff, switchedOff(a.Mate)), nil
	case a.Team.ID == 0 && !direct:
		return r.lead(ctx, t, openmates.TroubleWorkspace, t.info.ConnectWorkspace())
	case a.Outsider.ID != 0:
		return r.lead(ctx, t, openmates.TroubleNotMember, t.info.NotMember(a.Team))
	case a.User.ID == 0:
		return r.lead(ctx, t, openmates.TroubleAccount, t.info.ConnectAccount())
	case t.blank():
		return r.refuse(t, openmates.TroubleText, noText()), nil
	case t.onlyVoice():
		return r.refuse(t, openmates.TroubleText, onlyVoice()), nil
	}
	return nil, nil //nolint:nilnil // no decision: the turn goes on
}

func (s fromAPI) authorise(ctx context.Context, t *turn) (*decision, error) {
	if left, err := s.left(ctx, t); left || err != nil {
		return &decision{State: openmates.TurnFailed}, err
	}
	switch r := s.room; {
	case t.asker.User.ID == 0:
		return r.refuse(t, openmates.TroubleNotMember, noMember(t.asker.Team)), nil
	case !t.asker.Mate.Works():
		return r.refuse(t, openmates.TroubleMateOff, switchedOff(t.asker.Mate)), nil
	case t.blank():
		return r.refuse(t, openmates.TroubleText, noText()), nil
	}
	return nil, nil //nolint:nilnil // no decision: the turn goes on
}

func (s trial) authorise(ctx context.Context, t *turn) (*decision, error) {
	if left, err := s.left(ctx, t); left || err != nil {
		return &decision{State: openmates.TurnFailed}, err
	}
	switch r := s.room; {
	case t.asker.User.ID == 0:
		return r.refuse(t, openmates.TroubleNotMember, noMember(t.asker.Team)), nil
	case !policy.Allowed(t.asker.User, t.asker.Role, policy.RunServer):
		return r.refuse(t, openmates.TroubleNotAllowed, openmates.T("Only a server admin can try out a mate.")), nil
	case t.blank():
		return r.refuse(t, openmates.TroubleText, noText()), nil
	}
	return nil, nil //nolint:nilnil // no decision: the turn goes on
}

// left reports whether nobody waits any more for a question that was waiting
// for its worker.
func (s fromAPI) left(ctx context.Context, t *turn) (bool, error) {
	if !t.again && s.room.cfg.Clock().Sub(t.in.At) < stopLook {
		return false, nil
	}
	left, err := s.room.cfg.Store.Stopped(ctx, t.in.Key)
	if err != nil {
		return false, fmt.Errorf("look whether anybody waits: %w", err)
	}
	return left, nil
}

// mateAllowed decides whether a layer forbids the mate.
func (r *Room) mateAllowed(t *turn) *decision {
	mate := policy.Named(openmates.KindMate, t.asker.Mate.Handle) // a trial may ask a disabled one
	if ok, by, why := policy.MayUse(t.asker, mate); !ok && why == policy.Forbidden {
		return r.refuse(t, openmates.TroubleNotAllowed, mateNotAllowed(t.asker.Mate, t.asker.Team, by))
	}
	return nil
}
