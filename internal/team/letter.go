package team

import (
	"fmt"

	"openmates"
	"openmates/internal/mail"
	"openmates/internal/policy"
)

func (r *Room) invitation(c openmates.Caller, p policy.Place, i openmates.Invite, to, link string) mail.Letter {
	return mail.Letter{On: mail.Inviting, To: to, By: c.User.ID, Team: p.Team.ID, Body: fmt.Sprintf(`Hello,

%s invites you to the team %s on an OpenMates server.

Open this link to join:

%s

It works until %s, for this address only. The names in quotation marks are what people typed; nobody has checked them. If you don't know what this is about, ignore this message.
`, mail.Quoted(c.User.DisplayName), mail.Quoted(p.Team.Name), link, i.Expires.UTC().Format("2 January 2006, 15:04 UTC"))}
}

func (r *Room) proofLetter(c openmates.Caller, w Welcome, to, link string) mail.Letter {
	by := w.Invite.By // who invites answers for what the invite has sent
	if c.SignedIn() {
		by = c.User.ID
	}
	return mail.Letter{On: mail.Proving, To: to, By: by, Team: w.Team.ID, Body: fmt.Sprintf(`Hello,

open this link to confirm your address and to join the team %s on an OpenMates server:

%s

It works once, within a day. If you didn't ask for it, ignore this message.
`, mail.Quoted(w.Team.Name), link)}
}
