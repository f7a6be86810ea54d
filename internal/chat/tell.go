package chat

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// Everyone who asks a mate gets a reaction. What can't be said in the channel,
// or was recently said there, is an emoji; if that isn't possible either, a
// direct message.

// The emoji that replace words.
const (
	signConnect = "🔗"  // something still has to be connected, as was said recently
	signMute    = "🔇"  // the mate may not write here
	signFailed  = "⚠️" // the network rejected the answer
)

const (
	// quietFor is how long a refusal isn't repeated to the same person if an
	// emoji is possible, and quietAtLeast if not: it must not fill a busy
	// channel.
	quietFor     = time.Hour
	quietAtLeast = time.Minute
)

// about identifies a refusal: to whom, where and why. It is the same for all
// mates in a workspace.
func about(in messenger.Inbound, why openmates.Trouble) string {
	place := string(in.Workspace)
	if place == "" {
		place = "direct:" + string(in.Channel)
	}
	return strings.Join([]string{string(in.Network), string(in.Author.ID), place, string(why)}, ":")
}

// look checks what the mate may do in the channel, before anything is paid for
// an answer there. If that fails, posting will tell.
func (r *Room) look(ctx context.Context, d *draft) {
	checker, ok := d.place.(messenger.AccessChecker)
	if !ok || d.in.Workspace == "" {
		return
	}
	a, err := checker.Access(ctx, d.via, d.in.Channel)
	if err != nil {
		r.cfg.Log.Debug("what a mate may do in a channel is not known", "key", d.in.Key, "err", err)
		return
	}
	d.access = a
}

// lead refuses what only connecting fixes, with a link. If the same person was
// told the same in the same place within the hour, nothing is said.
func (r *Room) lead(ctx context.Context, t *turn, why openmates.Trouble, said openmates.Text) (*decision, error) {
	say, err := r.cfg.Store.SayRefusal(ctx, t.in.Key, about(t.in, why), r.cfg.Clock().Add(-quietFor))
	if err != nil {
		return nil, fmt.Errorf("look whether it was said: %w", err)
	}
	if !say {
		return &decision{Why: why}, nil
	}
	decided := r.refuse(t, why, said)
	decided.Text += r.wayOut(t.in, t.asker.Mate, why)
	return decided, nil
}

// wayOut returns the link for a refusal. In a direct message that is the
// person's own link, which isn't recorded because it contains a secret: see
// say.
func (r *Room) wayOut(in messenger.Inbound, mate openmates.Mate, why openmates.Trouble) string {
	switch {
	case r.cfg.Links == nil:
	case why == openmates.TroubleWorkspace:
		return "\n" + messenger.Link{URL: r.cfg.Links.ConnectPage(in.Network, in.Workspace, mate.Handle)}.String()
	case why == openmates.TroubleAccount && in.Workspace != "":
		return "\n" + messenger.Link{URL: r.cfg.Links.AccountPage(in.Network)}.String()
	}
	return ""
}

// post is the last step: it posts what was settled.
func (r *Room) post(ctx context.Context, d *draft, o openmates.Outcome, begun int) error {
	switch {
	case o.Why == openmates.TroubleNoAccess:
		return r.tellPrivately(ctx, d, o, signMute)
	case o.State == openmates.TurnRefused && o.Text == "":
		return r.remind(ctx, d, o)
	}
	if err := d.finish(ctx, r.say(ctx, d, o), begun); err != nil {
		r.cfg.Log.Warn("answer could not be posted", "key", d.in.Key, "err", err)
		return r.rejected(ctx, d, o, err)
	}
	return nil
}

// say returns the text to post: what was settled and, in a direct message to
// somebody who isn't linked, their own link. A second attempt creates another
// one, replacing the first, and edits the message.
func (r *Room) say(ctx context.Context, d *draft, o openmates.Outcome) string {
	if o.Why != openmates.TroubleAccount || d.in.Workspace != "" || r.cfg.Links == nil {
		return whole(o)
	}
	rep, err := r.ownLink(ctx, d.asker, d.info, d.in.Author)
	if err != nil {
		r.cfg.Log.Warn("a link could not be handed out", "key", d.in.Key, "err", err)
		return o.Text + "\n" + messenger.Link{URL: r.cfg.Links.AccountPage(d.in.Network)}.String()
	}
	return o.Text + "\n" + rep.Whole()
}

// whole returns the text with its note. An open code block is closed first.
func whole(o openmates.Outcome) string {
	if o.Note == "" {
		return o.Text
	}
	return messenger.Closed(o.Text) + o.Note
}

// remind repeats a recent refusal as an emoji, or as the sentence, but never
// twice within a minute.
func (r *Room) remind(ctx context.Context, d *draft, o openmates.Outcome) error {
	if d.access.Reacts {
		err := r.react(ctx, d, signConnect)
		if err == nil || again(err) {
			return postError(err)
		}
	}
	say, err := r.cfg.Store.SayRefusal(ctx, d.in.Key, about(d.in, o.Why), r.cfg.Clock().Add(-quietAtLeast))
	if err != nil || !say {
		return err
	}
	switch o.Why {
	case openmates.TroubleWorkspace:
		o.Text = r.to(d.asker, d.info.ConnectWorkspace())
	case openmates.TroubleNotMember:
		o.Text = r.to(d.asker, d.info.NotMember(d.asker.Team))
	default:
		o.Text = r.to(d.asker, d.info.ConnectAccount())
	}
	o.Text += r.wayOut(d.in, d.asker.Mate, o.Why)
	return postError(d.finish(ctx, r.say(ctx, d, o), 0))
}

// rejected handles an answer that the network rejected: it tells the asker, and
// tells the queue whether a retry can help.
func (r *Room) rejected(ctx context.Context, d *draft, o openmates.Outcome, err error) error {
	if e, ok := errors.AsType[*messenger.SendError](err); ok && (e.Kind == messenger.SendDenied || e.Kind == messenger.SendInvalid) {
		r.look(ctx, d) // it seemed to be allowed
		o.Channel, o.Lacks = d.access.Channel, strings.Join(d.access.Missing, ", ")
		if err := r.tellPrivately(ctx, d, o, signFailed); err != nil {
			r.cfg.Log.Warn("nobody could be told that an answer is lost", "key", d.in.Key, "err", err)
		}
	}
	return postError(err)
}

// tellPrivately tells somebody who can't be answered in the channel that their
// message was read: with an emoji and, once an hour (or once a minute without
// emoji), with a direct message that says what is missing.
func (r *Room) tellPrivately(ctx context.Context, d *draft, o openmates.Outcome, sign string) error {
	quiet := quietAtLeast
	if d.access.Reacts {
		err := r.react(ctx, d, sign)
		if again(err) {
			return postError(err)
		}
		if err == nil {
			quiet = quietFor
		}
	}
	whisperer, ok := d.place.(messenger.Whisperer)
	if !ok || d.in.Workspace == "" {
		return nil
	}
	say, err := r.cfg.Store.SayRefusal(ctx, d.in.Key, about(d.in, openmates.TroubleNoAccess), r.cfg.Clock().Add(-quiet))
	if err != nil || !say {
		return err
	}
	err = whisperer.Whisper(ctx, d.via, d.in.Author.ID, messenger.Outbound{Key: d.in.Key + ":mute", Text: r.to(d.asker, mute(d.info, o))})
	if err != nil && !again(err) {
		r.cfg.Log.Info("somebody could not be told in private why there is no answer", "key", d.in.Key, "err", err)
		return nil
	}
	return postError(err)
}

// react adds an emoji to the message.
func (r *Room) react(ctx context.Context, d *draft, sign string) error {
	reactor, ok := d.place.(messenger.Reactor)
	if !ok {
		return &messenger.SendError{Kind: messenger.SendDenied, Reason: openmates.T("This network doesn't have reactions."), Err: errors.ErrUnsupported}
	}
	return reactor.React(ctx, d.via, d.in.Ref(), sign)
}

// again reports whether the same call can succeed later.
func again(err error) bool {
	if err == nil {
		return false
	}
	e, ok := errors.AsType[*messenger.SendError](err)
	return !ok || e.Again()
}

// giveUp adds an emoji to a message that won't be retried.
func (r *Room) giveUp(ctx context.Context, d *draft) {
	if _, ok := d.place.(messenger.Reactor); !ok {
		return // callers at the desk read it in the journal
	}
	if err := r.react(ctx, d, signFailed); err != nil {
		r.cfg.Log.Warn("nobody could be told that a question is given up", "key", d.in.Key, "err", err)
	}
}
