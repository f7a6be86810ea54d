package discord

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"openmates"
	"openmates/internal/messenger"
)

// mostPlaces is how many guilds an inspection checks: each needs three
// requests, and a person is waiting.
const mostPlaces = 10

// Kinds of channels that people write in (resources/channel, Channel Types).
const (
	kindText = 0
	kindNews = 5
)

const (
	administrator Permissions = 1 << 3
	manageThreads Permissions = 1 << 34
)

type overwrite struct {
	ID    text   `json:"id"`
	Allow number `json:"allow"`
	Deny  number `json:"deny"`
}

type channelRights struct {
	ID         text            `json:"id"`
	Name       text            `json:"name"`
	Type       number          `json:"type"`
	Position   number          `json:"position"`
	Overwrites list[overwrite] `json:"permission_overwrites"`
}

type roleRights struct {
	ID          text   `json:"id"`
	Permissions number `json:"permissions"`
}

// places checks whether the bot can work in its guilds.
func (s *inspection) places(ctx context.Context) {
	var guilds []guildObject
	if err := s.ask(ctx, "/users/@me/guilds", "/users/@me/guilds?limit=200", &guilds); err != nil {
		sentence, cure := s.d.trouble(err)
		s.add(messenger.Finding{Check: "places", Title: openmates.T("Discord servers"), State: messenger.FindingUnknown, Sentence: openmates.T("Couldn't find out which Discord servers the bot is in. %s", sentence), Cure: cure})
		return
	}
	in := func(id string) bool {
		return slices.ContainsFunc(guilds, func(g guildObject) bool { return string(g.ID) == id })
	}
	for _, w := range s.want.Places {
		if !in(string(w.ID)) {
			s.add(messenger.Finding{Check: "place:" + string(w.ID), Title: placeName(w.Name), State: messenger.FindingWarn,
				Sentence: openmates.T("The bot was removed from the Discord server %s, so it receives no messages there.", placeName(w.Name)),
				Cure:     openmates.T("If that wasn't intended, a member of the team can add it again from the team's page, or with the invitation below.")})
		}
	}
	if len(guilds) == 0 {
		if len(s.want.Places) == 0 {
			s.add(messenger.Finding{Check: "places", Title: openmates.T("Discord servers"), State: messenger.FindingWarn,
				Sentence: openmates.T("The bot isn't in any Discord server yet."), Cure: openmates.T("Open your team's page and add the mate there.")})
		}
		return
	}
	for _, g := range guilds[:min(len(guilds), mostPlaces)] {
		s.place(ctx, g)
	}
	if more := len(guilds) - mostPlaces; more > 0 {
		s.add(ok("places", openmates.T("Discord servers"), openmates.T("%s", openmates.Quantity{N: more,
			One: "The bot is in %d more Discord server, which wasn't checked.", Many: "The bot is in %d more Discord servers, which weren't checked."})))
	}
}

func placeName(name string) openmates.Text {
	if name == "" {
		return openmates.T("unnamed")
	}
	return openmates.T("“%s”", clip(name, 80))
}

// place checks one guild.
func (s *inspection) place(ctx context.Context, g guildObject) {
	id, name := string(g.ID), placeName(string(g.Name))
	self := string(s.profile.UserID)
	var there guildRights
	for _, q := range there.questions(self) {
		if err := s.ask(ctx, q.route, fmt.Sprintf(q.route, id), q.into); err != nil {
			sentence, cure := s.d.trouble(err)
			s.add(messenger.Finding{Check: "place:" + id, Title: name, State: messenger.FindingUnknown, Sentence: openmates.T("The bot's permissions there couldn't be checked. %s", sentence), Cure: cure})
			return
		}
	}
	var seen, written, read, all int
	var shut []string
	for _, c := range there.channels {
		if c.Type != kindText && c.Type != kindNews {
			continue
		}
		all++
		p := there.of(id, self, c.Overwrites)
		may := func(want Permissions) bool { return p&administrator != 0 || p&ViewChannel != 0 && p&want == want }
		count(&seen, may(ViewChannel))
		count(&written, may(SendMessages))
		count(&read, may(SendMessages|ReadMessageHistory))
		if !may(SendMessages | ReadMessageHistory) {
			shut = append(shut, "#"+clip(string(c.Name), 40))
		}
	}
	f := messenger.Finding{Check: "place:" + id, Title: name, State: messenger.FindingBad}
	grant := func(permission openmates.Text) openmates.Text {
		return openmates.T("On Discord, open Server Settings → Roles → the bot's role and switch on “%s”; then make sure that no channel takes it away again (Edit Channel → Permissions).", permission)
	}
	switch {
	case seen == 0:
		f.Sentence = openmates.T("In the Discord server %s, the bot can't see any channel, so it receives no messages (View Channels is missing).", name)
		f.Cure = grant(openmates.T("View Channels"))
	case written == 0:
		f.Sentence = openmates.T("In the Discord server %s, the bot can't write in any channel, so it can't answer (Send Messages is missing).", name)
		f.Cure = grant(openmates.T("Send Messages"))
	case read == 0:
		f.Sentence = openmates.T("In the Discord server %s, the bot can't read older messages in any channel where it can write, and Discord requires that for replies (Read Message History is missing).", name)
		f.Cure = grant(openmates.T("Read Message History"))
	case len(shut) > 0:
		f = ok(f.Check, name, openmates.T("The bot can answer in %d of %d channels; not in %s.", read, all, some(shut)))
	default:
		f = ok(f.Check, name, openmates.T("The bot can answer in every channel it can see (%d).", read))
	}
	s.add(f)
}

func count(n *int, yes bool) {
	if yes {
		*n++
	}
}

// some lists the first few.
func some(names []string) openmates.Text {
	if len(names) > 5 {
		return openmates.T("%s and %d more", strings.Join(names[:5], ", "), len(names)-5)
	}
	return openmates.T("%s", strings.Join(names, ", "))
}

// rights returns a member's permissions in a channel, in the order of topics/
// permissions, Permission Overwrites: everyone, roles, member.
func rights(guild, member string, roles []roleRights, mine list[text], over list[overwrite]) Permissions {
	var p Permissions
	has := func(id text) bool { return string(id) == guild || slices.Contains(mine, id) }
	for _, r := range roles {
		if has(r.ID) {
			p |= Permissions(r.Permissions)
		}
	}
	apply := func(allow, deny number) { p = p&^Permissions(deny) | Permissions(allow) }
	var allow, deny number
	for _, o := range over {
		if string(o.ID) == guild {
			apply(o.Allow, o.Deny)
		} else if has(o.ID) {
			allow, deny = allow|o.Allow, deny|o.Deny
		}
	}
	apply(allow, deny)
	for _, o := range over {
		if string(o.ID) == member {
			apply(o.Allow, o.Deny)
		}
	}
	return p
}
