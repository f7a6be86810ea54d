package wire_test

import (
	"strings"
	"testing"

	"openmates/internal/llm/wire"
)

// read passes pieces to t and returns the final text and everything that was
// shown on the way.
func read(t *wire.Thoughts, pieces ...string) (answer, ever, thought string) {
	take := func(text, inner string, drop bool) {
		if drop {
			answer = ""
		}
		answer += text
		ever += text
		thought += inner
	}
	for _, p := range pieces {
		take(t.Add(p))
	}
	take(t.Rest())
	return answer, ever, thought
}

func TestThoughtsAreTakenOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text, answer, thought string
	}{
		"none":                     {"Hello.", "Hello.", ""},
		"a block":                  {"<think>secret plan</think>\n\nHello.", "Hello.", "secret plan"},
		"blanks before it":         {"\n <think>\nsecret plan\n</think>Hello.", "Hello.", "\nsecret plan\n"},
		"two blocks":               {"<thought>a</thought>\n<thinking>b</thinking>\nHello.", "Hello.", "ab"},
		"a block between words":    {"Let me see.\n<reasoning>secret plan</reasoning>\nHello.", "Let me see.\nHello.", "secret plan"},
		"never closed":             {"<think>secret plan", "", "secret plan"},
		"only the closing tag":     {"secret plan\n</think>\n\nHello.", "Hello.", "secret plan\n"},
		"closing tag at the end":   {"secret plan</think>", "", "secret plan"},
		"in a span of code":        {"Write `<think>` and `</think>`\naround it.", "Write `<think>` and `</think>`\naround it.", ""},
		"in a fence":               {"So:\n```\n<think>\nhm\n</think>\n```\nDone.", "So:\n```\n<think>\nhm\n</think>\n```\nDone.", ""},
		"code at the beginning":    {"`<think>` is a tag.", "`<think>` is a tag.", ""},
		"in the middle of a line":  {"The </think> tag ends it.", "The </think> tag ends it.", ""},
		"not quite a tag":          {"<thin ice", "<thin ice", ""},
		"half a tag at the end":    {"Hello <thi", "Hello <thi", ""},
		"Magistral":                {"[THINK]secret plan[/THINK]Hello.", "Hello.", "secret plan"},
		"Kimi":                     {"◁think▷secret plan◁/think▷Hello.", "Hello.", "secret plan"},
		"code in a thought":        {"<think>```\nx</think>Hello.", "Hello.", "```\nx"},
		"a second closing tag":     {"secret plan\n</think>\nHello\n</think>\nthere.", "Hello\n</think>\nthere.", "secret plan\n"},
		"line breaks of its own":   {"\n\nHello.\n", "\n\nHello.\n", ""},
		"a question of comparison": {"1 < 2 and [1] > 0", "1 < 2 and [1] > 0", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for size := 1; size <= len(c.text); size++ {
				var pieces []string
				for rest := c.text; rest != ""; {
					n := min(size, len(rest))
					pieces, rest = append(pieces, rest[:n]), rest[n:]
				}
				for _, hold := range []bool{false, true} {
					answer, ever, thought := read(&wire.Thoughts{Hold: hold}, pieces...)
					if answer != c.answer || thought != c.thought && hold {
						t.Fatalf("pieces of %d, hold %t: answer %q, thought %q", size, hold, answer, thought)
					}
					swallowed := !hold && strings.Contains(c.text, "</think>") && !strings.Contains(c.text, "<think>")
					if !swallowed && strings.Contains(ever, "secret") {
						t.Fatalf("pieces of %d, hold %t: shown %q", size, hold, ever)
					}
				}
			}
		})
	}
}

// What models write without a tag comes through as it is, at once.
func TestTextWithoutTagsIsNotHeldBack(t *testing.T) {
	t.Parallel()
	var f wire.Thoughts
	for _, p := range []string{"Hello", " there, 1", " > 0. ", "So be it.\n", "`x`"} {
		if text, thought, drop := f.Add(p); text != p || thought != "" || drop {
			t.Errorf("%q became %q, %q, %t", p, text, thought, drop)
		}
	}
}

func FuzzThoughts(f *testing.F) {
	f.Add("<think>a</think>b", 3, true)
	f.Add("a\n</think>\nb `</think>`", 2, false)
	f.Add("x\n[THINK]a[/THINK]\n\n<thought>", 1, false)
	f.Fuzz(func(t *testing.T, text string, size int, hold bool) {
		size = max(size, 1)
		var pieces []string
		for rest := text; rest != ""; {
			n := min(size, len(rest))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		answer, _, thought := read(&wire.Thoughts{Hold: hold}, pieces...)
		if len(answer)+len(thought) > len(text) {
			t.Errorf("%q became %q and %q", text, answer, thought)
		}
		if !strings.ContainsAny(text, "<[◁") && answer != text {
			t.Errorf("%q became %q", text, answer)
		}
	})
}
