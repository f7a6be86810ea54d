package connect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// Places reads and writes bots in workspaces.
type Places interface {
	// UnbindWorkspace removes a workspace from a team; ErrNoConnection if it
	// isn't that team's.
	UnbindWorkspace(ctx context.Context, n openmates.Network, workspace openmates.WorkspaceID, teamID openmates.ID) error
	// RemoveInstallation removes a bot's installation in a team's workspace;
	// ErrNoConnection if there is none.
	RemoveInstallation(ctx context.Context, teamID, botID openmates.ID, workspace openmates.WorkspaceID) error
	// TestInstallation reports whether a bot may post a test message now, at
	// most once per interval, and records it.
	TestInstallation(ctx context.Context, botID openmates.ID, workspace openmates.WorkspaceID, every time.Duration) (bool, error)
	// Strangers lists bots that have been in a workspace since before a time,
	// that nobody has connected, and in which the bot hasn't greeted.
	Strangers(ctx context.Context, since time.Time) ([]openmates.Installation, error)
	// GreetOnce reports whether the bot should greet now; only one caller gets
	// true.
	GreetOnce(ctx context.Context, botID openmates.ID, workspace openmates.WorkspaceID) (bool, error)
}

// Presence reports whether a mate is in a workspace.
type Presence string

// The presences.
const (
	Missing Presence = "missing" // never added
	Present Presence = "present"
	Left    Presence = "left" // removed
)

// Place is a team's workspace, with all mates that could be in it.
type Place struct {
	Network openmates.Network
	Label   string // the network's name
	ID      openmates.WorkspaceID
	Name    string
	Guests  []Guest // by name
}

// Guest is a mate and its presence in a team's workspace.
type Guest struct {
	Mate     Mate
	Bot      Bot
	Presence Presence
	Since    time.Time // when it joined or was removed
	CanAdd   bool      // its application is ready to be added with a link
}

// In counts the mates that are present.
func (p Place) In() (n int) {
	for _, g := range p.Guests {
		if g.Presence == Present {
			n++
		}
	}
	return n
}

// Next returns the first mate that can be added with one click; ok is false if
// there is none.
func (p Place) Next() (g Guest, ok bool) {
	for _, g := range p.Guests {
		if g.Presence == Missing && g.CanAdd {
			return g, true
		}
	}
	return Guest{}, false
}

// Places lists a team's workspaces by name, with the presence of each mate that
// the server and the team allow. A workspace that all mates have left still
// belongs to the team.
func (r *Room) Places(ctx context.Context, t openmates.Team) ([]Place, error) {
	mates, err := r.TeamMates(ctx, t)
	if err != nil {
		return nil, err
	}
	ins, err := r.store.InstallationsOf(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	bots, err := r.store.Bots(ctx)
	if err != nil {
		return nil, err
	}
	var all []Place
	for _, in := range ins {
		n := networkOf(bots, in.BotID)
		known := slices.ContainsFunc(all, func(p Place) bool { return p.ID == in.Workspace && p.Network == n })
		if n != "" && !known {
			all = append(all, r.place(n, in, mates, ins))
		}
	}
	slices.SortFunc(all, func(a, b Place) int { return strings.Compare(a.Name+string(a.ID), b.Name+string(b.ID)) })
	return all, nil
}

func networkOf(bots []openmates.Bot, id openmates.ID) openmates.Network {
	for _, b := range bots {
		if b.ID == id {
			return b.Network
		}
	}
	return ""
}

func (r *Room) place(n openmates.Network, of openmates.Installation, mates []TeamMate, ins []openmates.Installation) Place {
	p := Place{Network: n, Label: r.label(n), ID: of.Workspace, Name: of.Name}
	con := r.connectors[n]
	_, installs := con.(messenger.Installer)
	for _, m := range mates {
		for _, b := range m.Bots {
			if b.Network != n {
				continue
			}
			g := Guest{Mate: m.Mate, Bot: b, Presence: Missing, CanAdd: installs && b.CanAdd()}
			for _, in := range ins {
				if in.BotID != b.ID || in.Workspace != p.ID {
					continue
				}
				g.Presence, g.Since = Present, in.Created
				if !in.Connected.IsZero() {
					g.Since = in.Connected
				}
				if !in.Left.IsZero() {
					g.Presence, g.Since = Left, in.Left
				}
			}
			p.Guests = append(p.Guests, g)
		}
	}
	return p
}

// PlaceOf returns a workspace of a team; another team's is openmates.ENotFound.
func (r *Room) PlaceOf(ctx context.Context, t openmates.Team, n openmates.Network, workspace openmates.WorkspaceID) (Place, error) {
	all, err := r.Places(ctx, t)
	if err != nil {
		return Place{}, err
	}
	for _, p := range all {
		if p.Network == n && p.ID == workspace {
			return p, nil
		}
	}
	return Place{}, openmates.Errorf(openmates.ENotFound, "The team %s doesn't have this workspace (any more).", t.Name)
}

// guest returns a mate that is, or was, in a team's workspace.
func (r *Room) guest(ctx context.Context, t openmates.Team, n openmates.Network, workspace openmates.WorkspaceID, mate string) (Guest, openmates.Bot, messenger.Workspace, error) {
	p, err := r.PlaceOf(ctx, t, n, workspace)
	if err != nil {
		return Guest{}, openmates.Bot{}, messenger.Workspace{}, err
	}
	w := messenger.Workspace{ID: p.ID, Name: p.Name}
	for _, g := range p.Guests {
		if g.Mate.Handle == mate && g.Presence != Missing {
			b, err := r.store.Bot(ctx, g.Bot.ID)
			return g, b, w, err
		}
	}
	return Guest{}, openmates.Bot{}, w, openmates.Errorf(openmates.ENotFound, "This mate isn’t in %s (any more).", named(p.Name, openmates.T("that workspace")))
}

// testEvery is how often a mate may post a test message in a workspace.
const testEvery = time.Minute

// SendTest makes a mate post a sentence in a channel in which it can answer, at
// most once a minute per workspace.
func (r *Room) SendTest(ctx context.Context, t openmates.Team, n openmates.Network, workspace openmates.WorkspaceID, mate string, channel openmates.ChannelID) (where string, err error) {
	surveyor, can := r.connectors[n].(messenger.Surveyor)
	if !can {
		return "", openmates.Errorf(openmates.EInvalid, "On %s, test messages can't be sent.", r.label(n))
	}
	g, b, w, err := r.guest(ctx, t, n, workspace, mate)
	if err != nil {
		return "", err
	}
	via, err := r.via(ctx, b, w.ID)
	if err != nil {
		return "", err
	}
	s, err := surveyor.Survey(ctx, via)
	if err != nil {
		return "", fmt.Errorf("look for the channel: %w", err)
	}
	i := slices.IndexFunc(s.Channels, func(c messenger.ChannelView) bool { return c.ID == channel })
	switch {
	case i < 0:
		return "", openmates.Errorf(openmates.EInvalid, "%s can't see this channel. Choose one from the list.", g.Mate.Name)
	case !s.Channels[i].Answers():
		return "", openmates.Errorf(openmates.EInvalid, "In %s, %s is missing a permission: %s.", s.Channels[i].Name, g.Mate.Name, openmates.List(s.Channels[i].Missing))
	}
	ok, err := r.store.TestInstallation(ctx, b.ID, w.ID, testEvery)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", openmates.Errorf(openmates.ELimit, "%s has just sent a test message there. Wait a minute before sending another.", g.Mate.Name)
	}
	out := messenger.Outbound{Key: "test:" + random(), Channel: channel, Text: testMessage(g.Mate.Mate)}
	if _, err = r.connectors[n].Send(ctx, via, out); err != nil {
		return "", sendFailure(openmates.T("%s couldn't write there.", g.Mate.Name), err)
	}
	return s.Channels[i].Name, nil
}

// sendFailure turns a connector's error into a sentence.
func sendFailure(what openmates.Text, err error) error {
	e, ok := errors.AsType[*messenger.SendError](err)
	if !ok {
		return err
	}
	code := openmates.EInvalid
	if e.Again() {
		code = openmates.EUnavailable
	}
	return &openmates.Error{Code: code, Message: openmates.T("%s %s", what, e.Reason), Err: err}
}

// Remove removes one mate from a team's workspace. The bot leaves first,
// because one that stayed would go on answering there. Removing the last mate
// also releases the workspace.
func (r *Room) Remove(ctx context.Context, actor openmates.ID, t openmates.Team, n openmates.Network, workspace openmates.WorkspaceID, mate string) (Guest, error) {
	g, b, w, err := r.guest(ctx, t, n, workspace, mate)
	if err != nil {
		return g, err
	}
	if err := r.leave(ctx, b, w.ID); err != nil {
		return g, sendFailure(openmates.T("%s couldn't leave, so nothing was changed.", g.Mate.Name), err)
	}
	err = r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.forget(ctx, t, n, b, w.ID); err != nil {
			return err
		}
		return r.note(ctx, actor, t.ID, "team.disconnect_mate", target(g.Mate.Mate, b), w)
	})
	if err == nil {
		r.log.InfoContext(ctx, "mate removed", "bot", b.ID, "team", t.ID, "workspace", w.ID)
	}
	return g, err
}

// forget removes a bot from a team's workspace and, with its last bot, the
// workspace from the team. The network may already have reported both.
func (r *Room) forget(ctx context.Context, t openmates.Team, n openmates.Network, b openmates.Bot, workspace openmates.WorkspaceID) error {
	in, err := r.store.InstallationAt(ctx, b.ID, workspace)
	if err == nil && in.TeamID == t.ID {
		err = r.store.RemoveInstallation(ctx, t.ID, b.ID, workspace)
	}
	if err != nil && openmates.CodeOf(err) != openmates.ENotFound {
		return err
	}
	ins, err := r.store.InstallationsOf(ctx, t.ID)
	if err != nil || slices.ContainsFunc(ins, func(in openmates.Installation) bool { return in.Workspace == workspace }) {
		return err
	}
	holder, err := r.store.TeamAt(ctx, n, workspace)
	if openmates.CodeOf(err) == openmates.ENotFound || err == nil && holder.ID != t.ID {
		return nil
	}
	if err == nil {
		err = r.store.UnbindWorkspace(ctx, n, workspace, t.ID)
	}
	return err
}

func (r *Room) leave(ctx context.Context, b openmates.Bot, workspace openmates.WorkspaceID) error {
	leaver, can := r.connectors[b.Network].(messenger.Leaver)
	if !can {
		return nil
	}
	via, err := r.via(ctx, b, workspace)
	if err != nil {
		return err
	}
	return leaver.Leave(ctx, via)
}

// via returns how a bot acts in a workspace.
func (r *Room) via(ctx context.Context, b openmates.Bot, workspace openmates.WorkspaceID) (messenger.Via, error) {
	v := messenger.Via{Bot: b, Workspace: workspace}
	if !r.connectors[b.Network].Info().GrantsToken {
		return v, nil
	}
	in, err := r.store.InstallationAt(ctx, b.ID, workspace)
	if err != nil && openmates.CodeOf(err) != openmates.ENotFound {
		return v, err
	}
	v.Token = in.Token
	return v, nil
}

// Disconnect removes a workspace from a team. From then on no bot answers
// there. stayed names the mates that could not leave; the workspace's own
// admins have to remove them.
func (r *Room) Disconnect(ctx context.Context, actor openmates.ID, t openmates.Team, n openmates.Network, workspace openmates.WorkspaceID) (name string, stayed []string, err error) {
	p, err := r.PlaceOf(ctx, t, n, workspace)
	if err != nil {
		return "", nil, err
	}
	ins, err := r.store.InstallationsOf(ctx, t.ID)
	if err != nil {
		return "", nil, err
	}
	w := messenger.Workspace{ID: p.ID, Name: p.Name}
	err = r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.UnbindWorkspace(ctx, n, p.ID, t.ID); err != nil {
			return err
		}
		return r.note(ctx, actor, t.ID, "team.disconnect", string(n)+"/"+string(p.ID), w)
	})
	if err != nil {
		return p.Name, nil, err
	}
	r.log.InfoContext(ctx, "workspace disconnected", "team", t.ID, "workspace", p.ID)
	for _, in := range ins {
		if in.Workspace != p.ID || !in.Left.IsZero() {
			continue
		}
		b, err := r.store.Bot(ctx, in.BotID)
		if err != nil || b.Network != n {
			continue
		}
		if err := r.leave(ctx, b, p.ID); err != nil {
			r.log.WarnContext(ctx, "a bot could not leave", "bot", b.ID, "workspace", p.ID, "err", err)
			stayed = append(stayed, b.Name)
		}
	}
	return p.Name, stayed, nil
}
