// Package mail is the contract of sending mail.
//
// A Sender returns nil only if the mail server has accepted the message; its
// errors say in a finished sentence what to change. It never sends a password
// in the clear, stores what it sends, or adds anything that tells whether a
// message was read: no picture, no tracked link.
package mail

import (
	"context"
	"html"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"openmates"
)

// Security says how the way to the mail server is protected.
type Security string

// The ways, by the names that mail programs give them.
const (
	TLS      Security = "tls"      // from the first byte, usually port 465
	StartTLS Security = "starttls" // begun in the clear and then protected, usually port 587
	Plain    Security = "none"     // only to this machine or within one's own network
)

// Settings are how a mail server is reached.
type Settings struct {
	Host     string           `json:"host"`
	Port     int              `json:"port"`
	Security Security         `json:"security"`
	Username string           `json:"username"` // "" = the server asks for none
	Password openmates.Secret `json:"-"`
	From     string           `json:"from"` // the sender's address
	Name     string           `json:"name"` // the sender's name
}

// Message is one message to one person.
type Message struct {
	To      string
	Subject string
	Text    string
	HTML    string
}

// Sender hands a message to a mail server. Its error is an openmates.Error:
// EInvalid where the settings or the address must change, EUnavailable where
// trying later can help.
type Sender interface {
	Send(ctx context.Context, s Settings, m Message) error
}

// HTML is a text as a simple page: paragraphs, and links where a line is an
// address of a page.
func HTML(text string) string {
	var b strings.Builder
	b.WriteString(`<!doctype html><html><head><meta charset="utf-8"></head><body style="font-family:sans-serif;line-height:1.5;max-width:36em">`)
	for paragraph := range strings.SplitSeq(strings.ReplaceAll(strings.TrimSpace(text), "\r\n", "\n"), "\n\n") {
		b.WriteString("<p>")
		for i, line := range strings.Split(paragraph, "\n") {
			if i > 0 {
				b.WriteString("<br>")
			}
			safe := html.EscapeString(line)
			if isLink(line) {
				safe = `<a href="` + safe + `">` + safe + `</a>`
			}
			b.WriteString(safe)
		}
		b.WriteString("</p>")
	}
	b.WriteString("</body></html>")
	return b.String()
}

func isLink(line string) bool {
	return (strings.HasPrefix(line, "https://") || strings.HasPrefix(line, "http://")) && !strings.ContainsAny(line, " \t")
}

// Address checks an e-mail address and returns its one form, which is what is
// compared, kept and sent to: small letters, and a domain as DNS spells it
// (“müller.example” is xn--mller-kva.example). The part before the @ is ASCII,
// because Unicode folds other letters into a–z, such as the sign of Kelvin into
// k: an address that was only compared like that would be somebody else's. It
// says nothing about whether anybody reads mail there.
func Address(s string) (string, error) {
	s = strings.TrimSpace(s)
	bad := openmates.Errorf(openmates.EInvalid, "This isn't an e-mail address. An address looks like ada@example.org.")
	at := strings.LastIndexByte(s, '@')
	if at < 1 || len(s) > 4*longestAddress {
		return "", bad
	}
	local, domain := s[:at], s[at+1:]
	if len(local) > 64 || strings.ContainsAny(local, "\"<>(),;:\\[] ") {
		return "", bad
	}
	if strings.ContainsFunc(local, func(c rune) bool { return c > unicode.MaxASCII }) {
		return "", openmates.Errorf(openmates.EInvalid, "Before the @, an e-mail address can only have unaccented letters, digits and punctuation here. Use another address.")
	}
	domain, err := Domain(domain)
	if err != nil {
		return "", bad
	}
	s = strings.ToLower(local) + "@" + domain
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s || len(s) > longestAddress {
		return "", bad
	}
	return s, nil
}

const longestAddress = 254 // RFC 5321, section 4.5.3.1.3

// Domain checks what comes after the @ and returns its one form.
func Domain(s string) (string, error) {
	bad := openmates.Errorf(openmates.EInvalid, "This isn't the domain of an e-mail address. A domain looks like example.org.")
	if len(s) > 4*longestAddress || !utf8.ValidString(s) {
		return "", bad
	}
	d, err := idna.Lookup.ToASCII(s)
	if err == nil { // what it makes of a domain has to be one itself
		s, err = idna.Lookup.ToASCII(d)
	}
	if err != nil || d != s || len(d) > longestAddress || d != "localhost" && !strings.Contains(strings.Trim(d, "."), ".") {
		return "", bad
	}
	if a, err := mail.ParseAddress("x@" + d); err != nil || a.Address != "x@"+d || strings.ContainsAny(d, "[] ") {
		return "", bad
	}
	return d, nil
}
