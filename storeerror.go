package openmates

// Errors of stores about what several rooms share; a room's own are in the
// room. A store adds no sentence to them. A room may pass one on, or recognise
// it with errors.Is and say it in its own words.
var (
	ErrNoUser   = Missing(T("This account"))
	ErrNoTeam   = Missing(T("This team"))
	ErrNoMember = Missing(T("This member"))
	ErrNoMate   = Missing(T("This mate"))
	ErrNoBot    = Missing(T("This bot"))
	ErrNoToken  = Missing(T("This token"))

	// ErrReference means that a row can't be written because something it names
	// is missing.
	ErrReference error = Errorf(ENotFound, "This refers to something that doesn't exist (any more).")

	ErrUsernameTaken error = Errorf(EConflict, "This username, or one that looks like it, is already taken. Choose a different one.")
	ErrSlugTaken     error = Errorf(EConflict, "This address is already taken by another team. Choose a different one.")
	// ErrEmailTaken is only shown to somebody who reads the mail of the address.
	ErrEmailTaken error = Errorf(EConflict, "Another account has already confirmed this address. Sign in with that account, or use another address.")
)

// Missing returns the ENotFound of a row that a store doesn't have; what is its
// kind: T("This account").
func Missing(what Text) error {
	return Errorf(ENotFound, "%s doesn't exist (any more).", what)
}

// LastAdminError says who has to stay: the only admin of the server, or of a
// team with other members. Its sentence is about somebody else.
type LastAdminError struct {
	Team string // its name; "" = the server
}

// Error returns the text for the log.
func (e *LastAdminError) Error() string { return e.told().Error() }

// Unwrap returns the EConflict.
func (e *LastAdminError) Unwrap() error { return e.told() }

func (e *LastAdminError) told() *Error {
	if e.Team == "" {
		return Errorf(EConflict, "This is the only server admin. Make someone else an admin first.")
	}
	return Errorf(EConflict, "This is the only admin of %s, and there are other members. Make another member an admin first, or remove the team.", e.Team)
}
