// Package web_test opens every page of the product in a real browser. The pages
// come from the tests of internal/web, which can start each part of a server by
// itself and keep what it answers in an album.
package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"openmates/test/browsertest"
)

// mostBytesOfAPage is what HTML, styles and scripts of a page may have together.
const mostBytesOfAPage = 100 << 10

// Every page in a real browser, on a phone and on a desk, in light and dark:
// axe-core finds nothing against WCAG 2.2 AA, nothing moves after it was drawn,
// nothing is wider than the phone, nothing is heavy, and nothing is refused by
// the policy or goes wrong in a script.
func TestEveryPageIsForEverybody(t *testing.T) {
	t.Parallel()
	browser := browsertest.Open(t)
	axe := axeSource(t)
	all := newAlbum(t)
	for name, wide := range map[string]int64{"phone": 360, "desk": 1280} {
		// German words are long, so they are read on the phone.
		pages := all.Pages[map[string]string{"phone": "de", "desk": "en"}[name]]
		srv := all.serve(t, pages)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			look := newLooker(browser, t, axe, wide)
			for i, p := range pages {
				for _, wrong := range look.at(fmt.Sprintf("%s/%s/%d", srv.URL, name, i)) {
					t.Errorf("%s: %s", p.Name, wrong)
				}
			}
			// The eye must be able to see.
			found := strings.Join(look.at(srv.URL+"/bad?"+name), "\n")
			for _, want := range []string{"image-alt", "in light, color-contrast", "in dark, color-contrast", "it moves", "refused by the policy", "bytes"} {
				if !strings.Contains(found, want) {
					t.Errorf("on a page in which all is wrong, no %q is found:\n%s", want, found)
				}
			}
			if is := strings.Contains(found, "too wide"); is != (wide == 360) {
				t.Errorf("are 500 pixels too wide? %v", is)
			}
		})
	}
}

const badPage = `<!doctype html><html lang="en"><head><meta name="viewport" content="width=device-width"><title>Bad</title>
<link rel="stylesheet" href="/bad.css"><script src="/bad.js" defer></script><script>1</script></head>
<body><div id="late"></div><main><h1>Bad</h1><img src="/portraits/x/x.svg"><p class="pale">Pale</p><p class="broad">Broad</p></main></body></html>`

const badStyle = `body { background: #fff } .pale { color: #eee } .broad { width: 500px } .late { height: 50px }
@media (prefers-color-scheme: dark) { body { background: #000; color: #fff } .pale { color: #111 } }`

const badScript = `requestAnimationFrame(() => setTimeout(() => document.getElementById("late").className = "late"))`

// album is every page of the product with all that the pages load.
type album struct {
	Pages map[string][]printed `json:"pages"` // by their language
	Files map[string]printed   `json:"files"` // by their path
}

type printed struct {
	Name   string      `json:"name"`
	Header http.Header `json:"header"`
	Body   []byte      `json:"body"`
}

// newAlbum has the tests of internal/web print theirs.
func newAlbum(t *testing.T) (all album) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "album.json")
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-run", "^TestThePagesOfTheAlbumHaveAllThatTheyLoad$", "./internal/web", "-print", file)
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("print the album: %v\n%s", err, out)
	}
	text, err := os.ReadFile(file)
	must(t, err)
	must(t, json.Unmarshal(text, &all))
	if len(all.Pages["de"]) == 0 || len(all.Pages["en"]) == 0 {
		t.Fatal("the album is empty")
	}
	return all
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// serve returns each page its address by the window and its number, with the
// headers that came with it; what it loads comes from the album, too. Scripts come
// after the page was drawn, as they do over a slow line: then it is seen what
// they move.
func (a *album) serve(t *testing.T, pages []printed) *httptest.Server {
	t.Helper()
	m := http.NewServeMux()
	m.HandleFunc("GET /{window}/{number}", func(w http.ResponseWriter, r *http.Request) {
		i, err := strconv.Atoi(r.PathValue("number"))
		if err != nil || i >= len(pages) {
			http.NotFound(w, r)
			return
		}
		pages[i].answer(w)
	})
	for path, file := range map[string][2]string{"/bad": {"text/html", badPage}, "/bad.css": {"text/css", badStyle},
		"/bad.js": {"text/javascript", badScript + strings.Repeat(" ", mostBytesOfAPage)}} {
		m.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Security-Policy", pages[0].Header.Get("Content-Security-Policy"))
			w.Header().Set("Content-Type", file[0])
			_, _ = w.Write([]byte(file[1])) // the browser is gone if this fails
		})
	}
	var drawn sync.Map // a channel for each page that a browser is at
	at := func(r *http.Request) chan struct{} {
		c, _ := drawn.LoadOrStore(r.Referer(), make(chan struct{}))
		return c.(chan struct{}) //nolint:errcheck,forcetypeassert // nothing else is stored
	}
	m.HandleFunc("GET /drawn", func(_ http.ResponseWriter, r *http.Request) { close(at(r)) })
	for path, file := range a.Files {
		m.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			f := file
			if strings.HasSuffix(path, ".js") {
				select {
				case <-at(r):
				case <-r.Context().Done():
				}
				f.Header = f.Header.Clone()               // two browsers load it at once
				f.Header.Set("Cache-Control", "no-store") // else the next page has it before it is drawn
			}
			f.answer(w)
		})
	}
	srv := httptest.NewServer(m)
	t.Cleanup(srv.Close)
	return srv
}

// answer is that of the server.
func (p printed) answer(w http.ResponseWriter) {
	maps.Copy(w.Header(), p.Header)
	_, _ = w.Write(p.Body) // the browser is gone if this fails
}

// axeSource is the text of axe-core. The test is skipped where node is missing
// or axe-core is not installed, unless OPENMATES_TEST_NODE=1 demands it; then
// npm installs it into a copy.
func axeSource(t *testing.T) string {
	t.Helper()
	demanded := os.Getenv("OPENMATES_TEST_NODE") == "1"
	const home, script = "testdata/axe", "node_modules/axe-core/axe.min.js"
	text, err := os.ReadFile(filepath.Join(home, script))
	if err == nil {
		return string(text)
	}
	if !demanded {
		t.Skip("axe-core is not installed: run npm ci in testdata/axe, or set OPENMATES_TEST_NODE=1")
	}
	dir := t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS(home)))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	text, err = os.ReadFile(filepath.Join(dir, script))
	must(t, err)
	return string(text)
}

// witness runs before anything else of a page and keeps it from leading away.
const witness = `(() => {
  const wrong = [], moved = [];
  window.witness = { wrong, moved };
  new PerformanceObserver((list) => {
    for (const e of list.getEntries()) moved.push(e.value.toFixed(4) + " " + e.sources.map((s) => s.node && (s.node.outerHTML || s.node.textContent).slice(0, 90)).join(" | "));
  }).observe({ type: "layout-shift", buffered: true });
  addEventListener("securitypolicyviolation", (e) => wrong.push("refused by the policy: " + e.violatedDirective + " " + e.blockedURI));
  addEventListener("unhandledrejection", (e) => wrong.push("script: " + e.reason));
  addEventListener("error", (e) => wrong.push(e.message ? "script: " + e.message : "not loaded: " + (e.target.src || e.target.href)), true);
  requestAnimationFrame(() => setTimeout(() => fetch("/drawn")));
  addEventListener("submit", (e) => e.preventDefault(), true);
  const say = console.error;
  console.error = (...all) => { wrong.push("console: " + all.join(" ")); say(...all); };
})()`

// testimony waits until the page is drawn, and tells what was seen of it.
const testimony = `(async () => {
  const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  await document.fonts.ready;
  for (let i = 0; i < 3; i++) await drawn();
  const root = document.documentElement;
  const sizes = performance.getEntriesByType("resource").filter((e) => /\.(css|js)$/.test(e.name)).concat(performance.getEntriesByType("navigation"));
  const clipped = (n) => n && n !== document.body && (getComputedStyle(n).overflowX !== "visible" || clipped(n.parentElement));
  return {
    ...window.witness,
    files: sizes.length,
    bytes: sizes.reduce((sum, e) => sum + e.encodedBodySize, 0),
    excess: root.scrollWidth - root.clientWidth,
    broad: [...document.querySelectorAll("main *, header *, footer *, nav *")].filter((n) => n.getBoundingClientRect().right > root.clientWidth + 1 && !clipped(n)).slice(0, 3).map((n) => n.outerHTML.slice(0, 120)),
  };
})()`

// verdict asks axe about the page as it is now.
const verdict = `(async () => {
  const { violations, passes } = await axe.run(document, { runOnly: %s, resultTypes: ["violations"] });
  return { passes: passes.length, violations: violations.map((v) => ({ id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.map((n) => n.target.join(" ") + ": " + n.html.slice(0, 140) + " " + n.any.map((a) => a.message).join(" ")) })) };
})()`

type violation struct {
	ID     string   `json:"id"`
	Impact string   `json:"impact"`
	Help   string   `json:"help"`
	Nodes  []string `json:"nodes"`
}

// looker looks at pages through the DevTools protocol, to which the policy of
// the pages does not apply.
type looker struct {
	ctx context.Context
	t   *testing.T
	axe string
}

// newLooker opens a window of that width.
func newLooker(browser context.Context, t *testing.T, axe string, wide int64) *looker {
	t.Helper()
	ctx := browsertest.Tab(browser, t, chromedp.WithNewWindow(true))
	l := &looker{ctx, t, axe}
	viewport := chromedp.EmulateViewport(wide, 900)
	if wide < 600 {
		viewport = chromedp.EmulateViewport(wide, 780, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	l.do(viewport, func(ctx context.Context, tab *chromedp.Target) (none chromedp.Void, err error) {
		_, err = cdp.Call(ctx, tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: witness})
		return none, err
	})
	return l
}

func (l *looker) do(steps ...chromedp.Action[chromedp.Void]) {
	l.t.Helper()
	if err := browsertest.Do(l.ctx, steps...); err != nil {
		l.t.Fatal(err)
	}
}

// scheme is light or dark; what moves is drawn in its last state.
func scheme(name string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, tab *chromedp.Target) (none chromedp.Void, err error) {
		_, err = cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		return none, err
	}
}

// at opens a page and returns what is wrong with it.
func (l *looker) at(address string) (wrong []string) {
	l.t.Helper()
	l.do(scheme("light"), chromedp.Navigate(address))
	seen := evaluated[struct {
		Wrong  []string `json:"wrong"`
		Moved  []string `json:"moved"`
		Files  int      `json:"files"`
		Bytes  int      `json:"bytes"`
		Excess int      `json:"excess"`
		Broad  []string `json:"broad"`
	}](l, testimony)
	wrong = seen.Wrong
	for _, m := range seen.Moved {
		wrong = append(wrong, "it moves: "+m)
	}
	if seen.Files < 3 || seen.Bytes > mostBytesOfAPage {
		wrong = append(wrong, fmt.Sprintf("%d files with %d bytes", seen.Files, seen.Bytes))
	}
	if seen.Excess > 0 || len(seen.Broad) > 0 {
		wrong = append(wrong, fmt.Sprintf("too wide by %d: %s", seen.Excess, seen.Broad))
	}
	l.do(chromedp.Evaluate[chromedp.Void](l.axe))
	wrong = append(wrong, l.judge("light", `{ type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }`)...)
	l.do(scheme("dark"))
	return append(wrong, l.judge("dark", `{ type: "rule", values: ["color-contrast"] }`)...) // nothing else knows of colours
}

func (l *looker) judge(in, rules string) (wrong []string) {
	l.t.Helper()
	got := evaluated[struct {
		Passes     int         `json:"passes"`
		Violations []violation `json:"violations"`
	}](l, fmt.Sprintf(verdict, rules))
	if got.Passes+len(got.Violations) == 0 {
		wrong = append(wrong, "axe has looked at nothing")
	}
	for _, v := range got.Violations {
		wrong = append(wrong, fmt.Sprintf("in %s, %s (%s): %s\n\t%s", in, v.ID, v.Impact, v.Help, strings.Join(v.Nodes, "\n\t")))
	}
	return wrong
}

// evaluated is what a promise in the page comes to.
func evaluated[T any](l *looker, expression string) (v T) {
	l.t.Helper()
	text, err := browsertest.Run(l.ctx, chromedp.Evaluate[[]byte](expression, chromedp.EvalAwaitPromise))
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	return v
}
