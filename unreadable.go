package openmates

import "errors"

// ErrUnreadable is in the chain of every error about a stored credential that
// the key of this process does not open: the key is missing or another one, or
// the credential was changed. Only the old key, or typing it again, helps.
var ErrUnreadable = errors.New("this stored credential can't be read with the key of this server")

// Unreadable counts the stored credentials that the key of this process does
// not open.
type Unreadable struct {
	Bots           int
	Installations  int // the credential of a bot in one workspace
	Providers      int
	Settings       int // such as the password of the mail server
	Passkeys       int
	Authenticators int
}

// Any reports whether there are any.
func (u Unreadable) Any() bool { return u != Unreadable{} }

// ForAdmins counts those that an admin of the server can type again. That of an
// installation comes back by adding the mate to the workspace again.
func (u Unreadable) ForAdmins() int { return u.Bots + u.Providers + u.Settings }

// ForPeople counts those that only their owners can replace.
func (u Unreadable) ForPeople() int { return u.Passkeys + u.Authenticators }
