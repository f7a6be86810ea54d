package identity_test

import (
	"regexp"
	"strings"
	"testing"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/mail"
	"openmates/internal/team"
)

// A letter is in the preference of the account that it goes to, else in the
// language of who causes it, else in that of the page on which they do.
func TestMailIsInTheLanguageOfWhoReadsIt(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := seeded(t)
	post := h.Mailing(t)
	must(t, h.Public.Move(origin))
	speaks := func(username, language string) openmates.User {
		t.Helper()
		u, err := h.DB.UserByName(ctx, username)
		must(t, err)
		u.Language = language
		must(t, h.DB.SetPerson(ctx, u))
		must(t, h.DB.SetEmail(ctx, u.ID, username+"@example.org", true))
		u.Email = username + "@example.org"
		return u
	}
	invite := func(by, page, to string) mail.Message {
		t.Helper()
		c, p := h.in(t, by, "harbour")
		c.Language = page
		_, _, mailed, err := h.Invite(ctx, c, p, team.NewInvite{Role: openmates.RoleMember, Days: 7, Only: to, Mail: true}, func(code string) string { return origin + "/join/" + code })
		must(t, err)
		if len(mailed) != 1 || mailed[0].Problem != "" {
			t.Fatalf("%+v", mailed)
		}
		return post.Messages[len(post.Messages)-1]
	}
	const german, english = "Einladung in ein Team auf OpenMates", "An invitation to a team on OpenMates"
	in := regexp.MustCompile(`“Ada” lädt dich in das Team “Harbour”[^¶]* bis zum \d+\. \p{L}+ \d{4}, \d\d:\d\d UTC und nur`)
	for _, c := range []struct{ inviter, page, to, theirs, want string }{
		{"", "", "kim1@example.org", "", english},
		{"", "de", "kim2@example.org", "", german},
		{"en", "de", "kim3@example.org", "", english},
		{"de", "en", "kim4@example.org", "", german},
		{"de", "de", "eve@example.org", "en", english},
		{"en", "en", "eve@example.org", "de-AT", german},
	} {
		speaks("ada", c.inviter)
		speaks("eve", c.theirs)
		m := invite("ada", c.page, c.to)
		lang, hello := "en", "Hello,\n"
		if c.want == german {
			lang, hello = "de", "Hallo,\n"
		}
		if m.Subject != c.want || !strings.HasPrefix(m.Text, hello) || m.Language != lang || !strings.Contains(m.HTML, `<html lang="`+lang+`">`) {
			t.Errorf("%+v: %s (%s): %s", c, m.Subject, m.Language, m.Text)
		}
		if c.want == german && !in.MatchString(m.Text) {
			t.Errorf("the text is %s", m.Text)
		}
	}

	ben := speaks("ben", "de")
	for what, send := range map[string]func() error{
		"Wähle ein neues Passwort für OpenMates": func() error { return h.Mail.Send(ctx, h.WayBack(ben, "en", origin+"/x")) },
		"Bitte bestätige deine Adresse": func() error {
			return h.Mail.Send(ctx, h.Confirmation(openmates.Caller{User: ben}, "ben2@example.org", origin+"/x"))
		},
		"Dein OpenMates-Konto wurde geändert": func() error {
			h.TellNow(ctx, ben, "en", identity.ResetNotice(identity.PasswordReset{Origin: identity.ResetByAdmin, Second: true}))
			return nil
		},
	} {
		must(t, send())
		m := post.Messages[len(post.Messages)-1]
		if m.Subject != what || !strings.HasPrefix(m.Text, "Hallo,\n") || strings.Contains(m.Text, " your ") {
			t.Errorf("%s: %s: %s", what, m.Subject, m.Text)
		}
	}
}
