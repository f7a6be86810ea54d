package chat

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"openmates"
	"openmates/internal/document"
	"openmates/internal/llm"
	"openmates/internal/messenger"
)

// The fourth step: read what a message shows beside its words. That is the
// message it replies to, what it forwards, and files. A model gets all of it as
// data, each line marked like every other line of somebody's words; what
// couldn't be read is told to the model and to the person.

// shown is what was read of it.
type shown struct {
	text     string
	pictures []llm.Picture
	files    int      // that were read, or tried
	unread   []string // names of what couldn't be read
}

const (
	readTime     = 30 * time.Second // for all files and messages of a question
	mostFiles    = 8
	mostPictures = 4
	mostFileText = 24_000 // bytes of one file
	mostShown    = 60_000 // bytes of all that a question shows
	mostNamed    = 5      // files that couldn't be read
	mostKept     = 12_000 // bytes of it that are remembered for the next question
)

// show reads what a message shows. It never fails: what can't be read is
// something to tell.
func (r *Room) show(ctx context.Context, t *turn) shown {
	if len(t.in.Quotes) == 0 && len(t.in.Files) == 0 {
		return shown{}
	}
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	s := &shown{}
	via := messenger.Via{Bot: t.asker.Bot, Workspace: t.in.Workspace, Token: t.asker.Token}
	for _, q := range t.in.Quotes {
		q = r.quoted(ctx, t, via, q)
		s.quote(q, t.asker.Mate)
		for _, f := range q.Files {
			r.file(ctx, t, via, f, s)
		}
	}
	for _, f := range t.in.Files {
		r.file(ctx, t, via, f, s)
	}
	return *s
}

// quoted fetches a message of which only the ID is known.
func (r *Room) quoted(ctx context.Context, t *turn, via messenger.Via, q messenger.Quote) messenger.Quote {
	if q.State != messenger.QuoteUnread {
		return q
	}
	reader, ok := t.source.place().(messenger.Reader)
	if !ok {
		q.State = messenger.QuoteHidden
		return q
	}
	got, err := reader.Read(ctx, via, messenger.MessageRef{Channel: t.in.Channel, ID: q.ID})
	if err != nil {
		r.cfg.Log.InfoContext(ctx, "a quoted message could not be read", "key", t.in.Key, "err", err)
		got = messenger.Quote{ID: q.ID, State: messenger.QuoteHidden}
	}
	got.Kind = q.Kind
	return got
}

// quote adds a quoted message.
func (s *shown) quote(q messenger.Quote, mate openmates.Mate) {
	what := map[messenger.QuoteKind]string{
		messenger.QuoteReply: "the message that this replies to", messenger.QuoteForward: "a forwarded message",
		messenger.QuoteLink: "the linked message", messenger.QuoteEmbed: "a card under the message",
		messenger.QuotePoll: "a poll", messenger.QuoteSticker: "a sticker",
	}[q.Kind]
	switch {
	case q.Own:
		what += ", written by you, " + mate.Name
	case q.Author != "":
		what += ", by " + nameable(q.Author)
	}
	if !q.At.IsZero() {
		what += ", " + q.At.UTC().Format("2 January 2006 15:04 UTC")
	}
	switch q.State {
	case messenger.QuoteDeleted:
		s.add(what+": it was deleted and can't be read", "")
	case messenger.QuoteHidden, messenger.QuoteUnread:
		s.add(what+": it can't be read here", "")
	default:
		if q.Cut {
			what += ", only its beginning"
		}
		s.add(what, q.Text)
	}
}

// file adds what can be read of a file.
func (r *Room) file(ctx context.Context, t *turn, via messenger.Via, f messenger.File, s *shown) {
	name := nameable(f.Name)
	if s.files++; s.files > mostFiles {
		s.miss(name, "there are too many files")
		return
	}
	if f.Voice {
		s.miss(name, "it is a voice message, and you can't listen")
		return
	}
	fetcher, ok := t.source.place().(messenger.Fetcher)
	if !ok {
		s.miss(name, "files can't be read here")
		return
	}
	data, err := fetcher.Fetch(ctx, via, f, document.MostBytes)
	if err != nil {
		r.cfg.Log.InfoContext(ctx, "a file could not be fetched", "key", t.in.Key, "err", err)
		s.miss(name, openmates.MessageOf(err))
		return
	}
	text, cut, err := r.cfg.Documents.Read(ctx, data, min(mostFileText, mostShown-len(s.text)))
	switch {
	case errors.Is(err, document.ErrPicture):
		s.picture(name, data)
	case err != nil:
		r.cfg.Log.InfoContext(ctx, "a file could not be read", "key", t.in.Key, "err", err)
		s.miss(name, "this kind of file can't be read, or it is damaged")
	case strings.TrimSpace(text) == "":
		s.miss(name, "no text is in it")
	case cut:
		s.add(fileMark+name+fmt.Sprintf(", only its first %d bytes", len(text)), text)
	default:
		s.add(fileMark+name, text)
	}
}

const fileMark = "the file "

func (s *shown) picture(name string, data []byte) {
	p, err := document.Show(data)
	if err != nil || len(s.pictures) == mostPictures {
		s.miss(name, "the picture can't be read, or there are too many")
		return
	}
	s.pictures = append(s.pictures, llm.Picture{Name: name, Type: p.Type, Data: p.Data})
	s.add("the picture "+name+" is attached", "")
}

// miss notes what can't be read.
func (s *shown) miss(name, why string) {
	s.unread = append(s.unread, name)
	s.add(fileMark+name+" can't be read ("+oneLine(why)+"); say so", "")
}

// add adds a text with its heading. Each of its lines is quoted, so that nothing
// in it can pass for somebody's words or for the end of the quote.
func (s *shown) add(what, text string) {
	if room := mostShown - len(s.text); len(text) > room {
		text, _ = document.Clip(text, max(room, 0))
		what += ", cut"
	}
	s.text += "[" + what + "]\n"
	if text = strings.TrimRight(breaks.Replace(text), "\n"); text != "" {
		s.text += "> " + strings.ReplaceAll(text, "\n", "\n> ") + "\n"
	}
}

// words are what a person wrote together with what the message shows.
func words(text, shown string) string {
	if shown == "" {
		return text
	}
	return strings.TrimLeft(text+"\n", "\n") + strings.TrimRight(shown, "\n")
}

// kept is what is remembered of it.
func (s shown) kept() string {
	text, cut := document.Clip(s.text, mostKept)
	if cut {
		text = strings.TrimRight(text, "\n") + "\n[the rest is not remembered]\n"
	}
	return text
}

// note tells the person what couldn't be read.
func (s shown) note() (openmates.Text, bool) {
	if len(s.unread) == 0 {
		return "", false
	}
	if len(s.unread) > mostNamed {
		return openmates.T("I couldn't read %s and other files.", strings.Join(s.unread[:mostNamed], ", ")), true
	}
	return openmates.T("I couldn't read %s.", strings.Join(s.unread, ", ")), true
}
