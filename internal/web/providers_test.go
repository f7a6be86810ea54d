package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/llm"
	"openmates/internal/llm/llmtest"
	"openmates/internal/llm/openai"
	"openmates/internal/model"
	"openmates/internal/store"
)

const canaryKey = "sk-canary-key-5Wd"

// newModels is the room of the models with one adapter, and with OpenAI's own
// kind, whose address the tests set.
func newModels(t *testing.T, db *store.DB, log *slog.Logger) *model.Room {
	t.Helper()
	adapt := func(p openmates.Provider) (llm.Provider, error) {
		return openai.New(openai.Config{URL: p.URL, Key: p.Key})
	}
	r, err := model.New(model.Config{
		Store: db, Audit: db.AddAudit, Log: log, Patience: 10 * time.Second,
		Adapters: map[string]func(openmates.Provider) (llm.Provider, error){model.KindOpenAI: adapt, model.KindCompatible: adapt},
	})
	must(t, err)
	must(t, r.Settle(context.Background()))
	db.OnChange(func(string) { r.Forget() })
	return r
}

func newLLM(t *testing.T, c llmtest.Config) *llmtest.Server {
	t.Helper()
	s, err := llmtest.New(c)
	must(t, err)
	t.Cleanup(s.Close)
	return s
}

// An admin's way from no provider to one whose models have prices, and back.
func TestProviderPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	ada := h.as("ada")
	far := newLLM(t, llmtest.Config{Key: canaryKey, Models: []string{"gpt-5-mini", "text-embedding-3", "small"}})

	wants(t, ada.get("/server/providers"), 200, "Add your first provider", "OpenRouter", "Add OpenAI", "can’t answer")
	wants(t, ada.get("/server/providers/new?kind=compatible&place=ollama"), 200, "http://127.0.0.1:11434/v1", `value="Ollama"`)
	wants(t, ada.get("/server/providers/new?kind=nonsense"), 404, "Unknown kind of provider")

	add := url.Values{"kind": {"compatible"}, "label": {"House"}, "url": {far.URL()}, "key": {"sk-wrong"}}
	wants(t, ada.post("/server/providers", add), 422, "doesn&#39;t accept this key", `value="House"`, far.URL())
	add.Set("key", canaryKey)
	wants(t, ada.follow("/server/providers", add), 200, "checked and added", "gpt-5-mini", "Suggested price", `value="0.25"`, "No price", "<dd>key saved</dd>")
	wants(t, ada.get("/server/providers"), 200, "House", "Works", "2 of 3 models enabled", "2 without a price")
	wants(t, ada.get("/server/providers/house?show=all"), 200, "text-embedding-3", "probably doesn’t write text")
	wants(t, ada.get("/server/providers/house?q=embed&page=9"), 200, "1 of 3 models")

	at := "/server/providers/house"
	prices := url.Values{"model-0": {"gpt-5-mini"}, "on-0": {"yes"}, "input-0": {"0.25"}, "cached-0": {""}, "output-0": {"two"}}
	wants(t, ada.post(at+"/models", prices), 422, "isn&#39;t an amount", `value="two"`)
	prices.Set("output-0", "2,00")
	wants(t, ada.follow(at+"/models", prices), 200, "models are saved", `value="2"`)
	wants(t, ada.follow(at+"/free", url.Values{}), 200, "Models without a price are now free")
	wants(t, ada.follow(at+"/try", url.Values{"model": {"small"}}), 200, "house/small answered after", "You said")
	far.Script(llmtest.Reply{Fail: &llmtest.Failure{Kind: llm.KindNoCredit}})
	wants(t, ada.post(at+"/try", url.Values{"model": {"small"}}), 422, "is out of credit. Add some")
	wants(t, ada.get("/server/providers"), 200, "Needs attention", "is out of credit. Add some")
	wants(t, ada.get("/server"), 200, "is out of credit. Add some")
	wants(t, ada.follow(at+"/refresh", url.Values{}), 200, "hasn’t changed")
	wants(t, ada.follow(at+"/model", url.Values{"model": {"hidden"}}), 200, "Mates can now use hidden", "Not in the provider")
	wants(t, ada.post(at+"/model", url.Values{"model": {"two\nlines"}}), 422, "one line")

	wants(t, ada.follow("/server/providers/defaults", url.Values{"any": {"house/small"}, "deep": {"house/gpt-5-mini"}}), 200, "Mates without a model of their own use these from now on")
	wants(t, ada.post("/server/providers/defaults", url.Values{"any": {"house/none"}}), 422, "has no model")

	change := url.Values{"label": {"Home"}, "url": {"http://127.0.0.1:1/v1"}, "key": {""}}
	wants(t, ada.post(at+"/change", change), 422, "another host", `value="Home"`)
	change.Set("key", canaryKey)
	wants(t, ada.post(at+"/change", change), 422, "Nothing is listening at 127.0.0.1:1", `name="anyway"`)
	change.Set("url", far.URL())
	change.Set("key", "")
	wants(t, ada.follow(at+"/change", change), 200, "Home is checked and saved")

	wants(t, ada.get(at+"/remove"), 200, "These mates lose their model", "Sophia", "Mark")
	wants(t, ada.confirms(at+"/remove", url.Values{}), 200, "Home and its key are removed", "Add your first provider")
	wants(t, ada.get(at), 404, "no provider with that name")
	h.noKeyAnywhere(ada)
}

// noKeyAnywhere looks for the key in the database, the log, the audit record
// and the pages.
func (h *house) noKeyAnywhere(b *browser) {
	h.t.Helper()
	files, err := filepath.Glob(filepath.Join(h.dir, "*"))
	must(h.t, err)
	if len(files) == 0 {
		h.t.Error("there is no database to look into")
	}
	for _, f := range files {
		if text, err := os.ReadFile(f); err == nil && strings.Contains(string(text), canaryKey) {
			h.t.Errorf("%s holds the key", filepath.Base(f))
		}
	}
	if strings.Contains(h.log.String(), canaryKey) {
		h.t.Error("the log holds the key")
	}
	entries, err := h.db.Audit(context.Background(), 0, 0, 1000)
	must(h.t, err)
	if len(entries) < 5 {
		h.t.Errorf("only %d lines of the audit record", len(entries))
	}
	for _, e := range entries {
		if strings.Contains(e.Before+e.After+e.Target, canaryKey) {
			h.t.Errorf("the audit record holds the key: %s", e.Action)
		}
	}
	for _, path := range []string{"/server/providers", "/server/audit", "/"} {
		if strings.Contains(b.get(path).body, canaryKey) {
			h.t.Errorf("%s holds the key", path)
		}
	}
}

// The pages of providers are for admins, and no other site can send their
// forms.
func TestProviderPagesAreForAdmins(t *testing.T) {
	t.Parallel()
	h := newHouse(t).furnish()
	far := newLLM(t, llmtest.Config{Key: canaryKey})
	ada := h.as("ada")
	wants(t, ada.follow("/server/providers", url.Values{"kind": {"compatible"}, "label": {"House"}, "url": {far.URL()}, "key": {canaryKey}}), 200, "model-a")
	at := "/server/providers/house"
	for _, tc := range []struct{ method, path string }{
		{"GET", "/server/providers"}, {"GET", "/server/providers/new?kind=openai"}, {"GET", at}, {"GET", at + "/remove"},
		{"POST", "/server/providers"}, {"POST", "/server/providers/defaults"}, {"POST", at + "/change"}, {"POST", at + "/refresh"},
		{"POST", at + "/models"}, {"POST", at + "/free"}, {"POST", at + "/model"}, {"POST", at + "/try"}, {"POST", at + "/remove"},
	} {
		var form url.Values
		if tc.method == "POST" {
			form = url.Values{"model": {"model-a"}, "kind": {"compatible"}, "label": {"x"}, "url": {far.URL()}, "key": {canaryKey}}
		}
		same := http.Header{"Sec-Fetch-Site": {"same-origin"}}
		if got := h.as("ben").do(tc.method, tc.path, form, same); got.status != 403 && got.status != 404 {
			t.Errorf("%s %s for a member: %d", tc.method, tc.path, got.status)
		}
		if got := h.browser().do(tc.method, tc.path, form, same); got.status != 303 || !strings.HasPrefix(got.header.Get("Location"), "/signin") {
			t.Errorf("%s %s for nobody: %d", tc.method, tc.path, got.status)
		}
		if tc.method != "POST" {
			checkPage(t, tc.path, ada.get(tc.path).body)
			continue
		}
		if got := ada.do("POST", tc.path, form, http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}}); got.status != 403 {
			t.Errorf("%s from another site: %d", tc.path, got.status)
		}
	}
	wants(t, ada.get(at), 200, "House", "model-a") // nothing of that has removed it
	if n := far.Count(); n > 0 {
		t.Errorf("somebody without the right made %d requests to the provider", n)
	}
}

// providerSamples are the pages with all that they can show.
func providerSamples(sh shell) map[string][]any {
	v := model.View{Provider: openmates.Provider{Name: "a", Label: "A", Problem: openmates.T("It is down."), Checked: time.Now()}, API: model.Kind{Label: openmates.T("K"), KeyPage: "http://k"},
		HasKey: true, Enabled: 1, Missing: 1, NoPrice: 1, Models: []model.ModelView{{ProviderModel: openmates.ProviderModel{Model: "m", Enabled: true},
			Class: "deep", Propose: &openmates.Price{Input: 1}, Serves: []string{"Sophia"}}}}
	fixed := v
	fixed.Fixed = true
	full := &providerPage{shell: sh, View: v, Error: openmates.T("e"), Serve: "Sophia", Tries: []string{"m"}, Form: providerForm{Error: openmates.T("e"), MayInsist: true, HasKey: true}}
	full.filter("", "", "")
	many := &providerPage{shell: sh, View: fixed}
	for range 3 * rowsAtOnce {
		many.Models = append(many.Models, v.Models[0])
	}
	many.filter("m", "all", "2")
	effects := []model.Effect{{Mate: openmates.Mate{Handle: "sophia", Name: "Sophia"}, From: "a/m", To: "b/m", Why: openmates.T("Why.")}}
	kinds := []model.Kind{{Name: "k", Label: openmates.T("K"), About: openmates.T("About."), Places: []model.Place{{Name: "p", Label: "P"}}}}
	return map[string][]any{
		"providers": {&providersPage{shell: sh, Kinds: kinds}, &providersPage{shell: sh, Providers: []model.View{v, fixed, {}}, Kinds: kinds, Mute: effects,
			Choices: []string{"a/m"}, Error: openmates.T("e"), Defaults: []defaultField{{Name: "any", Now: "a/m"}, {Name: "deep", Set: "b/m", Broken: openmates.T("Gone.")}}}},
		"provider":     {&providerPage{shell: sh, View: model.View{}}, full, many},
		"provider-new": {&newProviderPage{sh, providerForm{API: kinds[0], Place: "p", NeedsKey: true}}, &newProviderPage{sh, providerForm{API: model.Kind{NeedsURL: true}, Error: openmates.T("e"), MayInsist: true}}},
		"provider-remove": {&removeProviderPage{shell: sh, View: v}, &removeProviderPage{shell: sh, View: v, Mute: effects, Others: effects, Error: openmates.T("e")},
			&removeProviderPage{shell: sh, View: v, Mute: append(effects, effects...), Others: append(effects, effects...)}},
	}
}

func TestProviderPagesRender(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for name, all := range providerSamples(shell{Title: openmates.T("T"), Path: "/server/providers", User: &openmates.User{ID: 7, DisplayName: "Ada", Admin: true}}) {
		for _, data := range all {
			w := httptest.NewRecorder()
			if err := h.web.show(w, http.StatusOK, name, data); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			checkPage(t, name, w.Body.String())
		}
	}
}
