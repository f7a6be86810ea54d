package discord

import (
	"strconv"

	"openmates"
	"openmates/internal/messenger"
)

// Permissions are what a bot asks for when it is added to a guild
// (topics/permissions).
type Permissions int64

// The permissions that a mate can have a use for.
const (
	AddReactions          Permissions = 1 << 6
	ViewChannel           Permissions = 1 << 10
	SendMessages          Permissions = 1 << 11
	EmbedLinks            Permissions = 1 << 14
	AttachFiles           Permissions = 1 << 15
	ReadMessageHistory    Permissions = 1 << 16
	CreatePublicThreads   Permissions = 1 << 35
	CreatePrivateThreads  Permissions = 1 << 36
	SendMessagesInThreads Permissions = 1 << 38
)

// Default is what mates ask for. Without ViewChannel a bot is blind in every
// channel that is not open to everybody.
const Default = ViewChannel | SendMessages | SendMessagesInThreads | ReadMessageHistory |
	AddReactions | EmbedLinks | AttachFiles | CreatePublicThreads | CreatePrivateThreads

// permissions are what a bot asks for.
func (d *Connector) permissions(b openmates.Bot) Permissions {
	if b.Permissions > 0 {
		return Permissions(b.Permissions)
	}
	return d.perms
}

// Permissions implements messenger.Inviter.
func (d *Connector) Permissions() []messenger.Permission {
	all := []messenger.Permission{
		{Name: "View Channels", Bit: int64(ViewChannel), Reason: "Without it the bot hears nobody in a channel that is not open to everybody."},
		{Name: "Send Messages", Bit: int64(SendMessages), Reason: "Without it there are no answers."},
		{Name: "Send Messages in Threads", Bit: int64(SendMessagesInThreads), Reason: "Without it there are no answers in threads."},
		{Name: "Read Message History", Bit: int64(ReadMessageHistory), Reason: "Discord lets nobody reply to a message without it, and the bot reads back what it missed while it was away."},
		{Name: "Embed Links", Bit: int64(EmbedLinks), Reason: "Links in answers show a preview."},
		{Name: "Attach Files", Bit: int64(AttachFiles), Reason: "Not used yet. Asking now spares every server a new invitation once answers can hold files."},
		{Name: "Add Reactions", Bit: int64(AddReactions), Reason: "The bot marks a message that it can't answer in words."},
		{Name: "Create Public Threads", Bit: int64(CreatePublicThreads), Reason: "Not used yet. Asking now spares every server a new invitation once answers can open threads."},
		{Name: "Create Private Threads", Bit: int64(CreatePrivateThreads), Reason: "Not used yet, like the one above, for threads that only some people see."},
	}
	for i := range all {
		all[i].Default = d.perms&Permissions(all[i].Bit) != 0
	}
	return all
}

// String is the decimal form that Discord's links use.
func (p Permissions) String() string { return strconv.FormatInt(int64(p), 10) }

// Intents (events/gateway, List of Intents).
const (
	intentGuilds         = 1 << 0
	intentGuildMessages  = 1 << 9
	intentDirectMessages = 1 << 12
	intentMessageContent = 1 << 15
)

// intentsOf are the intents that a bot identifies with.
func (d *Connector) intentsOf(b openmates.Bot) int {
	if b.Content {
		return d.intents | intentMessageContent
	}
	return d.intents
}

// Flags of an application (resources/application, Application Flags).
const (
	flagMessageContent        = 1 << 18
	flagMessageContentLimited = 1 << 19
)
