package team

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/mail"
)

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
				refusal = d.Problem.String()
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
		if d.Problem != openmates.T("The mail server does not answer.") {
			t.Errorf("%+v", d)
		}
	}
}
