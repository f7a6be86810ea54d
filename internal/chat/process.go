package chat

import (
	"context"
	"crypto/rand"
	"fmt"

	"openmates"
	"openmates/internal/messenger"
)

// Ask is a question that comes in by the API: who asks is known already.
type Ask struct {
	Team openmates.Team
	User openmates.User
	Role openmates.Role
	Mate openmates.Mate
	Text string
	// Language is the one that the caller asks for, where the person has settled
	// none; "" = it isn't known.
	Language string
	Show     func(text string) // given the text so far while it grows; nil = nobody looks
}

// Process answers at once, by the same rules and with the same records as a
// message in a messenger; a person and a mate have one conversation per team.
// What the mate refuses or can't do is an Outcome too, not an error.
func (r *Room) Process(ctx context.Context, a Ask) (openmates.Outcome, error) {
	q := question{
		asker: openmates.Asker{Team: a.Team, User: a.User, Role: a.Role, Mate: a.Mate, AccountLanguage: a.Language},
		in: messenger.Inbound{
			Key: "api:" + rand.Text(), Network: "api", BotID: a.Mate.ID,
			Workspace: openmates.WorkspaceID(a.Team.ID.String()), Channel: openmates.ChannelID(a.Team.ID.String() + ":" + a.User.ID.String()),
			Author: messenger.Account{ID: openmates.AccountID(a.User.ID.String()), Name: a.User.DisplayName},
			Text:   a.Text, At: r.cfg.Clock(),
		},
		info: messenger.Info{Network: "api", Label: "the OpenMates API"},
		show: a.Show,
	}
	return r.atOnce(ctx, q)
}

// Trial is a question by which an admin of the server tries a mate out. Nothing
// of it is remembered: what was said before comes with it.
type Trial struct {
	Team openmates.Team // whose limits hold and who is charged; zero = the server alone
	User openmates.User
	Mate openmates.Mate // also one that is switched off
	Text string
	Past []openmates.Exchange
}

// Try answers a trial by the rules of Process, but that a mate can be tried
// before it is switched on, and without a team.
func (r *Room) Try(ctx context.Context, t Trial) (openmates.Outcome, error) {
	t.Past = t.Past[max(len(t.Past)-historyTurns, 0):]
	key := "try:" + rand.Text()
	return r.atOnce(ctx, question{
		asker: openmates.Asker{Team: t.Team, User: t.User, Role: openmates.RoleAdmin, Mate: t.Mate},
		in: messenger.Inbound{
			Key: key, Network: "try", BotID: t.Mate.ID, Channel: openmates.ChannelID(key),
			Author: messenger.Account{ID: openmates.AccountID(t.User.ID.String()), Name: t.User.DisplayName},
			Text:   t.Text, At: r.cfg.Clock(),
		},
		info:  messenger.Info{Network: "try", Label: "the OpenMates pages, where an admin tries you out"},
		trial: &t,
	})
}

// atOnce answers a question that no queue carries.
func (r *Room) atOnce(ctx context.Context, q question) (openmates.Outcome, error) {
	leave, err := r.crowd.enter(q.asker.User.ID)
	if err != nil {
		return openmates.Outcome{}, err
	}
	defer leave()
	if q.asker.Privacy, err = r.cfg.Store.Privacy(ctx, q.asker.User.ID); err != nil && openmates.CodeOf(err) != openmates.ENotFound {
		return openmates.Outcome{}, fmt.Errorf("read the privacy: %w", err)
	}
	if q.asker.Layers, err = r.cfg.Store.Layers(ctx, q.asker); err != nil {
		return openmates.Outcome{}, fmt.Errorf("read the limits: %w", err)
	}
	if err := r.cfg.Store.AddTurn(ctx, q.in.Key, q.in.Conversation(), r.cfg.Clock().Add(kept)); err != nil {
		return openmates.Outcome{}, fmt.Errorf("record the question: %w", err)
	}
	defer r.keep(ctx, q.in.Key)()
	o, err := r.answer(ctx, q, nil)
	if err != nil && o.State == openmates.TurnRefused {
		o.State = openmates.TurnFailed // nothing was refused: it came to nothing
	}
	// No queue comes back to this turn. So it is settled also when nobody waits
	// for it any more, with what it has spent by now.
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	if e := r.cfg.Store.Settle(within, o); e != nil && err == nil {
		err = fmt.Errorf("settle: %w", e)
	} else if e != nil {
		r.cfg.Log.Warn("a turn could not be settled; it will be ended later", "key", o.Key, "err", e)
	}
	return o, err
}
