package discord

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

var (
	_ messenger.AccessChecker = (*Connector)(nil)
	_ messenger.Reactor       = (*Connector)(nil)
	_ messenger.Whisperer     = (*Connector)(nil)
)

const (
	// A bot's permissions are checked again after a minute; sooner if Discord
	// reports a change, or refuses what seemed to be allowed. A missing
	// permission is remembered only long enough to survive a crowd, because an
	// admin who fixes it tries again immediately.
	accessLasts = time.Minute
	deniedLasts = 2 * time.Second
	accessWaits = 3 * time.Second
	mostAccess  = 1000 // channels of one bot
)

// accesses caches bots' permissions in channels, by application and channel.
type accesses struct {
	mu  sync.Mutex
	all map[string]map[openmates.ChannelID]seenAccess
}

type seenAccess struct {
	messenger.Access
	until time.Time
}

func (a *accesses) get(b openmates.Bot, channel openmates.ChannelID, now time.Time) (messenger.Access, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s, ok := a.all[b.AppID][channel]
	return s.Access, ok && now.Before(s.until)
}

func (a *accesses) put(b openmates.Bot, channel openmates.ChannelID, got messenger.Access, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.all == nil {
		a.all = map[string]map[openmates.ChannelID]seenAccess{}
	}
	if m := a.all[b.AppID]; m == nil || len(m) >= mostAccess {
		a.all[b.AppID] = map[openmates.ChannelID]seenAccess{}
	}
	lasts := accessLasts
	if !got.Writes() {
		lasts = deniedLasts
	}
	a.all[b.AppID][channel] = seenAccess{got, now.Add(lasts)}
}

// forget removes one channel from the cache.
func (a *accesses) forget(b openmates.Bot, channel openmates.ChannelID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.all[b.AppID], channel)
}

// forgetBot removes a bot from the cache.
func (a *accesses) forgetBot(b openmates.Bot) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.all, b.AppID)
}

// Access implements messenger.AccessChecker, by the rules of
// topics/permissions.
func (d *Connector) Access(ctx context.Context, via messenger.Via, channel openmates.ChannelID) (messenger.Access, error) {
	b := via.Bot
	if parseSnowflake(string(via.Workspace)) == 0 || parseSnowflake(string(channel)) == 0 {
		return messenger.Access{}, openmates.Errorf(openmates.EInvalid, "This channel doesn't exist.")
	}
	if got, ok := d.access.get(b, channel, d.now()); ok {
		return got, nil
	}
	ctx, cancel := context.WithTimeout(ctx, accessWaits)
	defer cancel()
	got, err := d.askAccess(ctx, via, channel)
	if e, ok := errors.AsType[*apiError](err); ok && e.status == http.StatusForbidden {
		got, err = messenger.Access{Missing: []string{viewChannels}}, nil
	}
	if err != nil {
		return messenger.Access{}, err
	}
	d.access.put(b, channel, got, d.now())
	return got, nil
}

// placement is a channel with everything that decides about permissions in it.
type placement struct {
	channelRights
	ParentID text `json:"parent_id"`
	Thread   struct {
		Locked flag `json:"locked"`
	} `json:"thread_metadata"`
}

func (d *Connector) askAccess(ctx context.Context, via messenger.Via, channel openmates.ChannelID) (messenger.Access, error) {
	guild, self := string(via.Workspace), string(ownAccount(via.Bot))
	var roles []roleRights
	var me struct {
		Roles list[text] `json:"roles"`
	}
	var c, parent placement
	get := func(route, path, major string, into any) error {
		return d.rest.do(ctx, via.Bot, call{method: "GET", route: route, path: path, major: major, tries: 1}, into)
	}
	inChannel := func(id string, into *placement) error { return get("/channels/{}", "/channels/"+id, id, into) }
	errs := make([]error, 3)
	var all sync.WaitGroup
	all.Go(func() {
		if errs[0] = inChannel(string(channel), &c); errs[0] == nil && c.thread() {
			errs[0] = inChannel(string(c.ParentID), &parent)
		}
	})
	all.Go(func() { errs[1] = get("/guilds/{}/members/{}", "/guilds/"+guild+"/members/"+self, guild, &me) })
	all.Go(func() { errs[2] = get("/guilds/{}/roles", "/guilds/"+guild+"/roles", guild, &roles) })
	all.Wait()
	if err := errors.Join(errs[1], errs[2]); err != nil {
		return messenger.Access{}, errors.New("the bot's roles are not known: " + err.Error()) // whatever their status
	}
	if errs[0] != nil {
		return messenger.Access{}, errs[0]
	}
	over := c.Overwrites
	if c.thread() {
		over = parent.Overwrites // a thread has none of its own (topics/threads, Permissions)
	}
	return accessIn(c, rights(guild, self, roles, me.Roles, over)), nil
}

// Kinds of channels within a channel (resources/channel, Channel Types).
const (
	kindNewsThread    = 10
	kindPublicThread  = 11
	kindPrivateThread = 12
)

func (c *placement) thread() bool { return c.Type >= kindNewsThread && c.Type <= kindPrivateThread }

const viewChannels = "View Channels"

func accessIn(c placement, p Permissions) messenger.Access {
	a := messenger.Access{Channel: "#" + clip(string(c.Name), 100), Replies: true, Reacts: true}
	if p&administrator != 0 {
		return a
	}
	need := func(bit Permissions, name string) {
		if p&bit == 0 {
			a.Missing = append(a.Missing, name)
		}
	}
	need(ViewChannel, viewChannels)
	if c.thread() {
		need(SendMessagesInThreads, "Send Messages in Threads")
	} else {
		need(SendMessages, "Send Messages")
	}
	if c.Thread.Locked {
		need(manageThreads, "Manage Threads") // required to write in a locked one
	}
	a.Replies = p&ReadMessageHistory != 0
	a.Reacts = p&ViewChannel != 0 && p&ReadMessageHistory != 0 && p&AddReactions != 0 && !bool(c.Thread.Locked)
	return a
}

// sendError classifies a failed call in a channel. A refused call shows that
// the permissions have changed.
func (d *Connector) sendError(b openmates.Bot, channel openmates.ChannelID, err error) error {
	if e, ok := errors.AsType[*apiError](err); ok && e.status == http.StatusForbidden {
		d.access.forget(b, channel)
	}
	return sendError(err)
}

// React implements messenger.Reactor (resources/message, Create Reaction).
func (d *Connector) React(ctx context.Context, via messenger.Via, m messenger.MessageRef, sign string) error {
	if !validRef(m) {
		return refuse(openmates.T("There's no message to react to."))
	}
	err := d.rest.do(ctx, via.Bot, call{
		method: "PUT", route: "/channels/{}/messages/{}/reactions/{}/@me", major: string(m.Channel),
		path: messagePath(m) + "/reactions/" + url.PathEscape(sign) + "/@me",
	}, nil)
	if err != nil {
		return d.sendError(via.Bot, m.Channel, err)
	}
	return nil
}

// Whisper implements messenger.Whisperer with a direct message (resources/user,
// Create DM, which returns the existing channel if there is one).
func (d *Connector) Whisper(ctx context.Context, via messenger.Via, account openmates.AccountID, out messenger.Outbound) error {
	if parseSnowflake(string(account)) == 0 {
		return refuse(openmates.T("There's no one to write to."))
	}
	var opened struct {
		ID text `json:"id"`
	}
	err := d.rest.do(ctx, via.Bot, call{
		method: "POST", route: "/users/@me/channels", path: "/users/@me/channels", body: map[string]string{"recipient_id": string(account)},
	}, &opened)
	if err != nil {
		return sendError(err)
	}
	out.Channel, out.ReplyTo, out.Ping, out.MaybePosted = openmates.ChannelID(opened.ID), "", false, false
	_, err = d.Send(ctx, via, out)
	return err
}
