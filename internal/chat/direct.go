package chat

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"openmates"
	"openmates/internal/messenger"
)

// Direct messages that are not questions: choosing a team, and link codes.

// direct handles messages that need no model, or returns nil for a question.
func (r *Room) direct(ctx context.Context, t *turn) (*decision, error) {
	if t.in.CodeHash != "" && r.cfg.Links != nil {
		said, err := r.linkBy(ctx, t)
		return &decision{Text: said}, err
	}
	if t.in.Workspace != "" {
		return nil, nil //nolint:nilnil // no decision
	}
	words := strings.TrimSpace(t.in.Text)
	if strings.EqualFold(strings.TrimPrefix(words, "/"), cmdLink) && r.cfg.Links != nil {
		return r.linkWanted(ctx, t)
	}
	if !t.asker.Mate.Works() || t.asker.User.ID == 0 {
		return nil, nil //nolint:nilnil // no decision
	}
	again := strings.EqualFold(strings.TrimPrefix(words, "/"), cmdTeam)
	if t.asker.Team.ID != 0 && !again {
		return nil, nil //nolint:nilnil // no decision
	}
	if again {
		words = ""
	}
	said, err := r.team(ctx, t.asker, words)
	return &decision{Why: openmates.TroubleTeam, Text: said}, err
}

// linkWanted answers "link" without a code: with a personal link if the account
// isn't linked, or by saying whose it is.
func (r *Room) linkWanted(ctx context.Context, t *turn) (*decision, error) {
	u, err := r.cfg.Store.UserOf(ctx, t.in.Network, t.in.Author.ID)
	if openmates.CodeOf(err) == openmates.ENotFound {
		return r.refuse(t, openmates.TroubleAccount, t.info.ConnectAccount()), nil
	}
	if err != nil {
		return nil, fmt.Errorf("find whose account it is: %w", err)
	}
	return &decision{Text: r.says(u, t.asker.AccountLanguage, linkedAlready(t.info, u))}, nil
}

func (r *Room) linkBy(ctx context.Context, t *turn) (string, error) {
	u, err := r.cfg.Links.FinishByChat(ctx, t.in.CodeHash, t.in.Network, t.in.Author)
	switch openmates.CodeOf(err) {
	case openmates.ENotFound, openmates.EConflict, openmates.EInvalid, openmates.EForbidden:
		return r.to(t.asker, openmates.TextOf(err)), nil
	}
	if err != nil {
		return "", fmt.Errorf("link by a code: %w", err)
	}
	return r.says(u, t.asker.AccountLanguage, linkedNow(t.info, u)), nil
}

// chooseTeam is the command for team.
func (r *Room) chooseTeam(ctx context.Context, o order) (messenger.Reply, error) {
	if o.Workspace != "" {
		if rep, missing, err := r.notConnected(ctx, o); missing || err != nil {
			return rep, err
		}
		return r.private(o, openmates.T("This %s belongs to the team %s. In direct messages, you can choose your team.", o.info.Workspace, o.asker.Team.Name)), nil
	}
	if o.asker.User.ID == 0 {
		rep, _, err := r.notConnected(ctx, o)
		return rep, err
	}
	text, err := r.team(ctx, o.asker, strings.TrimSpace(o.Text))
	return private(text), err
}

// team chooses the team for a person's direct messages by the words in them, or
// asks.
func (r *Room) team(ctx context.Context, a openmates.Asker, words string) (string, error) {
	teams, err := r.cfg.Store.TeamsOf(ctx, a.User.ID)
	if err != nil {
		return "", fmt.Errorf("list the teams of a person: %w", err)
	}
	switch len(teams) {
	case 0:
		return r.to(a, noTeam()), nil
	case 1:
		return r.to(a, openmates.T("You're only in the team %s, so there's nothing to choose.", teams[0].Name)), nil
	}
	t, ok := pick(teams, words)
	if err := r.cfg.Store.ChooseTeam(ctx, a.Bot.ID, a.User.ID, t.ID); err != nil {
		return "", fmt.Errorf("choose a team: %w", err)
	}
	r.Forget()
	if !ok {
		return r.askTeam(a, teams), nil
	}
	return r.to(a, openmates.T("From now on, I answer you here for the team %s. Ask away; write “team” to change it.", t.Name)), nil
}

// pick returns the team that a text names: by its number in the list, its name
// or its slug.
func pick(teams []openmates.Team, words string) (openmates.Team, bool) {
	words = strings.TrimRight(strings.TrimSpace(words), ".")
	if n, err := strconv.Atoi(words); err == nil && n >= 1 && n <= len(teams) {
		return teams[n-1], true
	}
	for _, t := range teams {
		if strings.EqualFold(t.Name, words) || strings.EqualFold(t.Slug, words) {
			return t, true
		}
	}
	return openmates.Team{}, false
}

func (r *Room) askTeam(a openmates.Asker, teams []openmates.Team) string {
	var b strings.Builder
	b.WriteString(r.to(a, openmates.T("You're in several teams. Which one is this for?")))
	for i, t := range teams {
		fmt.Fprintf(&b, "\n%d. %s", i+1, t.Name)
	}
	b.WriteString("\n" + r.to(a, openmates.T("Answer with the number or the name. I only ask once; write “team” to change it later.")))
	return b.String()
}
