package connect

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// Takeovers reads and writes workspaces that change teams.
type Takeovers interface {
	// TakeOver returns ErrChanged if something has changed since the check.
	TakeOver(ctx context.Context, o Takeover) (openmates.Installation, error)
}

// UntiePath is the page on which a server admin unties workspaces.
const UntiePath = "/server/workspaces"

// claim returns a workspace to the team of a completed consent. A workspace of
// another team is transferred if, as the network itself says now, none of that
// team's mates is in it: then somebody who manages the workspace has removed
// them, and nobody else could add a bot.
func (r *Room) claim(ctx context.Context, c BegunState, b openmates.Bot, con messenger.Connector, t openmates.Team, m openmates.Mate, g messenger.Grant) error {
	w := g.Workspace
	in := openmates.Installation{BotID: b.ID, TeamID: t.ID, Workspace: w.ID, Name: w.Name, Token: g.Token}
	err := r.install(ctx, c, b, t, m, in)
	if openmates.CodeOf(err) != openmates.EConflict {
		return err
	}
	holder, err := r.store.TeamAt(ctx, b.Network, w.ID)
	if openmates.CodeOf(err) == openmates.ENotFound { // released at this very moment
		return r.install(ctx, c, b, t, m, in)
	}
	if err != nil {
		return err
	}
	seen, err := r.installationsIn(ctx, holder, w.ID)
	if err != nil {
		return err
	}
	left, err := r.leftBehind(ctx, c, messenger.Via{Bot: b, Workspace: w.ID, Token: g.Token}, con, w.Name, seen)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return r.keeps(w, openmates.T("%s, which works for that team, is still there. If you manage this workspace, remove it there first and then start again.", strings.Join(left, ", ")))
	}
	o := Takeover{Installation: in, From: holder.ID, Seen: seen, Notice: openmates.T(
		"%s on %s now belongs to another team. All your mates had been removed there, and someone who manages it has connected it.", named(w.Name, openmates.T("A workspace")), r.label(b.Network))}
	err = r.store.Within(ctx, func(ctx context.Context) error {
		if _, err := r.store.TakeOver(ctx, o); err != nil {
			return err
		}
		// Who did it is only for the new team to know.
		if err := r.note(ctx, 0, holder.ID, "team.workspace_lost", string(b.Network)+"/"+string(w.ID), w); err != nil {
			return err
		}
		if err := r.note(ctx, c.UserID, t.ID, "team.workspace_taken_over", string(b.Network)+"/"+string(w.ID), w); err != nil {
			return err
		}
		return r.note(ctx, c.UserID, t.ID, "team.connect", target(m, b), w)
	})
	if openmates.CodeOf(err) == openmates.EConflict {
		return r.keeps(w, openmates.T("Something has just changed there. Start again."))
	}
	if err == nil {
		r.log.InfoContext(ctx, "workspace taken over", "bot", b.ID, "from", holder.ID, "team", t.ID, "workspace", w.ID)
	}
	return err
}

// install connects a workspace that no other team has, and records that.
func (r *Room) install(ctx context.Context, c BegunState, b openmates.Bot, t openmates.Team, m openmates.Mate, in openmates.Installation) error {
	return r.store.Within(ctx, func(ctx context.Context) error {
		if _, err := r.store.AddInstallation(ctx, in); err != nil {
			return err
		}
		return r.note(ctx, c.UserID, t.ID, "team.connect", target(m, b), messenger.Workspace{ID: in.Workspace, Name: in.Name})
	})
}

// keeps returns the error for a workspace that another team keeps.
func (r *Room) keeps(w messenger.Workspace, why openmates.Text) error {
	belongs := openmates.T("%s is connected to another team on this server, and a workspace can only belong to one team.", named(w.Name, openmates.T("This workspace")))
	cure := openmates.T("A server admin can disconnect it at %s", r.PublicURL()+UntiePath+"?q="+url.QueryEscape(string(w.ID)))
	return openmates.Errorf(openmates.EConflict, "%s %s %s", belongs, why, cure)
}

func (r *Room) installationsIn(ctx context.Context, t openmates.Team, workspace openmates.WorkspaceID) ([]openmates.Installation, error) {
	all, err := r.store.InstallationsOf(ctx, t.ID)
	return slices.DeleteFunc(all, func(in openmates.Installation) bool { return in.Workspace != workspace }), err
}

// leftBehind names the mates that still work for the current team of a
// workspace. Only what the network says now counts, not what the database
// remembers. The question goes through the bot that was just added, because it
// is certainly there. That bot itself counts if it was there before this
// consent, or if the current team added it after it last joined.
func (r *Room) leftBehind(ctx context.Context, c BegunState, via messenger.Via, con messenger.Connector, name string, seen []openmates.Installation) ([]string, error) {
	b := via.Bot
	census, can := con.(messenger.Census)
	if !can {
		return []string{b.Name}, nil
	}
	bots, err := r.store.Bots(ctx)
	if err != nil {
		return nil, err
	}
	bots = slices.DeleteFunc(bots, func(x openmates.Bot) bool { return x.Network != b.Network || x.MateID == 0 })
	ids := make([]openmates.AccountID, len(bots))
	for i, x := range bots {
		ids[i] = accountOf(x)
	}
	joined, err := census.Joined(ctx, via, ids)
	if err != nil {
		return nil, &openmates.Error{Code: openmates.EUnavailable, Err: fmt.Errorf("see who is left: %w", err), Message: openmates.T(
			"%s is connected to another team on this server, and %s couldn't tell whether that team's mates are still there. Start again in a minute.", named(name, openmates.T("This workspace")), con.Info().Label)}
	}
	var left []string
	for i, x := range bots {
		at, here := joined[ids[i]]
		switch {
		case x.ID != b.ID && here, x.ID == b.ID && (!here || was(at, c, b, seen)):
			left = append(left, x.Name)
		}
	}
	return left, nil
}

func accountOf(b openmates.Bot) openmates.AccountID {
	if b.UserID != "" {
		return b.UserID
	}
	return openmates.AccountID(b.AppID)
}

// was reports whether the bot that a consent added already worked for the
// current team. The network's clock may differ slightly from ours; in doubt it
// did.
func was(joined time.Time, c BegunState, b openmates.Bot, seen []openmates.Installation) bool {
	begun := c.Expires.Add(-validFor)
	if joined.Before(begun.Add(-clockSlack)) {
		return true
	}
	i := slices.IndexFunc(seen, func(in openmates.Installation) bool { return in.BotID == b.ID })
	if i < 0 || !seen[i].Left.IsZero() || seen[i].Connected.IsZero() {
		return false // it was seen leaving, or nobody added it
	}
	return !joined.After(seen[i].Connected.Add(clockSlack))
}
