package web

import (
	"openmates"
)

// cures holds the pages on which the cause of a failed turn can be fixed, or ""
// for those that the reader may not open. Pages of teams that they aren't in
// are closed to them.
type cures struct{ mate, limits, people, connect, channels string }

func curesOf(t openmates.TroubledTurn, in []teamCard) cures {
	at := cures{mate: "/server/mates/" + t.Mate, limits: "/server/limits", channels: "/server/bots"}
	if t.Mate == "" {
		at.mate = "/server/mates"
	}
	for _, c := range in {
		team := "/teams/" + c.Slug
		if at.connect == "" {
			at.connect = team + "/connect"
		}
		if c.Slug == t.Team {
			at.limits, at.people, at.channels = team+"/limits", team+"/people", team+"/connect"
		}
	}
	return at
}

// cureOf describes what went wrong with a turn and where a member of these
// teams can fix it.
func cureOf(t openmates.TroubledTurn, in []teamCard) Problem {
	at := curesOf(t, in)
	if p, is := modelTrouble(t.Why, at.mate); is {
		return p
	}
	switch t.Why {
	case openmates.TroubleWorkspace:
		return Problem{What: openmates.T("The workspace isn’t connected to a team."), Cure: openmates.T("A team member can add the mate there on the team’s page."), Path: at.connect}
	case openmates.TroubleAccount:
		return Problem{What: openmates.T("The person’s account isn’t linked."), Cure: openmates.T("They can link it on their profile."), Path: at.people}
	case openmates.TroubleNotMember:
		return Problem{What: openmates.T("The person’s account is linked, but they aren’t in that workspace’s team."), Cure: openmates.T("A team admin can invite them."), Path: at.people}
	case openmates.TroubleNoAccess:
		return noAccess(t, at.channels)
	case openmates.TroubleTeam:
		return Problem{What: openmates.T("A direct message from someone in several teams, or in none."), Cure: openmates.T("They can ask in one of the team’s channels instead.")}
	case openmates.TroubleText:
		return Problem{What: openmates.T("The mention contained no text."), Cure: openmates.T("Mention the mate by its name, not its role, with the question in the same message.")}
	case openmates.TroubleNotAllowed:
		return Problem{What: openmates.T("A limit doesn’t allow this mate, provider or model."), Cure: openmates.T("Allow it if you want to. The server, the mate, the team and the person each have their own limits."), Path: at.limits}
	case openmates.TroubleMateOff:
		return Problem{What: openmates.T("Someone asked this mate, but it’s switched off."), Cure: openmates.T("Switch it on again, or remove its bot from the workspace."), Path: at.mate}
	case openmates.TroubleRate:
		return Problem{What: openmates.T("More requests in a minute than are allowed."), Cure: openmates.T("Raise the limit if it’s too low."), Path: at.limits}
	case openmates.TroubleMoney:
		return Problem{What: openmates.T("This month’s budget is used up."), Cure: openmates.T("Raise the budget, or wait until next month."), Path: at.limits}
	case openmates.TroubleNotPosted:
		return Problem{What: openmates.T("The messenger rejected the answer."), Cure: openmates.T("The mate may not be able to see the channel or write there: check its permissions."), Path: "/server/bots"}
	}
	return Problem{What: openmates.T("Gave up on the question after several attempts."), Cure: openmates.T("The reason is in the server’s log.")}
}

// modelTrouble is cureOf for problems with the model or its provider.
func modelTrouble(why openmates.Trouble, mate string) (Problem, bool) {
	switch why {
	case openmates.TroubleNoModel:
		return Problem{What: openmates.T("The mate has no model."), Cure: openmates.T("Choose one for it, or add a provider."), Path: mate}, true
	case openmates.TroubleKey:
		return Problem{What: openmates.T("The provider doesn’t accept its key."), Cure: openmates.T("Enter a new key."), Path: "/server/providers"}, true
	case openmates.TroubleSettingsKey:
		return Problem{What: openmates.T("The provider doesn’t accept the key from this server’s settings."), Cure: openmates.T("Set a new key in the settings OpenMates is started with, then restart it."), Path: "/server/providers"}, true
	case openmates.TroubleCredit:
		return Problem{What: openmates.T("The provider account is out of credit."), Cure: openmates.T("Top it up on the provider’s website."), Path: "/server/providers"}, true
	case openmates.TroubleModelGone:
		return Problem{What: openmates.T("The provider no longer offers this model."), Cure: openmates.T("Choose another one for the mate."), Path: mate}, true
	case openmates.TroubleTooLong:
		return Problem{What: openmates.T("The conversation is too long for this model."), Cure: openmates.T("Choose a model with a larger context."), Path: mate}, true
	case openmates.TroubleFiltered:
		return Problem{What: openmates.T("The provider refuses to answer this."), Cure: openmates.T("Nothing is broken; rephrasing may help.")}, true
	case openmates.TroubleBusy:
		return Problem{What: openmates.T("The provider is getting too many requests from this server."), Cure: openmates.T("Raise the rate limit at the provider, or lower the limit here."), Path: "/server/limits"}, true
	case openmates.TroubleInvalid:
		return Problem{What: openmates.T("The provider rejected the request."), Cure: openmates.T("Check that the model writes text; the reason is in the log."), Path: "/server/providers"}, true
	case openmates.TroubleUnreachable:
		return Problem{What: openmates.T("The provider didn’t answer."), Cure: openmates.T("Check it on its page."), Path: "/server/providers"}, true
	case openmates.TroubleNoWords:
		return Problem{What: openmates.T("The model returned an empty answer."), Cure: openmates.T("If it happens again, choose another model."), Path: mate}, true
	case openmates.TroubleNoPrice:
		return Problem{What: openmates.T("There’s a budget, but the model has no price, so its cost can’t be counted."), Cure: openmates.T("Enter the model’s price; 0 means that it’s free."), Path: "/server/providers"}, true
	case openmates.TroubleThought:
		return Problem{What: openmates.T("The model used all its room for thinking."), Cure: openmates.T("Choose a model that thinks less, or one with more room."), Path: mate}, true
	case openmates.TroubleBarred:
		return Problem{What: openmates.T("The provider doesn’t serve this server: its country isn’t supported, or a firewall blocks it."), Cure: openmates.T("Choose another provider, or check the firewall."), Path: "/server/providers"}, true
	}
	return Problem{}, false
}

// noAccess describes where a mate was asked and may not write, and which
// permission it lacks.
func noAccess(t openmates.TroubledTurn, at string) Problem {
	p := Problem{What: openmates.T("The mate was asked where it can’t write."), Cure: openmates.T("Give its role the missing permission there."), Path: at}
	if t.Channel != "" {
		p.What = openmates.T("The mate was asked in %s but can’t write there: %s is missing.", t.Channel, t.Lacks)
	} else if t.Lacks != "" {
		p.What = openmates.T("The mate was asked where it can’t write: %s is missing.", t.Lacks)
	}
	return p
}
