package account

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"openmates"
	"openmates/internal/guard"
)

// occasion is why a message is sent. It decides the subject, in which no words
// of a person stand, and the budgets that the message is held against.
type occasion string

const (
	inviting   occasion = "inviting"   // a team invites an address
	proving    occasion = "proving"    // somebody says that an address is theirs, to use an invite
	confirming occasion = "confirming" // a person's new address
	comingBack occasion = "coming back"
	telling    occasion = "telling" // a person hears what happened to their account
	trying     occasion = "trying"  // an admin sets mail up
)

// subject is the line that a mailbox lists. It is the same for everybody.
func (o occasion) subject() string {
	switch o {
	case inviting:
		return "An invitation to a team on OpenMates"
	case proving:
		return "Confirm your address to join a team on OpenMates"
	case confirming:
		return "Please confirm your address"
	case comingBack:
		return "Choose a new password for OpenMates"
	case telling:
		return "Your OpenMates account was changed"
	}
	return "Mail works"
}

// pot groups the occasions whose messages are counted together. What strangers
// can have sent never uses up what an account's owner needs.
func (o occasion) pot() string {
	switch o {
	case comingBack, telling, trying:
		return string(o)
	}
	return "others"
}

// longest is the longest period of a budget.
const longest = 24 * time.Hour

// budgets are how much may be sent: to one mailbox, by one person, by one team,
// and by the server.
func (o occasion) budgets() []openmates.MailBudget {
	switch o {
	case trying: // tries count, also those that fail; who may make them runs the server
		return []openmates.MailBudget{
			{Scope: openmates.MailToRecipient, Most: 10, Within: time.Hour},
			{Scope: openmates.MailBySender, Most: 30, Within: time.Hour},
		}
	case telling:
		return []openmates.MailBudget{
			{Scope: openmates.MailToRecipient, Most: 10, Within: time.Hour},
			{Scope: openmates.MailByServer, Most: 500, Within: longest},
		}
	}
	return []openmates.MailBudget{
		{Scope: openmates.MailToRecipient, Most: 3, Within: time.Hour},
		{Scope: openmates.MailToRecipient, Most: 10, Within: longest},
		{Scope: openmates.MailBySender, Most: 30, Within: time.Hour},
		{Scope: openmates.MailBySender, Most: 100, Within: longest},
		{Scope: openmates.MailByTeam, Most: 100, Within: longest},
		{Scope: openmates.MailByServer, Most: 500, Within: longest},
	}
}

// letter is a message to one address. It has no subject of its own.
type letter struct {
	on   occasion
	to   string
	by   openmates.ID // whom it is counted for; 0 = nobody
	team openmates.ID
	body string // what people typed stands in it only by way of quoted
}

// mailbox is what the budget of a recipient is kept for: spellings that often
// reach the same person are one.
func mailbox(address string) string {
	local, domain, _ := strings.Cut(strings.ToLower(address), "@")
	local, _, _ = strings.Cut(local, "+")
	return guard.Digest(strings.ReplaceAll(local, ".", "") + "@" + domain)
}

const maxQuoted = 60 // characters

// quoted is what a person typed, as it may stand in a message to somebody else:
// on one line, not long, between quotation marks that it can't close, and in
// a form that no mail program takes for a link.
func quoted(s string) string {
	var b strings.Builder
	n, space := 0, true
	put := func(c rune) {
		if space && c == ' ' {
			return
		}
		b.WriteRune(c)
		space = c == ' '
		n++
	}
	for _, c := range s {
		switch {
		case n >= maxQuoted:
			return "“" + strings.TrimSpace(b.String()) + "…”"
		case c == utf8.RuneError, unicode.Is(unicode.Cf, c):
		case unicode.IsSpace(c), unicode.IsControl(c):
			put(' ')
		case strings.ContainsRune("“”\"„‟«»", c):
			put('\'')
		case strings.ContainsRune(".:/\\@%&?=#<>[](){}|。．｡：／＠﹒․‥…", c):
			put(c) // a gap behind each breaks what would be an address
			put(' ')
		default:
			put(c)
		}
	}
	return "“" + strings.TrimSpace(b.String()) + "”"
}

// atTime says when something works again: rounded up to the minute, with the
// day where it is another one.
func atTime(at, now time.Time) string {
	at = at.UTC().Add(time.Minute - 1).Truncate(time.Minute)
	if at.Format(time.DateOnly) == now.UTC().Format(time.DateOnly) {
		return at.Format("15:04") + " UTC"
	}
	return at.Format("2006-01-02 15:04") + " UTC"
}

// overBudget says which budget is used up, and until when.
func overBudget(r openmates.MailRefusal, now time.Time) error {
	again := atTime(r.Again, now)
	switch r.Scope {
	case openmates.MailToRecipient:
		return openmates.Errorf(openmates.ELimit, "This address has got as much mail from this server as it may for now. The next message can be sent from %s on.", again)
	case openmates.MailBySender:
		return openmates.Errorf(openmates.ELimit, "That is as much mail as one person may have sent for now. The next message can be sent from %s on.", again)
	case openmates.MailByTeam:
		return openmates.Errorf(openmates.ELimit, "That is as much mail as one team may have sent for now. The next message can be sent from %s on.", again)
	}
	return openmates.Errorf(openmates.ELimit, "That is as much mail as this server may send for now. The next message can be sent from %s on.", again)
}

func (r *Room) invitation(c openmates.Caller, p Place, i openmates.Invite, to, link string) letter {
	return letter{on: inviting, to: to, by: c.User.ID, team: p.Team.ID, body: fmt.Sprintf(`Hello,

%s invites you to the team %s on an OpenMates server.

Open this link to join:

%s

It works until %s, for this address only. The names in quotation marks are what people typed; nobody has checked them. If you don't know what this is about, ignore this message.
`, quoted(c.User.DisplayName), quoted(p.Team.Name), link, i.Expires.UTC().Format("2 January 2006, 15:04 UTC"))}
}

func (r *Room) proofLetter(c openmates.Caller, w Welcome, to, link string) letter {
	by := w.Invite.By // who invites answers for what the invite has sent
	if c.SignedIn() {
		by = c.User.ID
	}
	return letter{on: proving, to: to, by: by, team: w.Team.ID, body: fmt.Sprintf(`Hello,

open this link to confirm your address and to join the team %s on an OpenMates server:

%s

It works once, within a day. If you didn't ask for it, ignore this message.
`, quoted(w.Team.Name), link)}
}

func (r *Room) confirmation(c openmates.Caller, to, link string) letter {
	return letter{on: confirming, to: to, by: c.User.ID, body: fmt.Sprintf(`Hello,

the account %s on an OpenMates server wants to use this address. Open this link to confirm that it is yours:

%s

It works once, within a day, and while you are signed in. If you didn't ask for it, ignore this message.
`, quoted(c.User.Username), link)}
}

func (r *Room) wayBack(u openmates.User, link string) letter {
	return letter{on: comingBack, to: u.Email, body: fmt.Sprintf(`Hello,

somebody asked for a new password for your account %s. If that was you, open this link and choose one:

%s

It works once, within %d minutes. If it wasn't you, ignore this message: nothing changes.
`, quoted(u.Username), link, int(resetByMailFor.Minutes()))}
}

// notice tells somebody what happened to their account, and what to do if that
// was not in their interest.
func (r *Room) notice(u openmates.User, what string) letter {
	return letter{on: telling, to: u.Email, body: fmt.Sprintf(`Hello,

%s

This is about your account %s at

%s

It happened on %s. If you don't know why, ask an admin of that server at once.
`, what, quoted(u.Username), r.publicURL(), r.now().UTC().Format("2 January 2006, 15:04 UTC"))}
}
