package team

import "openmates"

// Errors of a Store.
var (
	ErrNoNotice = openmates.Missing(openmates.T("This notice"))
	ErrNoInvite = openmates.Missing(openmates.T("This invite"))
	// ErrNoProof means that a link proves no address.
	ErrNoProof = openmates.Missing(openmates.T("This link"))

	// ErrLastAdmin means that no admin would be left.
	ErrLastAdmin error = openmates.Errorf(openmates.EConflict, "This is the team's last admin. Make someone else an admin first.")
	// ErrInviteOver means that an invite ended after the room had read it.
	ErrInviteOver error = openmates.Errorf(openmates.EConflict, "This invite has been used up, has expired or was revoked in the meantime.")
	ErrJoined     error = openmates.Errorf(openmates.EConflict, "You're already in this team.")
	ErrProofUsed  error = openmates.Errorf(openmates.EInvalid, "This confirmation has been used, has expired, or belongs to another invite. Request a new one.")
)
