package chat

import (
	"cmp"
	"context"
	"fmt"

	"openmates"
	"openmates/internal/queue"
)

const (
	historyTurns = 12
	answerTokens = 4_000
	answerBytes  = 24_000  // the maximum: a runaway model must not fill a channel
	callBytes    = 100_000 // the same for the calls in one round, because it is sent again with their results
	attempts     = 2       // at answers that broke off
)

// Reply processes one accepted question step by step; each step is in the file
// with its name. Its error is for the queue: see queue.Queue.
func (r *Room) Reply(ctx context.Context, j queue.Job) error {
	t, err := r.open(j)
	if err != nil {
		return queue.Drop(err)
	}
	ctx, done := linger(ctx, r.cfg.Grace)
	defer done()
	t.asker, err = t.source.identify(ctx, t.in)
	if openmates.CodeOf(err) == openmates.ENotFound {
		return queue.Drop(fmt.Errorf("job %s: the mate or its asker is gone: %w", j.Key, err))
	}
	if err != nil {
		return fmt.Errorf("job %s: find who asks: %w", j.Key, err)
	}
	d := newDraft(t)
	r.look(ctx, d)
	err = r.reply(ctx, t, d)
	if err != nil && j.Attempt >= queue.MaxAttempts && ctx.Err() == nil {
		r.giveUp(ctx, d)
	}
	return err
}

// reply settles the turn, unless an earlier attempt did, and posts the outcome.
func (r *Room) reply(ctx context.Context, t *turn, d *draft) error {
	o, begun, settled, err := r.earlier(ctx, t)
	if err != nil {
		return err
	}
	if settled {
		return r.post(ctx, d, o, begun)
	}
	o, err = r.answer(ctx, t, d)
	if err != nil && o.State != openmates.TurnFailed {
		return err
	}
	if e := r.settle(ctx, o); e != nil {
		return e
	}
	if err != nil {
		return r.rejected(ctx, d, o, err)
	}
	return r.post(ctx, d, o, begun)
}

// answer returns what the mate says: the answer of its model, or the decision
// of the first step that makes one. An error means that no outcome was reached;
// the caller retries the turn. If the state is failed there is an outcome, but
// the place rejects it.
func (r *Room) answer(ctx context.Context, t *turn, d *draft) (openmates.Outcome, error) {
	decided, err := r.authorise(ctx, t, d)
	if decided != nil || err != nil {
		return t.outcome(decided), err
	}
	choice, decided, err := r.choose(ctx, t)
	if decided != nil || err != nil {
		return t.outcome(decided), err
	}
	t.shown = r.show(ctx, t)
	talk, decided, err := r.reserve(ctx, t, choice)
	if decided != nil || err != nil {
		return t.outcome(decided), err
	}
	said, err := r.converse(ctx, t, talk, d)
	o := t.outcome(&said.decision)
	o.Usage = said.usage
	if missed, ok := t.shown.note(); ok && o.State == openmates.TurnAnswered {
		o.Note += remark(r.to(t.asker, missed))
	}
	return o, err
}

// outcome returns what is recorded for a turn.
func (t *turn) outcome(d *decision) openmates.Outcome {
	if d == nil { // there was an error instead
		return openmates.Outcome{}
	}
	o := openmates.Outcome{
		Key: t.in.Key, State: cmp.Or(d.State, openmates.TurnRefused), Text: d.Text, Note: d.Note, Why: d.Why, Until: d.Until, Channel: d.Channel, Lacks: d.Lacks,
		TeamID: t.asker.Team.ID, MateID: t.asker.Mate.ID, UserID: cmp.Or(t.asker.User.ID, t.asker.Outsider.ID),
	}
	if t.source.remembers() {
		o.Author, o.Question = cmp.Or(t.in.Author.Name, t.asker.User.DisplayName), t.in.Text
		o.Shown = t.shown.kept()
	}
	return o
}
