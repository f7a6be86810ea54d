package identity

import (
	"context"
	"time"

	"openmates"
)

// Guards stores what protects an account besides its password.
type Guards interface { //nolint:interfacebloat // everything that protects one account
	Protection(ctx context.Context, userID openmates.ID) (Protection, error)

	Passkeys(ctx context.Context, userID openmates.ID) ([]Passkey, error)
	// AddPasskey returns ErrPasskeyKnown for a credential that is stored.
	AddPasskey(ctx context.Context, p Passkey) (Passkey, error)
	// UsePasskey stores a credential's state after it was used. It and
	// RemovePasskey return ErrNoPasskey for one that isn't the person's.
	UsePasskey(ctx context.Context, p Passkey) error
	RemovePasskey(ctx context.Context, userID, id openmates.ID) (name string, err error)
	// AskPasskey sets whether one is required after the password; hashes, if
	// any, replace those of the recovery codes.
	AskPasskey(ctx context.Context, userID openmates.ID, ask bool, hashes []string) error

	// Authenticator and RemoveAuthenticator return ErrNoAuthenticator if there
	// is none.
	Authenticator(ctx context.Context, userID openmates.ID) (Authenticator, error)
	// BeginAuthenticator returns ErrAuthenticatorSet if one is already confirmed.
	BeginAuthenticator(ctx context.Context, userID openmates.ID, secret openmates.Secret) error
	// ConfirmAuthenticator returns ErrNothingToConfirm if none is unconfirmed.
	ConfirmAuthenticator(ctx context.Context, userID openmates.ID, step int64, hashes []string) error
	RemoveAuthenticator(ctx context.Context, userID openmates.ID) error
	// UseStep accepts the code of a time step once, and none of an earlier
	// step.
	UseStep(ctx context.Context, userID openmates.ID, step int64) (fresh bool, err error)

	SetRecovery(ctx context.Context, userID openmates.ID, hashes []string) error
	// UseRecovery accepts a recovery code once.
	UseRecovery(ctx context.Context, userID openmates.ID, hash string) (ok bool, err error)
}

// Leaving is for a person's address, data download and deletion.
type Leaving interface {
	SetEmail(ctx context.Context, userID openmates.ID, address string, confirmed bool) error
	EmailConfirmed(ctx context.Context, userID openmates.ID) (bool, error)
	AddAddressCode(ctx context.Context, hash string, userID openmates.ID, address string, expires time.Time) error
	// AwaitedAddress returns the unconfirmed address, or "".
	AwaitedAddress(ctx context.Context, userID openmates.ID) (string, error)
	// SetEmail and TakeAddressCode return openmates.ErrEmailTaken if another
	// account has confirmed the address. TakeAddressCode works once, and sets
	// its person's address; without such a code the error is ErrNoConfirmation.
	TakeAddressCode(ctx context.Context, hash string, userID openmates.ID) (address string, err error)

	IdentitiesOf(ctx context.Context, userID openmates.ID) ([]openmates.Identity, error)
	OwnTurns(ctx context.Context, userID openmates.ID) ([]OwnTurn, error)
	OwnUsage(ctx context.Context, userID openmates.ID) ([]OwnUsage, error)
	OwnTies(ctx context.Context, userID openmates.ID) (OwnTies, error)
	// RemoveUser returns *openmates.LastAdminError if something has to be handed
	// over first.
	RemoveUser(ctx context.Context, userID openmates.ID) error
}
