package openmates

import "errors"

// ErrUnreadable is in the chain of every error about a stored credential that
// this process's key can't open: the key is missing or has changed, or the
// credential was modified. Only the old key, or entering the credential again,
// helps.
var ErrUnreadable = errors.New("this stored credential can't be read with the key of this server")

// Unreadable counts the stored credentials that this process's key can't open.
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

// ForAdmins counts those that a server admin can enter again. For an
// installation's credential, add the mate to the workspace again.
func (u Unreadable) ForAdmins() int { return u.Bots + u.Providers + u.Settings }

// ForPeople counts those that only their owners can replace.
func (u Unreadable) ForPeople() int { return u.Passkeys + u.Authenticators }
