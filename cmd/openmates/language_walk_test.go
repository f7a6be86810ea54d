package main

import (
	"regexp"
	"strings"
	"testing"
)

// Through the whole program, a member who reads German is refused in German,
// and the commands answer in German; of whom no language is known reads the
// workflow's own words.
func TestAMemberIsToldInTheirOwnLanguage(t *testing.T) {
	t.Parallel()
	p := start(t, nil, demoArgs(t)...)
	ben, web := p.member("Ben"), p.browser()
	web.send("/signin/demo", "username", "ben")
	if page := web.send("/profile/preferences", "name", "Ben", "language", "de"); !strings.Contains(page, `<html lang="de">`) {
		t.Fatalf("after choosing German: %s", page)
	}
	sophia := "<@" + ben.bot("Sophia") + ">"
	refused := ben.answer(ben.say(sophia), func(chatMessage) bool { return true })
	if !strings.HasPrefix(refused.Content, "Ich wurde erwähnt, sehe aber keinen Text.") {
		t.Errorf("an empty mention is refused with %q", refused.Content)
	}
	ben.command(ben.bot("Sophia"), "whoami", func(s string) bool { return strings.Contains(s, "Hier bist du") })

	found := regexp.MustCompile(`name="identity" value="(\d+)"`).FindStringSubmatch(web.open(p.Web + "/profile"))
	if found == nil {
		t.Fatal("Ben has no linked account to begin with")
	}
	web.send("/profile/unlink", "identity", found[1], "confirm", "yes")
	refused = ben.answer(ben.say(sophia+" hello"), func(chatMessage) bool { return true })
	if want := "Please connect first your Discord account with your OpenMates account\n"; !strings.HasPrefix(refused.Content, want) {
		t.Errorf("the account of nobody is refused with %q, want %q", refused.Content, want)
	}
}
