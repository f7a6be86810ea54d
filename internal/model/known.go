package model

import (
	"strings"

	"openmates"
)

// about is what we know about a model from its name.
type about struct {
	class string
	price openmates.Price // the list price at the time of writing
}

// knownModel looks up a model by its name, with or without the date or
// publisher that some providers add. The prices are only suggestions: they
// don't count until an admin saves them.
func knownModel(id string) (about, bool) {
	id = id[strings.LastIndexByte(id, '/')+1:]
	best, found := about{}, ""
	for name, a := range known() {
		rest, ok := strings.CutPrefix(id, name)
		if ok && len(name) > len(found) && isVersion(rest) {
			best, found = a, name
		}
	}
	return best, found != ""
}

// isVersion reports whether the rest of a name is a date or "-latest", and not
// another model of the family ("-mini", "-audio-preview").
func isVersion(rest string) bool {
	if rest == "" || rest == "-latest" {
		return true
	}
	return strings.HasPrefix(rest, "-20") && strings.Trim(rest, "-0123456789") == ""
}

func known() map[string]about {
	price := func(class string, input, cached, output float64) about {
		micros := func(f float64) openmates.Micros { return openmates.Micros(f*1e6 + .5) }
		return about{class, openmates.Price{Input: micros(input), Cached: micros(cached), Output: micros(output)}}
	}
	const quick, balanced, deep = openmates.ClassQuick, openmates.ClassBalanced, openmates.ClassDeep
	return map[string]about{
		"gpt-5":                 price(deep, 1.25, .125, 10),
		"gpt-5-mini":            price(balanced, .25, .025, 2),
		"gpt-5-nano":            price(quick, .05, .005, .4),
		"gpt-4.1":               price(deep, 2, .5, 8),
		"gpt-4.1-mini":          price(balanced, .4, .1, 1.6),
		"gpt-4.1-nano":          price(quick, .1, .025, .4),
		"gpt-4o":                price(deep, 2.5, 1.25, 10),
		"gpt-4o-mini":           price(quick, .15, .075, .6),
		"claude-opus-4-5":       price(deep, 5, .5, 25),
		"claude-opus-4-1":       price(deep, 15, 1.5, 75),
		"claude-sonnet-4-5":     price(balanced, 3, .3, 15),
		"claude-sonnet-4":       price(balanced, 3, .3, 15),
		"claude-haiku-4-5":      price(quick, 1, .1, 5),
		"claude-3-5-haiku":      price(quick, .8, .08, 4),
		"gemini-2.5-pro":        price(deep, 1.25, .31, 10),
		"gemini-2.5-flash":      price(balanced, .3, .075, 2.5),
		"gemini-2.5-flash-lite": price(quick, .1, .025, .4),
	}
}

// talks guesses from its name whether a model writes text: providers also list
// models for pictures, sound and search.
func talks(id string) bool {
	id = strings.ToLower(id)
	for _, part := range []string{
		"embed", "whisper", "tts", "dall-e", "image", "imagen", "veo", "sora", "audio", "realtime", "transcribe",
		"moderation", "rerank", "babbage", "davinci", "guard", "stable-diffusion", "flux", "aqa", "computer-use", "live",
	} {
		if strings.Contains(id, part) {
			return false
		}
	}
	return true
}

// mostAtOnce is how many models are enabled automatically when a provider is
// added: your own machine has a few, which were installed on purpose.
const mostAtOnce = 12

// enableFirst decides which models of a first list to enable: all that write
// text, or only the known ones if there are many.
func enableFirst(ids []string) func(string) bool {
	n := 0
	for _, id := range ids {
		if talks(id) {
			n++
		}
	}
	if n <= mostAtOnce {
		return talks
	}
	return func(id string) bool {
		_, ok := known()[id[strings.LastIndexByte(id, '/')+1:]]
		return ok && talks(id)
	}
}
