package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"openmates"
)

// catchUp reads back the messages in a channel since a time that are for the
// mate, oldest first. Discord has no replay beyond the resume window (events/
// gateway, Resuming), so this is the only way to recover after a longer
// absence.
//
// A channel that the bot may not read is skipped; if Discord doesn't respond,
// the error says so and the caller retries.
func (l *listener) catchUp(ctx context.Context, guildID, channel string, since time.Time) error {
	after := snowflakeAt(since)
	for read := 0; read < backfillMost; {
		page, err := l.d.messages(ctx, l.bot, channel, after)
		if err != nil {
			if e, ok := errors.AsType[*apiError](err); ok && e.status >= 400 && e.status < 500 && e.status != 429 {
				l.log.Info("a channel's missed messages can't be read", "channel", channel, "err", err)
				return nil
			}
			return err
		}
		for _, m := range page {
			after = max(after, parseSnowflake(string(m.ID)))
			m.GuildID = text(guildID) // missing in REST responses
			m.ChannelID = text(channel)
			if err := l.missed(ctx, m); err != nil {
				return err
			}
		}
		if read += len(page); len(page) < pageSize {
			return nil
		}
	}
	l.log.Warn("more messages were missed in a channel than are read back", "channel", channel, "read", backfillMost)
	return nil
}

func (l *listener) missed(ctx context.Context, m *messageObject) error {
	in, ok, err := l.decide(ctx, m)
	if err != nil || !ok {
		return err
	}
	l.log.Info("a missed message is made up for", "message", in.Message, "channel", in.Channel)
	return l.host.Receive(ctx, in)
}

const pageSize = 100

// messages returns up to pageSize messages after an ID, oldest first; Discord
// returns them newest first (resources/message, Get Channel Messages).
func (d *Connector) messages(ctx context.Context, b openmates.Bot, channel string, after uint64) ([]*messageObject, error) {
	var raws []json.RawMessage
	err := d.rest.do(ctx, b, call{
		method: "GET",
		route:  "/channels/{}/messages",
		path:   "/channels/" + channel + "/messages?limit=" + strconv.Itoa(pageSize) + "&after=" + strconv.FormatUint(after, 10),
		major:  channel,
	}, &raws)
	if err != nil {
		return nil, err
	}
	page := make([]*messageObject, 0, len(raws))
	for _, raw := range raws {
		m := new(messageObject)
		if decode(raw, m) == nil && m.ID != "" {
			page = append(page, m)
		}
	}
	slices.SortFunc(page, func(x, y *messageObject) int {
		a, b := parseSnowflake(string(x.ID)), parseSnowflake(string(y.ID))
		switch {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return 0
	})
	return page, nil
}

// role returns the bot's managed role in a message's guild. If it matters and
// isn't known, it is requested over REST, because a resumed session doesn't
// send it again.
func (l *listener) role(ctx context.Context, m *messageObject) (string, error) {
	guildID := string(m.GuildID)
	l.mu.Lock()
	role, known := l.world.roleIn(guildID)
	l.mu.Unlock()
	if known || guildID == "" || len(m.MentionRoles) == 0 {
		return role, nil
	}
	var roles list[roleObject]
	err := l.d.rest.do(ctx, l.bot, call{
		method: "GET", route: "/guilds/{}/roles", path: "/guilds/" + guildID + "/roles", major: guildID,
	}, &roles)
	if err != nil {
		if e, ok := errors.AsType[*apiError](err); ok && e.status >= 400 && e.status < 500 && e.status != 429 {
			l.log.Info("the roles of a guild can't be read", "guild", guildID, "err", err)
			return "", nil
		}
		return "", fmt.Errorf("roles of guild %s: %w", guildID, err)
	}
	l.mu.Lock()
	g := l.world.guilds[guildID]
	if g == nil {
		g = &guild{}
		l.world.guilds[guildID] = g
	}
	g.role = noRole
	for _, r := range roles {
		l.world.setRole(guildID, r)
	}
	role, _ = l.world.roleIn(guildID)
	stored := g.role
	l.mu.Unlock()
	l.pipe.change(func(n *notes) { n.Guilds[guildID] = stored })
	return role, nil
}
