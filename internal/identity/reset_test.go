package identity_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"openmates/internal/store/roomtest"

	"openmates"
	"openmates/internal/identity"
)

const newPassword = "five slow wooden ferries"

// lost is a house that sends mail, in which ben has a confirmed address, and a
// second step.
func lost(t *testing.T) (h *house, post *roomtest.Outbox, ben openmates.User, cookie *http.Cookie) {
	t.Helper()
	h, _ = guarded(t)
	post = h.Mailing(t)
	cookie = h.enter(t, "ben")
	h.turnOn(t, cookie)
	ben, err := h.DB.UserByName(t.Context(), "ben")
	must(t, err)
	must(t, h.DB.SetEmail(t.Context(), ben.ID, "ben@example.org", true))
	ben, err = h.DB.User(t.Context(), ben.ID)
	must(t, err)
	return h, post, ben, cookie
}

// asks has somebody ask for a new password, and returns the codes that are mailed.
func (h *house) asks(t *testing.T, post *roomtest.Outbox, who string) (codes []openmates.Secret) {
	t.Helper()
	had := len(post.Sent)
	must(t, h.AskReset(t.Context(), from(had%200), who))
	h.WaitForErrands()
	for _, sent := range post.Sent[had:] {
		if m := regexp.MustCompile(regexp.QuoteMeta(origin) + `/signin/reset\?code=(\w{26})\n`).FindStringSubmatch(sent); m != nil {
			codes = append(codes, openmates.Secret(m[1]))
		}
	}
	return codes
}

func TestALostPasswordComesBackByMail(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h, post, ben, cookie := lost(t)
	half := h.half(t, "ben")
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		_, _, err := h.AddToken(ctx, c, identity.NewToken{Name: "x", Scopes: []openmates.Scope{openmates.ScopeRead}, Days: 30})
		must(t, err)
	})
	for _, nobody := range []string{"nobody", "nobody@example.org", "ada", "ada@example.org", "BEN@example.com"} {
		if codes := h.asks(t, post, nobody); len(codes) != 0 || len(post.Sent) != 0 {
			t.Errorf("%s: mailed %q", nobody, post.Sent)
		}
	}
	first := h.asks(t, post, " Ben ")
	second := h.asks(t, post, "bEN@example.org")
	if len(first) != 1 || len(second) != 1 || !strings.HasPrefix(post.Sent[1], "ben@example.org: ") || strings.Contains(h.Log.String(), first[0].Reveal()) {
		t.Fatalf("mailed %q", post.Sent)
	}
	u, reset, err := h.LookAtReset(ctx, from(1), first[0])
	must(t, err)
	if u.ID != ben.ID || reset.Second || h.who(t, cookie) != "ben" {
		t.Errorf("%+v %+v", u, reset)
	}
	_, err = h.Reset(ctx, from(1), first[0], "short")
	code(t, err, openmates.EInvalid) // and the link is not used up
	_, err = h.Reset(ctx, from(1), "AAAAAAAAAAAAAAAAAAAAAAAAAA", newPassword)
	code(t, err, openmates.EInvalid)
	_, err = h.Reset(ctx, from(1), openmates.Secret(strings.ToLower(first[0].Reveal())), newPassword)
	must(t, err)
	for _, used := range []openmates.Secret{first[0], second[0]} {
		_, err = h.Reset(ctx, from(1), used, newPassword)
		code(t, err, openmates.EInvalid)
	}
	if who := h.who(t, cookie); who != "" {
		t.Errorf("%s is still signed in", who)
	}
	h.visit(t, half, func(ctx context.Context) {
		_, err := h.SecondStep(ctx, from(3), h.codeNow(t, ben.ID))
		code(t, err, openmates.EUnauthorized) // the half sign-in knew the old password
	})
	tokens, err := h.DB.AccessTokens(ctx, ben.ID, 0)
	must(t, err)
	if len(tokens) != 0 {
		t.Errorf("%d tokens are left", len(tokens))
	}
	h.visit(t, nil, func(ctx context.Context) {
		_, err := h.SignIn(ctx, from(4), "ben", goodPassword)
		code(t, err, openmates.EUnauthorized)
		if _, ok := err.(*identity.SecondStepError); ok { //nolint:errorlint // the very type
			t.Error("the old password is still right")
		}
		_, err = h.SignIn(ctx, from(4), "ben", newPassword)
		if _, ok := err.(*identity.SecondStepError); !ok { //nolint:errorlint // the very type
			t.Errorf("signing in after the reset: %v, want the second step", err)
		}
	})
	h.WaitForErrands()
	if last := post.Sent[len(post.Sent)-1]; !strings.HasPrefix(last, "ben@example.org") || !strings.Contains(last, "The password of your account was reset with a link mailed to this address. All its sessions were signed out.") {
		t.Errorf("told %q", last)
	}
	h.recorded(t, "account.reset", `"by":"mail"`)
}

// recorded looks for a line of the audit record that holds all of this.
func (h *house) recorded(t *testing.T, action string, holds ...string) {
	t.Helper()
	lines, err := h.DB.Audit(t.Context(), 0, 0, 100)
	must(t, err)
	for _, l := range lines {
		if l.Action != action {
			continue
		}
		for _, part := range holds {
			if !strings.Contains(l.Before+l.After+l.Target, part) {
				t.Errorf("%s is recorded without %s: %+v", action, part, l)
			}
		}
		return
	}
	t.Errorf("%s is not recorded: %+v", action, lines)
}

// A link by mail lasts half an hour, and dies with the address that it was
// mailed to and with a password that was changed.
func TestAResetByMailIsShortLived(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h, post, ben, cookie := lost(t)
	one := h.asks(t, post, "ben")
	h.Pass(30*time.Minute + time.Second)
	_, err := h.Reset(ctx, from(1), one[0], newPassword)
	code(t, err, openmates.EInvalid)
	two := h.asks(t, post, "ben")
	must(t, h.DB.SetEmail(ctx, ben.ID, "other@example.org", true))
	_, err = h.Reset(ctx, from(1), two[0], newPassword)
	code(t, err, openmates.EInvalid)
	three := h.asks(t, post, "ben")
	h.as(t, cookie, func(ctx context.Context, c openmates.Caller) {
		must(t, h.ChangePassword(ctx, c, goodPassword, newPassword, false))
	})
	_, err = h.Reset(ctx, from(1), three[0], goodPassword)
	code(t, err, openmates.EInvalid)
	h.Pass(time.Hour)
	for range 9 {
		h.asks(t, post, "ben")
	}
	if len(post.Sent) != 3+3 {
		t.Errorf("mailed %d", len(post.Sent))
	}
	must(t, h.DB.SetMailSettings(ctx, "", ""))
	err = h.AskReset(ctx, from(1), "ben")
	code(t, err, openmates.EUnavailable)
	if !strings.Contains(openmates.MessageOf(err), "openmates admin reset-password") {
		t.Errorf("without mail: %v", err)
	}
}

// Who asks waits for nothing that depends on whether the account exists.
func TestAskingTellsNothing(t *testing.T) {
	t.Parallel()
	h, _, _, _ := lost(t) //nolint:dogsled // the house is all that is needed here
	hang := make(chan struct{})
	asked := make(chan string, 10)
	h.Sender = senderFunc(func(to string) error { asked <- to; <-hang; return nil })
	for _, who := range []string{"ben", "nobody", "ben@example.org", "nobody@example.org"} {
		must(t, h.AskReset(t.Context(), from(1), who)) // returns while the mail server hangs
	}
	if to := <-asked; to != "ben@example.org" {
		t.Errorf("asked for %s", to)
	}
	close(hang)
	must(t, h.Close())
	limited := 0
	for range 30 {
		if err := h.AskReset(t.Context(), from(2), "nobody"); openmates.CodeOf(err) == openmates.ELimit {
			limited++
		}
	}
	if limited == 0 {
		t.Error("one address can ask for ever")
	}
	for _, nonsense := range []string{"", "  ", strings.Repeat("x", 300)} {
		code(t, h.AskReset(t.Context(), from(3), nonsense), openmates.EInvalid)
	}
}

func TestAnAdminHandsAResetOn(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h, post, ben, _ := lost(t)
	var made []identity.ResetLink
	byAda := func(second bool, password openmates.Secret) (err error) {
		h.as(t, h.enter(t, "ada"), func(ctx context.Context, c openmates.Caller) {
			var l identity.ResetLink
			if l, err = h.ResetLink(ctx, c, ben.ID, second, password); err == nil {
				made = append(made, l)
			}
		})
		return err
	}
	code(t, byAda(false, "not her password"), openmates.EForbidden)
	must(t, byAda(false, goodPassword))
	must(t, byAda(true, goodPassword))
	for _, c := range []openmates.Caller{{}, {User: ben, Session: "s"}, {User: openmates.User{ID: 1, Admin: true}, Token: openmates.AccessToken{ID: 9, Scopes: []openmates.Scope{openmates.ScopeAdmin}}}} {
		if _, err := h.ResetLink(ctx, c, ben.ID, false, goodPassword); err == nil {
			t.Errorf("%+v makes a link", c)
		}
	}
	eve, p := h.in(t, "eve", "lighthouse") // an admin of ben's team, too
	must(t, h.DB.AddMember(ctx, openmates.Membership{TeamID: p.Team.ID, UserID: ben.ID, Role: openmates.RoleMember}))
	_, err := h.ResetLink(ctx, eve, ben.ID, false, goodPassword)
	code(t, err, openmates.EForbidden)
	codes := make([]openmates.Secret, 0, len(made))
	for _, l := range made {
		path, c, ok := strings.Cut(l.URL.Reveal(), "?code=")
		if !ok || path != origin+identity.ResetPath || l.User.ID != ben.ID || !l.Expires.Equal(h.Clock().Add(24*time.Hour)) {
			t.Fatalf("%+v", l)
		}
		codes = append(codes, openmates.Secret(c))
	}
	_, err = h.Reset(ctx, from(1), codes[0], newPassword)
	code(t, err, openmates.EInvalid) // another one was made since
	h.recorded(t, "account.reset_link", `"second_step":true`, "ben")
	_, err = h.Reset(ctx, from(1), codes[1], newPassword)
	must(t, err)
	h.visit(t, nil, func(ctx context.Context) {
		_, err := h.SignIn(ctx, from(2), "ben", newPassword)
		must(t, err) // the second step is dropped
	})
	h.WaitForErrands()
	if len(post.Sent) != 1 || !strings.Contains(post.Sent[0], "The password of your account was reset with a link from a server admin. Your second step and your passkeys were removed; set them up again. All its sessions were signed out.") {
		t.Errorf("told %q", post.Sent)
	}
	must(t, byAda(false, goodPassword))
	ada, err := h.DB.UserByName(ctx, "ada")
	must(t, err)
	ada.Admin = false
	must(t, h.DB.SaveUser(ctx, ada))
	_, c, _ := strings.Cut(made[2].URL.Reveal(), "?code=")
	_, err = h.Reset(ctx, from(1), openmates.Secret(c), goodPassword)
	code(t, err, openmates.EInvalid) // it does not outlive its maker's right
}

func TestTheOperatorLetsPeopleBackIn(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h, post, ben, _ := lost(t)
	o := h.Operator()
	for _, nobody := range []string{"", "nobody", "b\x00en"} {
		_, err := o.ResetPassword(ctx, nobody)
		code(t, err, openmates.EInvalid)
	}
	l, err := o.ResetPassword(ctx, "BEN")
	must(t, err)
	_, c, _ := strings.Cut(l.URL.Reveal(), "?code=")
	_, err = h.Reset(ctx, from(1), openmates.Secret(c), newPassword)
	must(t, err)
	_, err = o.MakeAdmin(ctx, "ben")
	must(t, err)
	_, err = o.MakeAdmin(ctx, "ben")
	code(t, err, openmates.EInvalid)
	_, err = o.DropSecondStep(ctx, "ben")
	must(t, err)
	_, err = o.DropSecondStep(ctx, "ben")
	code(t, err, openmates.EInvalid)
	h.visit(t, nil, func(ctx context.Context) {
		u, err := h.SignIn(ctx, from(2), "ben", newPassword)
		must(t, err)
		if !u.Admin || u.ID != ben.ID {
			t.Errorf("%+v", u)
		}
	})
	h.WaitForErrands()
	if len(post.Sent) != 3 {
		t.Errorf("told %d times: %q", len(post.Sent), post.Sent)
	}
	for _, action := range []string{"account.reset_link", "account.reset", "account.second_step_reset", "server.admin"} {
		h.recorded(t, action, "ben")
	}
	for n := range 12 { // what its owner hears is bounded, too
		h.TellNow(ctx, ben, "", openmates.T("Notice %d", n))
	}
	if len(post.Sent) != 10 {
		t.Errorf("told %d times", len(post.Sent))
	}
}

// A link that an admin has made is void once they are no admin any more, also
// between the look at it and its use.
func TestALinkDoesNotOutliveItsMakersRights(t *testing.T) {
	t.Parallel()
	h := seeded(t)
	ctx := t.Context()
	eve, _ := h.in(t, "eve", "lighthouse")
	must(t, h.DB.SetServerAdmin(ctx, eve.User.ID, true))
	eve, _ = h.in(t, "eve", "lighthouse")
	ben, err := h.DB.UserByName(ctx, "ben")
	must(t, err)
	var link identity.ResetLink
	h.as(t, h.enter(t, "eve"), func(ctx context.Context, c openmates.Caller) {
		var err error
		link, err = h.Room.ResetLink(ctx, c, ben.ID, false, goodPassword)
		must(t, err)
	})
	_, text, _ := strings.Cut(link.URL.Reveal(), "?code=")
	u, _, err := h.LookAtReset(ctx, from(1), openmates.Secret(text))
	must(t, err)
	if u.ID != ben.ID {
		t.Errorf("the link is for %s", u.Username)
	}
	must(t, h.DB.SetServerAdmin(ctx, eve.User.ID, false))
	_, _, err = h.LookAtReset(ctx, from(1), openmates.Secret(text))
	code(t, err, openmates.EInvalid)
	_, err = h.Room.Reset(ctx, from(1), openmates.Secret(text), "four silent harbours")
	code(t, err, openmates.EInvalid)
	h.enter(t, "ben") // by the old password
}
