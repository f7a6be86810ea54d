package openmates

// The IDs below are a network's own. Only its connector looks inside them, and
// they mean nothing without the network.
type (
	// WorkspaceID identifies a workspace on a network. "" = none, as for direct
	// messages on networks where they belong to no workspace.
	WorkspaceID string
	// ChannelID identifies a channel, a thread or a direct message.
	ChannelID string
	// MessageID identifies a message within its channel.
	MessageID string
	// AccountID identifies the account of a person or a bot on a network.
	AccountID string
)
