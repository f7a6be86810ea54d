package team_test

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/mail"
	"openmates/internal/store/roomtest"
	"openmates/internal/team"
)

// A founder of a team can't have a hundred strangers mailed, nor one of them
// often, with as many teams and people as they like.
func TestStrangersAreNotFloodedByInvites(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := seeded(t)
	post := h.Mailing(t)
	eve, p := h.in(t, "eve", "lighthouse")
	var refusal string
	for batch := range 4 {
		var only []string
		for n := range 25 {
			only = append(only, "stranger"+strconv.Itoa(batch*25+n)+"@example.org")
		}
		_, _, mailed, err := h.Invite(ctx, eve, p, team.NewInvite{Role: openmates.RoleMember, Days: 7, Only: strings.Join(only, " "), Mail: true}, link)
		must(t, err)
		for _, d := range mailed {
			if d.Problem != "" {
				refusal = d.Problem.String()
			}
		}
	}
	if len(post.Sent) != 30 || !roomtest.Hours().MatchString(refusal) {
		t.Errorf("%d mails are sent; then %q", len(post.Sent), refusal)
	}
	post.Sent = nil
	for n := range 40 { // two people, many teams, one victim
		name := []string{"ada", "ben"}[n%2]
		u, err := h.DB.UserByName(ctx, name)
		must(t, err)
		err = h.Mail.Send(ctx, mail.Letter{On: mail.Inviting, To: []string{"Victim@example.org", "v.ictim+" + strconv.Itoa(n) + "@EXAMPLE.org"}[n/2%2], By: u.ID, Team: openmates.ID(n + 100)})
		if err != nil && n < 3 {
			t.Fatal(err)
		}
	}
	if len(post.Sent) != 3 {
		t.Errorf("one mailbox got %d", len(post.Sent))
	}
	for day := range 3 { // and for ever
		for range 24 {
			h.Pass(time.Hour)
			for _, on := range []mail.Occasion{mail.Inviting, mail.Proving, mail.Confirming} {
				_ = h.Mail.Send(ctx, mail.Letter{On: on, To: "victim@example.org", By: openmates.ID(day + 1000)})
			}
		}
	}
	if len(post.Sent) > 3+3*10+3 {
		t.Errorf("in three days one mailbox got %d", len(post.Sent))
	}
}

// Who has the link of an invite can't have one address mailed again and again.
func TestProofsToOneVictimMeetALimit(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := seeded(t)
	post := h.Mailing(t)
	ada, p := h.in(t, "ada", "harbour")
	_, c, _, err := h.Invite(ctx, ada, p, team.NewInvite{Role: openmates.RoleMember, Days: 30, Only: "example.org"}, link)
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
	again := h.WorksAgain(t, err)
	if len(post.Sent) != 3 {
		t.Errorf("the victim got %d", len(post.Sent))
	}
	must(t, ask(99, "another@example.org"))
	h.Pass(again.Sub(h.Clock()))
	must(t, ask(100, "victim@example.org"))
	for n := range 200 { // strangers who are many: the team and its admin answer for it
		_ = ask(200+n, "kim"+strconv.Itoa(n)+"@example.org")
	}
	if len(post.Sent) > 35 {
		t.Errorf("by one invite %d were mailed", len(post.Sent))
	}
}

// A mailed invite proves the address that it was sent to; the link that is
// copied proves none.
func TestAMailedInviteNeedsNoSecondMail(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := seeded(t)
	post := h.Mailing(t)
	ada, p := h.in(t, "ada", "harbour")
	_, c, mailed, err := h.Invite(ctx, ada, p, team.NewInvite{Role: openmates.RoleMember, Days: 30, Uses: 2, Only: "nora@example.org, kim@example.org", Mail: true}, link)
	must(t, err)
	if len(mailed) != 2 || len(post.Sent) != 2 {
		t.Fatalf("mailed %+v", mailed)
	}
	proof := regexp.MustCompile(regexp.QuoteMeta(link(c)) + `\?proof=(\w+)\n`).FindStringSubmatch(post.Sent[1])
	if proof == nil || !strings.HasPrefix(post.Sent[1], "nora@example.org") || strings.Contains(post.Sent[0], proof[1]) {
		t.Fatalf("sent %q", post.Sent)
	}
	h.Pass(20 * 24 * time.Hour) // as long as the invite
	_, _, err = h.Join(ctx, openmates.Caller{}, from(1), c, "", nora(1))
	code(t, err, openmates.EInvalid)
	u, _, err := h.Join(ctx, openmates.Caller{}, from(1), c, proof[1], nora(1))
	must(t, err)
	yes, err := h.DB.EmailConfirmed(ctx, u.ID)
	must(t, err)
	if !yes || u.Email != "nora@example.org" || len(post.Sent) != 2 {
		t.Errorf("%+v confirmed %v, %d mails", u, yes, len(post.Sent))
	}
}

// The mail server being down is noticed once, not for each address.
func TestInvitesDontWaitForADeadMailServer(t *testing.T) {
	t.Parallel()
	h := seeded(t)
	post := h.Mailing(t)
	post.Down = true
	ada, p := h.in(t, "ada", "harbour")
	_, _, mailed, err := h.Invite(t.Context(), ada, p, team.NewInvite{Role: openmates.RoleMember, Days: 30, Only: "a@example.org b@example.org c@example.org example.net", Mail: true}, link)
	must(t, err)
	if len(mailed) != 3 || len(post.By) != 1 {
		t.Errorf("mailed %+v in %d tries", mailed, len(post.By))
	}
	for _, d := range mailed {
		if d.Problem != openmates.T("The mail server does not answer.") {
			t.Errorf("%+v", d)
		}
	}
}
