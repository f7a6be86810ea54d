package web

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/policy"
)

// leavings classifies every form by what it leaves behind. One that isn't
// listed fails the test: state what it leaves and, if that works without its
// maker, call policy.Remain for it and add a case below. internal/api has the
// same list for its operations.
func leavings() map[string]string {
	const (
		nothing = "nothing, or it takes away"
		thing   = "a thing that lets nobody in, and that all see who look after it"
		right   = "a role or an account"
		remain  = "something that works without its maker, walked below"
		waiting = "something that waits for the same person; package account ends it"
		proof   = "a proof that somebody reads an address: for one invite, or until the address is another"
	)
	all := map[string]string{}
	for kind, patterns := range map[string]string{
		nothing: `/signout; /language; /profile/unlink; /profile/tokens/{id}/revoke; /teams/{slug}/tokens/{id}/revoke; /teams/{slug}/invites/{id}/revoke; /teams/{slug}/leave;
			/teams/{slug}/people/{username}/remove; /profile/security/authenticator/remove; /profile/security/passkeys/remove; /profile/security/sessions/end;
			/profile/security/sessions/end-others; /profile/security/sessions/end-all; /profile/data/export; /profile/data/delete; /server/mail/stop;
			/server/people/{username}/remove; /server/teams/{slug}/remove; /server/workspaces/{network}/{workspace}/untie;
			/teams/{slug}/connect/{network}/{workspace}/{mate}/remove; /teams/{slug}/connect/{network}/{workspace}/disconnect; /teams/{slug}/notices/{id}/read;
			/server/bots/{network}/{handle}/remove; /server/providers/{name}/remove`,
		thing: `/found/{step}; /profile/preferences; /profile/privacy; /profile/address; /signin/reset; /profile/security/password; /profile/security/recovery; /profile/security/passkeys/ask;
			/teams/{slug}/limits; /teams/{slug}/name; /teams/{slug}/people/{username}/limits; /teams/{slug}/connect/{network}/{workspace}/{mate}/test;
			/server/settings; /server/settings/check; /server/mail; /server/limits; /server/bots/{network}/{handle}; /server/bots/{network}/{handle}/check;
			/server/bots/{network}/{handle}/dress; /server/bots/{network}/{handle}/permissions; /server/bots/{network}/{handle}/restart;
			/server/bots/{network}/{handle}/pause; /server/bots/{network}/{handle}/resume; /server/providers; /server/providers/defaults;
			/server/providers/{name}/change; /server/providers/{name}/refresh; /server/providers/{name}/models; /server/providers/{name}/free;
			/server/providers/{name}/model; /server/providers/{name}/try; /server/mates; /server/mates/{handle}; /server/mates/{handle}/duplicate;
			/server/mates/{handle}/limits; /server/mates/{handle}/try; /server/mates/{handle}/versions/{version}; /server/mates/{handle}/archive;
			/server/mates/{handle}/switch`,
		right: `/setup; /found; /join/{code}; /link; /teams/{slug}/people/{username}/role; /server/people/{username}/admin; /messenger/connect; /messages/connect;
			/profile/security/authenticator; /profile/security/passkeys`,
		remain:  `/signin; /signin/demo; /signin/second; /signin/passkey; /server/reset; /profile/link; /profile/code; /profile/tokens; /teams/{slug}/tokens; /teams/{slug}/invites; /teams/{slug}/install`,
		waiting: `/signin/passkey/begin; /profile/security/email; /profile/security/authenticator/begin; /profile/security/passkeys/begin`,
		proof:   `/join/{code}/proof; /signin/forgot`,
	} {
		for p := range strings.SplitSeq(patterns, ";") {
			all["POST "+strings.TrimSpace(p)] = kind
		}
	}
	return all
}

func TestEveryFormSaysWhatItLeavesBehind(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	known := leavings()
	for _, pattern := range h.web.patterns {
		if strings.HasPrefix(pattern, "POST ") && known[pattern] == "" {
			t.Errorf("%s: say in leavings what it leaves behind that works without its maker", pattern)
		}
	}
	for pattern := range known {
		if !slices.Contains(h.web.patterns, pattern) {
			t.Errorf("the list knows %s, the pages do not", pattern)
		}
	}
}

// leaver is ada, who runs harbour and the server, in four browsers.
type leaver struct {
	*house
	ada, other, keeper, ben *browser
	recovery                string
	adasID                  openmates.ID
	guests                  int
}

func newLeaver(t *testing.T) *leaver {
	t.Helper()
	h := newHouse(t).furnish()
	l := &leaver{house: h, ben: h.as("ben")}
	ctx := t.Context()
	team, err := h.db.TeamBySlug(ctx, "harbour")
	must(t, err)
	ben, err := h.db.UserByName(ctx, "ben")
	must(t, err)
	ada, err := h.db.UserByName(ctx, "ada")
	must(t, err)
	l.adasID = ada.ID
	must(t, h.db.SetRole(ctx, team.ID, ben.ID, openmates.RoleAdmin))
	must(t, h.db.SetServerAdmin(ctx, ben.ID, true))
	signIn := func() *browser {
		b := h.browser()
		if got := b.post("/signin", url.Values{"username": {"ada"}, "password": {canaryPassword}}); got.status != http.StatusSeeOther {
			t.Fatalf("sign in: %d %s", got.status, got.body)
		}
		return b
	}
	l.ada, l.other, l.keeper = signIn(), signIn(), signIn()
	secret := secretOn(t, l.keeper.follow(securityAt+"/authenticator/begin", pass()))
	shown := l.keeper.follow(securityAt+"/authenticator", url.Values{"code": {codeOf(t, secret, l.team.Now())}})
	m := regexp.MustCompile(`<code>(\w{4}-\w{4}-\w{4}-\w{4})</code>`).FindStringSubmatch(shown.body)
	if m == nil {
		t.Fatalf("no recovery codes:\n%s", shown.body)
	}
	l.recovery = m[1]
	return l
}

func (l *leaver) invite(role string) func() bool {
	code := l.inviteBy(l.ada, "harbour", url.Values{"role": {role}, "uses": {"0"}})
	return func() bool {
		l.guests++
		f := url.Values{"username": {fmt.Sprint("nora", l.guests)}, "name": {"Nora"}, "password": {canaryPassword}}
		return l.browser().post("/join/"+code, f).status == http.StatusSeeOther
	}
}

func (l *leaver) token(at string) func() bool {
	made := l.ada.follow(at, url.Values{"name": {"x"}, "scope": {"admin"}, "days": {"366"}})
	token := regexp.MustCompile(`om_[A-Z2-7]{26}`).FindString(made.body)
	if token == "" {
		l.t.Fatalf("%s makes no token:\n%s", at, made.body)
	}
	return func() bool {
		c, err := l.identity.Bearer(l.t.Context(), netip.MustParseAddr("192.0.2.9"), openmates.Secret(token))
		if err != nil {
			return false
		}
		_, err = l.team.Enter(l.t.Context(), c, "harbour", policy.InvitePeople)
		return err == nil
	}
}

func (l *leaver) linkCode() func() bool {
	shown := l.ada.follow("/profile/code", url.Values{"network": {"testnet"}})
	code := regexp.MustCompile(`\b[A-Z2-7]{26}\b`).FindString(shown.body)
	if code == "" {
		l.t.Fatalf("no code:\n%s", shown.body)
	}
	return func() bool {
		_, err := l.connect.FinishByChat(l.t.Context(), l.connect.CodeHash(openmates.Secret(code)), "testnet", messenger.Account{ID: "thief", Name: "Thief"})
		return err == nil
	}
}

// consent begins on one of ada's pages; approve is the click on the network's.
func (l *leaver) consent(path string, f url.Values, approve func(page string) (url.Values, error)) func() bool {
	got := l.ada.post(path, f)
	page := got.header.Get("Location")
	if got.status != http.StatusSeeOther || strings.HasPrefix(page, "/") {
		l.t.Fatalf("%s leads to %d %q\n%s", path, got.status, page, got.body)
	}
	return func() bool {
		q, err := approve(page)
		must(l.t, err)
		before := l.linked()
		l.ada.post("/messenger/connect", q)
		return l.linked() > before
	}
}

// linked counts what is connected and linked.
func (l *leaver) linked() int {
	n, err := l.db.Count(l.t.Context())
	must(l.t, err)
	ids, err := l.db.IdentitiesOf(l.t.Context(), l.adasID)
	must(l.t, err)
	return len(ids) + int(n.Workspaces)
}

func (l *leaver) half() func() bool {
	b := l.browser()
	if got := b.post("/signin", url.Values{"username": {"ada"}, "password": {canaryPassword}}); !strings.HasPrefix(got.header.Get("Location"), "/signin/second") {
		l.t.Fatalf("the password alone leads to %d %q", got.status, got.header.Get("Location"))
	}
	return func() bool {
		b.post("/signin/second", url.Values{"code": {l.recovery}})
		return b.get("/profile").status == http.StatusOK
	}
}

func (l *leaver) take(what string) {
	l.t.Helper()
	for _, step := range map[string][]struct {
		b    *browser
		path string
		form url.Values
	}{
		"no admin of the team any more": {{l.ben, "/teams/harbour/people/ada/role", url.Values{"role": {"member"}}}},
		"taken out of the team":         {{l.ben, "/teams/harbour/people/ada/remove", nil}},
		"left the team":                 {{l.keeper, "/teams/harbour/leave", nil}},
		"deleted the account":           {{l.keeper, "/profile/data/delete", url.Values{"username": {"ada"}, "password": {canaryPassword}}}},
		"deleted by an admin":           {{l.ben, "/server/people/ada/remove", nil}},
		"a new password":                {{l.keeper, securityAt + "/password", pass("new", "tundra mosaic kayak 7")}},
		"signed out everywhere else":    {{l.keeper, securityAt + "/sessions/end-others", nil}},
		"signed out everywhere":         {{l.keeper, securityAt + "/sessions/end-all", nil}},
		"signed out in one browser":     {{l.ada, "/signout", nil}},
	}[what] {
		if got := step.b.post(step.path, sure(step.form)); got.status != http.StatusSeeOther {
			l.t.Fatalf("%s: %d\n%s", what, got.status, got.body)
		}
	}
}

// All that forms can leave behind is left behind, then a right is taken away,
// and what needed it does nothing any more.
func TestNothingOutlivesItsMakerByPages(t *testing.T) {
	t.Parallel()
	gone := []string{"deleted the account", "deleted by an admin"}
	everywhere := append(slices.Clone(gone), "a new password", "signed out everywhere else", "signed out everywhere")
	out := []string{"taken out of the team", "left the team"}
	inTeam := append(append(slices.Clone(gone), out...), "no admin of the team any more")
	all := append(append(slices.Clone(everywhere), out...), "no admin of the team any more")
	here := append(slices.Clone(everywhere), "signed out in one browser")
	testnet := url.Values{"network": {"testnet"}}
	install := url.Values{"mate": {"sophia"}}
	maps.Copy(install, testnet)
	type leaving struct {
		name string
		make func(*leaver) func() bool
		ends []string
	}
	leavings := []leaving{
		{"an invite for members", func(l *leaver) func() bool { return l.invite("member") }, inTeam},
		{"an invite for admins", func(l *leaver) func() bool { return l.invite("admin") }, all},
		{"a token", func(l *leaver) func() bool { return l.token("/profile/tokens") }, all},
		{"a team's token", func(l *leaver) func() bool { return l.token("/teams/harbour/tokens") }, all},
		{"a code to send to a mate", (*leaver).linkCode, here},
		{"a consent to link an account", func(l *leaver) func() bool {
			return l.consent("/profile/link", testnet, func(page string) (url.Values, error) {
				return l.network.Link(page, messenger.Account{ID: "U9", Name: "x"})
			})
		}, here},
		{"a consent to add a mate", func(l *leaver) func() bool {
			return l.consent("/teams/harbour/install", install, func(page string) (url.Values, error) {
				return l.network.Install(page, messenger.Workspace{ID: "G9", Name: "x"})
			})
		}, append(slices.Clone(here), out...)},
		{"a session", func(l *leaver) func() bool {
			return func() bool { return l.other.get("/profile").status == http.StatusOK }
		}, everywhere},
		{"a half sign-in", (*leaver).half, everywhere},
	}
	for _, taking := range append([]string{"nothing happens", "signed out in one browser"}, all...) {
		t.Run(taking, func(t *testing.T) {
			t.Parallel()
			l := newLeaver(t)
			var works []func() bool
			for _, left := range leavings {
				works = append(works, left.make(l))
			}
			l.take(taking)
			for i, left := range leavings {
				if alive, ends := works[i](), slices.Contains(left.ends, taking); alive == ends {
					t.Errorf("%s: %s works: %v, want %v", taking, left.name, alive, !ends)
				}
			}
		})
	}
}

// People who created tokens that others rely on are asked about those as well.
func TestSharedTokensCanBeKeptByPages(t *testing.T) {
	t.Parallel()
	const box = "Keep the tokens for teams and listeners"
	for name, end := range map[string]func(l *leaver, keep url.Values) answer{
		"signed out everywhere else": func(l *leaver, keep url.Values) answer {
			return l.keeper.follow(securityAt+"/sessions/end-others", sure(keep))
		},
		"a new password": func(l *leaver, keep url.Values) answer {
			f := pass("new", "tundra mosaic kayak 7")
			maps.Copy(f, keep)
			return l.keeper.follow(securityAt+"/password", f)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLeaver(t)
			own := l.token("/profile/tokens")
			if page := l.ada.get(securityAt); strings.Contains(page.body, box) {
				t.Error("it is asked what to keep where there is nothing")
			}
			team := l.token("/teams/harbour/tokens")
			wants(t, l.ada.get(securityAt), http.StatusOK, box, "for the team Harbour", "your own")
			wants(t, l.ada.get(securityAt+"/sessions/end-others"), http.StatusOK, box, "open invites for admins are revoked")
			wants(t, end(l, url.Values{"keep": {"yes"}}), http.StatusOK, "those for teams and listeners stay")
			if own() || !team() {
				t.Errorf("works: own %v, want false; the team's %v, want true", own(), team())
			}
		})
	}
}
