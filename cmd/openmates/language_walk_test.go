package main

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"openmates/internal/mail/smtp/smtptest"
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
	if resp := web.open(p.Web + "/api/v1/me/nothing"); !strings.Contains(resp, "Diesen Pfad oder diese Methode hat die API nicht.") {
		t.Errorf("the API says %s", resp)
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

// An invite to a stranger arrives in the language of the admin who sends it.
func TestMailArrivesInTheLanguageOfItsReader(t *testing.T) {
	t.Parallel()
	post, err := smtptest.Open(smtptest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(post.Close)
	p := start(t, nil, demoArgs(t)...)
	ada := p.browser()
	ada.send("/signin/demo", "username", "ada")
	if page := ada.send("/server/mail", "host", post.Host(), "port", strconv.Itoa(post.Port()), "security", "none", "from", "mates@example.org", "to", "ada@example.org"); !strings.Contains(page, "Test message sent") {
		t.Fatalf("mail is not set up: %s", page)
	}
	ada.send("/profile/preferences", "name", "Ada", "language", "de")
	ada.send("/teams/lighthouse/invites", "role", "member", "uses", "1", "days", "7", "only", "nora@example.org", "mail", "1")
	for n, want := range []struct{ language, subject string }{{"en", "Mail works"}, {"de", "Einladung in ein Team auf OpenMates"}} {
		m, err := post.Wait(t.Context(), n+1)
		if err != nil {
			t.Fatalf("%v; the log says: %s", err, p.Log)
		}
		if !strings.Contains(m.Data, "Subject: "+want.subject+"\r\n") || !strings.Contains(m.Data, "Content-Language: "+want.language+"\r\n") {
			t.Errorf("mail %d is %s", n+1, m.Data)
		}
	}
}
