package chat_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/messenger"
	"openmates/internal/messenger/messengertest"
	"openmates/internal/queue"
)

// heard is what somebody who asks gets to see: a message, reactions, a private
// message.
type heard struct {
	posts, whispers int
	signs           []string
}

func (w *world) heard(message string) heard {
	return heard{posts: len(w.net.Posts()), whispers: len(w.net.Whispers()), signs: w.net.Signs(openmates.MessageID(message))}
}

func denied(ops ...string) func(string, messenger.Outbound) error {
	return func(op string, _ messenger.Outbound) error {
		if slices.Contains(ops, op) {
			return &messenger.SendError{Kind: messenger.SendDenied, Reason: openmates.T("Denied."), Err: errors.New("denied")}
		}
		return nil
	}
}

func closed(reacts bool) func(openmates.ChannelID) messenger.Access {
	return func(openmates.ChannelID) messenger.Access {
		return messenger.Access{Channel: "#locked", Missing: []string{"Send Messages"}, Replies: true, Reacts: reacts}
	}
}

// Every path of a message, and what its author sees. No response is acceptable
// only if nobody could be told, or was told within the last minute.
func TestNobodyMeetsSilence(t *testing.T) {
	t.Parallel()
	const stranger = "u2"
	twice := func(w *world, in messenger.Inbound) { // the same was said before
		must(w.T, w.ask(in))
		w.later.Add(int64(2 * time.Minute))
	}
	for _, c := range []struct {
		name    string
		account string
		before  func(*world, messenger.Inbound)
		in      func(*messenger.Inbound)
		posts   int // by this message
		signs   []string
		whisper string
		why     openmates.Trouble
		paid    bool
	}{
		{name: "a question", posts: 1, paid: true},
		{name: "a stranger", account: stranger, posts: 1, why: openmates.TroubleAccount},
		{name: "a stranger again", account: stranger, before: twice, signs: []string{"🔗"}, why: openmates.TroubleAccount},
		{name: "a stranger again, no reactions", account: stranger, before: func(w *world, in messenger.Inbound) {
			twice(w, in)
			w.net.Closed = func(openmates.ChannelID) messenger.Access { return messenger.Access{Channel: "#c", Replies: true} }
		}, posts: 1, why: openmates.TroubleAccount},
		{name: "a stranger again, reactions refused", account: stranger, before: func(w *world, in messenger.Inbound) {
			twice(w, in)
			w.net.Refuse = denied("react")
		}, posts: 1, why: openmates.TroubleAccount},
		{name: "a stranger again within the minute, no reactions", account: stranger, before: func(w *world, in messenger.Inbound) {
			must(w.T, w.ask(in))
			w.net.Refuse = denied("react")
		}, why: openmates.TroubleAccount}, // told just above
		{name: "a stranger, directly, again", account: stranger, in: func(in *messenger.Inbound) { in.Workspace = "" }, before: twice, signs: []string{"🔗"}, why: openmates.TroubleAccount},
		{name: "a place of no team", in: func(in *messenger.Inbound) { in.Workspace = "g2" }, posts: 1, why: openmates.TroubleWorkspace},
		{name: "a place of no team, again", in: func(in *messenger.Inbound) { in.Workspace = "g2" }, before: twice, signs: []string{"🔗"}, why: openmates.TroubleWorkspace},
		{name: "a removed member", before: func(w *world, _ messenger.Inbound) {
			must(w.T, w.db.RemoveMember(w.Context(), w.team.ID, w.user.ID))
		}, posts: 1, why: openmates.TroubleNotMember},
		{name: "a removed member, again", before: func(w *world, in messenger.Inbound) {
			must(w.T, w.db.RemoveMember(w.Context(), w.team.ID, w.user.ID))
			twice(w, in)
		}, signs: []string{"🔗"}, why: openmates.TroubleNotMember},
		{name: "no text", in: func(in *messenger.Inbound) { in.Text = " " }, posts: 1, why: openmates.TroubleText},
		{name: "the mate is off", before: func(w *world, _ messenger.Inbound) {
			mate, err := w.db.MateByHandle(w.Context(), "sophia")
			must(w.T, err)
			mate.Enabled = false
			_, err = w.db.SaveMate(w.Context(), mate)
			must(w.T, err)
		}, posts: 1, why: openmates.TroubleMateOff},
		{name: "over the limit of the minute", before: func(w *world, in messenger.Inbound) {
			must(w.T, w.db.SetTeamLimits(w.Context(), w.team.ID, openmates.Limits{PerMinute: 1}))
			must(w.T, w.ask(in))
		}, posts: 1, why: openmates.TroubleRate},
		{name: "the model says nothing", before: func(w *world, _ messenger.Inbound) {
			w.model.say = func(int, llm.Request) ([]llm.Piece, error) { return words(" "), nil }
		}, posts: 1, why: openmates.TroubleNoWords, paid: true},
		{name: "no writing here", before: func(w *world, _ messenger.Inbound) { w.net.Closed = closed(true) },
			signs: []string{"🔇"}, whisper: "I can't answer you in #locked: I'm missing the permission Send Messages there.", why: openmates.TroubleNoAccess},
		{name: "no writing here, again", before: func(w *world, in messenger.Inbound) {
			w.net.Closed = closed(true)
			twice(w, in)
		}, signs: []string{"🔇"}, why: openmates.TroubleNoAccess},
		{name: "no writing and no reactions", before: func(w *world, _ messenger.Inbound) { w.net.Closed = closed(false) },
			whisper: "I'm missing the permission Send Messages", why: openmates.TroubleNoAccess},
		{name: "no writing and no reactions, again", before: func(w *world, in messenger.Inbound) {
			w.net.Closed = closed(false)
			twice(w, in)
		}, whisper: "I'm missing the permission Send Messages", why: openmates.TroubleNoAccess},
		{name: "a stranger, no writing here", account: stranger, before: func(w *world, _ messenger.Inbound) { w.net.Closed = closed(true) },
			signs: []string{"🔇"}, whisper: "I can't answer you in #locked", why: openmates.TroubleNoAccess},
		{name: "nothing at all is allowed", before: func(w *world, _ messenger.Inbound) {
			w.net.Closed, w.net.Refuse = closed(false), denied("whisper")
		}, why: openmates.TroubleNoAccess}, // nobody can be told but the admins, who are
		{name: "the network refuses the answer", before: func(w *world, _ messenger.Inbound) { w.net.Refuse = denied("send") },
			signs: []string{"⚠️"}, whisper: "I couldn't post my answer there: Memory rejected it.", paid: true},
		{name: "the network refuses answer and reaction", before: func(w *world, _ messenger.Inbound) { w.net.Refuse = denied("send", "react") },
			whisper: "I couldn't post my answer there", paid: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, _ := led(t)
			next := func() messenger.Inbound {
				in := w.message("hello")
				if c.account != "" {
					in.Author.ID = openmates.AccountID(c.account)
				}
				if c.in != nil {
					c.in(&in)
				}
				return in
			}
			if c.before != nil {
				c.before(w, next())
			}
			before, asked := w.heard(""), len(w.model.requests())
			in := next()
			err := w.ask(in)
			if e, ok := errors.AsType[*messenger.SendError](err); err != nil && (!ok || e.Again()) {
				t.Fatal(err)
			}
			got := w.heard(string(in.Message))
			if got.posts-before.posts != c.posts || !slices.Equal(got.signs, c.signs) {
				t.Errorf("%d messages and the signs %q, want %d and %q", got.posts-before.posts, got.signs, c.posts, c.signs)
			}
			said := strings.Join(w.net.Whispers()[before.whispers:], "\n")
			if (said != "") != (c.whisper != "") || c.whisper != "" && !strings.HasPrefix(said, string(in.Author.ID)+": ") || !strings.Contains(said, c.whisper) {
				t.Errorf("said in private: %q, want %q", said, c.whisper)
			}
			if paid := len(w.model.requests()) > asked; paid != c.paid {
				t.Errorf("the model was asked: %v", paid)
			}
			o, _, ok, err := w.db.Settled(t.Context(), in.Key)
			must(t, err)
			if !ok || o.Why != c.why {
				t.Errorf("recorded as %+v", o)
			}
			if c.why == openmates.TroubleNoAccess && (o.Channel != "#locked" || o.Lacks != "Send Messages" || o.Usage.Cost != 0) {
				t.Errorf("recorded as %+v", o)
			}
		})
	}
}

// Somebody who is linked but not in the team is told so and gets no other code:
// linking again would not help.
func TestWhoIsLinkedButNotInTheTeam(t *testing.T) {
	t.Parallel()
	w, d := led(t)
	must(t, w.db.RemoveMember(t.Context(), w.team.ID, w.user.ID))
	must(t, w.ask(w.message("hello")))
	const want = "Your Memory account is linked, but you aren't a member of the team Acme that this room belongs to. Ask one of its admins to invite you."
	if got := w.only(); got != want {
		t.Errorf("said %q", got)
	}
	for _, name := range []string{"whoami", "usage", "forget", "stop", "team"} {
		rep := w.give(name)
		if !rep.Private || len(rep.Links) != 0 || !strings.HasPrefix(rep.Text, "Your Memory account is linked to the OpenMates account **Ada** (ada), which isn't a member of the team Acme") {
			t.Errorf("/%s says %+v", name, rep)
		}
	}
	if len(d.codes) != 0 {
		t.Errorf("codes for %v", d.codes)
	}
	must(t, w.db.AddMember(t.Context(), openmates.Membership{TeamID: w.team.ID, UserID: w.user.ID, Role: openmates.RoleMember}))
	must(t, w.ask(w.message("hello")))
	must(t, w.db.RemoveMember(t.Context(), w.team.ID, w.user.ID))
	must(t, w.ask(w.message("hello")))
	if got := w.lastPost(); got != want { // it was cured meanwhile, so it is said again
		t.Errorf("said %q", got)
	}
}

// What is given up after the last attempt gets a sign, too.
func TestAQuestionThatIsGivenUpGetsASign(t *testing.T) {
	t.Parallel()
	w, _ := led(t)
	w.net.Refuse = func(op string, _ messenger.Outbound) error {
		if op == "react" {
			return nil
		}
		return &messenger.SendError{Kind: messenger.SendLater, Reason: openmates.T("Later."), Err: errors.New("later")}
	}
	in := w.message("hello")
	j := w.deliver(in)
	if err := w.room.Reply(t.Context(), j); err == nil || len(w.net.Signs(in.Message)) != 0 {
		t.Errorf("at first: %v, %q", err, w.net.Signs(in.Message))
	}
	j.Attempt, j.Again = queue.MaxAttempts, true
	if err := w.room.Reply(t.Context(), j); err == nil || !slices.Equal(w.net.Signs(in.Message), []string{"⚠️"}) {
		t.Errorf("at last: %v, %q", err, w.net.Signs(in.Message))
	}
}

// Where a bot can't refer to a message, its answer names the asker, and leaves
// room for that.
func TestWithoutReferencesTheAskerIsNamed(t *testing.T) {
	t.Parallel()
	w, _ := led(t)
	w.net.Limit = 100
	w.net.Closed = func(openmates.ChannelID) messenger.Access { return messenger.Access{Channel: "#c"} }
	w.model.say = func(int, llm.Request) ([]llm.Piece, error) { return words(strings.Repeat("word ", 40)), nil }
	must(t, w.ask(w.message("hello")))
	for i, p := range w.net.Posts() {
		if p.Out.ReplyTo != "" || p.Out.Asker != "u1" || p.Out.Ping != (i == 0) || len(p.Text()) > 100-messenger.MentionRoom {
			t.Errorf("posted %+v", p)
		}
	}
}

// Blanks at the end are no change, so they cost no edit.
func TestAnEditChangesSomething(t *testing.T) {
	t.Parallel()
	w, _ := led(t)
	shown := make(chan struct{})
	w.model.say = func(int, llm.Request) ([]llm.Piece, error) {
		return append([]llm.Piece{{Text: "Because of the index. \n"}}, words("\n")...), nil
	}
	w.model.each = func(_, piece int) {
		if piece == 1 {
			<-shown
		}
	}
	done := make(chan error, 1)
	job := w.deliver(w.message("why?"))
	go func() { done <- w.room.Reply(t.Context(), job) }()
	must(t, w.net.Await(t.Context(), func(p []messengertest.Post) bool { return len(p) == 1 }))
	close(shown)
	must(t, <-done)
	if p := w.net.Posts()[0]; len(p.Texts) != 1 || !p.Out.Ping {
		t.Errorf("edited: %q", p.Texts)
	}
}
