package discord

import (
	"context"
	"errors"
	"fmt"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

var _ messenger.Census = (*Connector)(nil)

// Unknown Member and Unknown User (topics/opcodes-and-status-codes).
const (
	unknownMember = 10007
	unknownUser   = 10013
)

// Joined implements messenger.Census (resources/guild, Get Guild Member), which
// needs no privileged intent.
func (d *Connector) Joined(ctx context.Context, via messenger.Via, accounts []openmates.AccountID) (map[openmates.AccountID]time.Time, error) {
	guild := string(via.Workspace)
	if parseSnowflake(guild) == 0 {
		return nil, openmates.Errorf(openmates.ENotFound, "This Discord server doesn't exist.")
	}
	ctx, cancel := context.WithTimeout(ctx, d.patience)
	defer cancel()
	all := map[openmates.AccountID]time.Time{}
	for _, id := range accounts {
		if parseSnowflake(string(id)) == 0 {
			return nil, fmt.Errorf("the account %q is none of Discord's", clip(string(id), 40))
		}
		var m struct {
			Joined text `json:"joined_at"`
		}
		route := "/guilds/%s/members/{}"
		err := d.rest.do(ctx, via.Bot, call{method: "GET", route: route, path: "/guilds/" + guild + "/members/" + string(id), major: guild, tries: 2}, &m)
		if e, ok := errors.AsType[*apiError](err); ok {
			if e.code == unknownMember || e.code == unknownUser {
				continue
			}
			if absent(e) {
				return nil, &openmates.Error{Code: openmates.ENotFound, Message: openmates.T("The bot is no longer in this Discord server."), Err: err}
			}
		}
		if err != nil {
			return nil, d.refusal(err)
		}
		at, err := time.Parse(time.RFC3339, string(m.Joined))
		if err != nil { // it is there; treat the unknown time as long ago
			at = time.Unix(0, 0).UTC()
		}
		all[id] = at
	}
	return all, nil
}
