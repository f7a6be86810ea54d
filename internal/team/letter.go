package team

import (
	"context"

	"openmates"
	"openmates/internal/mail"
	"openmates/internal/policy"
)

func (r *Room) invitation(ctx context.Context, c openmates.Caller, p policy.Place, i openmates.Invite, to, link string) mail.Letter {
	return mail.Letter{On: mail.Inviting, To: to, By: c.User.ID, Team: p.Team.ID, Languages: append(r.languagesOf(ctx, to), c.User.Language, c.Language), Body: openmates.T(`Hello,

%s invites you to the team %s on an OpenMates server.

Open this link to join:

%s

It works until %s, for this address only. The names in quotation marks are what people typed; nobody has checked them. If you don't know what this is about, ignore this message.
`, mail.Quoted(c.User.DisplayName), mail.Quoted(p.Team.Name), link, openmates.Day{Layout: "2 January 2006, 15:04 UTC", Time: i.Expires.UTC()})}
}

// languagesOf returns the languages of the accounts with an address. Only the
// owner of the mailbox sees what they are.
func (r *Room) languagesOf(ctx context.Context, address string) []string {
	users, err := r.store.ConfirmedUsers(ctx, address)
	if err != nil {
		r.log.WarnContext(ctx, "can't find the language of who is invited", "err", err)
	}
	var all []string
	for _, u := range users {
		all = append(all, u.Language)
	}
	return all
}

func (r *Room) proofLetter(c openmates.Caller, w Welcome, to, link string) mail.Letter {
	by := w.Invite.By // who invites answers for what the invite has sent
	if c.SignedIn() {
		by = c.User.ID
	}
	return mail.Letter{On: mail.Proving, To: to, By: by, Team: w.Team.ID, Languages: []string{c.User.Language, c.Language}, Body: openmates.T(`Hello,

open this link to confirm your address and to join the team %s on an OpenMates server:

%s

It works once, within a day. If you didn't ask for it, ignore this message.
`, mail.Quoted(w.Team.Name), link)}
}
