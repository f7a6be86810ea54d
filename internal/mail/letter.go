package mail

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"openmates"
)

// Occasion is why a message is sent. It decides the subject, which contains
// nothing that a person typed, and the budgets that apply.
type Occasion string

// The occasions. The values are stored in the database for as long as the
// budgets last.
const (
	Inviting   Occasion = "inviting"    // a team invites an address
	Proving    Occasion = "proving"     // somebody claims an address, to use an invite
	Confirming Occasion = "confirming"  // a person confirms a new address
	Recovering Occasion = "coming back" // a link to reset a password
	Notifying  Occasion = "telling"     // something happened to a person's account
	Testing    Occasion = "trying"      // an admin sets up mail
)

// subject returns the subject line. It is the same for everybody who reads the
// same language.
func (o Occasion) subject() openmates.Text {
	switch o {
	case Inviting:
		return openmates.T("An invitation to a team on OpenMates")
	case Proving:
		return openmates.T("Confirm your address to join a team on OpenMates")
	case Confirming:
		return openmates.T("Please confirm your address")
	case Recovering:
		return openmates.T("Choose a new password for OpenMates")
	case Notifying:
		return openmates.T("Your OpenMates account was changed")
	}
	return openmates.T("Mail works")
}

// pot groups the occasions that are counted together. What strangers can
// trigger never uses up what an account's owner needs.
func (o Occasion) pot() string {
	switch o {
	case Recovering, Notifying, Testing:
		return string(o)
	}
	return "others"
}

// longest is the longest period of a budget.
const longest = 24 * time.Hour

// budgets returns how much may be sent to one mailbox, by one person, by one
// team, and by the server.
func (o Occasion) budgets() []Budget {
	switch o {
	case Testing: // includes failed attempts; only server admins make them
		return []Budget{
			{Scope: ToRecipient, Most: 10, Within: time.Hour},
			{Scope: BySender, Most: 30, Within: time.Hour},
		}
	case Notifying:
		return []Budget{
			{Scope: ToRecipient, Most: 10, Within: time.Hour},
			{Scope: ByServer, Most: 500, Within: longest},
		}
	}
	return []Budget{
		{Scope: ToRecipient, Most: 3, Within: time.Hour},
		{Scope: ToRecipient, Most: 10, Within: longest},
		{Scope: BySender, Most: 30, Within: time.Hour},
		{Scope: BySender, Most: 100, Within: longest},
		{Scope: ByTeam, Most: 100, Within: longest},
		{Scope: ByServer, Most: 500, Within: longest},
	}
}

// Letter is a message to one address. Its subject comes from its occasion.
type Letter struct {
	On   Occasion
	To   string
	By   openmates.ID   // who it is counted for; 0 = nobody
	Team openmates.ID   // the team it is counted for; 0 = none
	Body openmates.Text // may contain what people typed only as returned by Quoted
	// Languages are those that its reader can be expected to read, BCP 47 tags, the
	// best one first; "" if one isn't known.
	Languages []string
}

// mailbox returns the key of a recipient's budget: spellings that often reach
// the same person count as one.
func mailbox(address string) string {
	local, domain, _ := strings.Cut(strings.ToLower(address), "@")
	local, _, _ = strings.Cut(local, "+")
	sum := sha256.Sum256([]byte(strings.ReplaceAll(local, ".", "") + "@" + domain))
	return hex.EncodeToString(sum[:])
}

const maxQuoted = 60 // characters

// Quoted returns what a person typed as it may appear in a message to somebody
// else: on one line, short, in quotation marks that it can't close, and in a
// form that no mail program turns into a link.
func Quoted(s string) string {
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
			put(c) // a gap after each breaks anything that would be an address
			put(' ')
		default:
			put(c)
		}
	}
	return "“" + strings.TrimSpace(b.String()) + "”"
}

// atTime returns when something works again: rounded up to the minute, with the
// date if it isn't today.
func atTime(at, now time.Time) openmates.Day {
	at = at.UTC().Add(time.Minute - 1).Truncate(time.Minute)
	if at.Format(time.DateOnly) == now.UTC().Format(time.DateOnly) {
		return openmates.Day{Layout: "15:04 UTC", Time: at}
	}
	return openmates.Day{Layout: "2006-01-02 15:04 UTC", Time: at}
}

// overBudget returns an error that says which budget is used up, and until
// when.
func overBudget(r Refusal, now time.Time) error {
	again := atTime(r.Again, now)
	switch r.Scope {
	case ToRecipient:
		return openmates.Errorf(openmates.ELimit, "The mail limit for this address has been reached. The next message can be sent from %s on.", again)
	case BySender:
		return openmates.Errorf(openmates.ELimit, "You've reached the mail limit for one person. The next message can be sent from %s on.", again)
	case ByTeam:
		return openmates.Errorf(openmates.ELimit, "The mail limit for one team has been reached. The next message can be sent from %s on.", again)
	}
	return openmates.Errorf(openmates.ELimit, "This server's mail limit has been reached. The next message can be sent from %s on.", again)
}
