package chat_test

import (
	"strings"
	"testing"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/llm"
	"openmates/internal/locale"
	"openmates/internal/messenger"
)

// speaking is a world with the languages of the program.
func speaking(t *testing.T) *world {
	t.Helper()
	book, err := locale.Open()
	must(t, err)
	w, _ := led(t)
	w.say = book.Say
	w.grace(0)
	return w
}

func TestHelpNamesAReadyMatesFieldInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	w := speaking(t)
	german := func(c *messenger.Command) { c.Account.Language = "de" }
	for field, want := range map[string]string{"software development": "Softwareentwicklung", "finance": "finance", "Usage": "Usage"} {
		m, err := w.db.Mate(t.Context(), w.bot.MateID)
		must(t, err)
		m.Field = field
		_, err = w.db.SaveMate(t.Context(), m)
		must(t, err)
		if rep := w.give("help", german); !strings.HasPrefix(rep.Text, "Ich bin **Sophia**, dein Mate für "+want+".") {
			t.Errorf("%s: %s", field, rep.Text)
		}
	}
}

func (w *world) speaks(language string) {
	w.Helper()
	u, err := w.db.User(w.Context(), w.user.ID)
	must(w.T, err)
	u.Language = language
	must(w.T, w.db.SaveUser(w.Context(), u))
}

func TestARefusalIsInTheLanguageOfWhoAsks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, own, told, want string }{
		{"nothing known", "", "", "The budget of the team Acme for this month is used up. A team admin can raise it; it resets on 1 December."},
		{"their own", "de", "en-US", "Das Budget für diesen Monat ist aufgebraucht (das Team Acme). Ein Team-Admin kann es erhöhen; am 1. Dezember beginnt es von vorn."},
		{"a region of it", "de-AT", "", "Das Budget für diesen Monat"},
		{"what the network tells", "", "de", "Das Budget für diesen Monat"},
		{"their own is none of ours", "ja", "de", "Das Budget für diesen Monat"},
		{"neither is ours", "ja", "x", "The budget of the team Acme"},
		{"their own before the network's", "en", "de", "The budget of the team Acme"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := speaking(t)
			w.speaks(c.own)
			must(t, w.db.SetTeamLimits(t.Context(), w.team.ID, openmates.Limits{PerMonth: 1}))
			in := w.message("hello")
			in.Author.Language = c.told
			must(t, w.ask(in))
			if got := w.only(); !strings.HasPrefix(got, c.want) {
				t.Errorf("said %q, want %q", got, c.want)
			}
		})
	}
}

// The workflow's two sentences are used verbatim when no language is known, and
// never for people with another language.
func TestTheWorkflowsSentencesFollowOnlyAKnownLanguage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, workspace, told, want string }{
		{"workspace", "g2", "", "Please connect first the Memory room with your team.\n<https://mates.example/connect>"},
		{"workspace, in German", "g2", "de", "Bitte verbinde zuerst diesen Memory-room mit deinem Team.\n<https://mates.example/connect>"},
		{"account", "g1", "", "Please connect first your Memory account with your OpenMates account\n<https://mates.example/profile?link=memory>"},
		{"account, in German", "g1", "de-CH", "Bitte verknüpfe zuerst dein Memory-Konto mit deinem OpenMates-Konto.\n<https://mates.example/profile?link=memory>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := speaking(t)
			in := w.message("hello")
			in.Workspace, in.Author = openmates.WorkspaceID(c.workspace), messenger.Account{ID: "u2", Language: c.told}
			must(t, w.ask(in))
			if got := w.only(); got != c.want {
				t.Errorf("said %q, want %q", got, c.want)
			}
		})
	}
}

func TestCommandsAnswerInTheLanguageOfWhoGivesThem(t *testing.T) {
	t.Parallel()
	w := speaking(t)
	german := func(c *messenger.Command) { c.Account.Language = "de" }
	must(t, w.db.SetTeamLimits(t.Context(), w.team.ID, openmates.Limits{PerMinute: 1, PerMonth: 7_500_000}))
	for name, want := range map[string]string{
		"whoami": "Hier bist du Mitglied des Teams **Acme**.", "stop": "Ich schreibe hier gerade nichts.", "usage": "Du hast 0,00 USD für 0 Anfragen ausgegeben.\nNoch übrig für dich: kein Limit\nNoch übrig für das Team: 7,50 von 7,50 USD",
		"link": "ist schon mit dem OpenMates-Konto", "help": "1 Anfrage pro Minute; 7,50 USD pro Monat",
	} {
		if rep := w.give(name, german); !strings.Contains(rep.Whole(), want) {
			t.Errorf("/%s says %q, which lacks %q", name, rep.Whole(), want)
		}
	}
	rep := w.give("link", stranger, german)
	if !strings.HasPrefix(rep.Text, "Dieser persönliche Link verknüpft dein Memory-Konto") || rep.Links[0].Label != "Mein Konto verknüpfen" {
		t.Errorf("a stranger reads %+v", rep)
	}
	c := messenger.Command{Name: "dance", BotID: w.bot.ID, Network: "memory", Workspace: "g1", Account: messenger.Account{ID: "u1", Language: "de"}}
	if rep, err := w.room.Command(t.Context(), c); err == nil || !rep.Private || !strings.HasPrefix(rep.Text, "Den Befehl /dance kenne ich nicht.") {
		t.Errorf("/dance: %+v, %v", rep, err)
	}
}

// A mate's remarks and private messages are also in the person's language.
func TestRemarksAndWhispersAreInTheLanguageOfWhoAsks(t *testing.T) {
	t.Parallel()
	w := speaking(t)
	w.speaks("de")
	w.model.say = func(int, llm.Request) ([]llm.Piece, error) {
		return []llm.Piece{{Text: "Because of"}, {Usage: &llm.Usage{Input: 1, Output: 1}, Stop: llm.StopLength}}, nil
	}
	must(t, w.ask(w.message("why?")))
	if got, want := w.only(), "Because of\n\n*Ich habe hier aufgehört, weil die Antwort zu lang wurde. Bitte mich, weiterzumachen.*"; got != want {
		t.Errorf("said %q, want %q", got, want)
	}
	w.net.Closed = func(openmates.ChannelID) messenger.Access {
		return messenger.Access{Channel: "#general", Missing: []string{"Send Messages"}}
	}
	must(t, w.ask(w.message("hello")))
	if all := w.net.Whispers(); len(all) != 1 || !strings.HasPrefix(all[0], "u1: Ich kann dir in #general nicht antworten") {
		t.Errorf("whispered %q", all)
	}
}

// A program asks for a language; that of the person it asks for comes first.
func TestProcessAnswersInTheLanguageThatIsAskedFor(t *testing.T) {
	t.Parallel()
	w := speaking(t)
	mate, err := w.db.Mate(t.Context(), w.bot.MateID)
	must(t, err)
	must(t, w.db.SetServerLimits(t.Context(), openmates.Limits{PerMonth: 1}))
	for _, c := range []struct{ own, asked, want string }{{"", "", "The budget"}, {"", "de", "Das Budget"}, {"en", "de", "The budget"}} {
		w.speaks(c.own)
		o, err := w.room.Ask(t.Context(), chat.Ask{Team: w.team.ID, User: w.user.ID, Mate: mate.ID, Text: "hello", Language: c.asked}, nil)
		must(t, err)
		if !strings.HasPrefix(o.Text, c.want) {
			t.Errorf("%+v: said %q", c, o.Text)
		}
	}
}
