package chat

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/queue"
)

// draft is an answer that is being posted: the parts so far and their content.
// Only one goroutine uses it at a time.
type draft struct {
	place place
	info  messenger.Info
	via   messenger.Via
	asker openmates.Asker
	in    messenger.Inbound
	again bool // an earlier attempt may have posted
	// access is what the bot may do in the channel, as far as known.
	access messenger.Access
	parts  []part
}

const blanks = " \t\r\n"

type part struct {
	id   openmates.MessageID
	text string
}

func newDraft(t *turn) *draft {
	return &draft{
		place: t.source.place(), info: t.info, asker: t.asker, in: t.in, again: t.again,
		via:    messenger.Via{Bot: t.asker.Bot, Workspace: t.in.Workspace, Token: t.asker.Token},
		access: messenger.Access{Replies: true, Reacts: true},
	}
}

// streams reports whether the draft can be shown before it is complete.
func (d *draft) streams() bool {
	_, ok := d.place.(messenger.Editor)
	return ok
}

// finish posts the complete text and removes extra parts of an earlier attempt.
func (d *draft) finish(ctx context.Context, text string, begun int) error {
	texts := d.cut(text)
	if err := d.put(ctx, texts); err != nil {
		return err
	}
	for n := len(texts); n < max(begun, len(d.parts)); n++ {
		if err := d.takeBack(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// limit returns the maximum length of one part.
func (d *draft) limit() int {
	if !d.access.Replies {
		return d.info.TextLimit - messenger.MentionRoom
	}
	return d.info.TextLimit
}

// cut splits a text into parts as the network shows it, closing an open code
// block at the end.
func (d *draft) cut(text string) []string {
	var texts []string
	for rest := messenger.Closed(messenger.Adapt(text, d.info.Markdown)); rest != "" || texts == nil; {
		var p string
		p, rest = messenger.Cut(rest, d.limit(), d.info.Measure)
		texts = append(texts, p)
	}
	return texts
}

// put posts or edits parts so that they have these texts.
func (d *draft) put(ctx context.Context, texts []string) error {
	for n, text := range texts {
		if err := d.putPart(ctx, n, text); err != nil {
			return fmt.Errorf("part %d: %w", n, err)
		}
	}
	return nil
}

func (d *draft) putPart(ctx context.Context, n int, text string) error {
	if n == len(d.parts) {
		id, err := d.place.Send(ctx, d.via, d.outbound(n, text))
		if err != nil {
			return err
		}
		p := part{id: id, text: text}
		if d.again {
			p.text = "" // what was found there may be an older text
		}
		d.parts = append(d.parts, p)
	}
	// Networks don't show trailing spaces, so they are no change.
	editor, ok := d.place.(messenger.Editor)
	if !ok || strings.TrimRight(d.parts[n].text, blanks) == strings.TrimRight(text, blanks) {
		return nil
	}
	if err := editor.Edit(ctx, d.via, d.parts[n].id, d.outbound(n, text)); err != nil {
		return err
	}
	d.parts[n].text = text
	return nil
}

func (d *draft) outbound(n int, text string) messenger.Outbound {
	out := messenger.Outbound{
		Key: d.in.Key, Part: n, Channel: d.in.Channel, ReplyTo: d.in.Message, Asker: d.in.Author.ID,
		Text: text, Ping: n == 0, MaybePosted: d.again,
	}
	if !d.access.Replies {
		out.ReplyTo = ""
	}
	return out
}

// takeBack removes part n. If only an earlier attempt knew its ID, posting it
// again with the same key finds it.
func (d *draft) takeBack(ctx context.Context, n int) error {
	remover, ok := d.place.(messenger.Remover)
	if !ok {
		return nil
	}
	if n >= len(d.parts) {
		id, err := d.place.Send(ctx, d.via, d.outbound(n, "…"))
		if err != nil {
			return err
		}
		d.parts = append(d.parts, part{id: id})
	}
	return remover.Remove(ctx, d.via, messenger.MessageRef{Channel: d.in.Channel, ID: d.parts[n].id})
}

// typing shows that an answer is being written, if the network can.
func (d *draft) typing(ctx context.Context) time.Duration {
	typist, ok := d.place.(messenger.Typist)
	if !ok {
		return time.Hour
	}
	if err := typist.Typing(ctx, d.via, d.in.Channel); err != nil {
		return time.Minute
	}
	return max(d.info.TypingLasts-2*time.Second, time.Second)
}

// postError tells the queue whether a retry can help.
func postError(err error) error {
	if e, ok := errors.AsType[*messenger.SendError](err); ok && !e.Again() {
		return queue.Drop(err)
	}
	return err
}
