package messenger

import "openmates"

// Via is what a connector does something through: a bot, the workspace in which
// it does it, and the credential that it has there. A network with one
// credential per bot ignores Token; one with a credential per installation uses
// it for all that it does in that workspace.
type Via struct {
	Bot       openmates.Bot
	Workspace openmates.WorkspaceID // "" = outside of all workspaces, see Inbound
	// Token is what the network granted when the bot was added to Workspace, see
	// Grant. It is "" if the network grants none (Info.GrantsToken is false).
	Token openmates.Secret
}

// ExpectedWorkspace is what a program that finishes a consent itself calls the
// workspace that it expects in the query of Installer.Installed. It proves
// nothing; a connector refuses the consent if the network names another one.
const ExpectedWorkspace = "expected_workspace"

// MessageRef names a message on a network.
type MessageRef struct {
	Channel openmates.ChannelID
	ID      openmates.MessageID
}

// Grant is what a person's consent gave a bot.
type Grant struct {
	Workspace Workspace
	// Token is the bot's credential in this workspace, "" where the network
	// grants none. It is stored sealed with the installation and comes back in
	// Via.
	Token openmates.Secret
}
