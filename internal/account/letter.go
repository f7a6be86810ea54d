package account

import (
	"fmt"

	"openmates"
	"openmates/internal/mail"
)

func (r *Room) invitation(c openmates.Caller, p Place, i openmates.Invite, to, link string) mail.Letter {
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

func (r *Room) confirmation(c openmates.Caller, to, link string) mail.Letter {
	return mail.Letter{On: mail.Confirming, To: to, By: c.User.ID, Body: fmt.Sprintf(`Hello,

the account %s on an OpenMates server wants to use this address. Open this link to confirm that it is yours:

%s

It works once, within a day, and while you are signed in. If you didn't ask for it, ignore this message.
`, mail.Quoted(c.User.Username), link)}
}

func (r *Room) wayBack(u openmates.User, link string) mail.Letter {
	return mail.Letter{On: mail.Recovering, To: u.Email, Body: fmt.Sprintf(`Hello,

somebody asked for a new password for your account %s. If that was you, open this link and choose one:

%s

It works once, within %d minutes. If it wasn't you, ignore this message: nothing changes.
`, mail.Quoted(u.Username), link, int(resetByMailFor.Minutes()))}
}

// notice tells somebody what happened to their account, and what to do if that
// was not in their interest.
func (r *Room) notice(u openmates.User, what string) mail.Letter {
	return mail.Letter{On: mail.Notifying, To: u.Email, Body: fmt.Sprintf(`Hello,

%s

This is about your account %s at

%s

It happened on %s. If you don't know why, ask an admin of that server at once.
`, what, mail.Quoted(u.Username), r.address.URL(), r.now().UTC().Format("2 January 2006, 15:04 UTC"))}
}
