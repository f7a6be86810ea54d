package connect

import (
	"context"

	"openmates"
	"openmates/internal/messenger"
)

// Untying reads and writes the workspaces of all teams.
type Untying interface {
	FindWorkspaces(ctx context.Context, q openmates.DirectorySearch) ([]DirectoryPlace, error)
	AddNotice(ctx context.Context, teamID openmates.ID, sentence openmates.Text) error
}

// AnyPlaces lists the workspaces of all teams and reports whether there are
// more. The caller must make sure that a server admin is asking.
func (r *Room) AnyPlaces(ctx context.Context, q openmates.DirectorySearch) ([]DirectoryPlace, bool, error) {
	limit := q.Limit
	q.Limit++
	all, err := r.store.FindWorkspaces(ctx, q)
	if len(all) > limit {
		return all[:limit], true, err
	}
	return all, false, err
}

// AnyPlace returns the team that a workspace belongs to, and the workspace's
// name.
func (r *Room) AnyPlace(ctx context.Context, n openmates.Network, workspace openmates.WorkspaceID) (openmates.Team, messenger.Workspace, error) {
	w := messenger.Workspace{ID: workspace, Name: string(workspace)}
	t, err := r.store.TeamAt(ctx, n, workspace)
	if openmates.CodeOf(err) == openmates.ENotFound {
		err = openmates.Errorf(openmates.ENotFound, "This workspace isn't connected to a team (any more).")
	}
	if err != nil {
		return t, w, err
	}
	ins, err := r.installationsIn(ctx, t, workspace)
	for _, in := range ins {
		if in.Name != "" {
			w.Name = in.Name
		}
	}
	return t, w, err
}

// Untie removes a workspace from whichever team has it, on behalf of a server
// admin, and notifies the team's admins. Its mates leave, or stay and answer
// nobody until a team connects the workspace again; stayed names those that
// could not leave.
func (r *Room) Untie(ctx context.Context, actor openmates.ID, n openmates.Network, workspace openmates.WorkspaceID, leave bool) (name string, stayed []string, err error) {
	t, w, err := r.AnyPlace(ctx, n, workspace)
	if err != nil {
		return "", nil, err
	}
	ins, err := r.installationsIn(ctx, t, workspace)
	if err != nil {
		return "", nil, err
	}
	told := openmates.T("A server admin has disconnected %s on %s from your team. Your mates don't answer there any more.", named(w.Name, openmates.T("a workspace")), r.label(n))
	err = r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.UnbindWorkspace(ctx, n, workspace, t.ID); err != nil {
			return err
		}
		if err := r.store.AddNotice(ctx, t.ID, told); err != nil {
			return err
		}
		return r.note(ctx, actor, t.ID, "server.untie", string(n)+"/"+string(workspace), w)
	})
	if err != nil {
		return w.Name, nil, err
	}
	r.log.InfoContext(ctx, "workspace untied by an admin of the server", "team", t.ID, "workspace", workspace, "by", actor)
	if leave {
		stayed = r.leaveAll(ctx, ins)
	}
	return w.Name, stayed, nil
}

// leaveAll makes bots leave their workspaces and names those that could not.
func (r *Room) leaveAll(ctx context.Context, ins []openmates.Installation) (stayed []string) {
	for _, in := range ins {
		if !in.Left.IsZero() {
			continue
		}
		b, err := r.store.Bot(ctx, in.BotID)
		if err != nil {
			r.log.WarnContext(ctx, "a bot could not leave", "bot", in.BotID, "workspace", in.Workspace, "err", err)
			continue
		}
		if err := r.leave(ctx, b, in.Workspace); err != nil {
			r.log.WarnContext(ctx, "a bot could not leave", "bot", b.ID, "workspace", in.Workspace, "err", err)
			stayed = append(stayed, b.Name)
		}
	}
	return stayed
}

// Withdrawal returns a function that makes a team's bots leave all its
// workspaces once the team is deleted, because its installations are deleted
// with it.
func (r *Room) Withdrawal(ctx context.Context, t openmates.Team) (leave func(ctx context.Context) (stayed []string), err error) {
	ins, err := r.store.InstallationsOf(ctx, t.ID)
	return func(ctx context.Context) []string { return r.leaveAll(ctx, ins) }, err
}
