// Package guard stands between a guess and a secret: it bounds how often
// anybody may try, notes who tried in vain, and says in which form one-time
// codes are kept.
//
// It promises that its memory is bounded however many names are invented, that
// a stranger who guesses doesn't keep the owner of an account out, and that what
// was typed is never noted.
//
// It refuses to know what is guessed at, and to keep counts in the database:
// each process counts for itself.
package guard

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"

	"openmates"
)

// TooMany returns the refusal of somebody who has tried too often.
func TooMany() error {
	return openmates.Errorf(openmates.ELimit, "Too many attempts. Wait a few minutes and try again.")
}

// Digest returns the form in which a one-time code is kept. The codes are long
// and random, so a fast hash is enough.
func Digest(code string) string {
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}

// DigestTyped is Digest for a code that somebody typed or pasted: spaces around
// it and small letters don't matter.
func DigestTyped(code string) string { return Digest(strings.ToUpper(strings.TrimSpace(code))) }

// Party returns what one party on the internet can't change at will: an IPv4
// address, or the /64 network of an IPv6 one.
func Party(a netip.Addr) string {
	a = a.Unmap()
	if a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// Network returns what somebody who rents a few addresses has one of: the /24
// network of an IPv4 address, or the /64 of an IPv6 one.
func Network(a netip.Addr) string {
	if a = a.Unmap(); a.Is4() {
		if p, err := a.Prefix(24); err == nil {
			return p.String()
		}
	}
	return Party(a)
}
