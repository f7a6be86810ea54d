// Package guard protects secrets from guessing: it limits attempts, records
// failed ones, and hashes one-time codes for storage.
//
// Its memory is bounded however many names are invented, a stranger who guesses
// can't lock out the owner of an account, and what was typed is never recorded.
//
// It doesn't know what is being guessed, and doesn't store counts in the
// database: each process counts for itself.
package guard

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"

	"openmates"
)

// TooMany returns the error for somebody who has tried too often.
func TooMany() error {
	return openmates.Errorf(openmates.ELimit, "Too many attempts. Wait a few minutes and try again.")
}

// Digest returns the hash of a one-time code for storage. The codes are long
// and random, so a fast hash is enough.
func Digest(code string) string {
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}

// DigestTyped is Digest for a code that somebody typed or pasted: it ignores
// spaces around it and case.
func DigestTyped(code string) string { return Digest(strings.ToUpper(strings.TrimSpace(code))) }

// Party returns what one party on the internet can't easily change: an IPv4
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

// Network returns what somebody who rents a few addresses has only one of: the
// /24 network of an IPv4 address, or the /64 of an IPv6 one.
func Network(a netip.Addr) string {
	if a = a.Unmap(); a.Is4() {
		if p, err := a.Prefix(24); err == nil {
			return p.String()
		}
	}
	return Party(a)
}
