package messenger

import (
	"openmates"
)

// The refusals that only connecting cures. Chat and API say them in the same
// words. The first two are the product's workflow to the letter, which is why
// they have this word order and the second has no full stop. They are read to
// the letter by people of whom no language is known, and by programs; others
// get them in their own language.

// ConnectWorkspace is the refusal where a workspace belongs to no team.
func (i Info) ConnectWorkspace() openmates.Text {
	return openmates.T("Please connect first the %s %s with your team.", i.Label, i.Place)
}

// ConnectAccount is the refusal where an account is not linked.
func (i Info) ConnectAccount() openmates.Text {
	return openmates.T("Please connect first your %s account with your OpenMates account", i.Label)
}

// NotMember is the refusal where an account is linked, but its owner is not a
// member of the team that a workspace belongs to: linking again would not help.
func (i Info) NotMember(t openmates.Team) openmates.Text {
	return openmates.T("Your %s account is linked, but you aren't a member of the team %s that this %s belongs to. Ask one of its admins to invite you.", i.Label, t.Name, i.Workspace)
}
