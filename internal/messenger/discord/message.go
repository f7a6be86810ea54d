package discord

import (
	"bytes"
	"context"
	"regexp"
	"slices"
	"strings"

	"openmates"
	"openmates/internal/messenger"
)

// messageStep returns what to do for a MESSAGE_CREATE. Most are dropped before
// they are decoded.
func (l *listener) messageStep(e envelope) (step, error) {
	if !concerns(e.data, l.needle) {
		return nil, nil
	}
	m := new(messageObject)
	return decoded(e, m, func() step { return l.message(m) })
}

// concerns reports, from its bytes alone, whether a MESSAGE_CREATE may be for
// the mate. It may have false positives, but no false negatives: a mention
// contains the bot's ID; a mention of a role fills mention_roles; a direct
// message has no guild_id of its own, and where one occurs deeper inside (a
// forwarded message), still no member.
func concerns(data, botID []byte) bool {
	return bytes.Contains(data, botID) ||
		!bytes.Contains(data, keyGuild) ||
		mentionsRole(data) ||
		!bytes.Contains(data, keyMember)
}

// The opening quotes are left out, because a search that starts with the most
// frequent byte of JSON is several times slower.
var (
	keyGuild  = []byte(`guild_id":`)     //nolint:gochecknoglobals // a read-only table
	keyMember = []byte(`member":`)       //nolint:gochecknoglobals // a read-only table
	keyRoles  = []byte(`mention_roles"`) //nolint:gochecknoglobals // a read-only table
)

// mentionsRole reports whether any mention_roles in data is not an empty array.
func mentionsRole(data []byte) bool {
	for {
		i := bytes.Index(data, keyRoles)
		if i < 0 {
			return false
		}
		data = bytes.TrimLeft(data[i+len(keyRoles):], " \t\r\n:")
		rest, array := bytes.CutPrefix(data, []byte("["))
		if array && !bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte("]")) {
			return true
		}
	}
}

// message returns what to do for a message, or nil if it isn't for the mate.
func (l *listener) message(m *messageObject) step {
	l.mu.Lock()
	defer l.mu.Unlock()
	role, known := l.world.roleIn(string(m.GuildID))
	if !known && m.GuildID != "" && len(m.MentionRoles) > 0 && !means(m, l.world.user, "") {
		if !means(m, l.world.user, string(m.MentionRoles[0])) {
			return nil // not a person's message, whatever the role
		}
		return func(ctx context.Context) error { return l.receiveLater(ctx, m) }
	}
	if !means(m, l.world.user, role) {
		return nil
	}
	in := l.world.inbound(m)
	return func(ctx context.Context) error { return l.receive(ctx, in) }
}

// receiveLater decides about a message once the bot's role is known.
func (l *listener) receiveLater(ctx context.Context, m *messageObject) error {
	in, ok, err := l.decide(ctx, m)
	if err != nil || !ok {
		return err
	}
	return l.receive(ctx, in)
}

// decide returns a message in the product's form, and whether it is for the
// mate. It may ask Discord for the bot's role.
func (l *listener) decide(ctx context.Context, m *messageObject) (in messenger.Inbound, ok bool, err error) {
	role, err := l.role(ctx, m)
	if err != nil {
		return in, false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.world.inbound(m), means(m, l.world.user, role), nil
}

func (l *listener) receive(ctx context.Context, in messenger.Inbound) error {
	if in.Workspace == "" {
		l.pipe.change(func(n *notes) { n.addDM(string(in.Channel)) })
	}
	return l.host.Receive(ctx, in)
}

// Types of messages that people write (resources/message, Message Types); 20
// and 23 are results of commands, all others are system notices.
const (
	typeDefault = 0
	typeReply   = 19
)

// means reports whether a message is from a person and for the mate. @everyone
// and @here don't count. The text takes precedence: a reply notifies the author
// of the message that it replies to, but one that names another bot is for that
// bot. A reply to the mate that names no other bot is for the mate, even with
// the notification switched off, if its text can be read.
func means(m *messageObject, botID, role string) bool {
	switch {
	case bool(m.Author.Bot), m.WebhookID != "", string(m.Author.ID) == botID, m.Author.ID == "":
		return false
	case m.Type != typeDefault && m.Type != typeReply:
		return false
	case m.ID == "" || m.ChannelID == "":
		return false
	case m.GuildID == "":
		return true
	case role != "" && slices.Contains(m.MentionRoles, text(role)):
		return true
	}
	named, other := addressed(m, botID)
	if named || m.Type != typeReply {
		return named || slices.ContainsFunc(m.Mentions, func(u userObject) bool { return string(u.ID) == botID })
	}
	return !other && repliesTo(m, botID)
}

// addressed reports whether the text names the bot, and whether it names another
// one. Names in code are none.
func addressed(m *messageObject, botID string) (named, other bool) {
	if !strings.Contains(string(m.Content), "<@") {
		return false, false
	}
	for _, found := range markup.FindAllStringSubmatch(messenger.WithoutCode(string(m.Content)), -1) {
		if found[1] != "@" && found[1] != "@!" {
			continue
		}
		named = named || found[2] == botID
		other = other || found[2] != botID && slices.ContainsFunc(m.Mentions, func(u userObject) bool { return string(u.ID) == found[2] && bool(u.Bot) })
	}
	return named, other
}

// repliesTo reports whether a reply is to a message of the bot. Where Discord
// leaves that message out, the notification tells.
func repliesTo(m *messageObject, botID string) bool {
	if r := m.referenced(); r != nil && (m.Content != "" || len(m.Attachments) > 0) {
		return string(r.Author.ID) == botID
	}
	return slices.ContainsFunc(m.Mentions, func(u userObject) bool { return string(u.ID) == botID })
}

// inbound returns a message in the product's form, with names that the listener
// knows.
func (w *world) inbound(m *messageObject) messenger.Inbound {
	n := names{bot: w.user}
	if g := w.guilds[string(m.GuildID)]; g != nil {
		n.role = strings.TrimPrefix(g.role, noRole)
		n.roles = func(id string) string { return g.roles[id] }
		n.channel = func(id string) string { return g.channels[id] }
	}
	return newInbound(w.bot, m, n)
}

// names resolves IDs in a text.
type names struct {
	bot     string // the bot's user id
	role    string // the bot's managed role in this guild, "" = unknown
	user    func(id string) string
	roles   func(id string) string
	channel func(id string) string
}

// newInbound returns a message in the product's form.
func newInbound(b openmates.Bot, m *messageObject, n names) messenger.Inbound {
	n.user = m.mentioned
	author := m.Author
	author.Member = m.Member
	in := messenger.Inbound{
		Key:       keyOf(b, string(m.ID)),
		BotID:     b.ID,
		Network:   Network,
		Workspace: openmates.WorkspaceID(m.GuildID),
		Channel:   openmates.ChannelID(m.ChannelID),
		Message:   openmates.MessageID(m.ID),
		ReplyTo:   m.repliedTo(),
		Author:    author.account(),
		Text:      readable(string(m.Content), n),
		At:        snowflakeTime(parseSnowflake(string(m.ID))),
	}
	if in.Workspace != "" { // accounts are linked in direct messages; otherwise the journal needs no picture
		in.Author.Avatar = ""
	}
	in.Files = m.files()
	in.Quotes = m.quotes(n)
	return in
}

// mentioned returns the name of a user whom the message mentions.
func (m *messageObject) mentioned(id string) string {
	for _, u := range m.Mentions {
		if string(u.ID) == id {
			return u.name()
		}
	}
	return ""
}

// keyOf returns a message's key, unique per bot. It uses the application's ID
// instead of the Bot's, so that a bot that is removed and set up again doesn't
// answer old messages again.
func keyOf(b openmates.Bot, message string) string {
	return string(Network) + ":" + b.AppID + ":" + message
}

// markup is Discord's markup for mentions and the like (reference, Message
// Formatting).
var markup = regexp.MustCompile(`<(@!?|@&|#|a?:[A-Za-z0-9_]{1,64}:)([0-9]{1,20})>`)

// readable returns a message's text as a person sees it, without the leading
// mention of the mate.
func readable(content string, n names) string {
	s := strings.TrimSpace(content)
	for {
		loc := markup.FindStringSubmatchIndex(s)
		if loc == nil || loc[0] != 0 || !n.mate(s[loc[2]:loc[3]], s[loc[4]:loc[5]]) {
			break
		}
		s = strings.TrimLeft(s[loc[1]:], " \t\r\n")
		s = strings.TrimLeft(strings.TrimLeft(s, ",:"), " \t\r\n")
	}
	if !strings.Contains(s, "<") {
		return s
	}
	return markup.ReplaceAllStringFunc(s, func(found string) string {
		part := markup.FindStringSubmatch(found)
		if name := n.name(part[1], part[2]); name != "" {
			return name
		}
		return found
	})
}

func (n names) mate(kind, id string) bool {
	switch kind {
	case "@", "@!":
		return id == n.bot
	case "@&":
		return id == n.role
	}
	return false
}

// name returns what a mention shows, or "" if unknown.
func (n names) name(kind, id string) string {
	sign, find := "@", n.user
	switch kind {
	case "@", "@!":
	case "@&":
		find = n.roles
	case "#":
		sign, find = "#", n.channel
	default: // <:name:id> and <a:name:id>
		return ":" + strings.Trim(strings.TrimPrefix(kind, "a:"), ":") + ":"
	}
	if find == nil {
		return ""
	}
	if name := find(id); name != "" {
		return sign + name
	}
	return ""
}
