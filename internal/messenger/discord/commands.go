package discord

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

var _ messenger.Commander = (*Connector)(nil)

// Constants of interactions/receiving-and-responding and
// interactions/application-commands.
const (
	commandSlash     = 1 // CHAT_INPUT
	optionString     = 3
	optionName       = "text"
	interactionSlash = 2 // APPLICATION_COMMAND
	answerMessage    = 4 // CHANNEL_MESSAGE_WITH_SOURCE
	answerLater      = 5 // DEFERRED_CHANNEL_MESSAGE_WITH_SOURCE
	ephemeral        = 1 << 6
	noEmbeds         = 1 << 2

	// An interaction's token expires after three seconds without a response,
	// otherwise after fifteen minutes.
	answerWithin = 3 * time.Second
	commandsMost = 16 // at once, for one bot
)

type commandObject struct {
	Name        text                `json:"name"`
	Type        number              `json:"type"`
	Description text                `json:"description"`
	Options     list[commandOption] `json:"options"`
}

type commandOption struct {
	Type        number `json:"type"`
	Name        text   `json:"name"`
	Description text   `json:"description"`
	Required    flag   `json:"required"`
}

func commandObjects(all []messenger.CommandInfo) []commandObject {
	out := make([]commandObject, 0, len(all))
	for _, c := range all {
		o := commandObject{Name: text(c.Name), Type: commandSlash, Description: text(c.Description), Options: list[commandOption]{}}
		if c.Option != "" {
			o.Options = append(o.Options, commandOption{Type: optionString, Name: optionName, Description: text(c.Option)})
		}
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b commandObject) int { return strings.Compare(string(a.Name), string(b.Name)) })
	return out
}

// Register implements messenger.Commander. Discord limits how many commands are
// created per day (interactions/application-commands, Registering a Command),
// and shows changes late, so existing commands are left unchanged.
func (d *Connector) Register(ctx context.Context, b openmates.Bot, all []messenger.CommandInfo) error {
	if parseSnowflake(b.AppID) == 0 {
		return errors.New("register commands: the application is not known")
	}
	path := "/applications/" + b.AppID + "/commands"
	var there list[commandObject]
	if err := d.rest.do(ctx, b, call{method: "GET", route: "/applications/{}/commands", path: path}, &there); err != nil {
		return err
	}
	want := commandObjects(all)
	slices.SortFunc(there, func(a, b commandObject) int { return strings.Compare(string(a.Name), string(b.Name)) })
	same := func(a, b commandObject) bool {
		return a.Name == b.Name && a.Type == b.Type && a.Description == b.Description && slices.Equal(a.Options, b.Options)
	}
	if slices.EqualFunc(there, want, same) {
		return nil
	}
	return d.rest.do(ctx, b, call{method: "PUT", route: "/applications/{}/commands", path: path, body: want}, nil)
}

// register offers the Host's commands, with retries if Discord has problems.
// Without commands people can still talk to the mate.
func (l *listener) register(ctx context.Context) {
	all := l.host.Commands()
	if len(all) == 0 {
		return
	}
	for try := 0; ; try++ {
		err := l.d.Register(ctx, l.bot, all)
		if err == nil || ctx.Err() != nil {
			return
		}
		l.log.Warn("the slash commands could not be registered", "err", err)
		e, ok := errors.AsType[*apiError](err)
		if !ok || !e.again() && !e.limited && !e.broken {
			return
		}
		if sleep(ctx, min(time.Minute<<min(try, 5), 30*time.Minute)) != nil {
			return
		}
	}
}

// interactionObject is a command that somebody ran. With its token anybody
// could answer in the bot's name, so it isn't kept anywhere else.
type interactionObject struct {
	ID        text   `json:"id"`
	Type      number `json:"type"`
	Token     text   `json:"token"`
	GuildID   text   `json:"guild_id"`
	ChannelID text   `json:"channel_id"`
	Member    struct {
		Nick text       `json:"nick"`
		User userObject `json:"user"`
	} `json:"member"` // in a guild
	User   userObject `json:"user"`   // in a direct message
	Locale text       `json:"locale"` // of the person's client (reference, Locales)
	Data   struct {
		Name    text `json:"name"`
		Options list[struct {
			Name  text `json:"name"`
			Value text `json:"value"`
		}] `json:"options"`
	} `json:"data"`
}

// interaction handles an INTERACTION_CREATE. It doesn't go through the pipe,
// because answers after three seconds are ignored.
func (l *listener) interaction(ctx context.Context, e envelope) {
	x := new(interactionObject)
	if err := decode(e.data, x); err != nil {
		l.log.Warn("an event can't be read, it is skipped", "event", e.event, "seq", e.seq)
		return
	}
	if x.Type != interactionSlash || parseSnowflake(string(x.ID)) == 0 || x.Token == "" || len(l.host.Commands()) == 0 {
		return
	}
	// A command that is replayed after a pause can't be answered, so it isn't
	// executed.
	if !safeToken(string(x.Token)) || l.d.now().Sub(snowflakeTime(parseSnowflake(string(x.ID)))) > time.Minute {
		return
	}
	select {
	case l.commands <- struct{}{}:
	default:
		l.log.Warn("too many commands at once; one is dropped", "command", clip(string(x.Data.Name), 40))
		return
	}
	l.wg.Go(func() {
		defer func() { <-l.commands }()
		l.command(ctx, x)
	})
}

// safeToken keeps a token from changing the path of a URL.
func safeToken(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.=~", r))
	})
}

func (x *interactionObject) command(b openmates.Bot) messenger.Command {
	who := x.User
	if x.GuildID != "" {
		who = x.Member.User
		who.Member.Nick = x.Member.Nick
	}
	account := who.account()
	account.Language = string(x.Locale)
	c := messenger.Command{
		Name: string(x.Data.Name), BotID: b.ID, Network: Network,
		Workspace: openmates.WorkspaceID(x.GuildID), Channel: openmates.ChannelID(x.ChannelID),
		Account: account,
	}
	for _, o := range x.Data.Options {
		if o.Name == optionName {
			c.Text = string(o.Value)
		}
	}
	return c
}

// command makes the Host execute a command and shows the reply: directly if it
// is ready in time, else Discord shows "thinking" meanwhile. The log never
// contains the token, because routes are logged without IDs.
func (l *listener) command(ctx context.Context, x *interactionObject) {
	begun := l.d.now()
	ctx, cancel := context.WithTimeout(ctx, messenger.CommandTime)
	defer cancel()
	replies := make(chan messenger.Reply, 1)
	l.wg.Go(func() {
		r, err := l.host.Command(ctx, x.command(l.bot))
		if err != nil {
			r.Text, r.Private = cmp.Or(r.Text, openmates.MessageOf(err)), true
		}
		replies <- r
	})
	later := time.NewTimer(l.d.pace.command)
	defer later.Stop()
	select {
	case r := <-replies:
		l.commandDone(l.callback(ctx, x, begun, answerMessage, replyBody(r)))
	case <-later.C:
		// We don't know yet whether the reply is private, so it is.
		if !l.commandDone(l.callback(ctx, x, begun, answerLater, map[string]any{"flags": ephemeral})) {
			return
		}
		select {
		case r := <-replies:
			l.commandDone(l.fillIn(ctx, x, r))
		case <-ctx.Done():
		}
	case <-ctx.Done():
	}
}

func (l *listener) commandDone(err error) bool {
	if err != nil && !errors.Is(err, context.Canceled) {
		l.log.Warn("a command could not be answered", "err", err)
	}
	return err == nil
}

func replyBody(r messenger.Reply) map[string]any {
	flags := noEmbeds
	if r.Private {
		flags |= ephemeral
	}
	return map[string]any{"content": fit(r.Whole()), "flags": flags, "allowed_mentions": allowedMentions{Parse: []string{}}}
}

// fit truncates a reply that is too long for one message.
func fit(s string) string {
	if strings.TrimSpace(s) == "" {
		return "…"
	}
	part, _ := messenger.Cut(s, textLimit, measure)
	return part
}

func (l *listener) callback(ctx context.Context, x *interactionObject, begun time.Time, kind int, data map[string]any) error {
	ctx, cancel := context.WithTimeout(ctx, max(answerWithin-l.d.now().Sub(begun), time.Second))
	defer cancel()
	return l.d.rest.do(ctx, l.bot, call{
		method: "POST", route: "/interactions/{}/{}/callback",
		path: "/interactions/" + string(x.ID) + "/" + string(x.Token) + "/callback",
		body: map[string]any{"type": kind, "data": data},
	}, nil)
}

// fillIn replaces the "thinking" message with the reply.
func (l *listener) fillIn(ctx context.Context, x *interactionObject, r messenger.Reply) error {
	return l.d.rest.do(ctx, l.bot, call{
		method: "PATCH", route: "/webhooks/{}/{}/messages/@original",
		path: "/webhooks/" + l.bot.AppID + "/" + string(x.Token) + "/messages/@original",
		body: changedMessage{Content: fit(r.Whole()), AllowedMentions: allowedMentions{Parse: []string{}}, Flags: noEmbeds},
	}, nil)
}
