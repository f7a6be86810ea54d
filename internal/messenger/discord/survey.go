package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"openmates"
	"openmates/internal/messenger"
)

var (
	_ messenger.Leaver   = (*Connector)(nil)
	_ messenger.Surveyor = (*Connector)(nil)
)

// Leave implements messenger.Leaver (resources/user, Leave Guild).
func (d *Connector) Leave(ctx context.Context, via messenger.Via) error {
	guild := string(via.Workspace)
	if parseSnowflake(guild) == 0 {
		return refuse(openmates.T("This Discord server doesn't exist."))
	}
	err := d.rest.do(ctx, via.Bot, call{method: "DELETE", route: "/users/@me/guilds/{}", path: "/users/@me/guilds/" + guild, tries: 3}, nil)
	if e, ok := errors.AsType[*apiError](err); ok && absent(e) {
		return nil
	}
	if err != nil {
		return sendError(err)
	}
	return nil
}

// absent reports whether an error means that the bot isn't in the guild:
// Unknown Guild or Missing Access (topics/opcodes-and-status-codes).
func absent(e *apiError) bool {
	return e.code == 10004 || e.code == 50001 || e.status == http.StatusNotFound
}

// needed returns the permissions without which a bot can't answer in a channel.
func needed() []messenger.Permission {
	return []messenger.Permission{
		{Name: openmates.T("View Channels"), ID: ViewChannel.String()},
		{Name: openmates.T("Send Messages"), ID: SendMessages.String()},
	}
}

// Survey implements messenger.Surveyor.
func (d *Connector) Survey(ctx context.Context, via messenger.Via) (messenger.Survey, error) {
	var none messenger.Survey
	b, guild, self := via.Bot, string(via.Workspace), string(ownAccount(via.Bot))
	if parseSnowflake(guild) == 0 {
		return none, openmates.Errorf(openmates.ENotFound, "This Discord server doesn't exist.")
	}
	ctx, cancel := context.WithTimeout(ctx, d.patience)
	defer cancel()
	var seen guildRights
	for _, q := range seen.questions(self) {
		path := fmt.Sprintf(q.route, guild)
		err := d.rest.do(ctx, b, call{method: "GET", route: q.route, path: path, major: guild, tries: 2}, q.into)
		if e, ok := errors.AsType[*apiError](err); ok && absent(e) {
			return none, &openmates.Error{Code: openmates.ENotFound, Message: openmates.T("The bot is no longer in this Discord server."), Err: err}
		}
		if err != nil {
			return none, d.refusal(err)
		}
	}
	all := seen.of(guild, self, nil)
	out := messenger.Survey{Lacking: d.lacking(b, all)}
	slices.SortStableFunc(seen.channels, func(x, y channelRights) int { return int(x.Position) - int(y.Position) })
	for _, c := range seen.channels {
		if c.Type == kindText || c.Type == kindNews {
			out.Channels = append(out.Channels, view(c, seen.of(guild, self, c.Overwrites)))
		}
	}
	return out, nil
}

// guildRights is all that decides what a bot may do in the channels of a guild.
type guildRights struct {
	me struct {
		Roles list[text] `json:"roles"`
	}
	roles    []roleRights
	channels []channelRights
}

// question is one request to Discord: its route with a place for the guild, and
// where the answer goes.
type question struct {
	route string
	into  any
}

func (g *guildRights) questions(self string) []question {
	return []question{{"/guilds/%s/members/" + self, &g.me}, {"/guilds/%s/roles", &g.roles}, {"/guilds/%s/channels", &g.channels}}
}

// of returns what the bot may do where these overwrites apply.
func (g *guildRights) of(guild, self string, in list[overwrite]) Permissions {
	return rights(guild, self, g.roles, g.me.Roles, in)
}

// lacking names the permissions that a bot requests but doesn't have.
func (d *Connector) lacking(b openmates.Bot, have Permissions) (names []openmates.Text) {
	for _, p := range d.Permissions(b) {
		if p.On && have&(bitOf(p)|administrator) == 0 {
			names = append(names, p.Name)
		}
	}
	return names
}

func view(c channelRights, p Permissions) messenger.ChannelView {
	v := messenger.ChannelView{ID: openmates.ChannelID(c.ID), Name: "#" + clip(string(c.Name), 100), Seen: p&(ViewChannel|administrator) != 0}
	if p&administrator != 0 {
		return v
	}
	for _, n := range needed() {
		if p&bitOf(n) == 0 {
			v.Missing = append(v.Missing, n.Name)
		}
	}
	if p&ReadMessageHistory == 0 { // its answers can't reference the question
		v.Wanting = append(v.Wanting, openmates.T("Read Message History"))
	}
	return v
}
