package discord

import (
	"context"
	"slices"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// dispatch handles one event: it updates the world immediately, so that the
// next event is understood correctly, and queues work for the Host in the pipe.
func (l *listener) dispatch(e envelope, at time.Time) {
	do, err := l.work(e)
	if err != nil {
		l.log.Warn("an event can't be read, it is skipped", "event", e.event, "seq", e.seq, "err", err)
	}
	if do == nil {
		l.pipe.skip(e.seq, at)
		return
	}
	l.pipe.push(job{name: e.event, seq: e.seq, at: at, do: do})
}

func workspaceIDs(guilds []string) []openmates.WorkspaceID {
	ids := make([]openmates.WorkspaceID, len(guilds))
	for i, id := range guilds {
		ids[i] = openmates.WorkspaceID(id)
	}
	return ids
}

type step func(ctx context.Context) error

// work returns what to do for an event, or nil.
func (l *listener) work(e envelope) (step, error) {
	switch e.event {
	case "MESSAGE_CREATE":
		return l.messageStep(e)
	case "READY":
		r := new(readyObject)
		return decoded(e, r, func() step { return l.ready(r) })
	case "GUILD_CREATE":
		g := new(guildObject)
		return decoded(e, g, func() step { return l.guildCreate(g) })
	case "GUILD_DELETE":
		g := new(guildObject)
		return decoded(e, g, func() step { return l.guildDelete(g) })
	case "GUILD_MEMBER_UPDATE": // without its intent only for the bot itself (events/gateway, Gateway Intents)
		l.d.access.forgetBot(l.bot)
	case "GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE", "GUILD_ROLE_DELETE":
		l.d.access.forgetBot(l.bot)
		r := new(roleEvent)
		return decoded(e, r, func() step { return l.roleChange(r, e.event == "GUILD_ROLE_DELETE") })
	case "CHANNEL_CREATE", "CHANNEL_UPDATE", "THREAD_CREATE", "THREAD_UPDATE", "CHANNEL_DELETE", "THREAD_DELETE":
		l.d.access.forgetBot(l.bot)
		c := new(channelObject)
		return decoded(e, c, func() step {
			l.channelChange(c, e.event == "CHANNEL_DELETE" || e.event == "THREAD_DELETE")
			return nil
		})
	}
	return nil, nil
}

func decoded(e envelope, into any, then func() step) (step, error) {
	if err := decode(e.data, into); err != nil {
		return nil, err
	}
	return then(), nil
}

// ready handles the start of a new session: it learns which guilds there are,
// and catches up on direct messages since the last session.
func (l *listener) ready(r *readyObject) step {
	l.mu.Lock()
	l.world.ready(r)
	user := l.world.user
	l.needle = []byte(user)
	l.mu.Unlock()
	ids := make([]string, 0, len(r.Guilds))
	for _, g := range r.Guilds {
		ids = append(ids, string(g.ID))
	}
	done := 0
	return func(ctx context.Context) error {
		if err := l.host.Workspaces(ctx, messenger.WorkspaceChange{Known: true, All: workspaceIDs(ids)}); err != nil {
			return err
		}
		var next notes
		l.pipe.read(func(n *notes) { next = *n })
		next.lost(l.d.now(), ids)
		if next.Since != 0 {
			dms := slices.Clone(next.DMs)
			for ; done < len(dms); done++ {
				if err := l.catchUp(ctx, "", dms[done], time.UnixMilli(next.Since)); err != nil {
					return err
				}
			}
		}
		// Only now: a restart before this resumes the previous session, is
		// refused, and catches up from the same position.
		l.pipe.change(func(n *notes) {
			n.Session, n.Seq, n.Resume, n.User = string(r.SessionID), 0, string(r.ResumeURL), user
			n.Since, n.Pending = next.Since, next.Pending
			for id := range n.Guilds {
				if !slices.Contains(ids, id) {
					delete(n.Guilds, id)
				}
			}
			if len(n.Pending) == 0 {
				n.Since = 0
			}
		})
		// Without a stored session a crash would leave nothing to resume, and a
		// bot's first start has no position to catch up from either.
		l.pipe.saveNext()
		return nil
	}
}

// guildCreate handles a guild that the bot was already in, that came back from
// an outage, or that it was added to.
func (l *listener) guildCreate(g *guildObject) step {
	id := string(g.ID)
	if id == "" || bool(g.Unavailable) {
		return nil
	}
	l.mu.Lock()
	l.world.create(g)
	role := l.world.guilds[id].role
	l.mu.Unlock()
	channels := slices.Concat(g.Channels, g.Threads)
	done := 0
	return func(ctx context.Context) error {
		err := l.host.Workspaces(ctx, messenger.WorkspaceChange{Workspace: messenger.Workspace{ID: openmates.WorkspaceID(id), Name: string(g.Name)}})
		if err != nil {
			return err
		}
		var since time.Time
		l.pipe.read(func(n *notes) {
			if n.Since != 0 && slices.Contains(n.Pending, id) {
				since = time.UnixMilli(n.Since)
			}
		})
		if !since.IsZero() {
			for ; done < len(channels); done++ {
				c := channels[done]
				if parseSnowflake(string(c.LastMessageID)) <= snowflakeAt(since) {
					continue
				}
				if err := l.catchUp(ctx, id, string(c.ID), since); err != nil {
					return err
				}
			}
		}
		l.pipe.change(func(n *notes) {
			n.caughtUp(id)
			n.Guilds[id] = role
		})
		return nil
	}
}

// guildDelete handles the loss of a guild. With unavailable it is an outage,
// and the bot is still in it (events/gateway-events, Guild Delete).
func (l *listener) guildDelete(g *guildObject) step {
	id := string(g.ID)
	if id == "" || bool(g.Unavailable) {
		return nil
	}
	l.mu.Lock()
	name := string(g.Name)
	if k := l.world.guilds[id]; k != nil {
		name = k.name
	}
	delete(l.world.guilds, id)
	l.mu.Unlock()
	return func(ctx context.Context) error {
		err := l.host.Workspaces(ctx, messenger.WorkspaceChange{Workspace: messenger.Workspace{ID: openmates.WorkspaceID(id), Name: name}, Left: true})
		if err != nil {
			return err
		}
		l.pipe.change(func(n *notes) {
			n.caughtUp(id)
			delete(n.Guilds, id)
		})
		return nil
	}
}

func (l *listener) roleChange(r *roleEvent, gone bool) step {
	id := string(r.GuildID)
	l.mu.Lock()
	defer l.mu.Unlock()
	var mine bool
	if gone {
		mine = l.world.dropRole(id, string(r.RoleID))
	} else {
		mine = l.world.setRole(id, r.Role)
	}
	if !mine {
		return nil
	}
	role := l.world.guilds[id].role
	return func(context.Context) error {
		l.pipe.change(func(n *notes) { n.Guilds[id] = role })
		return nil
	}
}

func (l *listener) channelChange(c *channelObject, gone bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if gone {
		l.world.dropChannel(*c)
		return
	}
	l.world.setChannel(*c)
}
