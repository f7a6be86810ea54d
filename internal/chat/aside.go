package chat

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// What is settled in direct messages beside asking: for which team a person
// asks, and, on networks whose people prove their accounts by a code, the code.

// linkWord is how a code from the profile page is sent.
var linkWord = regexp.MustCompile(`(?i)^/?link\s+([a-z0-9]{20,40})$`)

// quietFor is how long a refusal is not repeated to the same person.
const quietFor = time.Hour

// aside answers what needs no model; ok is false where it is a question for one.
func (r *Room) aside(ctx context.Context, q question, o *openmates.Outcome) (ok bool, err error) {
	if q.in.Workspace != "" || q.trial != nil {
		return false, nil
	}
	words := strings.TrimSpace(q.in.Text)
	if m := linkWord.FindStringSubmatch(words); m != nil && r.cfg.Links != nil {
		o.Question = "link …"
		o.Text, err = r.linkBy(ctx, q, openmates.Secret(strings.ToUpper(m[1])))
		return true, err
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

func (r *Room) linkBy(ctx context.Context, q question, code openmates.Secret) (string, error) {
	u, err := r.cfg.Links.FinishByChat(ctx, code, q.in.Network, q.in.Author)
	switch openmates.CodeOf(err) {
	case openmates.ENotFound, openmates.EConflict, openmates.EInvalid, openmates.EForbidden:
		return openmates.MessageOf(err), nil
	}
	if err != nil {
		return "", fmt.Errorf("link by a code: %w", err)
	}
	return fmt.Sprintf("Your %s account is linked with the OpenMates account %s now. Ask me anything.", q.info.Label, u.DisplayName), nil
}

// chooseTeam is the command for what team does.
func (r *Room) chooseTeam(ctx context.Context, o order) (messenger.Reply, error) {
	if o.Workspace != "" {
		if rep, missing, err := r.notConnected(ctx, o); missing || err != nil {
			return rep, err
		}
		return private(fmt.Sprintf("In this %s you ask for the team %s, to which it belongs. In direct messages you can choose.", o.info.Place, o.asker.Team.Name)), nil
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
		return noTeam, nil
	case 1:
		return fmt.Sprintf("You are in one team only, so here you ask for the team %s.", teams[0].Name), nil
	}
	t, ok := pick(teams, words)
	if err := r.cfg.Store.ChooseTeam(ctx, a.Bot.ID, a.User.ID, t.ID); err != nil {
		return "", fmt.Errorf("choose a team: %w", err)
	}
	r.Forget()
	if !ok {
		return askTeam(teams), nil
	}
	return fmt.Sprintf("From now on I answer you here for the team %s. Please ask me now; write “team” to change it.", t.Name), nil
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

func askTeam(teams []openmates.Team) string {
	var b strings.Builder
	b.WriteString("You are in several teams. For which one do you ask here?")
	for i, t := range teams {
		fmt.Fprintf(&b, "\n%d. %s", i+1, t.Name)
	}
	b.WriteString("\nPlease answer with the number or the name. I ask only once; write “team” to change it.")
	return b.String()
}

// about names a refusal: to whom, where and why. Which of the mates says it in
// a workspace makes no difference.
func about(in messenger.Inbound, why openmates.Trouble) string {
	place := in.Workspace
	if place == "" {
		place = "direct:" + in.Channel
	}
	return strings.Join([]string{string(in.Network), in.Author.ID, place, string(why)}, ":")
}

// lead adds to a refusal where its cure is, and makes it silent where the same
// person was told the same in the same place within the hour.
func (r *Room) lead(ctx context.Context, q question, o *openmates.Outcome) error {
	if o.Why != openmates.TroubleWorkspace && o.Why != openmates.TroubleAccount {
		return nil
	}
	say, err := r.cfg.Store.SayRefusal(ctx, q.in.Key, about(q.in, o.Why), r.cfg.Now().Add(-quietFor))
	if err != nil {
		return fmt.Errorf("look whether it was said: %w", err)
	}
	switch {
	case !say:
		o.Text = ""
	case r.cfg.Links == nil:
	case o.Why == openmates.TroubleWorkspace:
		o.Text += "\n" + messenger.Link{URL: r.cfg.Links.ConnectPage(q.in.Network, q.in.Workspace, q.asker.Mate.Handle)}.String()
	default:
		o.Text += "\n" + messenger.Link{URL: r.cfg.Links.AccountPage(q.in.Network)}.String()
	}
	return nil
}

// handLink follows a refusal in a direct message with the person's own link.
// It is not part of the record, since it holds a secret; if it gets lost, the
// command gives another one.
func (r *Room) handLink(ctx context.Context, d *draft, o openmates.Outcome) {
	if o.Why != openmates.TroubleAccount || o.Text == "" || d.in.Workspace != "" || r.cfg.Links == nil {
		return
	}
	rep, err := r.ownLink(ctx, d.info, d.in.Author)
	if err == nil {
		out := d.outbound(0, rep.Whole())
		out.Key, out.Ping, out.MaybePosted = d.in.Key+":link", false, false
		_, err = d.conn.Send(ctx, d.bot, out)
	}
	if err != nil {
		r.cfg.Log.Warn("a link could not be handed out", "key", d.in.Key, "err", err)
	}
}
