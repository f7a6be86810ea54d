package chat_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/llm"
	"openmates/internal/messenger"
	"openmates/internal/queue"
)

func TestReplyAnswersThePersonWhoAsked(t *testing.T) {
	t.Parallel()
	w := setup(t)
	must(t, w.ask(w.message("why does this query crawl?")))
	p := w.net.Posts()[0]
	if p.Text() != "Because of the missing index." {
		t.Errorf("posted %q", p.Text())
	}
	if p.Out.ReplyTo != "1001" || !p.Out.Ping || p.Out.Key != "memory:app:1001" {
		t.Errorf("posted as %+v", p.Out)
	}
	req := w.model.requests()[0]
	for _, want := range []string{"You are Sophia", "software", "You like tests.", "team Acme", "Ada asks", "dry", "23 November 2026"} {
		if !strings.Contains(req.System, want) {
			t.Errorf("the system prompt lacks %q:\n%s", want, req.System)
		}
	}
}

func TestReplyRemembersTheConversation(t *testing.T) {
	t.Parallel()
	w := setup(t)
	must(t, w.ask(w.message("why?")))
	must(t, w.ask(w.message("and how do I mend it?")))
	other := w.message("what about this?")
	other.Channel = "c2"
	must(t, w.ask(other))
	got := w.model.requests()
	if n := len(got[1].Messages); n != 3 {
		t.Fatalf("the second question came with %d messages", n)
	}
	if m := got[1].Messages; m[0].Text != "Ada: why?" || m[1].Text != "Because of the missing index." || m[1].Role != llm.RoleAssistant {
		t.Errorf("history is %+v", m)
	}
	if n := len(got[2].Messages); n != 1 {
		t.Errorf("another channel's question came with %d messages", n)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*world, *messenger.Inbound)
		want   string
	}{
		{"workspace of no team", func(_ *world, in *messenger.Inbound) { in.Workspace = "g2" },
			"Please connect first the Memory room with your team."},
		{"account of nobody", func(_ *world, in *messenger.Inbound) { in.Author.ID = "u2" },
			"Please connect first your Memory account with your OpenMates account"},
		{"account of nobody, directly", func(_ *world, in *messenger.Inbound) { in.Author.ID, in.Workspace = "u2", "" },
			"Please connect first your Memory account with your OpenMates account"},
		{"no text", func(_ *world, in *messenger.Inbound) { in.Text = "  " }, "I can't see any text"},
		{"mate not allowed", func(w *world, _ *messenger.Inbound) {
			must(w.T, w.db.SetTeamLimits(w.Context(), w.team.ID, openmates.Limits{Mates: openmates.OnlyThese("mark")}))
		}, "I can't answer here: Sophia isn't allowed for the team Acme. A team admin can change that."},
		{"provider not allowed", func(w *world, _ *messenger.Inbound) {
			must(w.T, w.db.SetTeamLimits(w.Context(), w.team.ID, openmates.Limits{Providers: openmates.OnlyThese("other")}))
		}, "the provider test isn't allowed for the team Acme. A team admin"},
		{"model not allowed", func(w *world, _ *messenger.Inbound) {
			must(w.T, w.db.SetServerLimits(w.Context(), openmates.Limits{Models: openmates.OnlyThese("test/two")}))
		}, "the model test/one isn't allowed for the server. A server admin"},
		{"money used up", func(w *world, _ *messenger.Inbound) {
			must(w.T, w.db.SetTeamLimits(w.Context(), w.team.ID, openmates.Limits{PerMonth: 1}))
		}, "The budget of the team Acme for this month is used up. A team admin can raise it; it resets on 1 December."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			in := w.message("hello")
			c.change(w, &in)
			must(t, w.ask(in))
			if got := w.only(); !strings.Contains(got, c.want) {
				t.Errorf("said %q, want %q", got, c.want)
			}
			if n := len(w.model.requests()); n != 0 {
				t.Errorf("the model was asked %d times", n)
			}
		})
	}
}

func TestRefusalSentencesAreTheWorkflowsToTheLetter(t *testing.T) {
	t.Parallel()
	w := setup(t)
	in := w.message("hello")
	in.Author.ID = "u2"
	must(t, w.ask(in))
	if got, want := w.only(), "Please connect first your Memory account with your OpenMates account"; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
}

func TestRequestsPerMinuteAreHeld(t *testing.T) {
	t.Parallel()
	w := setup(t)
	must(t, w.db.SetTeamLimits(t.Context(), w.team.ID, openmates.Limits{PerMinute: 2}))
	for range 3 {
		must(t, w.ask(w.message("again")))
	}
	posts := w.net.Posts()
	if got := posts[2].Text(); !strings.Contains(got, "reached the limit of 2 requests per minute for the team Acme.") {
		t.Errorf("the third said %q", got)
	}
	w.now = w.now.Add(2 * time.Minute)
	must(t, w.ask(w.message("again")))
	if got := w.net.Posts()[3].Text(); strings.Contains(got, "per minute") {
		t.Errorf("after two minutes: %q", got)
	}
}

func TestADirectMessageIsAnsweredWithinTheOnlyTeam(t *testing.T) {
	t.Parallel()
	w := setup(t)
	in := w.message("hello")
	in.Workspace = ""
	must(t, w.ask(in))
	if got := w.only(); got != "Because of the missing index." {
		t.Errorf("said %q", got)
	}
	second, err := w.db.AddTeam(t.Context(), openmates.Team{Slug: "other", Name: "Other"})
	must(t, err)
	must(t, w.db.AddMember(t.Context(), openmates.Membership{TeamID: second.ID, UserID: w.user.ID, Role: openmates.RoleMember}))
	w.room.Forget()
	in = w.message("hello")
	in.Workspace = ""
	must(t, w.ask(in))
	if got := w.net.Posts()[1].Text(); !strings.Contains(got, "several teams") {
		t.Errorf("with two teams said %q", got)
	}
}

func TestUnlinkingHoldsForTheNextMessage(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.db.OnChange(func(string) { w.room.Forget() })
	must(t, w.ask(w.message("hello")))
	ids, err := w.db.IdentitiesOf(t.Context(), w.user.ID)
	must(t, err)
	must(t, w.db.RemoveIdentity(t.Context(), w.user.ID, ids[0].ID))
	must(t, w.ask(w.message("hello")))
	if got := w.net.Posts()[1].Text(); !strings.HasPrefix(got, "Please connect first your Memory account") {
		t.Errorf("said %q", got)
	}
}

// A long conversation is shortened where the model can't read it, the oldest
// exchange first; the question always stays.
func TestALongConversationIsShortened(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.model.say = func(_ int, req llm.Request) ([]llm.Piece, error) {
		if len(req.Messages) > 3 {
			return nil, &llm.Error{Kind: llm.KindTooLong, Err: errors.New("too long")}
		}
		return words("Answer to " + req.Messages[len(req.Messages)-1].Text), nil
	}
	for _, q := range []string{"one", "two", "three", "four"} {
		must(t, w.ask(w.message(q)))
	}
	posts := w.net.Posts()
	if got := posts[len(posts)-1].Text(); !strings.Contains(got, "Answer to") || !strings.Contains(got, "four") {
		t.Errorf("posted %q", got)
	}
	requests := w.model.requests()
	last := requests[len(requests)-1].Messages
	if n := len(last); n > 3 || last[0].Role != llm.RoleUser || !strings.Contains(last[n-1].Text, "four") {
		t.Errorf("the model was sent %+v", last)
	}
}

func TestAModelThatFailsIsExplained(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind llm.Kind
		want string
	}{
		{llm.KindBadKey, "no longer accepts this server's key"},
		{llm.KindNoCredit, "Please tell the admin of this OpenMates server"},
		{llm.KindNoModel, "My provider no longer offers my model"},
		{llm.KindTooLong, "more text than my model can read"},
		{llm.KindFiltered, "refuses to answer this"},
		{llm.KindRateLimited, "too many requests"},
		{llm.KindInvalid, "Please tell the admin of this OpenMates server"},
		{llm.KindUnavailable, "can't reach my model"},
		{llm.KindCut, "can't reach my model"},
	} {
		t.Run(c.kind.String(), func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.model.say = func(int, llm.Request) ([]llm.Piece, error) {
				return nil, &llm.Error{Kind: c.kind, Err: errors.New("sk-canary")}
			}
			must(t, w.ask(w.message("hello")))
			if got := w.only(); !strings.Contains(got, c.want) || strings.Contains(got, "canary") {
				t.Errorf("said %q, want %q", got, c.want)
			}
		})
	}
}

// A key of the settings is cured there, and on no page.
func TestARefusedKeyIsCuredWhereItStands(t *testing.T) {
	t.Parallel()
	for fixed, c := range map[bool]struct {
		why  openmates.Trouble
		says string
		not  string
	}{
		false: {openmates.TroubleKey, "a new key under Providers", "settings"},
		true:  {openmates.TroubleSettingsKey, "the key is set where OpenMates is started", "Providers"},
	} {
		w := setup(t)
		w.fixed = fixed
		w.model.say = func(int, llm.Request) ([]llm.Piece, error) {
			return nil, &llm.Error{Kind: llm.KindBadKey, Err: errors.New("no")}
		}
		must(t, w.ask(w.message("hello")))
		if got := w.only(); !strings.Contains(got, c.says) || strings.Contains(got, c.not) {
			t.Errorf("fixed %v: said %q", fixed, got)
		}
		if trouble, err := w.db.Troubles(t.Context(), 1); err != nil || len(trouble) != 1 || trouble[0].Why != c.why {
			t.Errorf("fixed %v: %+v, %v", fixed, trouble, err)
		}
	}
}

func TestAMateWithoutAModelSaysSo(t *testing.T) {
	t.Parallel()
	w := setup(t)
	mate, err := w.db.MateByHandle(t.Context(), "sophia")
	must(t, err)
	mate.Model = "none"
	_, err = w.db.SaveMate(t.Context(), mate)
	must(t, err)
	must(t, w.ask(w.message("hello")))
	if got := w.only(); !strings.Contains(got, "Sophia doesn't have a model yet") {
		t.Errorf("said %q", got)
	}
}

func TestAnAnswerThatBreaksOffIsAskedForAgain(t *testing.T) {
	t.Parallel()
	w := setup(t)
	cut := &llm.Error{Kind: llm.KindCut, Err: errors.New("cut")}
	w.model.say = func(n int, _ llm.Request) ([]llm.Piece, error) {
		if n == 1 {
			return []llm.Piece{{Text: "Because"}}, cut
		}
		return words("Because of the index."), nil
	}
	must(t, w.ask(w.message("why?")))
	if got := w.only(); got != "Because of the index." {
		t.Errorf("said %q", got)
	}
}

func TestEndsOfAnswersAreExplained(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		say  func(int, llm.Request) ([]llm.Piece, error)
		want string
	}{
		{"length", func(int, llm.Request) ([]llm.Piece, error) {
			return []llm.Piece{{Text: "Half"}, {Usage: &llm.Usage{}, Stop: llm.StopLength}}, nil
		}, "Half\n\n*I stopped here"},
		{"filter", func(int, llm.Request) ([]llm.Piece, error) {
			return []llm.Piece{{Text: "Half"}, {Usage: &llm.Usage{}, Stop: llm.StopFilter}}, nil
		}, "withheld the rest"},
		{"cut twice", func(int, llm.Request) ([]llm.Piece, error) {
			return []llm.Piece{{Text: "Half"}}, &llm.Error{Kind: llm.KindCut, Err: errors.New("cut")}
		}, "Half\n\n*My answer was cut off here."},
		{"nothing", func(int, llm.Request) ([]llm.Piece, error) {
			return []llm.Piece{{Usage: &llm.Usage{}, Stop: llm.StopEnd}}, nil
		}, "My model returned an empty answer"},
		{"endless arguments", func(int, llm.Request) ([]llm.Piece, error) {
			return wants("Half", call(1, "test_echo", strings.Repeat("x", 200_000))), nil
		}, "Half\n\n*I stopped here"},
		{"endless", func(int, llm.Request) ([]llm.Piece, error) {
			return words(strings.Repeat("never ending ", 4000)), nil
		}, "I stopped here"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.model.say = c.say
			must(t, w.ask(w.message("why?")))
			posts := w.net.Posts()
			if got := posts[len(posts)-1].Text(); !strings.Contains(got, c.want) {
				t.Errorf("ended with %q, want %q", got, c.want)
			}
		})
	}
}

func TestJobsThatCanNeverBeAnsweredAreDropped(t *testing.T) {
	t.Parallel()
	w := setup(t)
	if err := w.room.Reply(t.Context(), queue.Job{Key: "x", Body: []byte("{")}); !queue.IsDrop(err) {
		t.Errorf("a broken job: %v", err)
	}
	in := w.message("hello")
	in.Network = "smoke signals"
	if err := w.ask(in); !queue.IsDrop(err) {
		t.Errorf("an unknown network: %v", err)
	}
	must(t, w.db.PauseBot(t.Context(), w.bot.ID, true))
	if err := w.ask(w.message("hello")); !queue.IsDrop(err) {
		t.Errorf("a paused bot: %v", err)
	}
	if n := len(w.net.Posts()); n != 0 {
		t.Errorf("%d messages were posted", n)
	}
}

func TestPostingTroubleIsForTheQueue(t *testing.T) {
	t.Parallel()
	for kind, dropped := range map[messenger.SendKind]bool{
		messenger.SendLater: false, messenger.SendGone: true, messenger.SendDenied: true, messenger.SendInvalid: true,
	} {
		w := setup(t)
		w.net.Refuse = func(string, messenger.Outbound) error {
			return &messenger.SendError{Kind: kind, Reason: openmates.T("no")}
		}
		err := w.ask(w.message("hello"))
		if err == nil || queue.IsDrop(err) != dropped {
			t.Errorf("kind %d: error %v, dropped %v", kind, err, queue.IsDrop(err))
		}
	}
}

func TestAStoppedReplyLeavesTheTurnOpen(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.model.each = func(int, int) { cancel() }
	err := w.room.Reply(ctx, w.deliver(w.message("hello")))
	if !errors.Is(err, context.Canceled) || queue.IsDrop(err) {
		t.Errorf("error %v", err)
	}
	if n := len(w.net.Posts()); n != 0 {
		t.Errorf("%d messages were posted", n)
	}
}

func TestProcessFollowsTheSameRules(t *testing.T) {
	t.Parallel()
	w := setup(t)
	mate, err := w.db.MateByHandle(t.Context(), "sophia")
	must(t, err)
	ask := chat.Ask{Team: w.team.ID, User: w.user.ID, Mate: mate.ID, Text: "why?"}
	o, err := w.room.Ask(t.Context(), ask, nil)
	must(t, err)
	if o.State != openmates.TurnAnswered || o.Text != "Because of the missing index." || o.Usage.Cost != 200 {
		t.Errorf("outcome %+v", o)
	}
	_, err = w.room.Ask(t.Context(), ask, nil)
	must(t, err)
	if n := len(w.model.requests()[1].Messages); n != 3 {
		t.Errorf("the second question came with %d messages", n)
	}
	w.later.Store(int64(time.Minute)) // the requests of this one are counted
	must(t, w.db.SetTeamLimits(t.Context(), w.team.ID, openmates.Limits{PerMinute: 1}))
	_, err = w.room.Ask(t.Context(), ask, nil)
	must(t, err)
	o, err = w.room.Ask(t.Context(), ask, nil)
	must(t, err)
	if o.State != openmates.TurnRefused || o.Why != openmates.TroubleRate || !o.Until.After(w.clock()) || o.Until.After(w.clock().Add(time.Minute)) {
		t.Errorf("outcome %+v at %s", o, w.clock())
	}
	must(t, w.db.SetTeamLimits(t.Context(), w.team.ID, openmates.Limits{Mates: openmates.OnlyThese("mark")}))
	o, err = w.room.Ask(t.Context(), ask, nil)
	must(t, err)
	if o.State != openmates.TurnRefused || !strings.Contains(o.Text, "isn't allowed for the team Acme") {
		t.Errorf("outcome %+v", o)
	}
	if n := len(w.net.Posts()); n != 0 {
		t.Errorf("%d messages were posted", n)
	}
}

func TestAMateThatIsOffSaysSo(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*openmates.Mate){
		"switched off": func(m *openmates.Mate) { m.Enabled = false },
		"archived":     func(m *openmates.Mate) { m.Archived = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			mate, err := w.db.MateByHandle(t.Context(), "sophia")
			must(t, err)
			change(&mate)
			mate, err = w.db.SaveMate(t.Context(), mate)
			must(t, err)
			must(t, w.ask(w.message("hello")))
			const want = "Sophia was switched off by an admin of this OpenMates server and can't answer until it's switched on again."
			if got := w.only(); got != want {
				t.Errorf("said %q", got)
			}
			o, err := w.room.Ask(t.Context(), chat.Ask{Team: w.team.ID, User: w.user.ID, Mate: mate.ID, Text: "why?"}, nil)
			must(t, err)
			if o.State != openmates.TurnRefused || o.Text != want || o.Why != openmates.TroubleMateOff {
				t.Errorf("through the API: %+v", o)
			}
			if n := len(w.model.requests()); n != 0 {
				t.Errorf("the model was asked %d times", n)
			}
		})
	}
}

func TestATrialNeedsNoTeam(t *testing.T) {
	t.Parallel()
	w := setup(t)
	mate, err := w.db.MateByHandle(t.Context(), "sophia")
	must(t, err)
	mate.Enabled = false
	mate.Limits.PerMonth = 9000
	mate, err = w.db.SaveMate(t.Context(), mate)
	must(t, err)
	root, err := w.db.AddUser(t.Context(), openmates.User{Username: "root", DisplayName: "Root", Admin: true}, "")
	must(t, err)
	var past []chat.Said
	for range 20 {
		past = append(past, chat.Said{Question: "before", Answer: "said"})
	}
	trial := chat.Ask{Trial: true, User: root.ID, Mate: mate.ID, Text: "why?", Past: past}
	o, err := w.room.Ask(t.Context(), trial, nil)
	must(t, err)
	if o.State != openmates.TurnAnswered || o.Usage.Cost != 200 || o.Usage.TeamID != 0 || o.Usage.Model != "test/one" {
		t.Errorf("%+v", o)
	}
	req := w.model.requests()[0]
	if len(req.Messages) != 25 || strings.Contains(req.System, "in the team") || !strings.Contains(req.System, "tries you out") {
		t.Errorf("asked with %d messages:\n%s", len(req.Messages), req.System)
	}
	// Nothing of it is remembered, but it is paid for.
	o, err = w.room.Ask(t.Context(), chat.Ask{Trial: true, User: root.ID, Mate: mate.ID, Text: "and?"}, nil)
	must(t, err)
	if n := len(w.model.requests()[1].Messages); n != 1 || o.State != openmates.TurnAnswered {
		t.Errorf("the second trial came with %d messages: %+v", n, o)
	}
	for range 8 {
		o, err = w.room.Ask(t.Context(), trial, nil)
		must(t, err)
	}
	if o.State != openmates.TurnRefused || o.Why != openmates.TroubleMoney || !strings.Contains(o.Text, "the mate Sophia") {
		t.Errorf("over the mate's money: %+v", o)
	}
	trial.Team = w.team.ID
	if o, err = w.room.Ask(t.Context(), trial, nil); err != nil || o.Why != openmates.TroubleNotMember {
		t.Errorf("in a team of others: %+v, %v", o, err)
	}
	must(t, w.db.AddMember(t.Context(), openmates.Membership{TeamID: w.team.ID, UserID: root.ID, Role: openmates.RoleAdmin}))
	must(t, w.db.SetTeamLimits(t.Context(), w.team.ID, openmates.Limits{Mates: openmates.OnlyThese("mark")}))
	if o, err = w.room.Ask(t.Context(), trial, nil); err != nil || !strings.Contains(o.Text, "isn't allowed for the team Acme") {
		t.Errorf("in a team that forbids the mate: %+v, %v", o, err)
	}
	trial.Text = " "
	if o, err = w.room.Ask(t.Context(), trial, nil); err != nil || o.Why != openmates.TroubleText {
		t.Errorf("without a word: %+v, %v", o, err)
	}
	trial.Text, trial.User, trial.Team = "why?", w.user.ID, 0
	if o, err = w.room.Ask(t.Context(), trial, nil); err != nil || o.State != openmates.TurnRefused || o.Why != openmates.TroubleNotAllowed {
		t.Errorf("by somebody who is no admin of the server: %+v, %v", o, err)
	}
}

// What a mate may spend on the server is spent by all teams together.
func TestAMatesMoneyIsOneForAllTeams(t *testing.T) {
	t.Parallel()
	w := setup(t)
	mate, err := w.db.MateByHandle(t.Context(), "sophia")
	must(t, err)
	mate.Limits.PerMinute = 2
	mate, err = w.db.SaveMate(t.Context(), mate)
	must(t, err)
	other, err := w.db.AddTeam(t.Context(), openmates.Team{Slug: "other", Name: "Other"})
	must(t, err)
	must(t, w.db.AddMember(t.Context(), openmates.Membership{TeamID: other.ID, UserID: w.user.ID, Role: openmates.RoleMember}))
	var last openmates.Outcome
	for _, team := range []openmates.Team{w.team, other, w.team, other} {
		last, err = w.room.Ask(t.Context(), chat.Ask{Team: team.ID, User: w.user.ID, Mate: mate.ID, Text: "why?"}, nil)
		must(t, err)
	}
	if n := len(w.model.requests()); n != 2 || !strings.Contains(last.Text, "2 requests per minute for the mate Sophia") {
		t.Errorf("%d were answered; the last: %+v", n, last)
	}
}

// A budget can't count a model without a price, so it isn't asked; a price of 0
// is one.
func TestABudgetNeedsAPrice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		unpriced bool
		limit    openmates.Micros
		asked    int
	}{
		"no price, no budget": {true, 0, 1}, "a price and a budget": {false, 1_000_000, 1}, "no price, but a budget": {true, 1_000_000, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.unpriced = c.unpriced
			w.grace(0)
			must(t, w.db.SetTeamLimits(t.Context(), w.team.ID, openmates.Limits{PerMonth: c.limit}))
			must(t, w.ask(w.message("hello")))
			if n := len(w.model.requests()); n != c.asked {
				t.Errorf("the model was asked %d times; %q", n, w.only())
			}
			if c.asked == 0 && !strings.HasPrefix(w.only(), "There's a budget here, but my model test/one has no price yet") {
				t.Errorf("said %q", w.only())
			}
		})
	}
}
