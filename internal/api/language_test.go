package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"openmates"
	"openmates/internal/locale"
)

// A text with arguments is stored as an array; programs read the sentence.
func TestAnAnswerHoldsSentences(t *testing.T) {
	t.Parallel()
	type inner struct {
		Cure openmates.Text            `json:"cure"`
		By   map[string]openmates.Text `json:"by"`
	}
	type answer struct {
		All   []openmates.Text `json:"all"`
		Inner *inner           `json:"inner"`
		Any   any              `json:"any"`
		None  *inner           `json:"none"`
		Name  string           `json:"name"`
	}
	text := openmates.T("%s has %d", "Not ready", 2)
	shared := []openmates.Text{text}
	var k shapes
	for range 2 { // what is remembered of a type is the same
		got := k.said(&locale.Voice{}, &answer{shared, &inner{text, map[string]openmates.Text{"a": text}}, inner{Cure: text}, nil, "Not ready"})
		b, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		const want = `{"all":["Not ready has 2"],"inner":{"cure":"Not ready has 2","by":{"a":"Not ready has 2"}},"any":{"cure":"Not ready has 2","by":null},"none":null,"name":"Not ready"}`
		if string(b) != want {
			t.Errorf("%s\nwant %s", b, want)
		}
		if shared[0] != text {
			t.Error("what answers share was changed")
		}
	}
}

// What holds no text is neither copied nor looked through; a type that is within
// itself is.
func TestAnswersWithoutTextsAreLeftAlone(t *testing.T) {
	t.Parallel()
	type tree struct {
		Name string
		Sub  []*tree
		Why  openmates.Text
	}
	type bare struct {
		Name string
		Sub  []*struct{ Names map[string]int }
		hide openmates.Text
	}
	var k shapes
	v := &bare{Name: "Usage", hide: openmates.T("Usage")}
	if k.said(&locale.Voice{}, v) != any(v) {
		t.Error("an answer without texts was copied")
	}
	said, _ := k.said(&locale.Voice{}, &tree{Sub: []*tree{{Why: openmates.T("%s!", "x"), Sub: []*tree{{Why: openmates.T("%d?", 1)}}}}}).(*tree)
	if said.Sub[0].Why != "x!" || said.Sub[0].Sub[0].Why != "1?" {
		t.Errorf("within itself: %+v", said.Sub[0])
	}
}

// Problems and texts are in the caller's preference, else in the language that
// the request asks for. What programs rely on is the same in all of them.
func TestTheAPIAnswersInTheLanguageOfItsCaller(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, c := range []struct{ who, own, asked, language, detail string }{
		{"", "", "", "en", "Sign in first, or send a token."},
		{"", "", "de-CH, en;q=0.5", "de", "Melde dich zuerst an oder schick ein Token mit."},
		{"", "", "ja", "en", "Sign in first"},
		{"", "", strings.Repeat("de,", 500), "en", "Sign in first"},
		{"ben", "", "de", "de", "Das kann nur ein Server-Admin."},
		{"ben", "en", "de", "en", "Only a server admin can do that."},
		{"ben", "de", "", "de", "Das kann nur ein Server-Admin."},
		{"ben", "de", "en", "de", "Das kann nur ein Server-Admin."},
	} {
		path := "/me"
		if c.who != "" {
			path = "/server/bots"
			u := h.people[c.who]
			u.Language = c.own
			must(t, h.db.SetPerson(t.Context(), u))
		}
		resp, v := h.do(h.as(c.who), http.MethodGet, path, "", "Accept-Language", c.asked)
		detail, _ := v["detail"].(string)
		if !strings.HasPrefix(detail, c.detail) || resp.Header.Get("Content-Language") != c.language || resp.Header.Get("Vary") != "Accept-Language" {
			t.Errorf("%+v: %v, %v", c, v, resp.Header)
		}
		if code := v["code"]; code != "unauthorized" && code != "forbidden" {
			t.Errorf("%+v: the code is %v", c, code)
		}
	}
}

// Errors from middleware and from the framework are translated as well.
func TestEveryRefusalOfTheAPIHasALanguage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, c := range []struct {
		who, method, path, body, detail string
		header                          []string
	}{
		{"", http.MethodPatch, "/auth/sign-in", "", "Diesen Pfad", nil},
		{"", http.MethodGet, "/me", "", "Sende ein Token als", []string{"Authorization", "Basic x"}},
		{"", http.MethodPost, "/auth/sign-in", `{"username":1}`, "Die Anfrage passt nicht zur Beschreibung der API: body", nil},
		{"zoe", http.MethodDelete, "/harbour/tokens/x", "", "Du bist in keinem Team", nil},
	} {
		resp, b := h.raw(h.as(c.who), c.method, c.path, c.body, append([]string{"Accept-Language", "de"}, c.header...)...)
		if !strings.Contains(string(b), c.detail) || resp.Header.Get("Content-Language") != "de" {
			t.Errorf("%s %s: %s, %v", c.method, c.path, b, resp.Header)
		}
	}
	_, v := h.do(h.as("zoe"), http.MethodGet, "/server/bots/discord/sophia", "", "Accept-Language", "de")
	if b, _ := json.Marshal(v); !strings.Contains(string(b), `"reason":"Der Listener hat sich noch nicht gemeldet."`) {
		t.Errorf("the bot is %s", b)
	}
}

// The workflow's sentences are to the letter for a listener that asks for no
// language, whatever the admin reads who has made its credential.
func TestAListenerGetsTheWorkflowsSentencesUnlessItAsksForALanguage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	u := h.people["zoe"]
	u.Language = "de"
	must(t, h.db.SetPerson(t.Context(), u))
	listener := h.token("zoe", false)
	for asked, want := range map[string]string{
		"":   "Please connect first the Discord guilde with your team.",
		"de": "Bitte verbinde zuerst diesen Discord-Server mit deinem Team.",
	} {
		_, v := h.do(listener, http.MethodPost, "/login", `{"discord_guilde_id":"77","discord_user_id":"88"}`, "Accept-Language", asked)
		if v["detail"] != want || v["reason"] != "workspace_not_connected" {
			t.Errorf("asked for %q: %v", asked, v)
		}
	}
}
