package chat

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"openmates"
	"openmates/internal/messenger"
)

// What is settled in direct messages beside asking: for which team a person
// asks, and, on networks whose people prove their accounts by a code, the code.

// aside answers what needs no model; ok is false where it is a question for one.
func (r *Room) aside(ctx context.Context, q question, o *openmates.Outcome) (ok bool, err error) {
	if q.trial != nil {
		return false, nil
	}
	if q.in.CodeHash != "" && r.cfg.Links != nil {
		o.Text, err = r.linkBy(ctx, q)
		return true, err
	}
	if q.in.Workspace != "" {
		return false, nil
	}
	words := strings.TrimSpace(q.in.Text)
	if strings.EqualFold(strings.TrimPrefix(words, "/"), cmdLink) && r.cfg.Links != nil {
		return r.linkWanted(ctx, q, o)
	}
	if !q.asker.Mate.Works() || q.asker.User.ID == 0 {
		return false, nil
	}
	again := strings.EqualFold(strings.TrimPrefix(words, "/"), cmdTeam)
	if q.asker.Team.ID != 0 && !again {
		return false, nil
	}
	if again {
		words = ""
	}
	o.Why = openmates.TroubleTeam
	o.Text, err = r.team(ctx, q.asker, words)
	return true, err
}

// linkWanted answers "link" without a code: with a link of the person's own, as
// to anybody who is not linked, or by saying whose the account is.
func (r *Room) linkWanted(ctx context.Context, q question, o *openmates.Outcome) (bool, error) {
	u, err := r.cfg.Store.UserOf(ctx, q.in.Network, q.in.Author.ID)
	if openmates.CodeOf(err) == openmates.ENotFound {
		o.Why, o.Text = openmates.TroubleAccount, r.to(q.asker, q.info.ConnectAccount())
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("find whose account it is: %w", err)
	}
	o.Text = r.says(u, q.asker.AccountLanguage, linkedAlready(q.info, u))
	return true, nil
}

func (r *Room) linkBy(ctx context.Context, q question) (string, error) {
	u, err := r.cfg.Links.FinishByChat(ctx, q.in.CodeHash, q.in.Network, q.in.Author)
	switch openmates.CodeOf(err) {
	case openmates.ENotFound, openmates.EConflict, openmates.EInvalid, openmates.EForbidden:
		return r.to(q.asker, openmates.TextOf(err)), nil
	}
	if err != nil {
		return "", fmt.Errorf("link by a code: %w", err)
	}
	return r.says(u, q.asker.AccountLanguage, linkedNow(q.info, u)), nil
}

// chooseTeam is the command for what team does.
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

// team settles for which team a person asks in direct messages: by words, where
// they name one, else they are asked.
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

// pick finds the team that words name: by its number in the list, its name or
// its slug.
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
