package openmates

import "time"

// LinkCode is what a one-time link code stands for. It is created on one side
// and used on the other: in the chat by the account, or in OpenMates by the
// person.
type LinkCode struct {
	Network   Network
	AccountID AccountID // the account that started in the chat; "" = started in OpenMates
	Name      string    // the account's name on the network
	Avatar    string    // the address of its picture; "" = none
	UserID    ID        // the user who started in OpenMates; 0 = started in the chat
	Session   string    // hash of that user's session
	Expires   time.Time
}
