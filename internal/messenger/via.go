package messenger

import "openmates"

// Via is how a connector acts: the bot, the workspace, and the bot's credential
// there. A network with one credential per bot ignores Token; one with a
// credential per installation uses it for everything in that workspace.
type Via struct {
	Bot       openmates.Bot
	Workspace openmates.WorkspaceID // "" = outside of all workspaces, see Inbound
	// Token is what the network granted when the bot was added to Workspace, see
	// Grant. It is "" if the network grants none (Info.GrantsToken is false).
	Token openmates.Secret
}

// ExpectedWorkspace is the query parameter of Installer.Installed for programs
// that finish a consent themselves: the workspace that they expect. It proves
// nothing; a connector rejects the consent if the network names another one.
const ExpectedWorkspace = "expected_workspace"

// MessageRef identifies a message on a network.
type MessageRef struct {
	Channel openmates.ChannelID
	ID      openmates.MessageID
}

// Grant is what a bot got from a person's consent.
type Grant struct {
	Workspace Workspace
	// Token is the bot's credential in this workspace, or "" if the network
	// grants none. It is stored sealed with the installation and passed in Via.
	Token openmates.Secret
}
