package identity

import (
	"context"
	"time"

	"openmates"
	"openmates/internal/mail"
)

// What the tests need of a password: its bounds, its hash and its strength.
const (
	MaxPassword = maxPassword
	SaltLen     = saltLen
	KeyLen      = keyLen
	MaxMemory   = maxMemory
	MaxTime     = maxTime
	MaxScored   = maxScored
	MinGuesses  = minGuesses
)

// What the tests need of second steps and passkeys.
const (
	RecoveryCount = recoveryCount
	StepSeconds   = stepSeconds
	Drift         = drift
	AwaitFor      = awaitFor
	MaxResponse   = maxResponse
	FreshFor      = freshFor
)

// What the tests need of what is shown once.
const (
	KeyOnce   = keyOnce
	OnceLasts = onceLasts
)

// Vault hashes passwords.
type Vault = vault

// NewVault returns a Vault that makes some hashes at a time.
func NewVault(c Cost, parallel int) *Vault { return newVault(c, parallel) }

// OrUsual returns the cost, or the usual one if it is zero.
func (c Cost) OrUsual() Cost { return c.orUsual() }

// Cost is the cost of new hashes. Tests change it.
func (v *vault) Cost() *Cost { return &v.cost }

// Decoy is the hash that stands in for that of an unknown account.
func (v *vault) Decoy() string { return v.decoy }

// Hash returns the PHC string of a password.
func (v *vault) Hash(ctx context.Context, password openmates.Secret) (string, error) {
	return v.hash(ctx, password)
}

// Check compares a password with a PHC string.
func (v *vault) Check(ctx context.Context, password openmates.Secret, phc string) (ok, stale bool, err error) {
	return v.check(ctx, password, phc)
}

// Valid returns what is wrong with a new password.
func (v *vault) Valid(password openmates.Secret, about ...string) error {
	return v.valid(password, about...)
}

// ParsePHC parses argon2id's PHC string.
func ParsePHC(s string) (c Cost, salt, key []byte, err error) { return parsePHC(s) }

// Guesses estimates how many guesses a password needs.
func Guesses(password string, about ...string) float64 { return guesses(password, about...) }

// CodeAt returns the code of an authenticator app in a time step.
func CodeAt(secret openmates.Secret, step int64) (string, error) { return codeAt(secret, step) }

// StepOf returns the time step that a code is of.
func StepOf(secret openmates.Secret, code string, now time.Time) (step int64, fits bool, err error) {
	return stepOf(secret, code, now)
}

// Agent describes a browser.
func Agent(header string) openmates.Text { return agent(header) }

// ResetNotice is what somebody is told whose password was reset.
func ResetNotice(reset PasswordReset) openmates.Text { return resetNotice(reset) }

// Vault is the room's.
func (r *Room) Vault() *Vault { return r.vault }

// WaitForErrands waits for the background work that has begun.
func (r *Room) WaitForErrands() { r.errands.going.Wait() }

// Known returns which browser of the person this is, if it is one.
func (r *Room) Known(ctx context.Context, u openmates.User) string { return r.known(ctx, u) }

// Rehash replaces a hash that was made with other costs.
func (r *Room) Rehash(ctx context.Context, u openmates.User, old string, password openmates.Secret) {
	r.rehash(ctx, u, old, password)
}

// Confirmation is the letter to an address that is to be confirmed.
func (r *Room) Confirmation(c openmates.Caller, to, link string) mail.Letter {
	return r.confirmation(c, to, link)
}

// WayBack is the letter with the link to a new password.
func (r *Room) WayBack(u openmates.User, language, link string) mail.Letter {
	return r.wayBack(u, language, link)
}

// Notice is the letter about a change of the account.
func (r *Room) Notice(u openmates.User, language string, what openmates.Text) mail.Letter {
	return r.notice(u, language, what)
}

// TellNow sends such a letter.
func (r *Room) TellNow(ctx context.Context, u openmates.User, language string, what openmates.Text) {
	r.tellNow(ctx, u, language, what)
}
