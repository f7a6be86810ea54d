// Package internal_test checks the structure of the repository: the layers of
// imports, what the binary contains, and rules for every file.
// docs/adr/0001-structure.md gives the reasons.
package internal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// module is the import path of the vocabulary; root is its folder, seen from here.
const (
	module = "openmates"
	root   = ".."
)

// floors assigns each folder of internal to a layer. Imports go down or stay
// within the folder. A folder that isn't listed has no layer yet: adding one is
// a decision.
func floors() map[string]int {
	return map[string]int{
		"messenger": 1, "llm": 1, "skill": 1, "queue": 1, "sqldb": 1, "secret": 1, "catalogue": 1, "portrait": 1, "mail": 1, "locale": 1, "spelling": 1, "intake": 1, "guard": 1, "address": 1, "policy": 1, "document": 1, "openapitest": 1, "polltest": 1, "walktest": 1,
		"identity": 2, "team": 2, "server": 2, "connect": 2, "chat": 2, "model": 2, "mate": 2,
		"api": 3, "web": 3, "store": 3,
	}
}

const (
	words = 0
	rooms = 2
	house = 4
)

// shared are the folders below a contract that are no adapter but what several
// adapters have in common; adapters do not import each other.
func shared() []string {
	return []string{"openmates/internal/llm/wire", "openmates/internal/queue/lanes"}
}

// homes names the only folder that may import a package, so that replacing the
// package affects one folder. Tests and test-only packages are exempt.
func homes() map[string][]string {
	return map[string][]string{
		"database/sql":                       {"internal/sqldb"},
		"modernc.org/sqlite":                 {"internal/sqldb"},
		"github.com/jackc/pgx":               {"internal/sqldb"},
		"github.com/pressly/goose":           {"internal/sqldb"},
		"github.com/nats-io":                 {"internal/queue/natsqueue"},
		"github.com/coder/websocket":         {"internal/messenger/discord"},
		"golang.org/x/oauth2":                {"internal/messenger"},
		"golang.org/x/crypto/argon2":         {"internal/identity"},
		"github.com/go-webauthn/webauthn":    {"internal/identity"},
		"github.com/pquerna/otp":             {"internal/identity"},
		"github.com/trustelem/zxcvbn":        {"internal/identity"},
		"github.com/boombuler/barcode":       {"internal/web"},
		"github.com/wneessen/go-mail":        {"internal/mail/smtp"},
		"github.com/danielgtaylor/huma":      {"internal/api"},
		"html/template":                      {"internal/web", "internal/api"},
		"github.com/leonelquinteros/gotext":  {"internal/locale"},
		"golang.org/x/text":                  {"internal/locale", "internal/spelling", "internal/document"},
		"github.com/google/jsonschema-go":    {"internal/skill"},
		"github.com/rivo/uniseg":             {"internal/messenger", "internal/spelling"},
		"golang.org/x/image":                 {"internal/portrait", "internal/document"},
		"github.com/ledongthuc/pdf":          {"internal/document"},
		"github.com/thedatashed/xlsxreader":  {"internal/document"},
		"golang.org/x/net":                   {"internal/skill/web", "internal/mail"},
		"github.com/alexedwards/scs":         {"internal/identity"},
		"github.com/yuin/goldmark":           {"internal/web"},
		"github.com/microcosm-cc/bluemonday": {"internal/web"},
		"github.com/alecthomas/kong":         {"cmd/openmates"},
		"github.com/gofrs/flock":             {"cmd/openmates", "internal/sqldb", "internal/secret"},
	}
}

// unfit are packages that must not be in the binary of cmd/openmates, with the
// reason.
func unfit() map[string]string {
	return map[string]string{
		"github.com/sashabaranov/go-openai":      "the model adapters speak the wire formats themselves",
		"github.com/anthropics/anthropic-sdk-go": "the model adapters speak the wire formats themselves",
		"google.golang.org/genai":                "the model adapters speak the wire formats themselves",
		"testing":                                "the simulators are part of the demo, but the test framework and its flags are not",
		"net/http/httptest":                      "it is for tests; the demo's servers listen by net/http",
		"github.com/bwmarrin/discordgo":          "it is the yardstick of the benchmark and a test peer; its settings are package variables",
		"github.com/disgoorg/disgo":              "it is a test peer of the simulator; the connector has a session of its own",
		"github.com/chromedp/chromedp":           "browsers are driven by tests only",
		"github.com/getkin/kin-openapi":          "the official API description is checked by tests only",
		"github.com/google/go-cmp":               "it panics by design, for tests only",
		"github.com/nats-io/nats-server":         "tests start a broker in their process; the product speaks to one beside it",
		"go.uber.org/goleak":                     "leaks are looked for by tests only",
		"pgregory.net/rapid":                     "properties are checked by tests only",
		"github.com/gorilla/websocket":           "one websocket package is enough: coder/websocket",
		"google.golang.org/grpc":                 "no model is reached by gRPC, and it would add megabytes",
		"github.com/aws/aws-sdk-go-v2":           "an SDK may offer a cloud's sign-in that the product does not; it would double the build",
	}
}

// pkg is the output of go list for a package.
type pkg struct {
	ImportPath   string
	Doc          string
	Standard     bool
	Imports      []string
	TestImports  []string
	XTestImports []string
	GoFiles      []string
	CgoFiles     []string
}

func TestImportsOnlyGoDown(t *testing.T) {
	t.Parallel()
	pkgs := list(t, "./...")
	if len(pkgs) < 10 {
		t.Fatalf("go list found only %d packages", len(pkgs))
	}
	for _, p := range pkgs {
		for _, wrong := range wrongs(p) {
			t.Error(wrong)
		}
	}
}

// The rules must be able to fail.
func TestTheFloorsNoticeWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ from, to, want string }{
		{"", "openmates/internal/llm", "standard library"},
		{"", "github.com/google/go-cmp/cmp", "standard library"},
		{"internal/messenger", "openmates/internal/chat", "up"},
		{"internal/messenger", "openmates/internal/sqldb", "same floor"},
		{"internal/messenger", "openmates/internal/store", "up"},
		{"internal/sqldb", "openmates/internal/store", "up"},
		{"internal/store", "openmates/internal/queue/dbqueue", "adapter"},
		{"internal/store", "database/sql/driver", "home"},
		{"internal/chat", "openmates/internal/identity", "same floor"},
		{"internal/web", "openmates/internal/api", "same floor"},
		{"internal/chat", "openmates/internal/web", "up"},
		{"internal/chat", "openmates/internal/store", "up"},
		{"internal/web", "openmates/internal/store", "same floor"},
		{"internal/chat", "openmates/internal/messenger/discord", "adapter"},
		{"internal/llm", "openmates/internal/llm/openai", "adapter"},
		{"internal/llm/google", "openmates/internal/llm/openai", "adapter"},
		{"internal/chat", "openmates/internal/skill/web", "adapter"},
		{"internal/skill", "openmates/internal/skill/calc", "adapter"},
		{"internal/skill/calc", "openmates/internal/skill/web", "adapter"},
		{"internal/skill/web", "openmates/internal/llm", "same floor"},
		{"internal/llm/scripted", "openmates/internal/skill", "same floor"},
		{"internal/llm/openai", "openmates/internal/llm/llmtest", "test-only"},
		{"internal/web", "openmates/internal/messenger/discord/discordtest", "test-only"},
		{"internal/util", "openmates", "no place"},
		{"internal/web", "openmates/pkg/x", "no place"},
		{"internal/chat", "net/http", "neither"},
		{"internal/api", "database/sql", "home"},
		{"client", "openmates/internal/api", "up"},
		{"client", "openmates/internal/llm", "same floor"},
		{"client", "github.com/google/go-cmp/cmp", "any program"},
		{"internal/chat", "openmates/client", "other programs"},
		{"cmd/openmates", "openmates/client", "other programs"},
		{"internal/api", "github.com/jackc/pgx/v5/stdlib", "home"},
	} {
		p := pkg{ImportPath: strings.TrimSuffix(module+"/"+tc.from, "/"), Doc: "x", GoFiles: []string{"x.go"}, Imports: []string{tc.to}}
		if got := strings.Join(wrongs(p), "\n"); !strings.Contains(got, tc.want) {
			t.Errorf("%s imports %s: got %q, want a complaint with %q", p.ImportPath, tc.to, got, tc.want)
		}
	}
	for _, tc := range []struct{ from, to string }{
		{"internal/chat", "openmates/internal/messenger"},
		{"internal/web", "openmates/internal/chat"},
		{"internal/chat", "openmates/internal/skill"},
		{"internal/skill/web", "openmates/internal/skill"},
		{"internal/skill/web", "golang.org/x/net/html"},
		{"internal/llm/openai", "openmates/internal/llm"},
		{"internal/llm/openai", "openmates/internal/llm/wire"},
		{"internal/messenger/discord/discordtest", "openmates/internal/messenger/discord"},
		{"internal/sqldb", "github.com/jackc/pgx/v5/stdlib"},
		{"internal/store", "openmates/internal/sqldb"},
		{"internal/store", "openmates/internal/queue"},
		{"internal/store", "openmates/internal/chat"},
		{"internal/store/storetest", "openmates/internal/secret"},
		{"cmd/openmates", "openmates/internal/messenger/discord/discordtest"},
		{"cmd/openmates", "openmates/internal/store"},
		{"client", "openmates"},
		{"client", "net/http"},
	} {
		p := pkg{ImportPath: module + "/" + tc.from, Doc: "x", GoFiles: []string{"x.go"}, Imports: []string{tc.to}}
		if got := wrongs(p); len(got) > 0 {
			t.Errorf("%s may import %s, but: %v", tc.from, tc.to, got)
		}
	}
	up := pkg{ImportPath: "openmates/internal/queue", Doc: "x", XTestImports: []string{"openmates/internal/chat"}}
	if len(wrongs(up)) == 0 {
		t.Error("a test of a tool may import a room")
	}
	database := pkg{ImportPath: "openmates/internal/queue", Doc: "x", XTestImports: []string{"openmates/internal/store/storetest"}}
	if got := wrongs(database); len(got) > 0 {
		t.Errorf("a test may use a real database, but: %v", got)
	}
	mute := pkg{ImportPath: "openmates/internal/chat", GoFiles: []string{"x.go"}}
	if len(wrongs(mute)) == 0 {
		t.Error("a package may go without a comment")
	}
}

// wrongs lists what is wrong with a package, as finished sentences.
func wrongs(p pkg) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	from, ok := place(p.ImportPath)
	if !ok {
		say("%s has no place: name its floor in floors() and in ADR 0001, or put it where it belongs.", p.ImportPath)
		return out
	}
	if p.Doc == "" && len(p.GoFiles) > 0 {
		say("%s has no package comment: say what it promises and what it refuses to do.", p.ImportPath)
	}
	for _, path := range p.Imports {
		if wrong := badImport(from, path); wrong != "" {
			say("%s must not import %s: %s.", p.ImportPath, path, wrong)
		}
	}
	for _, path := range slices.Concat(p.TestImports, p.XTestImports) {
		if to, ok := place(path); ok && to.floor > from.floor && to.part != "store" { // a real database
			say("A test of %s must not import %s: also for tests, imports do not go up.", p.ImportPath, path)
		}
	}
	return out
}

// spot is the position of a package in the layers.
type spot struct {
	path  string
	floor int
	part  string // folder of internal, "cmd", or "" for the vocabulary
	sub   string // first folder below part: an adapter, or what belongs to it
	test  bool   // for tests and the demo only: discordtest, llmtest
}

// place returns the position of an import path in this module.
func place(path string) (spot, bool) {
	s := spot{path: path}
	if path == module {
		return s, true
	}
	elems := strings.Split(strings.TrimPrefix(path, module+"/"), "/")
	s.test = slices.ContainsFunc(elems, func(e string) bool { return strings.HasSuffix(e, "test") })
	if elems[0] == "cmd" && len(elems) > 1 {
		s.part, s.sub, s.floor = "cmd", elems[1], house
		return s, true
	}
	if path == module+"/client" { // for other programs: no floor of the house may need it
		s.part, s.floor = "client", 1
		return s, true
	}
	if elems[0] != "internal" {
		return s, false
	}
	if len(elems) == 1 { // this folder's tests
		s.floor = house
		return s, true
	}
	s.part = elems[1]
	if len(elems) > 2 {
		s.sub = elems[2]
	}
	floor, ok := floors()[s.part]
	s.floor = floor
	return s, ok
}

// badImport explains why product code at from must not import path, or returns
// "".
func badImport(from spot, path string) string {
	ours := path == module || strings.HasPrefix(path, module+"/")
	if !ours {
		return badOutside(from, path)
	}
	to, ok := place(path)
	switch {
	case !ok:
		return "it has no place in the house"
	case from.floor == words:
		return "the vocabulary imports the standard library only"
	case to.part == "client" && !from.test:
		return "the client is for other programs and for tests"
	case to.floor > from.floor:
		return "imports do not go up; take a func at start instead"
	case to.floor == from.floor && to.part != from.part && !from.test:
		return "packages of the same floor do not know each other; main wires them"
	case to.test && !from.test && from.floor != house:
		return "it is test-only: for tests and the demo"
	case from.test: // like the tests it is for
		return ""
	case from.floor == house || from.part == to.part && from.sub == to.sub:
		return ""
	case slices.Contains(shared(), path) && from.part == to.part:
		return ""
	case to.floor == 1 && to.sub != "":
		return "it is an adapter, and only cmd/openmates names adapters"
	}
	return ""
}

// badOutside is badImport for what is not of this module.
func badOutside(from spot, path string) string {
	library := strings.Contains(strings.Split(path, "/")[0], ".")
	if from.floor == words && library {
		return "the vocabulary imports the standard library only"
	}
	if from.part == "client" && library {
		return "the client imports the standard library and the vocabulary only, so that it brings nothing else into any program"
	}
	if from.floor == rooms && path == "net/http" && !slices.Contains([]string{"identity", "server"}, from.part) { // scs's cookie is a middleware; an address is checked by HTTP
		return "rules know neither HTTP nor SQL; doors and adapters do"
	}
	if from.test {
		return ""
	}
	for lib, places := range homes() {
		if path != lib && !strings.HasPrefix(path, lib+"/") {
			continue
		}
		here := strings.TrimPrefix(from.path, module+"/") + "/"
		if !slices.ContainsFunc(places, func(home string) bool { return strings.HasPrefix(here, home+"/") }) {
			return "its home is " + strings.Join(places, " or ")
		}
	}
	return ""
}

func TestTheBinaryCarriesOnlyWhatItNeeds(t *testing.T) {
	t.Parallel()
	pkgs := list(t, "-deps", "./cmd/openmates")
	if !slices.ContainsFunc(pkgs, func(p pkg) bool { return p.ImportPath == module+"/internal/chat" }) {
		t.Fatal("go list does not see what cmd/openmates imports")
	}
	for _, p := range pkgs {
		for bad, reason := range unfit() {
			if p.ImportPath == bad || strings.HasPrefix(p.ImportPath, bad+"/") {
				t.Errorf("%s is in the binary: %s. `go list -deps ./cmd/openmates` and `go mod why %s` tell how it came in.", p.ImportPath, reason, p.ImportPath)
			}
		}
		if !p.Standard && len(p.CgoFiles) > 0 {
			t.Errorf("%s needs a C compiler; the product is built with CGO_ENABLED=0.", p.ImportPath)
		}
	}
}

// The program that people install links no simulator, and nothing that only
// simulators need.
func TestTheInstalledProgramLinksNoSimulator(t *testing.T) {
	t.Parallel()
	simulators := func(args ...string) (found []string) {
		for _, p := range list(t, append(args, "-deps", "./cmd/openmates")...) {
			ours := p.ImportPath == module || strings.HasPrefix(p.ImportPath, module+"/")
			if at, ok := place(p.ImportPath); ours && ok && at.test || strings.HasPrefix(p.ImportPath, "github.com/klauspost/compress/zstd") {
				found = append(found, p.ImportPath)
			}
		}
		return found
	}
	if found := simulators("-tags", "nodemo"); len(found) > 0 {
		t.Errorf("built with -tags nodemo, it links %v", found)
	}
	if len(simulators()) == 0 {
		t.Error("the demo links no simulator: this test looks for the wrong packages")
	}
	builds := 0
	for _, file := range []string{"Dockerfile", "Makefile", "README.md"} {
		text, err := os.ReadFile(root + "/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, "go build") && strings.Contains(line, "./cmd/openmates") {
				builds++
				if !strings.Contains(line, "-tags nodemo") {
					t.Errorf("%s builds the program with the demo: %s", file, line)
				}
			}
		}
	}
	if builds < 4 {
		t.Errorf("only %d builds were found", builds)
	}
}

// list runs go list. Its output is current even if this test's result would be
// cached: TestEveryFile reads every file, so any change reruns these tests.
func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	fields := "-json=ImportPath,Doc,Standard,Imports,TestImports,XTestImports,GoFiles,CgoFiles"
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-e", fields}, args...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1") // else files for cgo would be invisible
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}
