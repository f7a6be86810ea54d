package web

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"openmates"
	"openmates/internal/connect/connecttest"
	"openmates/internal/locale"
	"openmates/internal/messenger"
)

// named are what people typed, by what it is of.
type named map[string]string

// typedThings are what has a name that somebody types.
func typedThings() []string {
	return []string{"team", "other team", "server", "mate", "field", "description", "person", "other person", "note", "token", "account"}
}

// plainNames are such that no message holds them.
func plainNames() named {
	n := named{}
	for i, thing := range typedThings() {
		n[thing] = fmt.Sprintf("Qx%dzq", i)
	}
	return n
}

// Names that equal a message of the catalogue, or hold format verbs or HTML, are
// shown exactly as they were typed, on every page and in every language.
func TestTypedNamesAreShownAsTheyAreEverywhere(t *testing.T) {
	t.Parallel()
	messages := shortMessages(t)
	for _, language := range []string{"en", "de"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			plain := plainNames()
			base := pagesNamed(t, language, plain)
			for thing, name := range plain {
				n := 0
				for _, page := range base {
					n += strings.Count(page.text, name)
				}
				if n == 0 {
					t.Errorf("the %s is shown on no page", thing)
				}
			}
			hostile := []named{{}, {}}
			for i, thing := range typedThings() {
				hostile[0][thing] = messages[i*len(messages)/len(typedThings())]
				hostile[1][thing] = []string{"%s %d %!v(x)", "<b>%s</b>&amp;", `["%s!","x"]`}[i%3] + string(rune('k'+i))
			}
			for _, typed := range hostile {
				got := pagesNamed(t, language, typed)
				if len(got) != len(base) {
					t.Fatalf("%d pages, with plain names %d", len(got), len(base))
				}
				for i, page := range got {
					for thing, name := range typed {
						want := strings.Count(base[i].text, plain[thing]) + strings.Count(base[i].text, name)
						if n := strings.Count(page.text, name); n != want {
							t.Errorf("%s: the %s %q is shown %d times, want %d", page.name, thing, name, n, want)
						}
					}
				}
			}
		})
	}
}

// shortMessages are messages that somebody may well use as a name, and that are
// others in German.
func shortMessages(t *testing.T) (all []string) {
	t.Helper()
	po, err := fs.ReadFile(locale.Files(), "po/de.po")
	must(t, err)
	for _, m := range regexp.MustCompile(`(?m)^msgid "([A-Z][a-z]+(?: [a-z]+){0,2})"\nmsgstr "(.+)"$`).FindAllStringSubmatch(string(po), -1) {
		if len(m[1]) >= 8 && len(m[1]) <= 24 && !strings.Contains(m[2], m[1]) {
			all = append(all, m[1])
		}
	}
	if len(all) < 100 {
		t.Fatalf("the catalogue has only %d such messages", len(all))
	}
	return all
}

type shown struct{ name, text string }

// pagesNamed opens the pages of a server on which things are called so.
func pagesNamed(t *testing.T, language string, n named) (all []shown) {
	t.Helper()
	h := newHouse(t).furnish()
	h.names(n)
	a := newAlbum(t)
	a.language = language
	ada := h.as("ada")
	for _, path := range []string{"/", "/teams/harbour", "/teams/harbour/people", "/teams/harbour/connect", "/teams/harbour/invites", "/teams/harbour/limits", "/teams/harbour/usage",
		"/teams/harbour/settings", "/teams/harbour/audit", "/server", "/server/mates", "/server/mates/sophia", "/server/bots", "/server/people", "/server/teams", "/server/workspaces", "/server/audit",
		"/server/limits", "/server/settings", "/mates/sophia", "/profile", "/profile/tokens", "/profile/privacy", "/profile/preferences", "/teams/harbour/people/ben"} {
		if strings.HasPrefix(routeOf(h, path), "GET ") {
			a.open("ada", ada, path)
		}
	}
	if len(a.pages) < 18 {
		t.Errorf("only %d pages were opened", len(a.pages))
	}
	for _, p := range a.pages {
		all = append(all, shown{p.name, readText(t, p.body)})
	}
	return all
}

func (h *house) names(n named) {
	ctx := h.t.Context()
	for slug, thing := range map[string]string{"harbour": "team", "lighthouse": "other team"} {
		team, err := h.db.TeamBySlug(ctx, slug)
		must(h.t, err)
		team.Name = n[thing]
		must(h.t, h.db.SaveTeam(ctx, team))
	}
	for username, thing := range map[string]string{"ada": "person", "ben": "other person"} {
		u, err := h.db.UserByName(ctx, username)
		must(h.t, err)
		u.DisplayName = n[thing]
		must(h.t, h.db.SetPerson(ctx, u))
	}
	mates, err := h.db.Mates(ctx)
	must(h.t, err)
	for _, m := range mates {
		if m.Handle == "sophia" {
			m.Name, m.Field, m.Description = n["mate"], n["field"], n["description"]
			_, err = h.db.SaveMate(ctx, m)
			must(h.t, err)
		}
	}
	ada := h.as("ada")
	h.inviteBy(ada, "harbour", map[string][]string{"note": {n["note"]}})
	ada.post("/profile/tokens", map[string][]string{"name": {n["token"]}, "scope": {"read"}, "days": {"30"}})
	u, err := h.db.UserByName(ctx, "ada")
	must(h.t, err)
	_, err = h.db.AddIdentity(ctx, openmates.Identity{UserID: u.ID, Network: connecttest.Name, AccountID: "77", Name: n["account"]})
	must(h.t, err)
	b, err := h.connect.Mate(ctx, "sophia")
	must(h.t, err)
	_, err = h.db.AddInstallation(ctx, openmates.Installation{BotID: b.Bots[0].ID, TeamID: teamID(h.t, h, "harbour"), Workspace: "55", Name: n["server"]})
	must(h.t, err)
	h.states.set(b.Bots[0].ID, messenger.State{Phase: messenger.Connected})
}

// readText is all that people read of a page: texts, and attributes that are
// shown.
func readText(t *testing.T, page string) string {
	t.Helper()
	doc, err := html.ParseWithOptions(strings.NewReader(page), html.ParseOptionEnableScripting(false))
	must(t, err)
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "script" && n.Parent.Data != "style" {
			b.WriteString(n.Data + "\x00")
		}
		for _, at := range n.Attr {
			if at.Key == "title" || at.Key == "alt" || at.Key == "aria-label" || at.Key == "placeholder" || at.Key == "value" && n.Data == "input" {
				b.WriteString(at.Val + "\x00")
			}
		}
	}
	return b.String()
}
