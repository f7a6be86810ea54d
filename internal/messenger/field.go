package messenger

import (
	"slices"

	"openmates"
)

// Field is a value that an admin enters for a bot. The connector decides what
// its network needs (Info.Fields); pages, API and store only pass it on.
type Field struct {
	Name  string // in forms, and in Bot.Settings or Bot.Secrets
	Kind  FieldKind
	Label openmates.Text
	Hint  openmates.Text // a complete sentence below the field; "" = none
	// Warning is what doesn't work while the value is missing; "" = the value is
	// required, or nothing is lost without it.
	Warning openmates.Text
	// Consent marks a secret that only consent pages need, see Installer and
	// Linker. The listener needs all others.
	Consent bool
	// Mates marks a field that the server's own application doesn't have.
	Mates bool
}

// FieldKind says what may be entered.
type FieldKind string

// The kinds of fields.
const (
	TextField   FieldKind = "text"
	SecretField FieldKind = "secret"
	TickField   FieldKind = "tick" // "true", or "" for no
	// ApplicationField holds Bot.AppID. Left empty, the network fills it in from
	// a secret.
	ApplicationField FieldKind = "application"
)

// CanListen reports whether all that a bot's listener needs can be read.
func (i Info) CanListen(b openmates.Bot) bool { return len(i.Unreadable(b)) == 0 }

// Unreadable returns the labels of what a bot's listener needs and this server
// can't read.
func (i Info) Unreadable(b openmates.Bot) (labels []openmates.Text) {
	for _, f := range i.Fields {
		if f.Kind == SecretField && !f.Consent && slices.Contains(b.Lost, f.Name) {
			labels = append(labels, f.Label)
		}
	}
	return labels
}

// CanConsent reports whether a bot has what its consent pages need.
func (i Info) CanConsent(b openmates.Bot) bool { return len(i.Missing(b)) == 0 }

// Missing returns the labels of what a bot's consent pages need and it doesn't
// have.
func (i Info) Missing(b openmates.Bot) (labels []openmates.Text) {
	for _, f := range i.Fields {
		if f.Kind == SecretField && f.Consent && b.Secrets[f.Name] == "" {
			labels = append(labels, f.Label)
		}
	}
	return labels
}
