package team_test

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/guard"
	"openmates/internal/policy"
	"openmates/internal/store/roomtest"
	"openmates/internal/team"
)

func link(code string) string { return "https://mates.example/join/" + code }

func plainInvite() team.NewInvite {
	return team.NewInvite{Role: openmates.RoleMember, Uses: 1, Days: 7}
}

func nora(n int) openmates.Newcomer {
	return openmates.Newcomer{Username: "nora" + strconv.Itoa(n), Password: goodPassword, Self: openmates.Self{Name: "Nora"}}
}

func TestAnInviteExpires(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := seeded(t)
	ada, p := h.in(t, "ada", "harbour")
	i, code1, _, err := h.Invite(ctx, ada, p, plainInvite(), link)
	must(t, err)
	if len(code1) < 26 { // base32: 130 bits
		t.Errorf("the code has %d characters", len(code1))
	}
	if _, stored, err := h.DB.InviteByHash(ctx, guard.Digest(code1)); err != nil || strings.Contains(stored, code1) {
		t.Errorf("stored %q: %v", stored, err)
	}
	h.Pass(7*24*time.Hour - time.Minute)
	_, err = h.Welcome(ctx, openmates.Caller{}, code1, "")
	must(t, err)
	h.Pass(2 * time.Minute)
	w, err := h.Welcome(ctx, openmates.Caller{}, code1, "")
	code(t, err, openmates.EConflict)
	if said := openmates.MessageOf(err); !strings.Contains(said, "expired") || !strings.Contains(said, "Ask Ada") || w.Team.Name != "Harbour" {
		t.Errorf("said %q", said)
	}
	_, _, err = h.Join(ctx, openmates.Caller{}, from(1), code1, "", nora(1))
	code(t, err, openmates.EConflict)
	if got, _, err := h.DB.InviteByHash(ctx, guard.Digest(code1)); err != nil || got.Used != 0 || got.ID != i.ID {
		t.Errorf("%+v %v", got, err)
	}
	if strings.Contains(h.Log.String(), code1) {
		t.Error("the log holds a code")
	}
}

func TestWhoMayInvite(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := seeded(t)
	ada, _ := h.in(t, "ada", "harbour")
	ben, p := h.in(t, "ben", "harbour")
	_, _, _, err := h.Invite(ctx, ben, p, plainInvite(), link) //nolint:dogsled // only the refusal matters
	code(t, err, openmates.EForbidden)
	_, err = h.Invites(ctx, ben, p)
	code(t, err, openmates.EForbidden)
	code(t, h.Revoke(ctx, ben, p, 5), openmates.EForbidden)
	code(t, h.SetRole(ctx, ben, p, "ada", openmates.RoleMember), openmates.EForbidden)
	code(t, h.Remove(ctx, ben, p, "ada"), openmates.EForbidden)
	code(t, h.RenameTeam(ctx, ben, p, "Mine"), openmates.EForbidden)
	_, err = h.Usage(ctx, ben, p)
	code(t, err, openmates.EForbidden)
	must(t, h.QuitTeam(ctx, ben, p))
	p.Role = "server admin" // no role of a team
	if policy.Allowed(openmates.User{ID: 9}, p.Role, policy.RunServer) || policy.Allowed(openmates.User{ID: 9}, p.Role, policy.SeeTeam) {
		t.Error("a made-up role holds rights")
	}
	for _, r := range []policy.Right{policy.LeaveTeam, policy.ManagePeople, policy.InvitePeople, policy.SeeUsage} {
		if !policy.Allowed(ada.User, openmates.RoleAdmin, r) || policy.Allowed(openmates.User{ID: 9}, openmates.RoleMember, r) != (r == policy.LeaveTeam) || policy.Allowed(ada.User, "", r) {
			t.Errorf("%s is held by the wrong people", r)
		}
	}
}

// Many at the same moment by the room: one account, one member.
func TestTwoForTheLastUse(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := seeded(t)
	ada, p := h.in(t, "ada", "harbour")
	_, c, _, err := h.Invite(ctx, ada, p, plainInvite(), link)
	must(t, err)
	const n = 6
	errs := make(chan error, n)
	for k := range n {
		go func() {
			_, _, err := h.Join(ctx, openmates.Caller{}, from(k), c, "", nora(k))
			errs <- err
		}()
	}
	won := 0
	for range n {
		if err := <-errs; err == nil {
			won++
		} else if openmates.CodeOf(err) != openmates.EConflict {
			t.Errorf("a loser got %v", err)
		}
	}
	members, err := h.Members(ctx, p)
	must(t, err)
	if won != 1 || len(members) != 3 {
		t.Errorf("%d won, %d members", won, len(members))
	}
}

// With mail, an invite for certain addresses is worth something only to those
// who read the mail of one.
func TestAnAddressIsProvedByMail(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := seeded(t)
	post := h.Mailing(t)
	ada, p := h.in(t, "ada", "harbour")
	n := team.NewInvite{Role: openmates.RoleMember, Days: 30, Only: "Nora@Example.org; @example.com, broken@example.net", Mail: true}
	_, c, mailed, err := h.Invite(ctx, ada, p, n, link)
	must(t, err)
	want := []team.Delivery{{To: "broken@example.net", Problem: openmates.T("The mail server refuses this address.")}, {To: "nora@example.org"}}
	if len(post.Sent) != 1 || !strings.HasPrefix(post.Sent[0], "nora@example.org: ") || !strings.Contains(post.Sent[0], link(c)) || !slices.Equal(mailed, want) {
		t.Fatalf("sent %q: %q", post.Sent, mailed)
	}
	_, _, err = h.Join(ctx, openmates.Caller{}, from(1), c, "", openmates.Newcomer{Username: "nora", Email: "nora@example.org", Password: goodPassword, Self: openmates.Self{Name: "N"}})
	code(t, err, openmates.EInvalid) // typing it proves nothing
	ask := func(email string) error {
		return h.AskProof(ctx, openmates.Caller{}, from(len(email)), c, email, func(proof string) string { return link(c) + "?proof=" + url.QueryEscape(proof) })
	}
	code(t, ask("eve@elsewhere.org"), openmates.EForbidden)
	code(t, ask("nonsense"), openmates.EInvalid)
	must(t, ask("anybody@example.com"))
	m := regexp.MustCompile(`proof=(\S+)`).FindStringSubmatch(post.Sent[1])
	if m == nil || !strings.HasPrefix(post.Sent[1], "anybody@example.com: ") {
		t.Fatalf("sent %q", post.Sent[1])
	}
	_, other, _, err := h.Invite(ctx, ada, p, team.NewInvite{Role: openmates.RoleAdmin, Days: 30, Only: "example.com"}, link)
	must(t, err)
	_, err = h.Welcome(ctx, openmates.Caller{}, other, m[1]) // of another invite
	code(t, err, openmates.EInvalid)
	w, err := h.Welcome(ctx, openmates.Caller{}, c, m[1])
	must(t, err)
	if w.Email != "anybody@example.com" {
		t.Errorf("proved %q", w.Email)
	}
	someone := nora(1)
	someone.Email = "ada@example.org" // not the one that is proved
	u, _, err := h.Join(ctx, openmates.Caller{}, from(2), c, m[1], someone)
	must(t, err)
	if u.Email != "anybody@example.com" {
		t.Errorf("the account has %q", u.Email)
	}
	if yes, err := h.DB.EmailConfirmed(ctx, u.ID); err != nil || !yes {
		t.Errorf("an address that was proved counts as confirmed: %v %v", yes, err)
	}
	h.joinsWithProof(t, c, ask, post)
	must(t, ask("late@example.com"))
	m = regexp.MustCompile(`proof=(\S+)`).FindStringSubmatch(post.Sent[len(post.Sent)-1])
	h.Pass(25 * time.Hour)
	_, err = h.Welcome(ctx, openmates.Caller{}, c, m[1])
	code(t, err, openmates.EInvalid)
}

// joinsWithProof has somebody join who has an account: its address is confirmed
// if it is the one that was proved, and left alone if not.
func (h *house) joinsWithProof(t *testing.T, invite string, ask func(string) error, post *roomtest.Outbox) {
	t.Helper()
	ctx := t.Context()
	for n, has := range map[int]string{7: "known@example.com", 8: "private@elsewhere.org"} {
		u, err := h.DB.AddUser(ctx, openmates.User{Username: "known" + strconv.Itoa(n), DisplayName: "K", Email: has}, "")
		must(t, err)
		must(t, ask("known@example.com"))
		m := regexp.MustCompile(`proof=(\S+)`).FindStringSubmatch(post.Sent[len(post.Sent)-1])
		_, _, err = h.Join(ctx, openmates.Caller{User: u, Session: "s"}, from(n), invite, m[1], openmates.Newcomer{})
		must(t, err)
		is, err := h.DB.User(ctx, u.ID)
		must(t, err)
		if yes, err := h.DB.EmailConfirmed(ctx, u.ID); err != nil || yes != (n == 7) || is.Email != has {
			t.Errorf("%s is confirmed: %v %v; the account has %s", has, yes, err, is.Email)
		}
	}
}

// A proof of an address creates one account, however often it is used, and a
// confirmed address belongs to one account.
func TestAProofOfAnAddressWorksOnce(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := seeded(t)
	post := h.Mailing(t)
	ada, p := h.in(t, "ada", "harbour")
	_, c, _, err := h.Invite(ctx, ada, p, team.NewInvite{Role: openmates.RoleMember, Days: 30, Uses: 10, Only: "corp.example"}, link)
	must(t, err)
	ask := func(n int) string {
		t.Helper()
		must(t, h.AskProof(ctx, openmates.Caller{}, from(n), c, "Mallory@Corp.example", func(proof string) string { return "proof=" + proof }))
		m := regexp.MustCompile(`proof=(\S+)`).FindStringSubmatch(post.Sent[len(post.Sent)-1])
		if !strings.HasPrefix(post.Sent[len(post.Sent)-1], "mallory@corp.example: ") {
			t.Fatalf("sent %q", post.Sent)
		}
		return m[1]
	}
	join := func(n int, proof string) error {
		_, _, err := h.Join(ctx, openmates.Caller{}, from(n), c, proof, nora(n))
		return err
	}
	first, second := ask(1), ask(2)
	errs := make(chan error)
	for n := range 4 {
		go func() { errs <- join(n, first) }()
	}
	joined := 0
	for range 4 {
		if err := <-errs; err == nil {
			joined++
		} else {
			code(t, err, openmates.EInvalid)
		}
	}
	if joined != 1 {
		t.Errorf("%d accounts by one proof", joined)
	}
	err = join(7, second) // a good proof, but the address is somebody's
	code(t, err, openmates.EConflict)
	if lines, err := h.Invites(ctx, ada, p); err != nil || lines[0].Used != 1 {
		t.Errorf("the invite was used %d times, %v", lines[0].Used, err)
	}
	_, err = h.DB.UserByName(ctx, nora(7).Username)
	code(t, err, openmates.ENotFound)
}

// The address that is compared is the one that the mail goes to: the sign of
// Kelvin is no k, as it would be after strings.ToLower.
func TestAnotherLetterIsAnotherAddress(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := seeded(t)
	post := h.Mailing(t)
	ada, p := h.in(t, "ada", "harbour")
	_, c, _, err := h.Invite(ctx, ada, p, team.NewInvite{Role: openmates.RoleMember, Days: 30, Only: "Kim@example.org, müller.example"}, link)
	must(t, err)
	ask := func(n int, email string) error {
		return h.AskProof(ctx, openmates.Caller{}, from(n), c, email, func(proof string) string { return proof })
	}
	code(t, ask(1, "\u212aim@example.org"), openmates.EInvalid)
	code(t, ask(2, "kım@example.org"), openmates.EInvalid)
	if len(post.Sent) > 0 {
		t.Fatalf("sent %q", post.Sent)
	}
	must(t, ask(3, "KIM@EXAMPLE.ORG"))
	must(t, ask(4, "ada@MÜLLER.example"))
	for n, to := range []string{"kim@example.org: ", "ada@xn--mller-kva.example: "} {
		if !strings.HasPrefix(post.Sent[n], to) {
			t.Errorf("sent %q, want it %s", post.Sent[n], to)
		}
	}
}

func FuzzAddressees(f *testing.F) {
	for _, s := range []string{"", "ada@example.org", "example.org, @x.org;b@c.de", "@", "a@b@c.d", "\u202e@x.y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		all, err := team.Addressees(s)
		if err != nil {
			code(t, err, openmates.EInvalid)
			return
		}
		for _, a := range all {
			probe := a
			if strings.HasPrefix(a, "@") {
				probe = "somebody" + a
			}
			if i := (openmates.Invite{Only: all}); !i.Welcomes(probe) || i.Welcomes("somebody@elsewhere.invalid.example"+strings.TrimLeft(a, "@")+"x") {
				t.Errorf("%q of %q welcomes the wrong ones", a, s)
			}
		}
	})
}
