package discord

import (
	"context"
	"crypto/sha256"
	"errors"
	"math/big"
	"strconv"
	"strings"

	"openmates"
	"openmates/internal/messenger"
)

// The compiler checks that none of the optional interfaces gets lost.
var (
	_ messenger.Connector = (*Connector)(nil)
	_ messenger.Editor    = (*Connector)(nil)
	_ messenger.Remover   = (*Connector)(nil)
	_ messenger.Typist    = (*Connector)(nil)
	_ messenger.Installer = (*Connector)(nil)
	_ messenger.Linker    = (*Connector)(nil)
)

// allowedMentions keeps a model's text from pinging anybody: parse must be
// present and empty, or Discord parses mentions in the text (resources/
// message, Allowed Mentions Object).
type allowedMentions struct {
	Parse       []string              `json:"parse"`
	Users       []openmates.AccountID `json:"users,omitempty"`
	RepliedUser bool                  `json:"replied_user"`
}

// worded returns the content of a message and whom it mentions. An edit needs
// the same as the post: Discord determines the mentions of an edited message
// from scratch (resources/message, Edit Message), so an edit without them would
// remove the asker's highlight.
func worded(out messenger.Outbound) (content string, m allowedMentions) {
	m = allowedMentions{Parse: []string{}}
	switch {
	case !out.Ping:
	case out.ReplyTo != "":
		m.RepliedUser = true
	case parseSnowflake(string(out.Asker)) != 0:
		if named := "<@" + string(out.Asker) + "> " + out.Text; measure(named) <= textLimit {
			m.Users = []openmates.AccountID{out.Asker}
			return named, m
		}
	}
	return out.Text, m
}

type messageReference struct {
	MessageID       openmates.MessageID `json:"message_id"`
	FailIfNotExists bool                `json:"fail_if_not_exists"`
}

type newMessage struct {
	Content         string            `json:"content"`
	Nonce           string            `json:"nonce"`
	EnforceNonce    bool              `json:"enforce_nonce"`
	AllowedMentions allowedMentions   `json:"allowed_mentions"`
	Flags           int               `json:"flags"`
	Reference       *messageReference `json:"message_reference,omitempty"`
}

type changedMessage struct {
	Content         string          `json:"content"`
	AllowedMentions allowedMentions `json:"allowed_mentions"`
	Flags           int             `json:"flags"`
}

// Send implements messenger.Connector. Because of the nonce, Discord itself
// returns the first message for a second attempt within some minutes; for later
// attempts, MaybePosted makes Send search the channel.
func (d *Connector) Send(ctx context.Context, via messenger.Via, out messenger.Outbound) (openmates.MessageID, error) {
	b := via.Bot
	if err := sendable(out.Channel, out.Text); err != nil {
		return "", err
	}
	if out.ReplyTo != "" && out.MaybePosted {
		id, err := d.posted(ctx, b, out)
		if err != nil {
			return "", sendError(err)
		}
		if id != "" {
			return id, nil
		}
	}
	id, err := d.post(ctx, b, out)
	if e, ok := errors.AsType[*apiError](err); ok && e.code == codeNoReply && out.ReplyTo != "" {
		// Without Read Message History a bot can't reply, but it can post.
		d.access.forget(b, out.Channel)
		out.ReplyTo = ""
		id, err = d.post(ctx, b, out)
	}
	if err != nil {
		return "", d.sendError(b, out.Channel, err)
	}
	return id, nil
}

func (d *Connector) post(ctx context.Context, b openmates.Bot, out messenger.Outbound) (openmates.MessageID, error) {
	m := newMessage{Nonce: nonce(out.Key, out.Part), EnforceNonce: true, Flags: noEmbeds}
	m.Content, m.AllowedMentions = worded(out)
	if out.ReplyTo != "" {
		m.Reference = &messageReference{MessageID: out.ReplyTo}
	}
	var made struct {
		ID text `json:"id"`
	}
	err := d.rest.do(ctx, b, call{
		method: "POST", route: "/channels/{}/messages", path: channelPath(out.Channel) + "/messages", major: string(out.Channel), body: m,
	}, &made)
	if err == nil && made.ID == "" {
		err = &apiError{text: "the answer names no message", network: true}
	}
	return openmates.MessageID(made.ID), err
}

// Edit implements messenger.Editor.
func (d *Connector) Edit(ctx context.Context, via messenger.Via, message openmates.MessageID, out messenger.Outbound) error {
	if err := sendable(out.Channel, out.Text); err != nil {
		return err
	}
	if parseSnowflake(string(message)) == 0 {
		return refuse(openmates.T("There's no message to edit."))
	}
	m := changedMessage{Flags: noEmbeds}
	m.Content, m.AllowedMentions = worded(out)
	err := d.rest.do(ctx, via.Bot, call{
		method: "PATCH", route: "/channels/{}/messages/{}", path: messagePath(messenger.MessageRef{Channel: out.Channel, ID: message}), major: string(out.Channel), body: m,
	}, nil)
	if err != nil {
		return sendError(err)
	}
	return nil
}

// Remove implements messenger.Remover.
func (d *Connector) Remove(ctx context.Context, via messenger.Via, m messenger.MessageRef) error {
	if !validRef(m) {
		return refuse(openmates.T("There's no message to delete."))
	}
	err := d.rest.do(ctx, via.Bot, call{
		method: "DELETE", route: "/channels/{}/messages/{}", path: messagePath(m), major: string(m.Channel),
	}, nil)
	if e, ok := errors.AsType[*apiError](err); ok && e.code == codeUnknownMessage {
		return nil // an earlier attempt whose response was lost, or a moderator
	}
	if err != nil {
		return sendError(err)
	}
	return nil
}

// Typing implements messenger.Typist.
func (d *Connector) Typing(ctx context.Context, via messenger.Via, channel openmates.ChannelID) error {
	if parseSnowflake(string(channel)) == 0 {
		return refuse(openmates.T("This channel doesn't exist."))
	}
	err := d.rest.do(ctx, via.Bot, call{
		method: "POST", route: "/channels/{}/typing", path: channelPath(channel) + "/typing", major: string(channel),
	}, nil)
	if err != nil {
		return sendError(err)
	}
	return nil
}

// posted searches for a part that an earlier attempt may have posted: every
// part references the message that it answers, and the parts were posted in
// order.
func (d *Connector) posted(ctx context.Context, b openmates.Bot, out messenger.Outbound) (openmates.MessageID, error) {
	self := ownAccount(b)
	after := parseSnowflake(string(out.ReplyTo))
	part := 0
	for read := 0; read < backfillMost; {
		page, err := d.messages(ctx, b, string(out.Channel), after)
		if err != nil {
			if e, ok := errors.AsType[*apiError](err); ok && e.status >= 400 && e.status < 500 && e.status != 429 && e.status != 401 {
				return "", nil // not allowed to read: posting will work, or say what is wrong
			}
			return "", err
		}
		for _, m := range page {
			after = max(after, parseSnowflake(string(m.ID)))
			if openmates.AccountID(m.Author.ID) != self || openmates.MessageID(m.Reference.MessageID) != out.ReplyTo {
				continue
			}
			if part == out.Part {
				return openmates.MessageID(m.ID), nil
			}
			part++
		}
		if read += len(page); len(page) < pageSize {
			break
		}
	}
	return "", nil
}

// sendable rejects what Discord would reject, before it counts as a request.
func sendable(channel openmates.ChannelID, text string) error {
	switch n := measure(text); {
	case parseSnowflake(string(channel)) == 0:
		return refuse(openmates.T("This channel doesn't exist."))
	case n > textLimit:
		return refuse(openmates.T("The text has %d characters; Discord's limit is %d.", n, textLimit))
	case strings.TrimSpace(text) == "":
		return refuse(openmates.T("Discord doesn't accept empty messages."))
	}
	return nil
}

// ownAccount returns the bot's account. Except for very old applications it has
// the same ID as the application.
func ownAccount(b openmates.Bot) openmates.AccountID {
	if b.UserID != "" {
		return b.UserID
	}
	return openmates.AccountID(b.AppID)
}

func channelPath(c openmates.ChannelID) string { return "/channels/" + string(c) }

func messagePath(m messenger.MessageRef) string {
	return channelPath(m.Channel) + "/messages/" + string(m.ID)
}

func validRef(m messenger.MessageRef) bool {
	return parseSnowflake(string(m.Channel)) != 0 && parseSnowflake(string(m.ID)) != 0
}

func refuse(reason openmates.Text) error {
	return &messenger.SendError{Kind: messenger.SendInvalid, Reason: reason, Err: errors.New("refused before sending")}
}

// nonce identifies one part of one answer in at most 25 characters: 25 base-36
// digits hold 129 bits.
func nonce(key string, part int) string {
	sum := sha256.Sum256([]byte(key + "\x00" + strconv.Itoa(part)))
	return new(big.Int).SetBytes(sum[:15]).Text(36)
}
