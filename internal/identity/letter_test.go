package identity_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"openmates"
	"openmates/internal/mail"
	"openmates/internal/store/roomtest"
	"openmates/internal/team"
)

// All mail goes through the postman: no other code creates or sends messages,
// and operators lose their rights only by command.
func TestOnlyThePostmanSendsMail(t *testing.T) {
	t.Parallel()
	const root = "../.."
	seen := map[string]bool{}
	must(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			d.Name() == "roomtest.go" { // what tests have in place of a mail server
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		where, _ := filepath.Rel(root, path)
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, _ := s.X.(*ast.Ident)
			inner, _ := s.X.(*ast.SelectorExpr)
			switch {
			case s.Sel.Name == "Message" && x != nil && x.Name == "mail" && !strings.HasPrefix(where, "internal/mail/"),
				s.Sel.Name == "Send" && inner != nil && inner.Sel.Name == "sender":
				seen[where] = true
				if where != "internal/mail/postman.go" {
					t.Errorf("%s sends mail: only the postman may", where)
				}
			case s.Sel.Name == "Operator" && !strings.HasPrefix(where, "cmd/openmates/"):
				t.Errorf("%s takes the rights of an operator: only a command may", where)
			}
			return true
		})
		return nil
	}))
	if !seen["internal/mail/postman.go"] {
		t.Error("the walk does not see the postman")
	}
}

// What every message looks like, whatever people are called.
func TestWordsOfPeopleAreQuotedInMail(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := seeded(t)
	post := h.Mailing(t)
	must(t, h.Public.Move(origin))
	eve, p := h.in(t, "eve", "lighthouse")
	eve.User.DisplayName = "Your bank: https://evil.example/login"
	p.Team.Name = "Security\u2028Team www.evil.example”\nBcc: x@evil.example"
	must(t, h.DB.SaveTeam(ctx, p.Team))
	_, c, mailed, err := h.Invite(ctx, eve, p, team.NewInvite{Role: openmates.RoleMember, Days: 7, Only: "kim@example.org", Mail: true}, func(code string) string { return origin + "/join/" + code })
	must(t, err)
	if len(mailed) != 1 || mailed[0].Problem != "" {
		t.Fatalf("%+v", mailed)
	}
	must(t, h.Mail.Send(ctx, h.Confirmation(eve, "kim2@example.org", origin+"/x")))
	must(t, h.Mail.Send(ctx, h.WayBack(openmates.User{Username: "evil.example", Email: "kim3@example.org"}, "", origin+"/y")))
	must(t, h.Mail.Send(ctx, h.Notice(openmates.User{Username: "evil.example", Email: "kim4@example.org"}, "", openmates.T("Something happened."))))
	must(t, h.AskProof(ctx, openmates.Caller{}, from(1), c, "kim@example.org", func(string) string { return origin + "/z" }))
	if len(post.Messages) != 5 {
		t.Fatalf("sent %d", len(post.Messages))
	}
	for _, m := range post.Messages {
		if strings.ContainsAny(m.Subject+m.To, "\r\n") || strings.Contains(strings.ToLower(m.Subject), "bank") || strings.Contains(m.Subject, "evil") || strings.Contains(m.Subject, "Security") {
			t.Errorf("subject %q to %q", m.Subject, m.To)
		}
		for line := range strings.SplitSeq(m.Text, "\n") {
			if strings.Contains(line, "Bcc:") && !strings.Contains(line, "“") {
				t.Errorf("a line of its own: %q", line)
			}
			if strings.Contains(line, "evil") && looksLikeLink(line) {
				t.Errorf("%q can be taken for a link", line)
			}
		}
		if strings.Count(m.HTML, "<a ") != 1 || strings.Contains(m.HTML, `href="https://evil`) {
			t.Errorf("links in %s", m.HTML)
		}
	}
}

// looksLikeLink reports whether a mail program would make a link of something in
// a line: a scheme, or letters on both sides of a dot or an @.
func looksLikeLink(line string) bool {
	return regexp.MustCompile(`(?i)[a-z]:/|www\.\S|[\p{L}\p{N}][.。．｡@＠][\p{L}\p{N}]`).MatchString(line)
}

// A server admin who mistypes often can still type what is right, and too many
// tries end with the time at which they work again.
func TestTryingMailIsGenerous(t *testing.T) {
	t.Parallel()
	h, cookie := guarded(t)
	post := &roomtest.Outbox{Down: true}
	h.Sender = post
	set := func() (err error) {
		h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
			err = h.SetMail(ctx, c, smtpSettings(), "ada@example.org")
		})
		return err
	}
	for range 25 {
		code(t, set(), openmates.EUnavailable)
	}
	post.Down = false
	must(t, set())
	var err error
	for range 10 {
		err = set()
	}
	at := h.WorksAgain(t, err)
	h.Pass(at.Sub(h.Clock()))
	must(t, set())
}

// What others have sent to a mailbox does not stop what its owner needs.
func TestStrangersCantUseUpTheWayBack(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := seeded(t)
	h.Mailing(t)
	for n := range 20 {
		_ = h.Mail.Send(ctx, mail.Letter{On: mail.Inviting, To: "ben@example.org", By: openmates.ID(n + 1)})
	}
	must(t, h.Mail.Send(ctx, mail.Letter{On: mail.Recovering, To: "ben@example.org"}))
	must(t, h.Mail.Send(ctx, mail.Letter{On: mail.Notifying, To: "ben@example.org"}))
	code(t, h.Mail.Send(ctx, mail.Letter{On: mail.Recovering, To: "ben@example.org\r\nBcc: eve@example.org"}), openmates.EInvalid)
}
