package connect

import (
	"context"
	"slices"
	"strings"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/policy"
)

// Mate is a mate with its bots.
type Mate struct {
	openmates.Mate
	Bots []Bot
}

// TeamMate is a mate in one team.
type TeamMate struct {
	Mate
	In []Workspace // the team's workspaces that it is in
}

// Workspace is a team's workspace on a network.
type Workspace struct {
	Network openmates.Network
	Label   string // the network's name
	ID      openmates.WorkspaceID
	Name    string
	Mates   []string // handles of the mates in it
}

// Mates lists the mates that aren't archived, by name.
func (r *Room) Mates(ctx context.Context) ([]Mate, error) {
	mates, err := r.store.Mates(ctx)
	if err != nil {
		return nil, err
	}
	bots, err := r.store.Bots(ctx)
	if err != nil {
		return nil, err
	}
	k, err := r.known(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]Mate, 0, len(mates))
	for _, m := range mates {
		if m.Archived {
			continue
		}
		mate := Mate{Mate: m}
		for _, b := range bots {
			if b.MateID == m.ID {
				mate.Bots = append(mate.Bots, r.show(b, m, k))
			}
		}
		all = append(all, mate)
	}
	slices.SortFunc(all, func(a, b Mate) int { return strings.Compare(a.Name+a.Handle, b.Name+b.Handle) })
	return all, nil
}

// Mate returns a mate that isn't archived.
func (r *Room) Mate(ctx context.Context, handle string) (Mate, error) {
	all, err := r.Mates(ctx)
	if err != nil {
		return Mate{}, err
	}
	for _, m := range all {
		if m.Handle == handle {
			return m, nil
		}
	}
	return Mate{}, openmates.Errorf(openmates.ENotFound, "There’s no mate with that name here.")
}

// TeamMates lists the enabled mates that a team may use, and where each of them
// is.
func (r *Room) TeamMates(ctx context.Context, t openmates.Team) ([]TeamMate, error) {
	mates, err := r.Mates(ctx)
	if err != nil {
		return nil, err
	}
	ins, err := r.store.InstallationsOf(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	var all []TeamMate
	for _, m := range mates {
		if !policy.TeamMayUse(t, m.Mate) {
			continue
		}
		tm := TeamMate{Mate: m}
		for _, b := range m.Bots {
			for _, in := range ins {
				if in.BotID == b.ID && in.Left.IsZero() {
					tm.In = append(tm.In, Workspace{Network: b.Network, Label: b.Label, ID: in.Workspace, Name: in.Name})
				}
			}
		}
		all = append(all, tm)
	}
	return all, nil
}

// MatesFor lists those of TeamMates that a member of the team may ask.
func (r *Room) MatesFor(ctx context.Context, t openmates.Team, u openmates.User, role openmates.Role) ([]TeamMate, error) {
	all, err := r.TeamMates(ctx, t)
	if err != nil {
		return nil, err
	}
	layers, err := r.store.Layers(ctx, openmates.Asker{Team: t, User: u})
	if err != nil {
		return nil, err
	}
	asker := openmates.Asker{Team: t, User: u, Role: role, Layers: layers}
	return slices.DeleteFunc(all, func(m TeamMate) bool {
		ok, _, _ := policy.MayUse(asker, policy.Mate(m.Mate.Mate))
		return !ok
	}), nil
}

// Workspaces inverts a list of mates: it lists the team's workspaces, by name.
func Workspaces(mates []TeamMate) []Workspace {
	var all []Workspace
	for _, m := range mates {
		for _, w := range m.In {
			i := slices.IndexFunc(all, func(x Workspace) bool { return x.Network == w.Network && x.ID == w.ID })
			if i < 0 {
				all = append(all, w)
				i = len(all) - 1
			}
			all[i].Mates = append(all[i].Mates, m.Handle)
		}
	}
	slices.SortFunc(all, func(a, b Workspace) int { return strings.Compare(a.Name+string(a.ID), b.Name+string(b.ID)) })
	return all
}

// LinkChoice is a network on which a person can prove an account.
type LinkChoice struct {
	Network Network
	Ready   bool // an application for it is set up
	ByCode  bool // with a code that the account sends to a mate, see BeginOwnCode
	Linked  []openmates.Identity
}

// LinkChoices lists the networks on which accounts can be linked, how, and what
// the person has linked.
func (r *Room) LinkChoices(ctx context.Context, userID openmates.ID) ([]LinkChoice, error) {
	ids, err := r.store.IdentitiesOf(ctx, userID)
	if err != nil {
		return nil, err
	}
	var all []LinkChoice
	for _, n := range r.Networks() {
		choice := LinkChoice{Network: n}
		for _, id := range ids {
			if id.Network == n.Network {
				choice.Linked = append(choice.Linked, id)
			}
		}
		if !n.CanLink {
			choice.ByCode = true
			all = append(all, choice)
			continue
		}
		_, choice.Ready, err = r.linkBot(ctx, n.Network)
		if err != nil {
			return nil, err
		}
		all = append(all, choice)
	}
	return all, nil
}

// Unlink removes one of the person's own accounts.
func (r *Room) Unlink(ctx context.Context, userID, identity openmates.ID) error {
	ids, err := r.store.IdentitiesOf(ctx, userID)
	if err != nil {
		return err
	}
	gone := openmates.Errorf(openmates.ENotFound, "This account is no longer linked.")
	i := slices.IndexFunc(ids, func(id openmates.Identity) bool { return id.ID == identity })
	if i < 0 {
		return gone
	}
	err = r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.RemoveIdentity(ctx, userID, identity); err != nil {
			return err
		}
		return r.noteAccount(ctx, userID, "account.unlink", ids[i].Network, messenger.Account{ID: ids[i].AccountID, Name: ids[i].Name})
	})
	if openmates.CodeOf(err) == openmates.ENotFound {
		return gone
	}
	if err != nil {
		return err
	}
	r.log.InfoContext(ctx, "account unlinked", "user", userID, "identity", identity)
	return nil
}

// Applications returns the number of applications that have to know the
// redirect.
func (r *Room) Applications(ctx context.Context) (int, error) {
	bots, err := r.store.Bots(ctx)
	return len(bots), err
}
