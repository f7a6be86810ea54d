package scripted

import (
	_ "embed"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"openmates/internal/llm"
)

// longText is the answer to "long"; it is longer than a message may be on most
// networks, and its code block is where a careless split would show.
//
//go:embed long.md
var longText string

// connect says how to get a real model.
const connect = "I am a scripted model: I run offline and there is no real AI behind me. To connect a real one, stop the demo and start `openmates serve` with the address and key of a model provider (OpenAI, Anthropic, Google, or your own Ollama)."

// answer is a scripted answer.
type answer struct {
	text string
	slow bool
	err  error
}

// line returns the answer to a text. The order matters: a command beats a
// greeting. A command is short and not a question, so that "why did my build
// fail?" doesn't make the model fail.
func line(mate, said string) answer {
	words := wordsOf(said)
	command := len(words) <= 4 && !strings.Contains(said, "?")
	has := func(these ...string) bool {
		for _, w := range words {
			if slices.Contains(these, w) {
				return true
			}
		}
		return false
	}
	switch {
	case said == "":
		return answer{text: "You mentioned me without a question. Ask me anything, or say \"hello\"."}
	case command && has("fail"):
		return answer{err: &llm.Error{
			Kind: llm.KindInvalid, Status: http.StatusBadRequest,
			Err: errors.New("the scripted model fails because it was asked to"),
		}}
	case command && has("long"):
		return answer{text: longText}
	case command && has("slow", "slowly"):
		return answer{slow: true, text: "I am taking my time with this one, so that you can watch an answer being written. Every word arrives by itself, after a pause, and the message in the channel grows with it. Now I am done."}
	case has("code", "program", "function", "script"):
		return answer{text: code}
	case has("joke"):
		return answer{text: "Why did the scripted model cross the road? Because that was the next line of its script."}
	case has("thanks", "thank", "thx", "danke", "merci"):
		return answer{text: "You are welcome! " + anythingElse}
	case has("bye", "goodbye", "tschüss", "ciao"):
		return answer{text: "Goodbye! Mention me whenever you want to go on."}
	case len(words) <= 6 && has("hello", "hi", "hey", "hallo", "moin", "hola", "bonjour", "servus", "morning", "evening"):
		return answer{text: "Hello! " + introduce(mate) + " What can I do for you? " + hint}
	case len(words) <= 5 && (has("who", "what") && has("you", "your") || has("help")):
		return answer{text: introduce(mate) + " " + connect + " " + hint}
	case strings.Contains(said, "?"):
		return answer{text: "That is a good question: " + quote(said) + " A real model would answer it here. " + connect}
	}
	return answer{text: "You said " + quote(said) + " I read it, and I would gladly say something wise about it. " + connect}
}

const (
	hint         = "Try \"what is 17 * 23\", \"write code\", \"long\", \"slow\" or \"fail\" to see what an answer can look like."
	anythingElse = "Is there anything else that I can do?"
)

const code = "Here is a small program in Go that greets whoever is named on its command line:\n\n" +
	"```go\npackage main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n\nfunc main() {\n\tfor _, name := range os.Args[1:] {\n\t\tfmt.Printf(\"Hello, %s!\\n\", name)\n\t}\n}\n```\n\n" +
	"Save it as `hello.go` and start it with `go run hello.go Ada Grace`. (This answer comes from a script; a real model would write what you ask for.)"

func introduce(mate string) string {
	if mate == "" {
		return "I am your AI team mate."
	}
	return "I am " + mate + ", your AI team mate."
}

// quote quotes a text: on one line, limited in length, and without characters
// that would end the quotation or start code.
func quote(said string) string {
	const most = 200
	said = strings.Join(strings.Fields(said), " ")
	said = strings.NewReplacer("“", "'", "”", "'", "`", "'").Replace(said)
	if r := []rune(said); len(r) > most {
		said = string(r[:most]) + "…"
	}
	if strings.HasSuffix(said, "?") || strings.HasSuffix(said, "!") {
		return "“" + said + "”"
	}
	return "“" + strings.TrimSuffix(said, ".") + "”."
}

// wordsOf are the words of a text in lower case, without mentions such as
// <@42> and without addresses.
func wordsOf(said string) []string {
	said = unwordly.ReplaceAllString(strings.ToLower(said), " ")
	return strings.FieldsFunc(said, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' })
}

var unwordly = regexp.MustCompile(`<[@#:][^>]*>|https?://\S+`)
