package discordtest

import (
	"math/bits"
	"slices"
	"strconv"
)

// namedPermission is a permission bit with Discord's name for it.
type namedPermission struct {
	Bit  int64
	Name string
}

// permissionNames follows topics/permissions, Bitwise Permission Flags.
func permissionNames() []namedPermission {
	return []namedPermission{
		{1 << 0, "Create Invite"}, {1 << 1, "Kick Members"}, {1 << 2, "Ban Members"}, {1 << 3, "Administrator"},
		{1 << 4, "Manage Channels"}, {1 << 5, "Manage Server"}, {1 << 6, "Add Reactions"}, {1 << 7, "View Audit Log"},
		{1 << 10, "View Channels"}, {1 << 11, "Send Messages"}, {1 << 12, "Send Text-to-Speech Messages"},
		{1 << 13, "Manage Messages"}, {1 << 14, "Embed Links"}, {1 << 15, "Attach Files"}, {1 << 16, "Read Message History"},
		{1 << 17, "Mention Everyone"}, {1 << 18, "Use External Emojis"}, {1 << 26, "Change Nickname"},
		{1 << 27, "Manage Nicknames"}, {1 << 28, "Manage Roles"}, {1 << 29, "Manage Webhooks"},
		{1 << 31, "Use Slash Commands"}, {1 << 34, "Manage Threads"}, {1 << 35, "Create Public Threads"},
		{1 << 36, "Create Private Threads"}, {1 << 37, "Use External Stickers"}, {1 << 38, "Send Messages in Threads"},
	}
}

// namedPermissions returns the names of the bits of p; an unknown bit is shown
// as a number, so that nothing is granted unseen.
func namedPermissions(p int64) []namedPermission {
	var out []namedPermission
	for _, n := range permissionNames() {
		if p&n.Bit != 0 {
			out = append(out, n)
			p &^= n.Bit
		}
	}
	for ; p != 0; p &= p - 1 {
		i := bits.TrailingZeros64(uint64(p))
		out = append(out, namedPermission{1 << i, "Permission no. " + strconv.Itoa(i)})
	}
	return out
}

// chosen returns the requested bits that the person left checked.
func chosen(asked int64, ticked []string) int64 {
	var p int64
	for _, t := range ticked {
		n, err := strconv.ParseInt(t, 10, 64)
		if err == nil {
			p |= n
		}
	}
	return p & asked
}

// scopeSentences explains the scopes to the person.
func scopeSentences(scopes []string) []string {
	words := []struct{ scope, text string }{
		{"bot", "Add a bot to a guild"},
		{"applications.commands", "Create commands"},
		{"identify", "Access your username and avatar"},
		{"email", "Access your email address"},
		{"guilds", "Know what guilds you are in"},
	}
	var out []string
	for _, w := range words {
		if slices.Contains(scopes, w.scope) {
			out = append(out, w.text)
		}
	}
	return out
}
