package connect

import "openmates"

// Errors of a Store.
var (
	// ErrNoConnection means that a team doesn't have this workspace, or a bot
	// isn't recorded in it.
	ErrNoConnection = openmates.Missing(openmates.T("This connection"))
	ErrNoIdentity   = openmates.Missing(openmates.T("This linked account"))
	// ErrNoOwner means that nobody has linked this account.
	ErrNoOwner = openmates.Missing(openmates.T("A person with this account"))
	ErrNoCode  = openmates.Missing(openmates.T("This code"))

	ErrNoState   error = openmates.Errorf(openmates.ENotFound, "This link isn't valid (any more). Start again.")
	ErrStateUsed error = openmates.Errorf(openmates.EConflict, "This link has already been used. Start again.")

	// ErrHasBot means that the mate has another bot on the network, ErrAppTaken
	// that another bot has the application.
	ErrHasBot   error = openmates.Errorf(openmates.EConflict, "This mate already has a bot on this network. Change that one.")
	ErrAppTaken error = openmates.Errorf(openmates.EConflict, "This application is already set up for another mate. Create one application per mate.")

	ErrWorkspaceTaken error = openmates.Errorf(openmates.EConflict, "This workspace is already connected to another team. A server admin can disconnect it.")
	ErrAccountTaken   error = openmates.Errorf(openmates.EConflict, "This account is already linked to another person. They can unlink it in their profile.")
	// ErrChanged means that a workspace isn't as it was when the room checked.
	ErrChanged error = openmates.Errorf(openmates.EConflict, "Something has just changed there. Check again, and start over if it's still needed.")
)
