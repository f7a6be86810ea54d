package openmates

// The IDs below are a network's own. They are opaque to everything but the
// connector of that network, and mean nothing without it.
type (
	// WorkspaceID names a workspace of a network. "" = outside of all of them, as
	// in a direct message on a network whose direct messages belong to none.
	WorkspaceID string
	// ChannelID names a channel, a thread or a direct message.
	ChannelID string
	// MessageID names a message within its channel.
	MessageID string
	// AccountID names what a person, or a bot, has on a network.
	AccountID string
)
