package chat

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/messenger"
	"openmates/internal/spelling"
)

// The sixth step: the model writes, and the draft shows it.

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
		said.decision = brokenOff(k.w.text())
		return said, nil
	case k.stop == stopMoney:
		said.decision = outOfMoney(k.w.text(), k.over, k.team, k.say)
	default:
		said.decision = conclude(k.w.text(), k.stop, err, k.choice.Fixed, k.say)
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
func brokenOff(text string) decision {
	if text = strings.TrimSpace(text); !spelling.Visible(text) {
		return decision{State: openmates.TurnFailed}
	}
	return decision{State: openmates.TurnAnswered, Text: text}
}

// outOfMoney returns what is said if a layer's money isn't enough for another
// round.
func outOfMoney(text string, e *openmates.LimitError, team openmates.Team, say func(openmates.Text) string) decision {
	if text = strings.TrimSpace(text); !spelling.Visible(text) {
		return decision{State: openmates.TurnRefused, Why: openmates.TroubleMoney, Text: say(noMoneyLeft(e, team)), Until: e.Until}
	}
	return decision{State: openmates.TurnAnswered, Text: text, Note: remark(say(moneyStop(e, team))), Until: e.Until}
}

// conclude returns the final text, with a note on why it ended early.
func conclude(text string, stop llm.Stop, err error, fixed bool, say func(openmates.Text) string) decision {
	text = strings.TrimSpace(text)
	if !spelling.Visible(text) {
		return wordless(stop, err, fixed, say)
	}
	note := ""
	switch {
	case stop == stopAsked:
		note = remark(say(stopped()))
	case stop == stopRounds:
		note = remark(say(tooManyRounds()))
	case err != nil, stop == llm.StopOther:
		note = remark(say(cutShort()))
	case stop == llm.StopLength:
		note = remark(say(tooLong()))
	case stop == llm.StopFilter:
		note = remark(say(withheld()))
	}
	return decision{State: openmates.TurnAnswered, Text: text, Note: note}
}

// wordless returns what is said if the model wrote nothing.
func wordless(stop llm.Stop, err error, fixed bool, say func(openmates.Text) string) decision {
	failed := decision{State: openmates.TurnFailed}
	var said openmates.Text
	switch {
	case stop == stopAsked:
		return decision{State: openmates.TurnAnswered, Note: "*" + say(stoppedFirst()) + "*"}
	case err != nil:
		failed.Why, said = modelTrouble(err, fixed)
	case stop == llm.StopFilter:
		failed.Why, said = modelTrouble(&llm.Error{Kind: llm.KindFiltered}, fixed)
	case stop == llm.StopOther:
		failed.Why, said = modelTrouble(&llm.Error{Kind: llm.KindCut}, fixed)
	case stop == llm.StopLength:
		failed.Why, said = openmates.TroubleThought, onlyThoughts()
	case stop == stopRounds:
		failed.Why, said = openmates.TroubleNoWords, onlySkills()
	default:
		failed.Why, said = openmates.TroubleNoWords, noWords()
	}
	failed.Text = say(said)
	return failed
}
