package discord

import (
	"slices"
	"strconv"

	"openmates"
	"openmates/internal/messenger"
)

// Permissions are what a bot requests when it is added to a guild
// (topics/permissions).
type Permissions int64

// The permissions that are useful to a mate.
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

// Default is what mates request. Without ViewChannel a bot sees nothing in
// channels that aren't open to everybody.
const Default = ViewChannel | SendMessages | SendMessagesInThreads | ReadMessageHistory |
	AddReactions | EmbedLinks | AttachFiles | CreatePublicThreads | CreatePrivateThreads

// permissions returns what a bot requests.
func (d *Connector) permissions(b openmates.Bot) Permissions {
	if p, err := strconv.ParseInt(b.Asks, 10, 64); err == nil && p > 0 {
		return Permissions(p)
	}
	return d.perms
}

// Permissions implements messenger.Inviter.
func (d *Connector) Permissions(b openmates.Bot) []messenger.Permission {
	all := []messenger.Permission{
		{Name: openmates.T("View Channels"), ID: ViewChannel.String(), Reason: openmates.T("Needed to read messages in channels that aren't open to everyone.")},
		{Name: openmates.T("Send Messages"), ID: SendMessages.String(), Reason: openmates.T("Needed to answer.")},
		{Name: openmates.T("Send Messages in Threads"), ID: SendMessagesInThreads.String(), Reason: openmates.T("Needed to answer in threads.")},
		{Name: openmates.T("Read Message History"), ID: ReadMessageHistory.String(), Reason: openmates.T("Needed to reply to messages, and to catch up on what the bot missed while it was offline.")},
		{Name: openmates.T("Embed Links"), ID: EmbedLinks.String(), Reason: openmates.T("Shows previews of links in answers.")},
		{Name: openmates.T("Attach Files"), ID: AttachFiles.String(), Reason: openmates.T("Not used yet. Asking for it now saves a new invitation once answers can include files.")},
		{Name: openmates.T("Add Reactions"), ID: AddReactions.String(), Reason: openmates.T("Lets the bot mark a message that it can't answer in words.")},
		{Name: openmates.T("Create Public Threads"), ID: CreatePublicThreads.String(), Reason: openmates.T("Not used yet. Asking for it now saves a new invitation once answers can open threads.")},
		{Name: openmates.T("Create Private Threads"), ID: CreatePrivateThreads.String(), Reason: openmates.T("Not used yet, like the one above, but for private threads.")},
	}
	asked := d.permissions(b)
	for i := range all {
		all[i].On = asked&bitOf(all[i]) != 0
	}
	return all
}

// bitOf returns a permission's bit in Discord's numbers.
func bitOf(p messenger.Permission) Permissions {
	n, _ := strconv.ParseInt(p.ID, 10, 64) // created by us
	return Permissions(n)
}

// Ask implements messenger.Inviter.
func (d *Connector) Ask(ids []string) string {
	var sum Permissions
	for _, p := range d.Permissions(openmates.Bot{}) {
		if slices.Contains(ids, p.ID) {
			sum |= bitOf(p)
		}
	}
	if sum == 0 {
		return ""
	}
	return sum.String()
}

// String returns the decimal form used in Discord's links.
func (p Permissions) String() string { return strconv.FormatInt(int64(p), 10) }

// Intents (events/gateway, List of Intents).
const (
	intentGuilds         = 1 << 0
	intentGuildMessages  = 1 << 9
	intentDirectMessages = 1 << 12
	intentMessageContent = 1 << 15
)

// intentsOf returns the intents with which a bot identifies.
func (d *Connector) intentsOf(b openmates.Bot) int {
	if b.Settings[fieldContent] != "" {
		return d.intents | intentMessageContent
	}
	return d.intents
}

// Flags of an application (resources/application, Application Flags).
const (
	flagMessageContent        = 1 << 18
	flagMessageContentLimited = 1 << 19
)
