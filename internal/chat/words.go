package chat

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/messenger"
	"openmates/internal/skill"
)

// The two refusals keep the wording of the product's workflow to the letter.
func connectWorkspace(i messenger.Info) string {
	return "Please connect first the " + i.Label + " " + i.Place + " with your team."
}

func connectAccount(i messenger.Info) string {
	return "Please connect first your " + i.Label + " account with your OpenMates account"
}

// ownLinkText goes above a link that is for one person alone.
func ownLinkText(i messenger.Info) string {
	return "This link is for you alone: it links your " + i.Label + " account with the OpenMates account that you sign in with there. It works once, within 15 minutes. Please don't pass it on."
}

func linkedAlready(i messenger.Info, u openmates.User) string {
	return fmt.Sprintf("Your %s account is linked with the OpenMates account %s (%s) already. You can unlink it on your profile.", i.Label, u.DisplayName, u.Username)
}

const (
	noTeam        = "You are in no team on this OpenMates server yet, so nobody has a mate for you. Please ask the admin of a team for an invitation."
	stopped       = "\n\n*I was asked to stop here.*"
	stoppedFirst  = "*I was asked to stop before I had written anything.*"
	noText        = "I was mentioned, but I can't see any text. Please mention me by my name, not by my role, and write your question in the same message."
	noWords       = "My model answered without a word. Please ask me again, perhaps in other words."
	cutShort      = "\n\n*My model broke off here. Please ask me to go on.*"
	tooLong       = "\n\n*I stopped here because the answer got too long. Please ask me to go on.*"
	tooManyRounds = "\n\n*I stopped here because I used my skills many times without coming to an end. Please ask me to go on.*"
	onlySkills    = "I used my skills many times without coming to an answer. Please ask me again, perhaps for a smaller step."
	withheld      = "\n\n*The model's provider withheld the rest of this answer.*"
)

// What the model is told of its tools.
const (
	lastRound    = "\n\n(That was the last time that tools could be used for this answer. Answer now with what you know.)"
	noTime       = "The time for the tools of this answer is used up. Answer now with what you know."
	noRoom       = "The tools have brought back as much text as one answer may use. Answer now with what you know."
	tooManyCalls = "That were too many calls at once. Ask again for what is still needed, at most 8 at a time."
)

func noSuchTool(name string, shown []llm.Tool) string {
	var names []string
	for _, t := range shown {
		names = append(names, t.Name)
	}
	if len(names) == 0 {
		return "There are no tools here. Answer with what you know."
	}
	return fmt.Sprintf("There is no tool called %q here. There are: %s.", name, strings.Join(names, ", "))
}

func toolNotAllowed(o skill.Offer, l openmates.Layer) string {
	return fmt.Sprintf("%s is not allowed here by %s. An admin of it can change that in OpenMates. Answer without it, and say so if it matters.", o.Name, l.Name)
}

func toolFailed(o skill.Offer) string {
	return fmt.Sprintf("%s failed on the server's side. Answer without it, and say so if it matters.", o.Name)
}

func notAllowed(what string, l openmates.Layer) string {
	return fmt.Sprintf("I may not answer here: %s is not allowed by %s. An admin of it can change that in OpenMates.", what, l.Name)
}

func switchedOff(mate openmates.Mate) string {
	return fmt.Sprintf("%s was switched off by the admin of this OpenMates server and answers nobody until it is switched on again.", mate.Name)
}

func noModel(mate openmates.Mate) string {
	return fmt.Sprintf("%s has no model to think with yet. Please ask the admin of this OpenMates server to connect one.", mate.Name)
}

func overLimit(e *openmates.LimitError, now time.Time) (openmates.Trouble, string) {
	if e.Money {
		return openmates.TroubleMoney, fmt.Sprintf("The money that %s has set aside for this month is used up. %s", e.Layer.Name, moneyCure(e))
	}
	wait := max(e.Until.Sub(now).Round(time.Second), time.Second)
	return openmates.TroubleRate, fmt.Sprintf("That is more than the %d requests per minute that %s allows. Please ask me again in %d seconds.",
		e.Layer.Limits.PerMinute, e.Layer.Name, int(wait.Seconds()))
}

// moneyStop ends an answer that was begun.
func moneyStop(e *openmates.LimitError) string {
	return fmt.Sprintf("\n\n*I stopped here because the money that %s has set aside for this month does not reach for my next step. %s*",
		e.Layer.Name, moneyCure(e))
}

// noMoneyLeft stands where nothing was written yet.
func noMoneyLeft(e *openmates.LimitError) string {
	return fmt.Sprintf("I used my skills, but the money that %s has set aside for this month does not reach for the answer. %s",
		e.Layer.Name, moneyCure(e))
}

func moneyCure(e *openmates.LimitError) string {
	return fmt.Sprintf("An admin of it can raise the budget; otherwise it starts anew on %s.", e.Until.UTC().Format("2 January"))
}

// modelTrouble says what a model's failure means for the person who asked.
// fixed says that the provider's key comes from the settings of the server,
// where no page can change it.
func modelTrouble(err error, fixed bool) (openmates.Trouble, string) {
	kind := llm.KindUnavailable
	if e, ok := errors.AsType[*llm.Error](err); ok {
		kind = e.Kind
	}
	switch kind {
	case llm.KindBadKey:
		if fixed {
			return openmates.TroubleSettingsKey, "My model's provider does not accept the key of this server any more. Please tell its admin: the key is part of the settings that OpenMates is started with. It works again with a new key there and a restart."
		}
		return openmates.TroubleKey, "My model's provider does not accept the key of this server any more. Please tell its admin: a new key under Providers cures it."
	case llm.KindNoCredit:
		return openmates.TroubleCredit, "The account with my model's provider has no credit left. Please tell the admin of this OpenMates server."
	case llm.KindNoModel:
		return openmates.TroubleModelGone, "My model does not exist at its provider any more. Please tell the admin of this OpenMates server to choose another one for me."
	case llm.KindTooLong:
		return openmates.TroubleTooLong, "That is more text than my model can read at once. Please ask with less."
	case llm.KindFiltered:
		return openmates.TroubleFiltered, "My model's provider refuses to answer this. Please ask in other words."
	case llm.KindRateLimited:
		return openmates.TroubleBusy, "My model's provider has too many requests from this server at the moment. Please ask me again in a minute."
	case llm.KindInvalid:
		return openmates.TroubleInvalid, "My model's provider did not understand the request. Please tell the admin of this OpenMates server; the log has the reason."
	default:
		return openmates.TroubleUnreachable, "I can't reach my model at the moment. Please ask me again in a minute."
	}
}
