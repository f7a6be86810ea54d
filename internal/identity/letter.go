package identity

import (
	"openmates"
	"openmates/internal/mail"
)

func (r *Room) confirmation(c openmates.Caller, to, link string) mail.Letter {
	return mail.Letter{On: mail.Confirming, To: to, By: c.User.ID, Languages: []string{c.User.Language, c.Language}, Body: openmates.T(`Hello,

the account %s on an OpenMates server wants to use this address. Open this link to confirm that it is yours:

%s

It works once, within a day, and while you are signed in. If you didn't ask for it, ignore this message.
`, mail.Quoted(c.User.Username), link)}
}

// wayBack is a letter to somebody who asked for it on a page in a language.
func (r *Room) wayBack(u openmates.User, language, link string) mail.Letter {
	return mail.Letter{On: mail.Recovering, To: u.Email, Languages: []string{u.Language, language}, Body: openmates.T(`Hello,

somebody asked for a new password for your account %s. If that was you, open this link and choose one:

%s

It works once, within %d minutes. If it wasn't you, ignore this message: nothing changes.
`, mail.Quoted(u.Username), link, int(resetByMailFor.Minutes()))}
}

// notice tells somebody what happened to their account, and what to do if that
// was not in their interest.
func (r *Room) notice(u openmates.User, language string, what openmates.Text) mail.Letter {
	return mail.Letter{On: mail.Notifying, To: u.Email, Languages: []string{u.Language, language}, Body: openmates.T(`Hello,

%s

This is about your account %s at

%s

It happened on %s. If you don't know why, ask an admin of that server at once.
`, what, mail.Quoted(u.Username), r.address.URL(), openmates.Day{Layout: "2 January 2006, 15:04 UTC", Time: r.now().UTC()})}
}
