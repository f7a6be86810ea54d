package discord

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"openmates"
	"openmates/internal/messenger"
)

var _ messenger.Reader = (*Connector)(nil)

const (
	referenceForward = 1       // resources/message, Message Reference Types
	flagVoice        = 1 << 13 // resources/message, Message Flags: IS_VOICE_MESSAGE
)

// referenced is the message that a reply answers, nil where Discord leaves it
// out.
func (m *messageObject) referenced() *messageObject {
	if len(m.Referenced) == 0 || string(m.Referenced) == "null" {
		return nil
	}
	r := new(messageObject)
	if decode(m.Referenced, r) != nil || r.ID == "" && r.Author.ID == "" {
		return nil
	}
	return r
}

// repliedTo is the message that this one answers; the reference of a forward is
// another matter.
func (m *messageObject) repliedTo() openmates.MessageID {
	if m.Reference.Type == referenceForward {
		return ""
	}
	return openmates.MessageID(m.Reference.MessageID)
}

func (m *messageObject) files() []messenger.File {
	var all []messenger.File
	for _, a := range m.Attachments {
		if a.URL == "" {
			continue
		}
		all = append(all, messenger.File{
			Name: string(a.Filename), Type: string(a.ContentType), Size: int64(a.Size), URL: string(a.URL),
			Voice: int64(m.Flags)&flagVoice != 0,
		})
	}
	return all
}

// messageLink is the address of a message (it can be copied in Discord's client).
var messageLink = regexp.MustCompile(`https://(?:(?:ptb|canary)\.)?discord\.com/channels/(?:\d{1,20}|@me)/(\d{1,20})/(\d{1,20})`)

// quotes returns what the message quotes or attaches.
func (m *messageObject) quotes(n names) []messenger.Quote {
	var all []messenger.Quote
	if id := m.repliedTo(); id != "" && m.Type == typeReply {
		q := messenger.Quote{Kind: messenger.QuoteReply, ID: id, State: messenger.QuoteUnread}
		if r := m.referenced(); r != nil {
			q = r.quoted(messenger.QuoteReply, n)
			q.ID = id
		} else if string(m.Referenced) == "null" {
			q.State = messenger.QuoteDeleted
		}
		all = append(all, q)
	}
	for _, s := range m.Snapshots {
		q := s.Message.quoted(messenger.QuoteForward, n)
		q.ID = ""
		all = append(all, q)
	}
	all = append(all, m.shown()...)
	for _, found := range messageLink.FindAllStringSubmatch(string(m.Content), -1) {
		// What other channels hold may not be the asker's to read.
		if found[1] == string(m.ChannelID) && found[2] != string(m.ID) {
			all = append(all, messenger.Quote{Kind: messenger.QuoteLink, ID: openmates.MessageID(found[2]), State: messenger.QuoteUnread})
		}
	}
	return all[:min(len(all), messenger.MaxQuotes)]
}

// shown are the message's own embeds, poll and stickers.
func (m *messageObject) shown() []messenger.Quote {
	var all []messenger.Quote
	add := func(kind messenger.QuoteKind, text string) {
		if text = strings.TrimSpace(text); text != "" {
			q := messenger.Quote{Kind: kind}
			q.Text, q.Cut = bounded(text)
			all = append(all, q)
		}
	}
	for _, e := range m.Embeds {
		add(messenger.QuoteEmbed, e.words())
	}
	if m.Poll.Question.Text != "" {
		lines := []string{string(m.Poll.Question.Text)}
		for _, a := range m.Poll.Answers {
			lines = append(lines, "- "+string(a.Media.Text))
		}
		add(messenger.QuotePoll, strings.Join(lines, "\n"))
	}
	for _, s := range m.Stickers {
		add(messenger.QuoteSticker, string(s.Name))
	}
	return all
}

// words are the text of an embed.
func (e embedObject) words() string {
	var lines []string
	for _, t := range []text{e.Author.Name, e.Title, e.URL, e.Description} {
		if t != "" {
			lines = append(lines, string(t))
		}
	}
	for _, f := range e.Fields {
		lines = append(lines, string(f.Name)+": "+string(f.Value))
	}
	if e.Footer.Text != "" {
		lines = append(lines, string(e.Footer.Text))
	}
	return strings.Join(lines, "\n")
}

// quoted is the message as another one shows it, with what it shows itself.
func (m *messageObject) quoted(kind messenger.QuoteKind, n names) messenger.Quote {
	n.user = m.mentioned
	author := m.Author
	author.Member = m.Member
	q := messenger.Quote{
		Kind: kind, ID: openmates.MessageID(m.ID), Author: author.name(), Files: m.files(),
		Own: n.bot != "" && string(m.Author.ID) == n.bot,
	}
	if id := parseSnowflake(string(m.ID)); id != 0 {
		q.At = snowflakeTime(id)
	}
	parts := []string{}
	if said := readable(string(m.Content), names{user: n.user, roles: n.roles, channel: n.channel}); said != "" {
		parts = append(parts, said)
	}
	for _, s := range m.shown() {
		parts = append(parts, "["+string(s.Kind)+"] "+s.Text)
	}
	q.Text, q.Cut = bounded(strings.Join(parts, "\n\n"))
	if q.Text == "" && q.Files == nil {
		q.State = messenger.QuoteHidden // without the privileged intent Discord leaves out what others wrote
	}
	return q
}

// bounded holds a text to what one quote may have.
func bounded(s string) (string, bool) {
	if len(s) <= messenger.MaxQuote {
		return s, false
	}
	return strings.ToValidUTF8(s[:messenger.MaxQuote], ""), true
}

// Read implements messenger.Reader (resources/message, Get Channel Message).
func (d *Connector) Read(ctx context.Context, via messenger.Via, ref messenger.MessageRef) (messenger.Quote, error) {
	q := messenger.Quote{ID: ref.ID}
	if !validRef(ref) {
		q.State = messenger.QuoteDeleted
		return q, nil
	}
	m := new(messageObject)
	err := d.rest.do(ctx, via.Bot, call{method: "GET", route: "/channels/{}/messages/{}", path: messagePath(ref), major: string(ref.Channel)}, m)
	if e, ok := errors.AsType[*apiError](err); ok {
		switch e.status {
		case http.StatusNotFound:
			q.State = messenger.QuoteDeleted
			return q, nil
		case http.StatusForbidden, http.StatusUnauthorized:
			q.State = messenger.QuoteHidden
			return q, nil
		}
	}
	if err != nil {
		return q, sendError(err)
	}
	q = m.quoted("", names{bot: string(ownAccount(via.Bot))})
	q.ID = ref.ID
	return q, nil
}
