// Package mail is the contract for sending mail.
//
// A Sender returns nil only if the mail server has accepted the message. Its
// errors say in a complete sentence what to change. It never sends a password
// unencrypted, stores what it sends, or adds anything that shows whether a
// message was read: no pictures, no tracked links.
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

// Security is how the connection to the mail server is protected.
type Security string

// The options, as mail programs call them.
const (
	TLS      Security = "tls"      // from the first byte, usually port 465
	StartTLS Security = "starttls" // starts unencrypted and is then encrypted, usually port 587
	Plain    Security = "none"     // only for this machine or your own network
)

// Settings describe how to reach a mail server.
type Settings struct {
	Host     string           `json:"host"`
	Port     int              `json:"port"`
	Security Security         `json:"security"`
	Username string           `json:"username"` // "" = the server needs none
	Password openmates.Secret `json:"-"`
	From     string           `json:"from"` // the sender's address
	Name     string           `json:"name"` // the sender's name
}

// Message is a message to one person.
type Message struct {
	To       string
	Language string // a BCP 47 tag
	Subject  string
	Text     string
	HTML     string
}

// Sender sends messages through a mail server. Its error is an openmates.Error:
// EInvalid if the settings or the address must change, EUnavailable if trying
// again later can help.
type Sender interface {
	Send(ctx context.Context, s Settings, m Message) error
}

// HTML returns a text in a language as a simple page: paragraphs, and links for lines that
// are the address of a page.
func HTML(language, text string) string {
	var b strings.Builder
	b.WriteString(`<!doctype html><html lang="` + html.EscapeString(language) + `"><head><meta charset="utf-8"></head><body style="font-family:sans-serif;line-height:1.5;max-width:36em">`)
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

// Address checks an email address and returns its normal form, which is what is
// compared, stored and used: lower case, and a domain as DNS spells it
// (“müller.example” is xn--mller-kva.example). The part before the @ must be
// ASCII, because Unicode folds other letters into a–z, such as the Kelvin sign
// into k: an address that was only compared in folded form would be somebody
// else's. It doesn't check that anybody reads mail there.
func Address(s string) (string, error) {
	s = strings.TrimSpace(s)
	bad := openmates.Errorf(openmates.EInvalid, "This isn't an email address. An address looks like ada@example.org.")
	at := strings.LastIndexByte(s, '@')
	if at < 1 || len(s) > 4*longestAddress {
		return "", bad
	}
	local, domain := s[:at], s[at+1:]
	if len(local) > 64 || strings.ContainsAny(local, "\"<>(),;:\\[] ") {
		return "", bad
	}
	if strings.ContainsFunc(local, func(c rune) bool { return c > unicode.MaxASCII }) {
		return "", openmates.Errorf(openmates.EInvalid, "Before the @, an email address can only have unaccented letters, digits and punctuation here. Use another address.")
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

// Domain checks the part after the @ and returns its normal form.
func Domain(s string) (string, error) {
	bad := openmates.Errorf(openmates.EInvalid, "This isn't the domain of an email address. A domain looks like example.org.")
	if len(s) > 4*longestAddress || !utf8.ValidString(s) {
		return "", bad
	}
	d, err := idna.Lookup.ToASCII(s)
	if err == nil { // the converted domain must be valid, too
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
