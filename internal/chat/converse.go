package chat

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/messenger"
)

// The fifth step: the model writes, and the draft shows it.

// spoken is the result of a conversation with the model.
type spoken struct {
	decision
	usage openmates.Usage
}

// converse makes the model write the answer, showing the draft as it grows. An
// error means that the turn must be retried, unless State is failed: then the
// place rejects the answer for good.
func (r *Room) converse(ctx context.Context, t *turn, k *talk, d *draft) (spoken, error) {
	within, end := r.stoppable(ctx, t.in.Key)
	err := r.showing(within, &k.w, d, k.run)
	cause := context.Cause(within)
	end()
	said := spoken{usage: k.used()}
	if err != nil && errors.Is(cause, errStopped) {
		err, k.stop = nil, stopAsked
	}
	if ctx.Err() != nil || k.broken != nil {
		return said, cmp.Or(context.Cause(ctx), k.broken)
	}
	switch {
	case err != nil && errors.Is(cause, errLeft):
		said.State, said.Text = brokenOff(k.w.text())
		return said, nil
	case k.stop == stopMoney:
		said.State, said.Why, said.Text = outOfMoney(k.w.text(), k.over, k.team, k.say)
		said.Until = k.over.Until
	default:
		said.State, said.Why, said.Text = conclude(k.w.text(), k.stop, err, k.choice.Fixed, k.say)
	}
	if e, ok := errors.AsType[*messenger.SendError](err); ok {
		said.State, said.Why = openmates.TurnFailed, openmates.TroubleNotPosted
		return said, e
	}
	if err != nil {
		r.cfg.Log.Warn("the model failed", "key", t.in.Key, "model", k.choice.Name, "err", err)
	}
	return said, nil
}

// brokenOff returns what is kept of an answer that nobody waits for any more.
func brokenOff(text string) (openmates.TurnState, string) {
	if text = strings.TrimSpace(text); text == "" {
		return openmates.TurnFailed, ""
	}
	return openmates.TurnAnswered, messenger.Closed(text)
}

// outOfMoney returns what is said if a layer's money isn't enough for another
// round.
func outOfMoney(text string, e *openmates.LimitError, team openmates.Team, say func(openmates.Text) string) (openmates.TurnState, openmates.Trouble, string) {
	if text = strings.TrimSpace(text); text == "" {
		return openmates.TurnRefused, openmates.TroubleMoney, say(noMoneyLeft(e, team))
	}
	return openmates.TurnAnswered, "", messenger.Closed(text) + remark(say(moneyStop(e, team)))
}

// conclude returns the final text, with a remark on why it ended early.
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
