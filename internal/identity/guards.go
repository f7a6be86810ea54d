package identity

import (
	"context"
	"time"

	"openmates"
)

// Guards are what protects an account beside its password.
type Guards interface { //nolint:interfacebloat // all that protects one account
	Protection(ctx context.Context, userID openmates.ID) (openmates.Protection, error)

	Passkeys(ctx context.Context, userID openmates.ID) ([]openmates.Passkey, error)
	AddPasskey(ctx context.Context, p openmates.Passkey) (openmates.Passkey, error)
	// UsePasskey writes what a credential says of itself after it was used.
	UsePasskey(ctx context.Context, p openmates.Passkey) error
	RemovePasskey(ctx context.Context, userID, id openmates.ID) (name string, err error)
	// AskPasskey sets whether one is asked for after the password; hashes, if
	// there are any, replace those of the recovery codes.
	AskPasskey(ctx context.Context, userID openmates.ID, ask bool, hashes []string) error

	Authenticator(ctx context.Context, userID openmates.ID) (openmates.Authenticator, error)
	// BeginAuthenticator is openmates.EConflict where one is confirmed.
	BeginAuthenticator(ctx context.Context, userID openmates.ID, secret openmates.Secret) error
	ConfirmAuthenticator(ctx context.Context, userID openmates.ID, step int64, hashes []string) error
	RemoveAuthenticator(ctx context.Context, userID openmates.ID) error
	// UseStep counts the code of a step once, and none of a step before it.
	UseStep(ctx context.Context, userID openmates.ID, step int64) (fresh bool, err error)

	SetRecovery(ctx context.Context, userID openmates.ID, hashes []string) error
	// UseRecovery counts a recovery code once.
	UseRecovery(ctx context.Context, userID openmates.ID, hash string) (ok bool, err error)
}

// Leaving is what a person changes about their address, takes along, and
// leaves behind.
type Leaving interface {
	SetEmail(ctx context.Context, userID openmates.ID, address string, confirmed bool) error
	EmailConfirmed(ctx context.Context, userID openmates.ID) (bool, error)
	AddAddressCode(ctx context.Context, hash string, userID openmates.ID, address string, expires time.Time) error
	// AwaitedAddress is "" where none waits to be confirmed.
	AwaitedAddress(ctx context.Context, userID openmates.ID) (string, error)
	// TakeAddressCode works once, and sets the address of its person.
	TakeAddressCode(ctx context.Context, hash string, userID openmates.ID) (address string, err error)

	IdentitiesOf(ctx context.Context, userID openmates.ID) ([]openmates.Identity, error)
	OwnTurns(ctx context.Context, userID openmates.ID) ([]openmates.OwnTurn, error)
	OwnUsage(ctx context.Context, userID openmates.ID) ([]openmates.OwnUsage, error)
	OwnTies(ctx context.Context, userID openmates.ID) (openmates.OwnTies, error)
	// RemoveUser is openmates.EConflict where something has to be handed over
	// first.
	RemoveUser(ctx context.Context, userID openmates.ID) error
}
