package main

import (
	"log/slog"
	"strings"
	"testing"
)

func TestTheDemoUsesSkills(t *testing.T) {
	t.Parallel()
	ada := start(t, nil, demoArgs(t)...).member("Ada")
	sophia := "<@" + ada.bot("Sophia") + "> "
	for question, want := range map[string]string{
		"what is 17 * 23?":        "= 391",
		"convert 5 miles to km":   "5 mi = 8.04672 km",
		"what is 10^10^10":        "gets too large",
		"what time is it in Lima": "America/Lima",
	} {
		ada.answer(ada.say(sophia+question), func(c chatMessage) bool { return strings.Contains(c.Content, want) })
	}
}

func TestTheSkillsOfTheServer(t *testing.T) {
	t.Parallel()
	r, err := newSkills(settings{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	size := 0
	for _, o := range r.Offers() {
		names = append(names, o.Name)
		size += len(o.Tool) + len(o.Description) + len(o.Parameters)
	}
	if got := strings.Join(names, " "); got != "calculation.convert calculation.date calculation.evaluate calculation.time web.read" {
		t.Errorf("skills %s", got)
	}
	if size > 6000 { // every request to a model pays for them
		t.Errorf("their descriptions take %d bytes", size)
	}
}
