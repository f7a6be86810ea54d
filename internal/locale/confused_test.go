package locale_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/leonelquinteros/gotext"

	"openmates/internal/locale"
)

// A sentence is taken for the format that it was made of, and for no other one.
func TestFormatsAreNotConfused(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("po/*.po")
	if err != nil || len(files) == 0 {
		t.Fatalf("no catalogue: %v", err)
	}
	book, err := locale.Open()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			voice := book.Voice(strings.TrimSuffix(filepath.Base(path), ".po"))
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			po := gotext.NewPo()
			po.Parse(text)
			tried := 0
			for id, tr := range po.GetDomain().GetTranslations() {
				if !tr.IsTranslated() || strings.Contains(id, "{1}") || !tellable(id) {
					continue
				}
				for _, word := range []string{"Sophia", "The green ones", "“Harbour”"} {
					values := ordinary(id, word)
					if len(values) == 0 {
						continue
					}
					tried++
					sentence, want := fmt.Sprintf(id, values...), fmt.Sprintf(tr.Get(), values...)
					if got := voice.Say(sentence); got != want {
						t.Errorf("%q is said as\n\t%q, want\n\t%q", sentence, got, want)
					}
				}
			}
			if tried < 100 {
				t.Errorf("only %d sentences were tried", tried)
			}
		})
	}
}

// Where code joins two sentences, each is said as it is alone.
func TestJoinedSentences(t *testing.T) {
	t.Parallel()
	book, err := locale.Open()
	if err != nil {
		t.Fatal(err)
	}
	v := book.Voice("de")
	text, err := os.ReadFile("po/de.po")
	if err != nil {
		t.Fatal(err)
	}
	po := gotext.NewPo()
	po.Parse(text)
	const before, after = "Sophia could not write there.", "The bot tries again by itself."
	for id, tr := range po.GetDomain().GetTranslations() {
		if !tr.IsTranslated() || strings.ContainsAny(id, "{<") || !strings.HasSuffix(id, ".") || !unicode.IsUpper([]rune(id)[0]) {
			continue
		}
		sentence := fmt.Sprintf(id, ordinary(id, "Sophia")...)
		want := strings.Join([]string{v.Say(before), v.Say(sentence), v.Say(after)}, " ")
		if got := v.Say(strings.Join([]string{before, sentence, after}, " ")); got != want {
			t.Errorf("between two others, %q is said as\n\t%q, want\n\t%q", sentence, got, want)
		}
	}
}

// What code puts together of several messages is said in one piece.
func TestGerman(t *testing.T) {
	t.Parallel()
	book, err := locale.Open()
	if err != nil {
		t.Fatal(err)
	}
	v := book.Voice("de")
	for sentence, want := range map[string]string{
		"Sophia could not write there. The bot may not write in this channel. Give it the permissions Send Messages and, for threads, Send Messages in Threads.": "Sophia konnte dort nicht schreiben. Der Bot darf in diesem Kanal nicht schreiben. Gib ihm die Berechtigung „Send Messages“ und für Threads „Send Messages in Threads“.",
		"Discord did not answer within 10s. Nothing was stored.": "Discord hat nicht innerhalb von 10s geantwortet. Es wurde nichts gespeichert.",
		"A registered address is almost right, but it begins with https:// in place of http://: it is https://a.example/x, and Discord compares letter by letter.":                                                                    "Eine eingetragene Adresse stimmt fast, aber sie beginnt mit https:// statt mit http://: Sie lautet https://a.example/x, und Discord vergleicht Zeichen für Zeichen.",
		"The bot can answer in 2 of 9 channels; not in #a, #b, #c, #d, #e and 2 more.":                                                                                                                                                "Der Bot kann in 2 von 9 Kanälen antworten; nicht in #a, #b, #c, #d, #e und 2 weitere.",
		"This place is connected to another team on this server, and a place belongs to one team. It has just changed there. Please start over. An admin of this server can disconnect it at https://m.example/server/workspaces?q=1": "Dieser Ort ist mit einem anderen Team auf diesem Server verbunden, und ein Ort gehört zu genau einem Team. Dort hat sich gerade etwas geändert. Bitte fang noch einmal an. Ein Admin dieses Servers kann ihn hier trennen: https://m.example/server/workspaces?q=1",
		"The budget of the team Harbour for this month is used up. A team admin can raise it; it resets on 1 December.":                                                                                                               "Das Budget für diesen Monat ist aufgebraucht (das Team Harbour). Ein Team-Admin kann es erhöhen; am 1. Dezember beginnt es von vorn.",
		"I can't answer here: the provider openai isn't allowed for the server. A server admin can change that.":                                                                                                                      "Ich kann hier nicht antworten: der Anbieter openai ist nicht erlaubt (der Server). Ein Server-Admin kann das ändern.",
		"Discord ended the connection (code 4000). The bot tries again by itself.":                                                                                                                                                    "Discord hat die Verbindung beendet (Code 4000). Der Bot versucht es von selbst wieder.",
		"Where the bot is could not be found out. Discord has trouble on its side (status 503). Look at discordstatus.com and check again in a few minutes; nothing has to be changed here.":                                          "Wo der Bot ist, ließ sich nicht herausfinden. Discord hat selbst gerade Schwierigkeiten (Status 503). Sieh auf discordstatus.com nach und prüfe es in ein paar Minuten noch einmal; hier muss nichts geändert werden.",
	} {
		if got := v.Say(sentence); got != want || !v.Recognises(sentence) {
			t.Errorf("%q is said as\n\t%q, want\n\t%q", sentence, got, want)
		}
	}
}

// ordinary are values that a format can have.
func ordinary(format, word string) (values []any) {
	for _, m := range verbs.FindAllStringSubmatch(format, -1) {
		switch m[1] {
		case "":
		case "d":
			values = append(values, 3+len(values))
		default:
			values = append(values, word)
		}
	}
	return values
}

// tellable says whether a format has words enough to be told by.
func tellable(format string) bool {
	n := 0
	for _, r := range verbs.ReplaceAllString(format, "") {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n > 3
}
