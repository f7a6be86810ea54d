package chat

import (
	"context"
	"fmt"
	"strings"

	"openmates"
	"openmates/internal/catalogue"
	"openmates/internal/messenger"
	"openmates/internal/spelling"
)

// Links leads people to where they connect what is missing; the connect room
// implements it.
type Links interface {
	// ConnectPage returns the page where a workspace is connected to a team.
	ConnectPage(n openmates.Network, workspace openmates.WorkspaceID, mate string) string
	// AccountPage returns the page where people link their accounts. It
	// contains no secret, so others may see it.
	AccountPage(n openmates.Network) string
	// BeginCode returns an address where somebody who is signed in links this
	// account, once. It is only for the account's owner.
	BeginCode(ctx context.Context, n openmates.Network, a messenger.Account) (address string, err error)
	// CodeHash returns the hash under which a code is stored; it isn't a
	// credential.
	CodeHash(code openmates.Secret) string
	// FinishByChat links the account to the person who created the code with
	// this hash in OpenMates. An invalid code is openmates.ENotFound.
	FinishByChat(ctx context.Context, codeHash string, n openmates.Network, a messenger.Account) (openmates.User, error)
}

// The commands.
const (
	cmdLink   = "link"
	cmdHelp   = "help"
	cmdWhoAmI = "whoami"
	cmdUsage  = "usage"
	cmdForget = "forget"
	cmdStop   = "stop"
	cmdTeam   = "team"
)

// Commands lists what people can ask for besides talking.
func Commands() []messenger.CommandInfo {
	return []messenger.CommandInfo{
		{Name: cmdHelp, Description: "What this mate does, and how to ask it"},
		{Name: cmdLink, Description: "Link your account here with your OpenMates account"},
		{Name: cmdWhoAmI, Description: "Who you are to this mate, and what it knows of you"},
		{Name: cmdUsage, Description: "What you spent this month, and what is left for you, your team and me"},
		{Name: cmdForget, Description: "This mate forgets what was said in this conversation"},
		{Name: cmdStop, Description: "Stops the answer that this mate is writing here"},
		{Name: cmdTeam, Description: "For which of your teams you ask in direct messages", Option: "The team’s name or number; nothing = list them"},
	}
}

// order is a command and what is known about its sender.
type order struct {
	messenger.Command
	info  messenger.Info
	asker openmates.Asker
}

// Command executes a command. What it says about a person is only for them.
func (r *Room) Command(ctx context.Context, c messenger.Command) (messenger.Reply, error) {
	conn, ok := r.cfg.Connectors[c.Network]
	if !ok {
		return messenger.Reply{}, fmt.Errorf("command %s: no connector for %q", c.Name, c.Network)
	}
	asker, err := r.cfg.Store.Asker(ctx, c.BotID, c.Workspace, c.Account.ID)
	if err != nil {
		return messenger.Reply{}, fmt.Errorf("command %s: find who asks: %w", c.Name, err)
	}
	asker.AccountLanguage = c.Account.Language
	o := order{c, conn.Info(), asker}
	rep, err := r.carryOut(ctx, o)
	if err != nil {
		rep = r.private(o, openmates.TextOf(err))
	}
	return rep, err
}

func (r *Room) carryOut(ctx context.Context, o order) (messenger.Reply, error) {
	switch o.Name {
	case cmdHelp:
		return r.help(ctx, o)
	case cmdLink:
		return r.link(ctx, o)
	case cmdTeam:
		return r.chooseTeam(ctx, o)
	}
	if rep, missing, err := r.notConnected(ctx, o); missing || err != nil {
		return rep, err
	}
	switch o.Name {
	case cmdWhoAmI:
		return private(r.lines(o, whoAmI(o))), nil
	case cmdUsage:
		return r.usage(ctx, o)
	case cmdForget:
		return r.forgetTalk(ctx, o)
	case cmdStop:
		return r.stop(ctx, o)
	}
	return messenger.Reply{}, openmates.Errorf(openmates.ENotFound, "I don't know the command /%s. Use /help to see what I can do.", o.Name)
}

func private(text string, links ...messenger.Link) messenger.Reply {
	return messenger.Reply{Text: text, Private: true, Links: links}
}

// private returns a reply that only the person who gave the command sees.
func (r *Room) private(o order, t openmates.Text) messenger.Reply {
	return private(r.to(o.asker, t))
}

// notConnected says what has to be connected before a command works. The reply
// is private, so it may contain the person's own link.
func (r *Room) notConnected(ctx context.Context, o order) (messenger.Reply, bool, error) {
	switch {
	case o.asker.Team.ID == 0 && o.Workspace != "":
		rep := r.private(o, o.info.ConnectWorkspace())
		if r.cfg.Links != nil {
			rep.Links = []messenger.Link{{Label: r.to(o.asker, openmates.T("Connect workspace")), URL: r.cfg.Links.ConnectPage(o.Network, o.Workspace, o.asker.Mate.Handle)}}
		}
		return rep, true, nil
	case o.asker.Outsider.ID != 0:
		return r.private(o, outsiderOf(o.info, o.asker.Team, o.asker.Outsider)), true, nil
	case o.asker.User.ID == 0:
		rep, err := r.ownLink(ctx, o.asker, o.info, o.Account)
		rep.Text = r.to(o.asker, o.info.ConnectAccount()) + "\n" + rep.Text
		return rep, true, err
	}
	return messenger.Reply{}, false, nil
}

// ownLink returns a private way to link this account.
func (r *Room) ownLink(ctx context.Context, to openmates.Asker, info messenger.Info, a messenger.Account) (messenger.Reply, error) {
	if r.cfg.Links == nil {
		return private(r.to(to, openmates.T("This server has no page for that."))), nil
	}
	address, err := r.cfg.Links.BeginCode(ctx, info.Network, a)
	if err != nil {
		return messenger.Reply{}, fmt.Errorf("begin a link: %w", err)
	}
	return private(r.to(to, ownLinkText(info)), messenger.Link{Label: r.to(to, openmates.T("Link my account")), URL: address}), nil
}

func (r *Room) link(ctx context.Context, o order) (messenger.Reply, error) {
	u, err := r.cfg.Store.UserOf(ctx, o.Network, o.Account.ID)
	switch {
	case openmates.CodeOf(err) == openmates.ENotFound:
		return r.ownLink(ctx, o.asker, o.info, o.Account)
	case err != nil:
		return messenger.Reply{}, fmt.Errorf("find whose account it is: %w", err)
	}
	rep := private(r.says(u, o.asker.AccountLanguage, linkedAlready(o.info, u)))
	if r.cfg.Links != nil {
		rep.Links = []messenger.Link{{Label: r.says(u, o.asker.AccountLanguage, openmates.T("Your profile")), URL: r.cfg.Links.AccountPage(o.Network)}}
	}
	return rep, nil
}

func (r *Room) help(ctx context.Context, o order) (messenger.Reply, error) {
	currency, err := r.cfg.Currency(ctx)
	if err != nil {
		return messenger.Reply{}, fmt.Errorf("name the currency: %w", err)
	}
	mate := o.asker.Mate
	who := openmates.T("I'm **%s**.", mate.Name)
	if mate.Field != "" {
		who = openmates.T("I'm **%s**, your mate for %s.", mate.Name, catalogue.Field(mate.Handle, mate.Field))
	}
	how := openmates.T("**How to ask:** mention me (@%s) and write your question in the same message, or reply to one of my messages. I remember our recent messages in this channel.", mate.Name)
	commands := "/link · /whoami · /usage · /forget · /stop"
	if o.Workspace == "" {
		how = openmates.T("**How to ask:** just write to me here. I remember our recent messages.")
		commands += " · /team"
	}
	lines := []openmates.Text{openmates.Sentences(who, catalogue.Description(mate.Handle, mate.Description)), how}
	if limits := r.limitsInWords(ctx, o, currency); len(limits) > 0 {
		lines = append(append(lines, openmates.T("**Limits:**")), limits...)
	} else {
		lines = append(lines, openmates.T("**Limits:** none."))
	}
	lines = append(lines, openmates.T("**Commands:** %s", commands))
	if !mate.Works() {
		lines = append(lines, switchedOff(mate))
	}
	return private(r.lines(o, lines)), nil
}

// lines joins texts with line breaks.
func (r *Room) lines(o order, all []openmates.Text) string {
	said := make([]string, len(all))
	for i, t := range all {
		said[i] = strings.TrimSpace(r.to(o.asker, t))
	}
	return strings.Join(said, "\n")
}

// whoAmI says what OpenMates, and what the mate, knows about a person.
func whoAmI(o order) []openmates.Text {
	u, mate, team := o.asker.User, o.asker.Mate, o.asker.Team
	here := openmates.T("You're a member of the team **%s** here.", team.Name)
	switch {
	case team.ID == 0:
		here = openmates.T("You haven't chosen a team here yet; use /team to choose one.")
	case o.asker.Role == openmates.RoleAdmin:
		here = openmates.T("You're an admin of the team **%s** here.", team.Name)
	}
	all := []openmates.Text{openmates.T("Your %s account is linked to the OpenMates account **%s** (%s).", o.info.Label, u.DisplayName, u.Username), here}
	known := knows(u.SeenBy(o.asker.Privacy, mate.Handle))
	if len(known) == 0 {
		return append(all, openmates.T("**What %s knows about you:** nothing.", mate.Name))
	}
	return append(append(all, openmates.T("**What %s knows about you:**", mate.Name)), known...)
}

func knows(s openmates.Seen) (all []openmates.Text) {
	p := s.Preferences
	for _, f := range []struct {
		label openmates.Text
		value string
	}{
		{openmates.T("your name"), s.Name}, {openmates.T("your username"), s.Username}, {openmates.T("your language"), s.Language}, {openmates.T("your time zone"), s.TimeZone},
		{openmates.T("the tone you like"), p.Tone}, {openmates.T("the length you like"), p.Length}, {openmates.T("what you know about the subject"), p.Expertise},
		{openmates.T("about you"), p.About}, {openmates.T("your projects"), p.Projects}, {openmates.T("your goals"), p.Goals}, {openmates.T("what you like"), p.Likes}, {openmates.T("what you dislike"), p.Dislikes},
	} {
		if f.value != "" {
			all = append(all, openmates.T("- %s: %s", f.label, clip(f.value)))
		}
	}
	if s.Topics {
		all = append(all, openmates.T("- your recent questions"))
	}
	return all
}

// clip shortens a text to quote it.
func clip(s string) string {
	const most = 160
	return spelling.Clip(strings.Join(strings.Fields(s), " "), most)
}

// forgetTalk is public: it affects everyone in the channel.
func (r *Room) forgetTalk(ctx context.Context, o order) (messenger.Reply, error) {
	if err := r.cfg.Store.ForgetTalk(ctx, o.Conversation()); err != nil {
		return messenger.Reply{}, fmt.Errorf("forget a conversation: %w", err)
	}
	r.cfg.Log.Info("a conversation was forgotten", "bot", o.BotID, "user", o.asker.User.ID)
	if o.Workspace == "" {
		return r.private(o, openmates.T("Done. I've forgotten our conversation here.")), nil
	}
	return messenger.Reply{Text: r.to(o.asker, openmates.T("%s cleared my memory of this channel.", o.asker.User.DisplayName))}, nil
}

func (r *Room) stop(ctx context.Context, o order) (messenger.Reply, error) {
	ok, err := r.cfg.Store.StopTalk(ctx, o.Conversation())
	if err != nil {
		return messenger.Reply{}, fmt.Errorf("stop an answer: %w", err)
	}
	if !ok {
		return r.private(o, openmates.T("I'm not writing anything here.")), nil
	}
	return r.private(o, openmates.T("Stopped. What I've written so far stays.")), nil
}
