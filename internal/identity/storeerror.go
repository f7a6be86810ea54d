package identity

import "openmates"

// Errors of a Store.
var (
	ErrNoSession       = openmates.Missing(openmates.T("This session"))
	ErrNoPasskey       = openmates.Missing(openmates.T("This passkey"))
	ErrNoAuthenticator = openmates.Missing(openmates.T("This authenticator"))
	// ErrNoConfirmation means that no address waits for this code.
	ErrNoConfirmation = openmates.Missing(openmates.T("This confirmation"))
	// ErrNoReset means that a password can't be reset with this link.
	ErrNoReset = openmates.Missing(openmates.T("This link"))

	ErrPasskeyKnown error = openmates.Errorf(openmates.EConflict, "This passkey is already registered.")
	// ErrAuthenticatorSet means that an authenticator is already confirmed.
	ErrAuthenticatorSet error = openmates.Errorf(openmates.EConflict, "An authenticator app is already set up. Remove it first, then set up another one.")
	// ErrNothingToConfirm means that there is no unconfirmed authenticator.
	ErrNothingToConfirm error = openmates.Errorf(openmates.EConflict, "There's no authenticator app to confirm. Start again.")

	// ErrTooManyTokens means that an owner has as many tokens as allowed.
	ErrTooManyTokens error = openmates.Errorf(openmates.EConflict, "There are already %d tokens. Revoke one you no longer need.", mostTokens)
)
