package identity_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/policy"
)

func TestSession(t *testing.T) {
	t.Parallel()
	h := seeded(t)
	planted := &http.Cookie{Name: h.CookieName(), Value: "planted-by-somebody-else"}
	cookie := h.visit(t, planted, func(ctx context.Context) {
		if openmates.CallerOf(ctx).SignedIn() {
			t.Error("a planted cookie signs in")
		}
		_, err := h.SignIn(ctx, from(1), " Ada ", goodPassword)
		must(t, err)
	})
	if cookie == nil || cookie.Value == planted.Value {
		t.Fatalf("the session kept the token that was there before: %v", cookie)
	}
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode {
		t.Errorf("cookie %+v", cookie)
	}
	if _, found, _ := h.DB.Session(t.Context(), cookie.Value); found {
		t.Error("the session's token is stored readable")
	}
	h.visit(t, cookie, func(ctx context.Context) {
		c := openmates.CallerOf(ctx)
		if c.User.Username != "ada" || c.Session == "" || strings.Contains(c.Session, cookie.Value) {
			t.Errorf("caller %+v", c)
		}
		h.SetFlash(ctx, openmates.T("Well done."))
	})
	h.visit(t, cookie, func(ctx context.Context) {
		if a, b := h.Flash(ctx), h.Flash(ctx); a != openmates.T("Well done.") || b != "" {
			t.Errorf("flash %q, then %q", a, b)
		}
	})
	h.visit(t, cookie, func(ctx context.Context) { must(t, h.SignOut(ctx)) })
	h.visit(t, cookie, func(ctx context.Context) {
		if openmates.CallerOf(ctx).SignedIn() {
			t.Error("a session that was signed out of still works")
		}
	})
}

func TestSignInTellsNothing(t *testing.T) {
	t.Parallel()
	h := seeded(t)
	ada, err := h.DB.AddUser(t.Context(), openmates.User{Username: "nopass", DisplayName: "No"}, "")
	must(t, err)
	var said []string
	for _, who := range []string{"ada", "nobody", ada.Username, "", "ada' OR 1=1"} {
		h.visit(t, nil, func(ctx context.Context) {
			_, err := h.SignIn(ctx, from(len(said)), who, "a wrong password")
			code(t, err, openmates.EUnauthorized)
			said = append(said, err.Error())
		})
	}
	for _, s := range said {
		if s != said[0] {
			t.Errorf("the refusals differ: %q, %q", said[0], s)
		}
	}
	h.visit(t, nil, func(ctx context.Context) { // what is longer than any password is not hashed
		_, err := h.SignIn(ctx, from(9), "ada", openmates.Secret(strings.Repeat("x", identity.MaxPassword+1)))
		code(t, err, openmates.EUnauthorized)
	})
}

func TestUnknownCostsAsMuch(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	known, err := h.Vault().Hash(t.Context(), goodPassword)
	must(t, err)
	a, _, _, err := identity.ParsePHC(known)
	must(t, err)
	b, salt, key, err := identity.ParsePHC(h.Vault().Decoy())
	must(t, err)
	if a != b || len(salt) != identity.SaltLen || len(key) != identity.KeyLen {
		t.Errorf("an unknown account is checked at %+v, a known one at %+v", b, a)
	}
	if ok, _, err := h.Vault().Check(t.Context(), "", ""); ok || err != nil {
		t.Errorf("nobody's password fits: %v %v", ok, err)
	}
}

func TestThrottle(t *testing.T) {
	t.Parallel()
	h := seeded(t)
	try := func(addr int, who string, pass openmates.Secret) (err error) {
		h.visit(t, nil, func(ctx context.Context) { _, err = h.SignIn(ctx, from(addr), who, pass) })
		return err
	}
	for i := range 10 { // from many addresses at one account
		code(t, try(i, "ada", "a wrong password"), openmates.EUnauthorized)
	}
	code(t, try(20, "ada", goodPassword), openmates.ELimit)
	must(t, try(20, "ben", goodPassword)) // others get in
	h.Pass(31 * time.Second)
	must(t, try(20, "ada", goodPassword))
	for i := range 9 { // a successful sign-in resets the count
		code(t, try(i, "ada", "a wrong password"), openmates.EUnauthorized)
	}
	limited := false
	for i := range 60 { // from one address at many accounts
		limited = limited || openmates.CodeOf(try(77, fmt.Sprint("u", i), "a wrong password")) == openmates.ELimit
	}
	if !limited {
		t.Error("one address may try without end")
	}
}

func TestRehash(t *testing.T) {
	t.Parallel()
	h := seeded(t)
	u, err := h.DB.UserByName(t.Context(), "ada")
	must(t, err)
	before, err := h.DB.Password(t.Context(), u.ID)
	must(t, err)
	old := *h.Vault().Cost()
	h.Vault().Cost().Time = 2
	h.visit(t, nil, func(ctx context.Context) {
		_, err := h.SignIn(ctx, from(1), "ada", goodPassword)
		must(t, err)
	})
	after, err := h.DB.Password(t.Context(), u.ID)
	must(t, err)
	p, _, _, err := identity.ParsePHC(after)
	must(t, err)
	if after == before || p == old || p != *h.Vault().Cost() {
		t.Errorf("the hash stayed at %+v", p)
	}
	h.visit(t, nil, func(ctx context.Context) {
		_, err := h.SignIn(ctx, from(1), "ada", goodPassword)
		must(t, err)
	})
}

func TestHashIsOWASPs(t *testing.T) {
	t.Parallel()
	v := identity.NewVault(identity.Cost{}.OrUsual(), 1)
	phc, err := v.Hash(t.Context(), goodPassword)
	must(t, err)
	if !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %s", phc)
	}
	ok, stale, err := v.Check(t.Context(), goodPassword, phc)
	if !ok || stale || err != nil {
		t.Errorf("%v %v %v", ok, stale, err)
	}
}

func TestPasswordRules(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for pass, fine := range map[string]bool{
		"three quiet lighthouses": true, "пароль-из-слов": true, "x9$kq2Lm!v": true,
		"": false, "short": false, "123456789": false, "1234567890": false, "PASSWORD123": false, "password2031!": false,
		"aaaaaaaaaaaaaa": false, "abababababab": false, "adalovelace1": false, "correct horse battery staple": false,
		"with\x00a nul inside": false, "\xff\xfe broken utf8 text": false,
	} {
		err := h.Vault().Valid(openmates.Secret(pass), "adalovelace", "Ada")
		if (err == nil) != fine {
			t.Errorf("%q: %v", pass, err)
		}
		if err != nil && pass != "" && strings.Contains(err.Error(), pass) {
			t.Errorf("the refusal repeats the password: %v", err)
		}
	}
}

func TestRights(t *testing.T) {
	t.Parallel()
	h := seeded(t)
	caller := func(name string) openmates.Caller {
		if name == "" {
			return openmates.Caller{}
		}
		u, err := h.DB.UserByName(t.Context(), name)
		must(t, err)
		return openmates.Caller{User: u, Session: "s"}
	}
	all := []policy.Right{policy.RunServer, policy.SeeTeam, policy.LeaveTeam, policy.ConnectTeam, policy.AskMates, policy.RunTeam, policy.ManagePeople, policy.InvitePeople, policy.SeeUsage, "invented"}
	may := map[string][]policy.Right{ // in the team harbour
		"ada": {policy.SeeTeam, policy.LeaveTeam, policy.ConnectTeam, policy.AskMates, policy.RunTeam, policy.ManagePeople, policy.InvitePeople, policy.SeeUsage, policy.RunServer},
		"ben": {policy.SeeTeam, policy.LeaveTeam, policy.ConnectTeam, policy.AskMates},
		"eve": {}, "": {},
	}
	for who, rights := range may {
		for _, right := range all {
			want := false
			for _, r := range rights {
				want = want || r == right
			}
			_, err := h.Enter(t.Context(), caller(who), "harbour", right)
			if (err == nil) != want {
				t.Errorf("%q may %s: %v", who, right, err)
			}
			if c := openmates.CodeOf(err); who == "eve" && c != openmates.ENotFound || who == "" && c != openmates.EUnauthorized {
				t.Errorf("%q, %s: %v", who, right, err)
			}
		}
		if err := policy.Require(caller(who), policy.RunServer); (err == nil) != (who == "ada") {
			t.Errorf("%q runs the server: %v", who, err)
		}
	}
	foreign, err1 := h.Enter(t.Context(), caller("eve"), "harbour", policy.SeeTeam)
	_, err2 := h.Enter(t.Context(), caller("eve"), "harboux", policy.SeeTeam)
	if strings.ReplaceAll(err1.Error(), "harbour", "X") != strings.ReplaceAll(err2.Error(), "harboux", "X") || foreign.Team.Name != "" {
		t.Errorf("a foreign team can be told from none: %v / %v", err1, err2)
	}
	// The server's admin is no member of other teams.
	_, err := h.Enter(t.Context(), caller("ada"), "lighthouse", policy.SeeTeam)
	code(t, err, openmates.ENotFound)
	p, err := h.Enter(t.Context(), caller("ben"), "harbour", policy.SeeTeam)
	must(t, err)
	_, err = h.Member(t.Context(), p, "eve")
	code(t, err, openmates.ENotFound)
	m, err := h.Member(t.Context(), p, "ada")
	must(t, err)
	if m.Role != openmates.RoleAdmin {
		t.Errorf("member %+v", m)
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$a2V5a2V5a2V5a2V5a2V5a2V5")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$c2FsdHNhbHQ$a2V5a2V5a2V5a2V5")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, s string) {
		p, salt, key, err := identity.ParsePHC(s)
		if err == nil && (p.Memory > identity.MaxMemory || p.Time > identity.MaxTime || p.Threads == 0 || len(salt) > 64 || len(key) > 64) {
			t.Errorf("%q asks for %+v", s, p)
		}
	})
}
