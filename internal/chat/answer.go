package chat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/messenger"
	"openmates/internal/policy"
)

// question is one message with all that is known of who asks.
type question struct {
	asker openmates.Asker
	in    messenger.Inbound
	info  messenger.Info
	trial *Trial // nil = it is no trial
	show  func(text string)
}

const (
	historyTurns = 12
	answerTokens = 4_000
	answerBytes  = 24_000  // beyond it the answer is cut: a runaway model must not fill a channel
	callBytes    = 100_000 // likewise of the calls in one round, which it is sent again with their results
	attempts     = 2       // of answers that broke off half-way
)

// answer finds out what the mate says: an answer of its model or a refusal. Its
// error means that nothing is decided and the turn must be tried again. d may
// be nil: then nothing is shown before the answer is whole.
func (r *Room) answer(ctx context.Context, q question, d *draft) (openmates.Outcome, error) {
	o := openmates.Outcome{
		Key: q.in.Key, State: openmates.TurnRefused, Author: q.in.Author.Name, Question: q.in.Text,
		TeamID: q.asker.Team.ID, MateID: q.asker.Mate.ID, UserID: cmp.Or(q.asker.User.ID, q.asker.Outsider.ID),
	}
	if d != nil && !d.access.Writes() {
		o.Why, o.Channel, o.Lacks = openmates.TroubleNoAccess, d.access.Channel, strings.Join(d.access.Missing, ", ")
		return o, nil
	}
	if done, err := r.aside(ctx, q, &o); done || err != nil {
		return o, err
	}
	if why, said := refusal(q); said != "" {
		o.Why, o.Text = why, r.to(q.asker, said)
		if d == nil {
			return o, nil
		}
		return o, r.lead(ctx, q, &o)
	}
	choice, err := r.cfg.Model(ctx, q.asker.Mate)
	if openmates.CodeOf(err) == openmates.ENotFound {
		o.Why, o.Text = openmates.TroubleNoModel, r.to(q.asker, noModel(q.asker.Mate))
		return o, nil
	}
	if err != nil {
		return o, fmt.Errorf("choose model: %w", err)
	}
	if why, said := modelRefusal(q, choice.Name); said != "" {
		o.Why, o.Text = why, r.to(q.asker, said)
		return o, nil
	}
	req, err := r.request(ctx, q)
	if err != nil {
		return o, err
	}
	tools := r.toolsFor(q)
	req.Tools = tools.shown
	usage := reservation(choice, openmates.Usage{
		TeamID: q.asker.Team.ID, UserID: q.asker.User.ID, MateID: q.asker.Mate.ID,
		Model: choice.Name, At: r.cfg.Clock(),
	}, 0, req)
	err = r.cfg.Store.Reserve(ctx, q.in.Key, usage, q.asker.Layers)
	if limit, ok := errors.AsType[*openmates.LimitError](err); ok {
		why, said := overLimit(limit, q.asker.Team, r.cfg.Clock())
		o.Why, o.Text = why, r.to(q.asker, said)
		o.Until = limit.Until
		return o, nil
	}
	if err != nil {
		return o, fmt.Errorf("reserve: %w", err)
	}
	t := &talk{room: r, key: q.in.Key, choice: choice, req: req, tools: tools, usage: usage, team: q.asker.Team, layers: q.asker.Layers, w: written{seen: q.show},
		say: func(said openmates.Text) string { return r.to(q.asker, said) }}
	return r.ask(ctx, o, t, d)
}

// refusal is why the mate may not answer this person here, "" if it may.
func refusal(q question) (openmates.Trouble, openmates.Text) {
	direct := q.in.Workspace == ""
	switch {
	case q.trial != nil && strings.TrimSpace(q.in.Text) == "":
		return openmates.TroubleText, noText()
	case q.trial != nil:
		return notIn(q)
	case !q.asker.Mate.Works():
		return openmates.TroubleMateOff, switchedOff(q.asker.Mate)
	case q.asker.Team.ID == 0 && !direct:
		return openmates.TroubleWorkspace, q.info.ConnectWorkspace()
	case q.asker.Outsider.ID != 0:
		return openmates.TroubleNotMember, q.info.NotMember(q.asker.Team)
	case q.asker.User.ID == 0:
		return openmates.TroubleAccount, q.info.ConnectAccount()
	case strings.TrimSpace(q.in.Text) == "":
		return openmates.TroubleText, noText()
	}
	return notIn(q)
}

// notIn says which layer forbids the mate; "" = none does.
func notIn(q question) (openmates.Trouble, openmates.Text) {
	mate := policy.Named(openmates.KindMate, q.asker.Mate.Handle) // a trial may ask one that is switched off
	if ok, by, why := policy.MayUse(q.asker, mate); !ok && why == policy.Forbidden {
		return openmates.TroubleNotAllowed, mateNotAllowed(q.asker.Mate, q.asker.Team, by)
	}
	return "", ""
}

// modelRefusal says which layer forbids the model or its provider; "" = none
// does.
func modelRefusal(q question, model string) (openmates.Trouble, openmates.Text) {
	ok, by, _ := policy.MayUse(q.asker, policy.Named(openmates.KindModel, model))
	if ok {
		return "", ""
	}
	provider, _, _ := strings.Cut(model, "/")
	if !by.Limits.Allows(openmates.KindProvider, provider) {
		return openmates.TroubleNotAllowed, notAllowed(openmates.T("the provider %s", provider), by)
	}
	return openmates.TroubleNotAllowed, notAllowed(openmates.T("the model %s", model), by)
}

// ask has the model write the answer, showing the draft as it grows.
func (r *Room) ask(ctx context.Context, o openmates.Outcome, t *talk, d *draft) (openmates.Outcome, error) {
	within, end := ctx, func() {}
	if d != nil { // what has no channel has nobody to stop it
		within, end = r.stoppable(ctx, o.Key)
	}
	err := r.showing(within, &t.w, d, t.run)
	if err != nil && errors.Is(context.Cause(within), errStopped) {
		err, t.stop = nil, stopAsked
	}
	end()
	o.Usage = t.used()
	if ctx.Err() != nil || t.broken != nil {
		if d == nil { // no queue will come back to it
			o.State, o.Text = brokenOff(t.w.text())
		}
		return o, cmp.Or(context.Cause(ctx), t.broken)
	}
	o.State, o.Why, o.Text = conclude(t.w.text(), t.stop, err, t.choice.Fixed, t.say)
	if t.stop == stopMoney {
		o.State, o.Why, o.Text = outOfMoney(t.w.text(), t.over, t.team, t.say)
		o.Until = t.over.Until
	}
	if e, ok := errors.AsType[*messenger.SendError](err); ok {
		o.State, o.Why = openmates.TurnFailed, openmates.TroubleNotPosted
		return o, e
	}
	if err != nil {
		r.cfg.Log.Warn("the model failed", "key", o.Key, "model", t.choice.Name, "err", err)
	}
	return o, nil
}

// brokenOff is what is kept of an answer that nobody waits for any more.
func brokenOff(text string) (openmates.TurnState, string) {
	if text = strings.TrimSpace(text); text == "" {
		return openmates.TurnFailed, ""
	}
	return openmates.TurnAnswered, messenger.Closed(text)
}

// outOfMoney is what is said when a layer's money doesn't reach for another
// round.
func outOfMoney(text string, e *openmates.LimitError, team openmates.Team, say func(openmates.Text) string) (openmates.TurnState, openmates.Trouble, string) {
	if text = strings.TrimSpace(text); text == "" {
		return openmates.TurnRefused, openmates.TroubleMoney, say(noMoneyLeft(e, team))
	}
	return openmates.TurnAnswered, "", messenger.Closed(text) + remark(say(moneyStop(e, team)))
}

// conclude is what is said in the end, with a word on why it ended early.
func conclude(text string, stop llm.Stop, err error, fixed bool, say func(openmates.Text) string) (openmates.TurnState, openmates.Trouble, string) {
	text = strings.TrimSpace(text)
	switch {
	case stop == stopAsked && text == "":
		return openmates.TurnAnswered, "", "*" + say(stoppedFirst()) + "*"
	case stop == stopAsked:
		return openmates.TurnAnswered, "", messenger.Closed(text) + remark(say(stopped()))
	case err != nil && text == "":
		why, said := modelTrouble(err, fixed)
		return openmates.TurnFailed, why, say(said)
	case err != nil:
		return openmates.TurnAnswered, "", messenger.Closed(text) + remark(say(cutShort()))
	case stop == stopRounds && text == "":
		return openmates.TurnFailed, openmates.TroubleNoWords, say(onlySkills())
	case stop == stopRounds:
		return openmates.TurnAnswered, "", messenger.Closed(text) + remark(say(tooManyRounds()))
	case text == "" && stop == llm.StopFilter:
		why, said := modelTrouble(&llm.Error{Kind: llm.KindFiltered}, fixed)
		return openmates.TurnFailed, why, say(said)
	case text == "" && stop == llm.StopLength:
		return openmates.TurnFailed, openmates.TroubleThought, say(onlyThoughts())
	case text == "" && stop == llm.StopOther:
		why, said := modelTrouble(&llm.Error{Kind: llm.KindCut}, fixed)
		return openmates.TurnFailed, why, say(said)
	case text == "":
		return openmates.TurnFailed, openmates.TroubleNoWords, say(noWords())
	case stop == llm.StopOther:
		return openmates.TurnAnswered, "", messenger.Closed(text) + remark(say(cutShort()))
	case stop == llm.StopLength:
		return openmates.TurnAnswered, "", messenger.Closed(text) + remark(say(tooLong()))
	case stop == llm.StopFilter:
		return openmates.TurnAnswered, "", messenger.Closed(text) + remark(say(withheld()))
	}
	return openmates.TurnAnswered, "", text
}

// reservation is what is set aside before a call with this request, in addition
// to what was spent before it. Once the call is made, its input is paid for in
// any case.
func reservation(c llm.Choice, u openmates.Usage, spent openmates.Micros, req llm.Request) openmates.Usage {
	u.Cost = spent.Plus(c.Price.Cost(llm.Estimate(req), 0, answerTokens))
	u.Sent = spent.Plus(c.Price.Cost(llm.Estimate(req), 0, 0))
	return u
}
