package discord

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// decode reads JSON leniently: a field of an unexpected type stays empty and
// does no other harm. Discord sometimes changes the types of fields
// (channel.application_id became nullable in August 2026), and other servers
// with its protocol differ in many.
func decode(raw []byte, out any) error {
	err := json.Unmarshal(raw, out)
	if _, odd := errors.AsType[*json.UnmarshalTypeError](err); odd {
		return nil
	}
	return err
}

// text is a string that may arrive as a number, as IDs do on some servers.
type text string

// UnmarshalJSON never fails.
func (t *text) UnmarshalJSON(b []byte) error {
	*t = ""
	switch {
	case len(b) == 0:
	case b[0] == '"':
		var s string
		if json.Unmarshal(b, &s) == nil {
			*t = text(s)
		}
	case b[0] == '-' || b[0] >= '0' && b[0] <= '9':
		*t = text(b)
	}
	return nil
}

// number is an integer that may arrive as a string.
type number int64

// UnmarshalJSON never fails.
func (n *number) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseInt(string(bytes.Trim(b, `"`)), 10, 64)
	if err != nil {
		v = 0
	}
	*n = number(v)
	return nil
}

// millis returns the number as milliseconds, clamped: a pause that a network
// asks for must neither overflow nor keep us busy or silent.
func (n number) millis(least, most time.Duration) time.Duration {
	return time.Duration(min(max(int64(n), least.Milliseconds()), most.Milliseconds())) * time.Millisecond
}

// flag is a boolean; other types count as false.
type flag bool

// UnmarshalJSON never fails.
func (f *flag) UnmarshalJSON(b []byte) error {
	*f = string(b) == "true"
	return nil
}

// list is an array; elements of an unexpected type are left out.
type list[T any] []T

// UnmarshalJSON never fails.
func (l *list[T]) UnmarshalJSON(b []byte) error {
	*l = nil
	if bytes.Equal(b, []byte("[]")) || len(b) == 0 || b[0] != '[' {
		return nil
	}
	var all []T
	if json.Unmarshal(b, &all) == nil {
		*l = all
		return nil
	}
	var raws []json.RawMessage
	_ = json.Unmarshal(b, &raws) // anything but a list counts as an empty one
	for _, raw := range raws {
		var one T
		err := json.Unmarshal(raw, &one)
		odd, ok := errors.AsType[*json.UnmarshalTypeError](err)
		if err == nil || ok && odd.Field != "" { // only a field has the wrong type, not the whole element
			*l = append(*l, one)
		}
	}
	return nil
}

// The parts of Discord's objects that we use. Names are as in resources/user,
// resources/message, resources/guild, resources/channel, topics/permissions.

type userObject struct {
	ID         text         `json:"id"`
	Username   text         `json:"username"`
	GlobalName text         `json:"global_name"`
	Avatar     text         `json:"avatar"` // its hash
	Bot        flag         `json:"bot"`
	Member     memberObject `json:"member"` // only in mentions
}

// name returns the name that Discord shows for a user.
func (u userObject) name() string {
	switch {
	case u.Member.Nick != "":
		return string(u.Member.Nick)
	case u.GlobalName != "":
		return string(u.GlobalName)
	}
	return string(u.Username)
}

// account returns a user as an account of the product.
func (u userObject) account() messenger.Account {
	return messenger.Account{ID: openmates.AccountID(u.ID), Name: u.name(), Avatar: u.picture()}
}

// cdn is where Discord stores pictures (reference, Image Formatting), whatever
// the address of its API.
const cdn = "https://cdn.discordapp.com"

// picture returns the address of a user's own picture, or "". An animated
// picture has a still image under the same name.
func (u userObject) picture() string {
	hash := string(u.Avatar)
	odd := func(r rune) bool { return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r == '_') }
	if hash == "" || len(hash) > 64 || strings.ContainsFunc(hash, odd) || parseSnowflake(string(u.ID)) == 0 {
		return ""
	}
	return cdn + "/avatars/" + string(u.ID) + "/" + hash + ".png"
}

type memberObject struct {
	Nick text `json:"nick"`
}

type messageObject struct {
	ID           text                   `json:"id"`
	ChannelID    text                   `json:"channel_id"`
	GuildID      text                   `json:"guild_id"`
	Type         number                 `json:"type"`
	Content      text                   `json:"content"`
	Author       userObject             `json:"author"`
	Member       memberObject           `json:"member"`
	WebhookID    text                   `json:"webhook_id"`
	Mentions     list[userObject]       `json:"mentions"`
	MentionRoles list[text]             `json:"mention_roles"`
	Attachments  list[attachmentObject] `json:"attachments"`
	Flags        number                 `json:"flags"`
	Reference    struct {
		Type      number `json:"type"`
		MessageID text   `json:"message_id"`
		ChannelID text   `json:"channel_id"`
	} `json:"message_reference"`
	Referenced json.RawMessage      `json:"referenced_message"` // null = deleted
	Snapshots  list[snapshotObject] `json:"message_snapshots"`
	Embeds     list[embedObject]    `json:"embeds"`
	Stickers   list[stickerObject]  `json:"sticker_items"`
	Poll       pollObject           `json:"poll"`
}

// snapshotObject is a forwarded message as it was then, without its author.
type snapshotObject struct {
	Message messageObject `json:"message"`
}

type embedObject struct {
	Title       text `json:"title"`
	Description text `json:"description"`
	URL         text `json:"url"`
	Author      struct {
		Name text `json:"name"`
	} `json:"author"`
	Fields list[struct {
		Name  text `json:"name"`
		Value text `json:"value"`
	}] `json:"fields"`
	Footer struct {
		Text text `json:"text"`
	} `json:"footer"`
}

type stickerObject struct {
	Name text `json:"name"`
}

type pollObject struct {
	Question struct {
		Text text `json:"text"`
	} `json:"question"`
	Answers list[struct {
		Media struct {
			Text text `json:"text"`
		} `json:"poll_media"`
	}] `json:"answers"`
}

type attachmentObject struct {
	Filename    text   `json:"filename"`
	ContentType text   `json:"content_type"`
	Size        number `json:"size"`
	URL         text   `json:"url"`
}

type roleObject struct {
	ID   text `json:"id"`
	Name text `json:"name"`
	Tags struct {
		BotID text `json:"bot_id"`
	} `json:"tags"`
}

type channelObject struct {
	ID            text `json:"id"`
	GuildID       text `json:"guild_id"`
	Name          text `json:"name"`
	LastMessageID text `json:"last_message_id"`
}

type guildObject struct {
	ID          text                `json:"id"`
	Name        text                `json:"name"`
	Unavailable flag                `json:"unavailable"`
	Roles       list[roleObject]    `json:"roles"`
	Channels    list[channelObject] `json:"channels"`
	Threads     list[channelObject] `json:"threads"`
}

type readyObject struct {
	User      userObject        `json:"user"`
	SessionID text              `json:"session_id"`
	ResumeURL text              `json:"resume_gateway_url"`
	Guilds    list[guildObject] `json:"guilds"`
}

type roleEvent struct {
	GuildID text       `json:"guild_id"`
	Role    roleObject `json:"role"`
	RoleID  text       `json:"role_id"`
}
