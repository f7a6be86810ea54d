package chat_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/llm"
	"openmates/internal/messenger"
)

// doors are where people connect what is missing; codes are what they were
// given.
type doors struct {
	codes []messenger.Account
	taken func(code string, a messenger.Account) (openmates.User, error)
}

func (*doors) ConnectPage(openmates.Network, openmates.WorkspaceID, string) string {
	return "https://mates.example/connect"
}
func (*doors) AccountPage(openmates.Network) string {
	return "https://mates.example/profile?link=memory"
}

func (d *doors) BeginCode(_ context.Context, _ openmates.Network, a messenger.Account) (string, error) {
	d.codes = append(d.codes, a)
	return "https://mates.example/link?code=CANARY", nil
}

func (*doors) CodeHash(code openmates.Secret) string {
	return fmt.Sprintf("%x", code.Reveal())
}

func (d *doors) FinishByChat(_ context.Context, hash string, _ openmates.Network, a messenger.Account) (openmates.User, error) {
	return d.taken(hash, a)
}

// led is a world whose refusals lead somewhere.
func led(t *testing.T) (*world, *doors) {
	t.Helper()
	w, d := setup(t), &doors{}
	w.links = d
	w.grace(0)
	return w, d
}

// give has the linked person give a command in the team's workspace.
func (w *world) give(name string, change ...func(*messenger.Command)) messenger.Reply {
	w.Helper()
	c := messenger.Command{
		Name: name, BotID: w.bot.ID, Network: "memory", Workspace: "g1", Channel: "c1",
		Account: messenger.Account{ID: "u1", Name: "ada"},
	}
	for _, f := range change {
		f(&c)
	}
	rep, err := w.room.Command(w.Context(), c)
	must(w.T, err)
	return rep
}

func stranger(c *messenger.Command) { c.Account = messenger.Account{ID: "u2", Name: "eve"} }
func direct(c *messenger.Command)   { c.Workspace, c.Channel = "", "d1" }

func TestCommandsTellOnlyTheirPerson(t *testing.T) {
	t.Parallel()
	w, d := led(t)
	must(t, w.db.SetTeamLimits(t.Context(), w.team.ID, openmates.Limits{PerMinute: 9, PerMonth: 7_000_000}))
	must(t, w.ask(w.message("why?")))
	for name, want := range map[string][]string{
		"help":   {"I'm **Sophia**", "software", "@Sophia", "- For the team Acme: 9 requests a minute; 7.00 USD a month\n", "/forget"},
		"whoami": {"**Ada** (ada)", "a member of the team **Acme**", "the tone you like: dry"},
		"usage":  {"November 2026", "You spent 0.0002 USD for 1 request.", "Left for the team: 7.00 of 7.00 USD"},
		"link":   {"linked to the OpenMates account Ada"},
		"stop":   {"not writing anything here"},
		"team":   {"the team Acme"},
	} {
		rep := w.give(name)
		if !rep.Private {
			t.Errorf("/%s is told to all", name)
		}
		for _, part := range want {
			if !strings.Contains(rep.Whole(), part) {
				t.Errorf("/%s says %q, which lacks %q", name, rep.Whole(), part)
			}
		}
	}
	if len(d.codes) != 0 {
		t.Error("a linked person was given a code")
	}
	if _, err := w.room.Command(t.Context(), messenger.Command{Name: "dance", BotID: w.bot.ID, Network: "memory", Workspace: "g1", Account: messenger.Account{ID: "u1"}}); openmates.CodeOf(err) != openmates.ENotFound {
		t.Errorf("/dance: %v", err)
	}
}

func TestAStrangerIsLedByCommands(t *testing.T) {
	t.Parallel()
	w, d := led(t)
	for _, name := range []string{"whoami", "usage", "forget", "stop", "link"} {
		rep := w.give(name, stranger)
		if !rep.Private || !strings.Contains(rep.Whole(), "https://mates.example/link?code=") {
			t.Errorf("/%s says %+v", name, rep)
		}
		if name != "link" && !strings.HasPrefix(rep.Text, "Please connect first your Memory account with your OpenMates account\n") {
			t.Errorf("/%s says %q", name, rep.Text)
		}
	}
	if len(d.codes) != 5 || d.codes[0].ID != "u2" {
		t.Errorf("codes for %v", d.codes)
	}
	rep := w.give("usage", func(c *messenger.Command) { c.Workspace = "g2" })
	if rep.Whole() != "Please connect first the Memory room with your team.\nConnect workspace: <https://mates.example/connect>" {
		t.Errorf("in a place of nobody: %q", rep.Whole())
	}
	if !strings.Contains(w.give("help", stranger).Text, "I'm **Sophia**") {
		t.Error("/help is for everybody")
	}
}

func TestForgettingBeginsAnew(t *testing.T) {
	t.Parallel()
	w, _ := led(t)
	must(t, w.ask(w.message("why?")))
	if rep := w.give("forget"); rep.Private || !strings.Contains(rep.Text, "Ada cleared my memory of this channel") {
		t.Errorf("said %+v", rep)
	}
	must(t, w.ask(w.message("and now?")))
	if n := len(w.model.requests()[1].Messages); n != 1 {
		t.Errorf("the question came with %d messages", n)
	}
	if rep := w.give("forget", direct); !rep.Private {
		t.Error("in a direct message there is nobody else to tell")
	}
}

func TestAnAnswerIsStopped(t *testing.T) {
	t.Parallel()
	w, _ := led(t)
	begun := make(chan struct{})
	w.model.say = func(int, llm.Request) ([]llm.Piece, error) {
		return append(words("Because of"), words("what nobody hears")...), nil
	}
	w.model.hold = func(ctx context.Context, piece int) {
		if piece == 2 { // the model is still writing; the next look ends it
			close(begun)
			<-ctx.Done()
		}
	}
	job := w.deliver(w.message("a long story"))
	done := make(chan error, 1)
	go func() { done <- w.room.Reply(t.Context(), job) }()
	<-begun
	if rep := w.give("stop"); !strings.HasPrefix(rep.Text, "Stopped.") {
		t.Errorf("said %q", rep.Text)
	}
	must(t, <-done)
	if got := w.only(); got != "Because of\n\n*Stopped here.*" {
		t.Errorf("posted %q", got)
	}
	must(t, w.db.CloseJob(t.Context(), job.Key, "done"))
	w.model.hold = nil
	must(t, w.ask(w.message("and now?")))
	if got := w.lastPost(); strings.Contains(got, "stop") {
		t.Errorf("the next answer is stopped, too: %q", got)
	}
}

func TestARefusalIsSaidOncePerPersonPlaceAndHour(t *testing.T) {
	t.Parallel()
	w, d := led(t)
	const sentence = "Please connect first your Memory account with your OpenMates account\n<https://mates.example/profile?link=memory>"
	refused := func(author, workspace, channel string, n int, text string) {
		t.Helper()
		in := w.message("hello")
		in.Author, in.Workspace, in.Channel = messenger.Account{ID: openmates.AccountID(author)}, openmates.WorkspaceID(workspace), openmates.ChannelID(channel)
		must(t, w.ask(in))
		posts := w.net.Posts()
		if len(posts) != n {
			t.Fatalf("%d messages stand there, want %d", len(posts), n)
		}
		if text != "" && posts[n-1].Text() != text {
			t.Errorf("said %q", posts[n-1].Text())
		}
		o, _, ok, err := w.db.Settled(t.Context(), in.Key)
		must(t, err)
		if !ok || o.State != openmates.TurnRefused || strings.Contains(o.Text, "CANARY") {
			t.Errorf("journalled as %+v", o)
		}
	}
	refused("u2", "g1", "c1", 1, sentence)
	refused("u2", "g1", "c2", 1, "") // quietly, in whichever channel
	refused("u3", "g1", "c1", 2, sentence)
	refused("u2", "g2", "c9", 3, "Please connect first the Memory room with your team.\n<https://mates.example/connect>")
	if len(d.codes) != 0 {
		t.Error("a personal link was made for a channel")
	}
	refused("u2", "", "d1", 4, "") // directly: one message with one link, the personal one
	const personal = "Please connect first your Memory account with your OpenMates account\nThis personal link connects your Memory account to the OpenMates account you sign in to. It works once and expires in 15 minutes. Don't share it.\nLink my account: <https://mates.example/link?code=CANARY>"
	if got := w.lastPost(); got != personal || len(d.codes) != 1 || d.codes[0].ID != "u2" {
		t.Errorf("the personal link: %q for %v", got, d.codes)
	}
	refused("u2", "", "d1", 4, "")
	w.now = w.now.Add(time.Hour + time.Minute)
	refused("u2", "g1", "c1", 5, sentence)
}

func TestARefusalThatWasRecordedIsPostedAgainAfterACrash(t *testing.T) {
	t.Parallel()
	w, _ := led(t)
	in := w.message("hello")
	in.Author.ID = "u2"
	job := w.deliver(in)
	w.net.Refuse = func(string, messenger.Outbound) error {
		return &messenger.SendError{Kind: messenger.SendLater, Reason: openmates.T("Later."), Err: context.DeadlineExceeded}
	}
	if w.room.Reply(t.Context(), job) == nil {
		t.Fatal("it was not posted and nobody tries again")
	}
	w.net.Refuse = nil
	job.Again = true
	must(t, w.room.Reply(t.Context(), job))
	if !strings.HasPrefix(w.only(), "Please connect first your Memory account") {
		t.Errorf("said %q", w.only())
	}
}

func TestADirectMessageAsksOnceForWhichTeam(t *testing.T) {
	t.Parallel()
	w, _ := led(t)
	for _, name := range []string{"Other", "Zebra"} {
		team, err := w.db.AddTeam(t.Context(), openmates.Team{Slug: strings.ToLower(name), Name: name})
		must(t, err)
		must(t, w.db.AddMember(t.Context(), openmates.Membership{TeamID: team.ID, UserID: w.user.ID, Role: openmates.RoleMember}))
	}
	for _, step := range []struct{ say, want string }{
		{"why?", "1. Acme\n2. Other\n3. Zebra\n"},
		{"7", "Which one is this for"},
		{"2", "for the team Other"},
		{"why?", "Because of the missing index."},
		{"team", "1. Acme"},
		{"zebra", "for the team Zebra"},
		{"2", "Because of the missing index."},
		{"/team", "1. Acme"},
		{"Acme.", "for the team Acme"},
	} {
		in := w.message(step.say)
		in.Workspace, in.Channel = "", "d1"
		must(t, w.ask(in))
		if got := w.lastPost(); !strings.Contains(got, step.want) {
			t.Errorf("to %q it said %q, want %q", step.say, got, step.want)
		}
	}
	if got := w.model.requests()[1].System; !strings.Contains(got, "team Zebra") {
		t.Errorf("the model is told %s", got)
	}
	if rep := w.give("team", direct, func(c *messenger.Command) { c.Text = "other" }); !strings.Contains(rep.Text, "for the team Other") {
		t.Errorf("/team says %q", rep.Text)
	}
	if rep := w.give("usage", direct); !strings.Contains(rep.Text, "in the team Other") {
		t.Errorf("/usage says %q", rep.Text)
	}
}

func TestADirectMessageOfSomebodyInNoTeam(t *testing.T) {
	t.Parallel()
	w, _ := led(t)
	must(t, w.db.RemoveMember(t.Context(), w.team.ID, w.user.ID))
	in := w.message("why?")
	in.Workspace = ""
	must(t, w.ask(in))
	if got := w.only(); !strings.HasPrefix(got, "You're not in a team") {
		t.Errorf("said %q", got)
	}
}

// A code links its sender, with or without "link" before it, and is stored
// neither in the journal nor as a question.
func TestACodeIsSentToAMate(t *testing.T) {
	t.Parallel()
	w, d := led(t)
	const code = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	d.taken = func(got string, a messenger.Account) (openmates.User, error) {
		if got != fmt.Sprintf("%x", code) || a.ID != "u2" {
			return openmates.User{}, openmates.Errorf(openmates.ENotFound, "This code was used already.")
		}
		return openmates.User{DisplayName: "Eve"}, nil
	}
	for _, c := range []struct{ text, workspace, want string }{
		{code, "", "linked to the OpenMates account Eve"},
		{"`" + code + "`", "", "linked to the OpenMates account Eve"},
		{"link " + code, "", "linked to the OpenMates account Eve"},
		{"/Link  " + strings.ToLower(code) + ".", "", "linked to the OpenMates account Eve"},
		{"/link BBCDEFGHIJKLMNOPQRSTUVWXYZ", "", "This code was used already."},
		{"link " + code, "g1", "linked to the OpenMates account Eve"},
		{code, "g1", "linked to the OpenMates account Eve"},
		{"Geschwindigkeitsbegrenzung", "", "Please connect first"}, // as long as a code
	} {
		in := w.message(c.text)
		in.Author, in.Workspace, in.Channel = messenger.Account{ID: "u2"}, openmates.WorkspaceID(c.workspace), "d1"
		job := w.deliver(in)
		if strings.Contains(strings.ToUpper(string(job.Body)), code) {
			t.Errorf("%q: the journal holds the code: %s", c.text, job.Body)
		}
		must(t, w.room.Reply(t.Context(), job))
		if got := w.lastPost(); !strings.Contains(got, c.want) {
			t.Errorf("to %q it said %q, want %q", c.text, got, c.want)
		}
		o, _, _, err := w.db.Settled(t.Context(), in.Key)
		must(t, err)
		if strings.Contains(strings.ToUpper(o.Question), code) {
			t.Errorf("%q: the record holds the code: %q", c.text, o.Question)
		}
	}
	if n := len(w.model.requests()); n != 0 {
		t.Errorf("a model was told %d codes", n)
	}
}

// "link" alone has an answer of its own.
func TestLinkWithoutACode(t *testing.T) {
	t.Parallel()
	w, d := led(t)
	for account, want := range map[string]string{
		"u1": "linked to the OpenMates account Ada",
		"u9": "Please connect first your Memory account with your OpenMates account\nThis personal link",
	} {
		for _, text := range []string{"/link", "Link"} {
			in := w.message(text)
			in.Author.ID, in.Workspace, in.Channel = openmates.AccountID(account), "", openmates.ChannelID("d"+account)
			must(t, w.ask(in))
			if got := w.lastPost(); !strings.Contains(got, want) {
				t.Errorf("to %q of %s it said %q", text, account, got)
			}
		}
	}
	if len(d.codes) != 2 || len(w.model.requests()) != 0 {
		t.Errorf("%d links, %d questions", len(d.codes), len(w.model.requests()))
	}
}

func TestCommandsFitWhatNetworksTake(t *testing.T) {
	t.Parallel()
	for _, c := range chat.Commands() {
		if len([]rune(c.Description)) > 100 || len([]rune(c.Option)) > 100 || c.Name != strings.ToLower(c.Name) || c.Description == "" {
			t.Errorf("%+v", c)
		}
	}
}
