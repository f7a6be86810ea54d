package discordtest

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// view says for whom a message is rendered: for a gateway event or a REST
// response, and whether with the gated fields of the message and of the one it
// replies to.
type view struct {
	gateway bool
	open    bool
	refOpen bool
	nested  bool // it is a referenced message
}

type messageJSON struct {
	ID              string            `json:"id"`
	ChannelID       string            `json:"channel_id"`
	GuildID         string            `json:"guild_id,omitempty"`
	Type            int               `json:"type"`
	Content         string            `json:"content"`
	Author          userJSON          `json:"author"`
	Member          *memberJSON       `json:"member,omitempty"`
	Timestamp       time.Time         `json:"timestamp"`
	Edited          *time.Time        `json:"edited_timestamp"`
	TTS             bool              `json:"tts"`
	MentionEveryone bool              `json:"mention_everyone"`
	Mentions        []userJSON        `json:"mentions"`
	MentionRoles    []string          `json:"mention_roles"`
	Attachments     []attachmentJSON  `json:"attachments"`
	Embeds          json.RawMessage   `json:"embeds"`
	Components      json.RawMessage   `json:"components"`
	Pinned          bool              `json:"pinned"`
	Flags           int               `json:"flags"`
	Nonce           json.RawMessage   `json:"nonce,omitempty"`
	Reference       *referenceJSON    `json:"message_reference,omitempty"`
	Referenced      json.RawMessage   `json:"referenced_message,omitempty"`
	Reactions       []reactionJSON    `json:"reactions,omitempty"`
	WebhookID       string            `json:"webhook_id,omitempty"`
	AppID           string            `json:"application_id,omitempty"`
	Interaction     *interactionTrace `json:"interaction_metadata,omitempty"`
	Thread          *channelJSON      `json:"thread,omitempty"`
	ChannelType     *int              `json:"channel_type,omitempty"`
}

type referenceJSON struct {
	Type      int    `json:"type"`
	MessageID string `json:"message_id"`
	ChannelID string `json:"channel_id"`
	GuildID   string `json:"guild_id,omitempty"`
}

type attachmentJSON struct {
	ID       string `json:"id"`
	Filename string `json:"filename"`
	Size     int    `json:"size"`
	URL      string `json:"url"`
	ProxyURL string `json:"proxy_url"`
	Type     string `json:"content_type,omitempty"`
}

type reactionJSON struct {
	Count       int            `json:"count"`
	Details     map[string]int `json:"count_details"`
	Me          bool           `json:"me"`
	MeBurst     bool           `json:"me_burst"`
	BurstColors []string       `json:"burst_colors"`
	Emoji       map[string]any `json:"emoji"`
}

type interactionTrace struct {
	ID     string            `json:"id"`
	Type   int               `json:"type"`
	User   userJSON          `json:"user"`
	Owners map[string]string `json:"authorizing_integration_owners"`
}

func (s *Server) messageJSON(m *message, v view) *messageJSON {
	c := m.channel
	j := &messageJSON{
		ID: m.ID, ChannelID: c.ID, Type: m.Type, Author: s.userJSONLocked(m.AuthorID), Timestamp: m.At.UTC(),
		MentionEveryone: m.MentionEveryone, MentionRoles: m.MentionRoles, Flags: m.Flags,
		Mentions: []userJSON{}, Attachments: []attachmentJSON{},
		Embeds: json.RawMessage("[]"), Components: json.RawMessage("[]"),
	}
	g := s.guilds[c.GuildID]
	if v.gateway && !v.nested {
		j.GuildID = c.GuildID
		j.ChannelType = &c.Type
		j.Member = partialMember(g, m.AuthorID)
	}
	if j.MentionRoles == nil {
		j.MentionRoles = []string{}
	}
	for _, id := range m.Mentions {
		u := s.userJSONLocked(id)
		if v.gateway && !v.nested {
			if pm := partialMember(g, id); pm != nil {
				u.Member = mustJSON(pm)
			}
		}
		j.Mentions = append(j.Mentions, u)
	}
	if !m.Edited.IsZero() {
		at := m.Edited.UTC()
		j.Edited = &at
	}
	if v.open {
		j.Content = m.Content
		for _, a := range m.Attachments {
			j.Attachments = append(j.Attachments, s.attachmentJSON(c.ID, a))
		}
		if m.Embeds != nil {
			j.Embeds = m.Embeds
		}
		if m.Components != nil {
			j.Components = m.Components
		}
	}
	s.messageExtras(j, m, v)
	return j
}

func (s *Server) messageExtras(j *messageJSON, m *message, v view) {
	if m.Nonce != "" {
		j.Nonce = json.RawMessage(m.Nonce)
		if m.nonceText {
			j.Nonce = mustJSON(m.Nonce)
		}
	}
	if m.WebhookID != "" {
		j.WebhookID, j.AppID = m.WebhookID, m.WebhookID
	}
	if m.Interaction != nil {
		j.Interaction = &interactionTrace{
			ID: m.Interaction.ID, Type: m.Interaction.Type, User: s.userJSONLocked(m.Interaction.UserID),
			Owners: map[string]string{"0": m.channel.GuildID},
		}
	}
	for _, emoji := range sortedKeys(m.Reactions) {
		n := len(m.Reactions[emoji])
		j.Reactions = append(j.Reactions, reactionJSON{
			Count: n, Details: map[string]int{"normal": n, "burst": 0}, BurstColors: []string{},
			Emoji: map[string]any{"id": nil, "name": emoji},
		})
	}
	if t := s.channels[m.ThreadID]; t != nil && m.ThreadID != "" {
		j.Thread = s.channelJSON(t)
	}
	if m.ReplyTo == "" || v.nested {
		return
	}
	j.Reference = &referenceJSON{MessageID: m.ReplyTo, ChannelID: m.ChannelID, GuildID: m.channel.GuildID}
	j.Referenced = json.RawMessage("null")
	if ref := s.messages[m.ReplyTo]; ref != nil && !ref.Deleted {
		j.Referenced = mustJSON(s.messageJSON(ref, view{gateway: v.gateway, open: v.refOpen, nested: true}))
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func partialMember(g *guild, userID string) *memberJSON {
	if g == nil || g.Members[userID] == nil {
		return nil
	}
	j := g.Members[userID].json()
	return &j
}

// attachmentJSON signs the URL of a file like Discord's CDN: with an expiry
// (ex), the time of signing (is) and a signature (hm).
func (s *Server) attachmentJSON(channelID string, a *attachment) attachmentJSON {
	at := s.attachmentURL(channelID, a)
	return attachmentJSON{ID: a.ID, Filename: a.Name, Size: len(a.Data), Type: a.Type, URL: at, ProxyURL: at}
}

func (s *Server) attachmentURL(channelID string, a *attachment) string {
	now := s.cfg.Clock()
	expires := strconv.FormatInt(now.Add(attachmentLife).Unix(), 16)
	q := url.Values{"ex": {expires}, "is": {strconv.FormatInt(now.Unix(), 16)}, "hm": {s.signFile(a.ID, expires)}}
	return s.URL() + "/attachments/" + channelID + "/" + a.ID + "/" + url.PathEscape(a.Name) + "?" + q.Encode()
}

// attachmentLife is how long a signed URL is valid.
const attachmentLife = 24 * time.Hour
