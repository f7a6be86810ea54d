package chat

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/messenger"
	"openmates/internal/skill"
)

// outsiderOf is messenger.Info.NotMember in private: it names the person's
// account.
func outsiderOf(i messenger.Info, t openmates.Team, u openmates.User) openmates.Text {
	return openmates.T("Your %s account is linked to the OpenMates account **%s** (%s), which isn't a member of the team %s that this %s belongs to. Ask one of its admins to invite you.", i.Label, u.DisplayName, u.Username, t.Name, i.Workspace)
}

// mute is the direct message to somebody who asked a mate where it may not
// write.
func mute(i messenger.Info, o openmates.Outcome) openmates.Text {
	switch {
	case o.Channel != "" && o.Lacks != "":
		return openmates.T("I can't answer you in %s: I'm missing the permission %s there. Ask an admin of that %s to give it to me, or ask me in another channel.", o.Channel, o.Lacks, i.Workspace)
	case o.Lacks != "":
		return openmates.T("I can't answer you there: I'm missing the permission %s. Ask an admin of that %s to give it to me, or ask me in another channel.", o.Lacks, i.Workspace)
	}
	return openmates.T("I couldn't post my answer there: %s rejected it. Ask me in another channel, or ask an admin of that %s to check my permissions.", i.Label, i.Workspace)
}

// ownLinkText introduces a personal link.
func ownLinkText(i messenger.Info) openmates.Text {
	return openmates.T("This personal link connects your %s account to the OpenMates account you sign in to. It works once and expires in 15 minutes. Don't share it.", i.Label)
}

func linkedAlready(i messenger.Info, u openmates.User) openmates.Text {
	return openmates.T("Your %s account is already linked to the OpenMates account %s (%s). You can unlink it on your profile.", i.Label, u.DisplayName, u.Username)
}

func linkedNow(i messenger.Info, u openmates.User) openmates.Text {
	return openmates.T("Your %s account is now linked to the OpenMates account %s. Ask me anything.", i.Label, u.DisplayName)
}

func noTeam() openmates.Text {
	return openmates.T("You're not in a team on this OpenMates server yet, so no mate can answer you. Ask a team admin for an invite.")
}

func stopped() openmates.Text {
	return openmates.T("Stopped here.")
}

func stoppedFirst() openmates.Text {
	return openmates.T("Stopped before I had written anything.")
}

func noText() openmates.Text {
	return openmates.T("I was mentioned, but I can't see any text. Please mention me by my name, not by my role, and write your question in the same message.")
}

func noWords() openmates.Text {
	return openmates.T("My model returned an empty answer. Please ask me again, perhaps in other words.")
}

func noPrice(model string) openmates.Text {
	return openmates.T("There's a budget here, but my model %s has no price yet, so its cost can't be counted. Please ask the admin of this OpenMates server to enter its price under Providers; 0 means that it's free.", model)
}

func onlyVoice() openmates.Text {
	return openmates.T("I can't listen to voice messages yet. Please write to me instead.")
}

func onlyThoughts() openmates.Text {
	return openmates.T("My model used all its room for thinking and had none left to answer. Please ask a smaller question, or ask an admin of this OpenMates server to choose another model for me.")
}

func cutShort() openmates.Text {
	return openmates.T("My answer was cut off here. Ask me to continue.")
}

func tooLong() openmates.Text {
	return openmates.T("I stopped here because the answer got too long. Ask me to continue.")
}

func tooManyRounds() openmates.Text {
	return openmates.T("I stopped here because I used my skills too many times. Ask me to continue.")
}

func onlySkills() openmates.Text {
	return openmates.T("I used my skills many times without finding an answer. Please ask again, perhaps with a smaller question.")
}

func withheld() openmates.Text {
	return openmates.T("The model's provider withheld the rest of this answer.")
}

// What the model is told about its tools.
const (
	lastRound    = "\n\n(That was the last time that tools could be used for this answer. Answer now with what you know.)"
	noTime       = "The time for the tools of this answer is used up. Answer now with what you know."
	noRoom       = "The tools have brought back as much text as one answer may use. Answer now with what you know."
	tooManyCalls = "Those were too many calls at once. Ask again for what is still needed, at most 8 at a time."
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
	by, admin := l.Name.String(), "A server admin"
	switch l.Kind() {
	case openmates.MemberLayer:
		by, admin = "the person who asks", "A team admin"
	case openmates.TeamLayer:
		admin = "A team admin"
	}
	return fmt.Sprintf("%s isn't allowed here for %s. %s can change that in OpenMates. Answer without it, and say so if it matters.", o.Name, by, admin)
}

func toolFailed(o skill.Offer) string {
	return fmt.Sprintf("%s failed on the server's side. Answer without it, and say so if it matters.", o.Name)
}

// mateNotAllowed depends on whose limit it is; the person's own is addressed to
// them.
func mateNotAllowed(mate openmates.Mate, team openmates.Team, l openmates.Layer) openmates.Text {
	if l.Kind() == openmates.MemberLayer {
		return openmates.T("You can't ask %s in %s. A team admin can change that.", mate.Name, team.Name)
	}
	return notAllowed(openmates.T("%s", mate.Name), l)
}

func notAllowed(what openmates.Text, l openmates.Layer) openmates.Text {
	switch l.Kind() {
	case openmates.MemberLayer:
		return openmates.T("I can't answer you here: %s isn't allowed for you. A team admin can change that.", what)
	case openmates.TeamLayer:
		return openmates.T("I can't answer here: %s isn't allowed for %s. A team admin can change that.", what, l.Name)
	}
	return openmates.T("I can't answer here: %s isn't allowed for %s. A server admin can change that.", what, l.Name)
}

func switchedOff(mate openmates.Mate) openmates.Text {
	return openmates.T("%s was switched off by an admin of this OpenMates server and can't answer until it's switched on again.", mate.Name)
}

// noMember is for somebody who was still a member when their question was
// accepted.
func noMember(team openmates.Team) openmates.Text {
	if team.Name == "" {
		return openmates.T("The account that asked this doesn't exist any more.")
	}
	return openmates.T("You aren't a member of the team %s any more.", team.Name)
}

func noModel(mate openmates.Mate) openmates.Text {
	return openmates.T("%s doesn't have a model yet. Please ask the admin of this OpenMates server to connect one.", mate.Name)
}

func overLimit(e *openmates.LimitError, team openmates.Team, now time.Time) (openmates.Trouble, openmates.Text) {
	if e.Money {
		return openmates.TroubleMoney, budgetUsed(e, team)
	}
	wait := openmates.Quantity{N: int(max(e.Until.Sub(now).Round(time.Second), time.Second).Seconds()), One: "%d second", Many: "%d seconds"}
	n := openmates.Quantity{N: e.Layer.Limits.PerMinute, One: "%d request", Many: "%d requests"}
	if e.Layer.Kind() == openmates.MemberLayer {
		return openmates.TroubleRate, openmates.T("You've reached your limit of %s per minute in %s. Please ask me again in %s.", n, team.Name, wait)
	}
	return openmates.TroubleRate, openmates.T("You've reached the limit of %s per minute for %s. Please ask me again in %s.", n, e.Layer.Name, wait)
}

// budgetUsed says whose monthly budget is used up, and what can be done.
func budgetUsed(e *openmates.LimitError, team openmates.Team) openmates.Text {
	resets := openmates.Day{Layout: "2 January", Time: e.Until.UTC()}
	switch e.Layer.Kind() {
	case openmates.MemberLayer:
		return openmates.T("You have used up your budget for this month in %s. A team admin can raise it; it resets on %s.", team.Name, resets)
	case openmates.TeamLayer:
		return openmates.T("The budget of %s for this month is used up. A team admin can raise it; it resets on %s.", e.Layer.Name, resets)
	}
	return openmates.T("The budget of %s for this month is used up. A server admin can raise it; it resets on %s.", e.Layer.Name, resets)
}

// moneyStop ends an answer that has already started.
func moneyStop(e *openmates.LimitError, team openmates.Team) openmates.Text {
	return openmates.T("I stopped here before my next step. %s", budgetUsed(e, team))
}

// noMoneyLeft is used if nothing was written yet.
func noMoneyLeft(e *openmates.LimitError, team openmates.Team) openmates.Text {
	return openmates.T("I used my skills, but can't write the answer. %s", budgetUsed(e, team))
}

// modelTrouble says what a model's failure means for the asker. fixed means
// that the provider's key is in the server's settings, where no page can change
// it.
func modelTrouble(err error, fixed bool) (openmates.Trouble, openmates.Text) {
	kind := llm.KindUnavailable
	if e, ok := errors.AsType[*llm.Error](err); ok {
		kind = e.Kind
	}
	switch kind {
	case llm.KindBadKey:
		if fixed {
			return openmates.TroubleSettingsKey, openmates.T("My model's provider no longer accepts this server's key. Please tell a server admin: the key is set where OpenMates is started. It works again with a new key there and a restart.")
		}
		return openmates.TroubleKey, openmates.T("My model's provider no longer accepts this server's key. Please tell a server admin: a new key under Providers fixes it.")
	case llm.KindNoCredit:
		return openmates.TroubleCredit, openmates.T("The account with my model's provider is out of credit. Please tell the admin of this OpenMates server.")
	case llm.KindNoModel:
		return openmates.TroubleModelGone, openmates.T("My provider no longer offers my model. Please ask the admin of this OpenMates server to choose another one for me.")
	case llm.KindTooLong:
		return openmates.TroubleTooLong, openmates.T("That's more text than my model can read at once. Please send a shorter question.")
	case llm.KindFiltered:
		return openmates.TroubleFiltered, openmates.T("My model's provider refuses to answer this. Please try different words.")
	case llm.KindBarred:
		return openmates.TroubleBarred, openmates.T("My model's provider doesn't serve this server: its country isn't supported, or a firewall in between blocks it. Please tell the admin of this OpenMates server.")
	case llm.KindRateLimited:
		if wait := askAgainIn(err); wait > time.Minute {
			return openmates.TroubleBusy, openmates.T("My model's provider is getting too many requests from this server. Please ask me again in %s.", openmates.Quantity{N: int(math.Ceil(wait.Minutes())), One: "%d minute", Many: "%d minutes"})
		}
		return openmates.TroubleBusy, openmates.T("My model's provider is getting too many requests from this server. Please ask me again in a minute.")
	case llm.KindInvalid:
		return openmates.TroubleInvalid, openmates.T("My model's provider rejected the request. Please tell the admin of this OpenMates server; the reason is in the log.")
	default:
		return openmates.TroubleUnreachable, openmates.T("I can't reach my model right now. Please ask me again in a minute.")
	}
}

// askAgainIn returns how long a provider asks to wait.
func askAgainIn(err error) time.Duration {
	if e, ok := errors.AsType[*llm.Error](err); ok {
		return e.After
	}
	return 0
}

// remark formats what a mate adds to an answer that ended early.
func remark(said string) string { return "\n\n*" + said + "*" }
