package account

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"openmates"
	"openmates/internal/address"
	"openmates/internal/mail"
	"openmates/internal/secret"
	"openmates/internal/store"
)

const goodPassword = "three quiet lighthouses"

// house is the room over a real database. What surrounds the room can be
// changed while it runs.
type house struct {
	*Room
	db  *store.DB
	log *bytes.Buffer
	mu  sync.Mutex
	at  time.Time

	audit  openmates.Audit // nil = nothing is recorded
	sender mail.Sender
	public *address.Public
	reach  http.RoundTripper // nil = the network
}

// Send implements mail.Sender.
func (h *house) Send(ctx context.Context, s mail.Settings, m mail.Message) error {
	if h.sender == nil {
		return openmates.Errorf(openmates.EUnavailable, "There is no mail server.")
	}
	return h.sender.Send(ctx, s, m)
}

// RoundTrip implements http.RoundTripper.
func (h *house) RoundTrip(r *http.Request) (*http.Response, error) {
	if h.reach == nil {
		return (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	}
	return h.reach.RoundTrip(r)
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}

func newHouse(t *testing.T) *house {
	t.Helper()
	return newHouseAt(t, "http://mates.example", true)
}

// newHouseAt is newHouse with a public address, which somebody has chosen or not.
func newHouseAt(t *testing.T, url string, chosen bool) *house {
	t.Helper()
	key := make([]byte, 32)
	rand.Read(key)
	ring, err := secret.New(key)
	must(t, err)
	h := &house{at: time.Now(), log: &bytes.Buffer{}}
	h.db, err = store.Open(context.Background(), store.Config{Dir: t.TempDir(), Seal: ring, Log: slog.New(slog.DiscardHandler), Watch: time.Hour})
	must(t, err)
	t.Cleanup(func() { _ = h.db.Close() })
	log := slog.New(slog.NewTextHandler(h.log, nil))
	post, err := mail.NewPostman(mail.PostmanConfig{Store: h.db, Log: log, Sender: h, Clock: h.now})
	must(t, err)
	h.public, err = address.New(url, chosen)
	must(t, err)
	h.Room, err = New(Config{Store: h.db, Log: log, Clock: h.now, Post: post,
		Audit: func(ctx context.Context, e openmates.AuditEntry) error {
			if h.audit == nil {
				return nil
			}
			return h.audit(ctx, e)
		},
		Address: h.public, Reach: h,
		Cost: Cost{Memory: 64, Time: 1, Threads: 1}}) // the tests are about what happens around the hashes
	must(t, err)
	return h
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func code(t *testing.T, err error, want openmates.Code) {
	t.Helper()
	if got := openmates.CodeOf(err); got != want {
		t.Fatalf("code %q (%v), want %q", got, err, want)
	}
}

func from(n int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}) }

func founder(c openmates.Secret) Founder {
	return Founder{Code: c, Name: "Ada", Username: "ada", Password: goodPassword, Team: "Harbour"}
}

func TestSetup(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := newHouse(t)
	open, err := h.SetupOpen(ctx)
	must(t, err)
	if open {
		t.Error("the setup is open before a code was made")
	}
	old, err := h.SetupCode(ctx)
	must(t, err)
	if len(old.Reveal()) < 26 { // base32: 26 characters are 130 bits
		t.Errorf("the code %d characters long", len(old.Reveal()))
	}
	fresh, err := h.SetupCode(ctx)
	must(t, err)
	stored, err := h.db.SetupHash(ctx)
	must(t, err)
	if strings.Contains(stored, fresh.Reveal()) {
		t.Error("the code is stored readable")
	}
	_, _, err = h.Setup(ctx, from(1), founder(old))
	code(t, err, openmates.EUnauthorized) // that of an earlier start
	_, _, err = h.Setup(ctx, from(1), founder(""))
	code(t, err, openmates.EUnauthorized)
	must(t, h.CheckSetupCode(ctx, from(1), fresh))

	for name, f := range map[string]Founder{
		"no name":          {Code: fresh, Username: "ada", Password: goodPassword, Team: "T"},
		"bad username":     {Code: fresh, Name: "A", Username: "a b", Password: goodPassword, Team: "T"},
		"short password":   {Code: fresh, Name: "A", Username: "ada", Password: "short", Team: "T"},
		"common password":  {Code: fresh, Name: "A", Username: "ada", Password: "Password123!", Team: "T"},
		"no team":          {Code: fresh, Name: "A", Username: "ada", Password: goodPassword},
		"reserved address": {Code: fresh, Name: "A", Username: "ada", Password: goodPassword, Team: "T", Slug: "api"},
	} {
		_, _, err := h.Setup(ctx, from(len(name)), f)
		if openmates.CodeOf(err) != openmates.EInvalid {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}

	u, team, err := h.Setup(ctx, from(2), founder(fresh))
	must(t, err)
	if !u.Admin || team.Slug != "harbour" {
		t.Errorf("made %+v, %+v", u, team)
	}
	if role, _ := h.db.Role(ctx, team.ID, u.ID); role != openmates.RoleAdmin {
		t.Errorf("role %q", role)
	}
	_, _, err = h.Setup(ctx, from(2), founder(fresh))
	code(t, err, openmates.EConflict) // used up
	if again, err := h.SetupCode(ctx); again != "" || err != nil {
		t.Errorf("a code for a server that has an admin: %v %v", again, err)
	}
	if h.log.Len() == 0 || strings.Contains(h.log.String(), fresh.Reveal()) {
		t.Errorf("log: %s", h.log)
	}
}

func TestSetupRace(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c, err := h.SetupCode(t.Context())
	must(t, err)
	const n = 6
	errs := make(chan error, n)
	for i := range n {
		go func() {
			f := founder(c)
			f.Username, f.Team = fmt.Sprintf("ada%d", i), fmt.Sprintf("Team %d", i)
			_, _, err := h.Setup(t.Context(), from(i), f)
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
	teams, err := h.db.Teams(t.Context())
	must(t, err)
	users, err := h.db.Users(t.Context())
	must(t, err)
	if won != 1 || len(teams) != 1 || len(users) != 1 {
		t.Errorf("%d won, %d teams, %d users", won, len(teams), len(users))
	}
}

func TestSetupGuessing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c, err := h.SetupCode(t.Context())
	must(t, err)
	limited := false
	for range 30 {
		limited = limited || openmates.CodeOf(h.CheckSetupCode(t.Context(), from(9), "WRONG")) == openmates.ELimit
	}
	if !limited {
		t.Error("codes can be guessed without end")
	}
	must(t, h.CheckSetupCode(t.Context(), from(10), c)) // others are not held up
}

// seeded is a house with ada (server and team admin), ben (member) and, in
// another team, eve.
func seeded(t *testing.T) *house {
	t.Helper()
	h := newHouse(t)
	_, _, err := h.Seed(t.Context(), Plan{Team: "Harbour", People: []Person{
		{Username: "ada", Name: "Ada", Password: goodPassword, Role: openmates.RoleAdmin, Admin: true},
		{Username: "ben", Name: "Ben", Password: goodPassword, Role: openmates.RoleMember},
	}})
	must(t, err)
	_, _, err = h.Seed(t.Context(), Plan{Team: "Lighthouse", People: []Person{
		{Username: "eve", Name: "Eve", Password: goodPassword, Role: openmates.RoleAdmin},
	}})
	must(t, err)
	return h
}

// visit runs fn within a request that carries the cookie, and gives the cookie
// that comes back.
func (h *house) visit(t *testing.T, cookie *http.Cookie, fn func(context.Context)) *http.Cookie {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if cookie != nil {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	h.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fn(r.Context()) })).ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		return c
	}
	return nil
}

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
	if _, found, _ := h.db.Session(t.Context(), cookie.Value); found {
		t.Error("the session's token is stored readable")
	}
	h.visit(t, cookie, func(ctx context.Context) {
		c := openmates.CallerOf(ctx)
		if c.User.Username != "ada" || c.Session == "" || strings.Contains(c.Session, cookie.Value) {
			t.Errorf("caller %+v", c)
		}
		h.SetFlash(ctx, "Well done.")
	})
	h.visit(t, cookie, func(ctx context.Context) {
		if a, b := h.Flash(ctx), h.Flash(ctx); a != "Well done." || b != "" {
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
	ada, err := h.db.AddUser(t.Context(), openmates.User{Username: "nopass", DisplayName: "No"}, "")
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
		_, err := h.SignIn(ctx, from(9), "ada", openmates.Secret(strings.Repeat("x", maxPassword+1)))
		code(t, err, openmates.EUnauthorized)
	})
}

func TestUnknownCostsAsMuch(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	known, err := h.vault.hash(t.Context(), goodPassword)
	must(t, err)
	a, _, _, err := parsePHC(known)
	must(t, err)
	b, salt, key, err := parsePHC(h.vault.decoy)
	must(t, err)
	if a != b || len(salt) != saltLen || len(key) != keyLen {
		t.Errorf("an unknown account is checked at %+v, a known one at %+v", b, a)
	}
	if ok, _, err := h.vault.check(t.Context(), "", ""); ok || err != nil {
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
	h.pass(31 * time.Second)
	must(t, try(20, "ada", goodPassword))
	for i := range 9 { // and having got in, one starts anew
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
	u, err := h.db.UserByName(t.Context(), "ada")
	must(t, err)
	before, err := h.db.Password(t.Context(), u.ID)
	must(t, err)
	old := h.vault.cost
	h.vault.cost.Time = 2
	h.visit(t, nil, func(ctx context.Context) {
		_, err := h.SignIn(ctx, from(1), "ada", goodPassword)
		must(t, err)
	})
	after, err := h.db.Password(t.Context(), u.ID)
	must(t, err)
	p, _, _, err := parsePHC(after)
	must(t, err)
	if after == before || p == old || p != h.vault.cost {
		t.Errorf("the hash stayed at %+v", p)
	}
	h.visit(t, nil, func(ctx context.Context) {
		_, err := h.SignIn(ctx, from(1), "ada", goodPassword)
		must(t, err)
	})
}

func TestHashIsOWASPs(t *testing.T) {
	t.Parallel()
	v := newVault(Cost{}.orUsual(), 1)
	phc, err := v.hash(t.Context(), goodPassword)
	must(t, err)
	if !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %s", phc)
	}
	ok, stale, err := v.check(t.Context(), goodPassword, phc)
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
		err := h.vault.valid(openmates.Secret(pass), "adalovelace", "Ada")
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
		u, err := h.db.UserByName(t.Context(), name)
		must(t, err)
		return openmates.Caller{User: u, Session: "s"}
	}
	all := []Right{RunServer, SeeTeam, LeaveTeam, ConnectTeam, AskMates, RunTeam, ManagePeople, InvitePeople, SeeUsage, "invented"}
	may := map[string][]Right{ // in the team harbour
		"ada": {SeeTeam, LeaveTeam, ConnectTeam, AskMates, RunTeam, ManagePeople, InvitePeople, SeeUsage, RunServer},
		"ben": {SeeTeam, LeaveTeam, ConnectTeam, AskMates},
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
		if err := Require(caller(who), RunServer); (err == nil) != (who == "ada") {
			t.Errorf("%q runs the server: %v", who, err)
		}
	}
	foreign, err1 := h.Enter(t.Context(), caller("eve"), "harbour", SeeTeam)
	_, err2 := h.Enter(t.Context(), caller("eve"), "harboux", SeeTeam)
	if strings.ReplaceAll(err1.Error(), "harbour", "X") != strings.ReplaceAll(err2.Error(), "harboux", "X") || foreign.Team.Name != "" {
		t.Errorf("a foreign team can be told from none: %v / %v", err1, err2)
	}
	// The server's admin is no member of other teams.
	_, err := h.Enter(t.Context(), caller("ada"), "lighthouse", SeeTeam)
	code(t, err, openmates.ENotFound)
	p, err := h.Enter(t.Context(), caller("ben"), "harbour", SeeTeam)
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
		p, salt, key, err := parsePHC(s)
		if err == nil && (p.Memory > maxMemory || p.Time > maxTime || p.Threads == 0 || len(salt) > 64 || len(key) > 64) {
			t.Errorf("%q asks for %+v", s, p)
		}
	})
}
