package openmates

import "time"

// LinkCode is what a one-time code stands for that ties an account on a network
// to its person. It is begun on one side and finished on the other: in the chat
// by the account, or in OpenMates by the person.
type LinkCode struct {
	Network   Network
	AccountID AccountID // who began in the chat; "" = begun in OpenMates
	Name      string    // of that account, as the network shows it
	Avatar    string    // and where its picture is; "" = none
	UserID    ID        // who began in OpenMates; 0 = begun in the chat
	Session   string    // hash of the session in which they did
	Expires   time.Time
}
