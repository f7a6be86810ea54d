package messenger

import (
	"openmates"
)

// Refusals that only connecting fixes. Chat and API use the same words. The
// first two are the exact sentences of the product's workflow, which is why
// they have this word order and the second has no full stop. People whose
// language isn't known, and programs, get them unchanged; others get them in
// their own language.

// ConnectWorkspace is the refusal in a workspace that belongs to no team.
func (i Info) ConnectWorkspace() openmates.Text {
	return openmates.T("Please connect first the %s %s with your team.", i.Label, i.Place)
}

// ConnectAccount is the refusal for an account that isn't linked.
func (i Info) ConnectAccount() openmates.Text {
	return openmates.T("Please connect first your %s account with your OpenMates account", i.Label)
}

// NotMember is the refusal for a linked account whose owner isn't a member of
// the workspace's team: linking again would not help.
func (i Info) NotMember(t openmates.Team) openmates.Text {
	return openmates.T("Your %s account is linked, but you aren't a member of the team %s that this %s belongs to. Ask one of its admins to invite you.", i.Label, t.Name, i.Workspace)
}
