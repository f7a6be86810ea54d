package account

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/netip"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/mail"
)

// All mail goes by the postman: nobody else makes a message or hands one to a
// sender, and an operator's rights are taken by commands alone.
func TestOnlyThePostmanSendsMail(t *testing.T) {
	t.Parallel()
	const root = "../.."
	seen := map[string]bool{}
	must(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
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
	post := h.mailing(t)
	must(t, h.public.Move(origin))
	eve, p := h.in(t, "eve", "lighthouse")
	eve.User.DisplayName = "Your bank: https://evil.example/login"
	p.Team.Name = "Security\u2028Team www.evil.example”\nBcc: x@evil.example"
	_, _, mailed, err := h.Invite(ctx, eve, p, NewInvite{Role: openmates.RoleMember, Days: 7, Only: "kim@example.org", Mail: true}, link)
	must(t, err)
	if len(mailed) != 1 || mailed[0].Problem != "" {
		t.Fatalf("%+v", mailed)
	}
	must(t, h.post.Send(ctx, h.confirmation(eve, "kim2@example.org", origin+"/x")))
	must(t, h.post.Send(ctx, h.wayBack(openmates.User{Username: "evil.example", Email: "kim3@example.org"}, origin+"/y")))
	must(t, h.post.Send(ctx, h.notice(openmates.User{Username: "evil.example", Email: "kim4@example.org"}, "Something happened.")))
	must(t, h.post.Send(ctx, h.proofLetter(openmates.Caller{}, Welcome{Team: p.Team}, "kim5@example.org", origin+"/z")))
	if len(post.messages) != 5 {
		t.Fatalf("sent %d", len(post.messages))
	}
	for _, m := range post.messages {
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

var hours = regexp.MustCompile(`from (\d\d:\d\d|\d{4}-\d\d-\d\d \d\d:\d\d) UTC on`)

// worksAgain reads the time at which a refusal says that there is room again.
func (h *house) worksAgain(t *testing.T, err error) time.Time {
	t.Helper()
	code(t, err, openmates.ELimit)
	m := hours.FindStringSubmatch(openmates.MessageOf(err))
	if m == nil {
		t.Fatalf("%q names no time", openmates.MessageOf(err))
	}
	text := m[1]
	if len(text) == len("15:04") {
		text = h.now().UTC().Format(time.DateOnly) + " " + text
	}
	at, perr := time.Parse("2006-01-02 15:04", text)
	must(t, perr)
	return at
}

// A founder of a team can't have a hundred strangers mailed, nor one of them
// often, with as many teams and people as they like.
func TestStrangersAreNotFloodedByInvites(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := seeded(t)
	post := h.mailing(t)
	eve, p := h.in(t, "eve", "lighthouse")
	var refusal string
	for batch := range 4 {
		var only []string
		for n := range 25 {
			only = append(only, "stranger"+strconv.Itoa(batch*25+n)+"@example.org")
		}
		_, _, mailed, err := h.Invite(ctx, eve, p, NewInvite{Role: openmates.RoleMember, Days: 7, Only: strings.Join(only, " "), Mail: true}, link)
		must(t, err)
		for _, d := range mailed {
			if d.Problem != "" {
				refusal = d.Problem
			}
		}
	}
	if len(post.sent) != 30 || !hours.MatchString(refusal) {
		t.Errorf("%d mails are sent; then %q", len(post.sent), refusal)
	}
	post.sent = nil
	for n := range 40 { // two people, many teams, one victim
		name := []string{"ada", "ben"}[n%2]
		u, err := h.db.UserByName(ctx, name)
		must(t, err)
		err = h.post.Send(ctx, mail.Letter{On: mail.Inviting, To: []string{"Victim@example.org", "v.ictim+" + strconv.Itoa(n) + "@EXAMPLE.org"}[n/2%2], By: u.ID, Team: openmates.ID(n + 100)})
		if err != nil && n < 3 {
			t.Fatal(err)
		}
	}
	if len(post.sent) != 3 {
		t.Errorf("one mailbox got %d", len(post.sent))
	}
	for day := range 3 { // and for ever
		for range 24 {
			h.pass(time.Hour)
			for _, on := range []mail.Occasion{mail.Inviting, mail.Proving, mail.Confirming} {
				_ = h.post.Send(ctx, mail.Letter{On: on, To: "victim@example.org", By: openmates.ID(day + 1000)})
			}
		}
	}
	if len(post.sent) > 3+3*10+3 {
		t.Errorf("in three days one mailbox got %d", len(post.sent))
	}
}

// Who has the link of an invite can't have one address mailed again and again.
func TestProofsToOneVictimMeetALimit(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := seeded(t)
	post := h.mailing(t)
	ada, p := h.in(t, "ada", "harbour")
	_, c, _, err := h.Invite(ctx, ada, p, NewInvite{Role: openmates.RoleMember, Days: 30, Only: "example.org"}, link)
	must(t, err)
	ask := func(n int, to string) error {
		from := netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)})
		return h.AskProof(ctx, openmates.Caller{}, from, c, to, func(proof string) string { return link(c) + "?proof=" + proof })
	}
	for n := range 60 {
		err = ask(n, "victim@example.org")
		if n < 3 {
			must(t, err)
		}
	}
	again := h.worksAgain(t, err)
	if len(post.sent) != 3 {
		t.Errorf("the victim got %d", len(post.sent))
	}
	must(t, ask(99, "another@example.org"))
	h.pass(again.Sub(h.now()))
	must(t, ask(100, "victim@example.org"))
	for n := range 200 { // strangers who are many: the team and its admin answer for it
		_ = ask(200+n, "kim"+strconv.Itoa(n)+"@example.org")
	}
	if len(post.sent) > 35 {
		t.Errorf("by one invite %d were mailed", len(post.sent))
	}
}

// A server admin who mistypes often can still type what is right, and too many
// tries end with the time at which they work again.
func TestTryingMailIsGenerous(t *testing.T) {
	t.Parallel()
	h, cookie := guarded(t)
	post := &outbox{down: true}
	h.sender = post
	set := func() (err error) {
		h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
			err = h.SetMail(ctx, c, smtpSettings(), "ada@example.org")
		})
		return err
	}
	for range 25 {
		code(t, set(), openmates.EUnavailable)
	}
	post.down = false
	must(t, set())
	var err error
	for range 10 {
		err = set()
	}
	at := h.worksAgain(t, err)
	h.pass(at.Sub(h.now()))
	must(t, set())
}

// What others have sent to a mailbox does not stop what its owner needs.
func TestStrangersCantUseUpTheWayBack(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := seeded(t)
	h.mailing(t)
	for n := range 20 {
		_ = h.post.Send(ctx, mail.Letter{On: mail.Inviting, To: "ben@example.org", By: openmates.ID(n + 1)})
	}
	must(t, h.post.Send(ctx, mail.Letter{On: mail.Recovering, To: "ben@example.org"}))
	must(t, h.post.Send(ctx, mail.Letter{On: mail.Notifying, To: "ben@example.org"}))
	code(t, h.post.Send(ctx, mail.Letter{On: mail.Recovering, To: "ben@example.org\r\nBcc: eve@example.org"}), openmates.EInvalid)
}

// A mailed invite proves the address that it was sent to; the link that is
// copied proves none.
func TestAMailedInviteNeedsNoSecondMail(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := seeded(t)
	post := h.mailing(t)
	ada, p := h.in(t, "ada", "harbour")
	_, c, mailed, err := h.Invite(ctx, ada, p, NewInvite{Role: openmates.RoleMember, Days: 30, Uses: 2, Only: "nora@example.org, kim@example.org", Mail: true}, link)
	must(t, err)
	if len(mailed) != 2 || len(post.sent) != 2 {
		t.Fatalf("mailed %+v", mailed)
	}
	proof := regexp.MustCompile(regexp.QuoteMeta(link(c)) + `\?proof=(\w+)\n`).FindStringSubmatch(post.sent[1])
	if proof == nil || !strings.HasPrefix(post.sent[1], "nora@example.org") || strings.Contains(post.sent[0], proof[1]) {
		t.Fatalf("sent %q", post.sent)
	}
	h.pass(20 * 24 * time.Hour) // as long as the invite
	_, _, err = h.Join(ctx, openmates.Caller{}, from(1), c, "", nora(1))
	code(t, err, openmates.EInvalid)
	u, _, err := h.Join(ctx, openmates.Caller{}, from(1), c, proof[1], nora(1))
	must(t, err)
	yes, err := h.db.EmailConfirmed(ctx, u.ID)
	must(t, err)
	if !yes || u.Email != "nora@example.org" || len(post.sent) != 2 {
		t.Errorf("%+v confirmed %v, %d mails", u, yes, len(post.sent))
	}
}

// The mail server being down is noticed once, not for each address.
func TestInvitesDontWaitForADeadMailServer(t *testing.T) {
	t.Parallel()
	h := seeded(t)
	post := h.mailing(t)
	post.down = true
	ada, p := h.in(t, "ada", "harbour")
	_, _, mailed, err := h.Invite(t.Context(), ada, p, NewInvite{Role: openmates.RoleMember, Days: 30, Only: "a@example.org b@example.org c@example.org example.net", Mail: true}, link)
	must(t, err)
	if len(mailed) != 3 || len(post.by) != 1 {
		t.Errorf("mailed %+v in %d tries", mailed, len(post.by))
	}
	for _, d := range mailed {
		if d.Problem != "The mail server does not answer." {
			t.Errorf("%+v", d)
		}
	}
}
