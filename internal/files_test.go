package internal_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// longest is how many lines a Go file of the product may have. Longer ones hold
// two things.
const longest = 500

// rule is something that no file may contain.
type rule struct {
	what    string
	pattern *regexp.Regexp
}

func rules() []rule {
	return []rule{
		{"a path of somebody's machine", regexp.MustCompile(`(^|[^\w./:-])/(work|root|Users|home/[a-z]\w*)/`)},
		{"the host of a package registry", regexp.MustCompile(`\b(registry\.(npmjs|yarnpkg|npmmirror)\.\w+|(proxy|sum)\.golang\.org|pypi\.org)\b`)},
		{"an address in a lock file", regexp.MustCompile(`"resolved":\s*"https?:`)},
		{"the mark of a merge that was not finished", regexp.MustCompile(`(?m)^(<<<<<<<|>>>>>>>) `)},
		{"a private key", regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY`)},
	}
}

func TestEveryFile(t *testing.T) {
	t.Parallel()
	seen := 0
	walk(t, func(path string, text []byte) {
		seen++
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			if n := bytes.Count(text, []byte("\n")); n > longest {
				t.Errorf("%s has %d lines; more than %d hold two things", path, n, longest)
			}
		}
		for _, r := range rules() {
			if found := r.pattern.Find(text); found != nil {
				t.Errorf("%s holds %s: %q", path, r.what, found)
			}
		}
	})
	if seen < 20 {
		t.Errorf("only %d files were read", seen)
	}
}

// The rules must be able to fail.
func TestTheRulesOfFilesNoticeWhatIsWrong(t *testing.T) {
	t.Parallel()
	slash := string(filepath.Separator)
	for _, bad := range []string{
		"cd " + slash + "work" + slash + "main", "x\n" + slash + "home" + slash + "ada" + slash,
		`"resolved"` + `: "https://x"`, "registry." + "npmjs.org", strings.Repeat("<", 7) + " HEAD\n",
	} {
		if !slices.ContainsFunc(rules(), func(r rule) bool { return r.pattern.MatchString(bad) }) {
			t.Errorf("no rule notices %q", bad)
		}
	}
	for _, good := range []string{"GET /users/@me", "internal/work/x.go", "https://x.example/root/y", "a ======= b"} {
		for _, r := range rules() {
			if r.pattern.MatchString(good) {
				t.Errorf("%q is taken for %s", good, r.what)
			}
		}
	}
}

// Tests wait for conditions, not for time. In a testing/synctest bubble a sleep
// takes no time; elsewhere it is a guess. Use package polltest where there is
// no event; other tickers set a rate and are listed here.
func TestNoTestSleeps(t *testing.T) {
	t.Parallel()
	paces := map[string]string{
		"internal/polltest/polltest.go":                       "asks again and again, for all tests",
		"cmd/openmates/kill_test.go":                          "people write messages",
		"cmd/openmates/many_test.go":                          "people write messages",
		"cmd/openmates/performance_test.go":                   "people write messages; memory is measured",
		"internal/sqldb/lease_test.go":                        "who holds a lease acts on it",
		"internal/messenger/discord/discordtest/page_live.go": "an open page is kept alive",
	}
	walk(t, func(path string, text []byte) {
		ours := strings.HasSuffix(path, "_test.go") || strings.HasSuffix(filepath.Dir(path), "test")
		if !ours || !strings.HasSuffix(path, ".go") || !bytes.Contains(text, []byte("time.")) {
			return
		}
		for _, at := range sleeps(t, path, text) {
			t.Errorf("%s sleeps outside of synctest.Test", at)
		}
		ticks := bytes.Contains(text, []byte("time.NewTicker(")) && path != "internal/files_test.go"
		if _, may := paces[path]; ticks != may {
			t.Errorf("%s has a ticker: %v, want %v: ask by polltest.Until, or say here what it sets the pace of", path, ticks, may)
		}
	})
	// The rule must be able to fail.
	in := "time.Sleep(1)"
	after := "<-time.After(1)"
	source := "package x\nfunc f() { synctest.Test(t, func(t *testing.T) { go func() { " + in + " }(); " + after + " })\n" + in + "\n" + after +
		"\n_ = " + after + "\nselect { case " + after + ": }" +
		"\nselect { case <-c:\ncase " + after + ": t.Fatal() }\n}"
	if got := sleeps(t, "x.go", []byte(source)); !slices.Equal(got, []string{"x.go:3:1", "x.go:4:1", "x.go:5:5", "x.go:6:15"}) {
		t.Errorf("found %v, want the four that are on lines 3 to 6", got)
	}
}

// sleeps lists where a file calls time.Sleep outside of what it hands to
// synctest.Test, and where it does the same by other means: it receives from
// time.After, and from nothing else at the same time.
func sleeps(t *testing.T, path string, text []byte) []string {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	limits := map[ast.Node]bool{} // what a select waits for besides something else
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectStmt:
			for _, c := range n.Body.List {
				clause, _ := c.(*ast.CommClause)
				if wait, ok := clause.Comm.(*ast.ExprStmt); ok && len(n.Body.List) > 1 {
					limits[wait.X] = true
				}
			}
		case *ast.UnaryExpr:
			call, _ := n.X.(*ast.CallExpr)
			if n.Op == token.ARROW && call != nil && isTime(call, "After") && !limits[n] {
				found = append(found, files.Position(n.Pos()).String())
			}
		case *ast.CallExpr:
			if isTime(n, "Sleep") {
				found = append(found, files.Position(n.Pos()).String())
			}
			sel, _ := n.Fun.(*ast.SelectorExpr)
			return sel == nil || !isName(sel.X, "synctest")
		}
		return true
	})
	return found
}

// isTime reports whether call is one of a function of package time.
func isTime(call *ast.CallExpr, function string) bool {
	sel, _ := call.Fun.(*ast.SelectorExpr)
	return sel != nil && isName(sel.X, "time") && sel.Sel.Name == function
}

func isName(x ast.Expr, name string) bool {
	id, _ := x.(*ast.Ident)
	return id != nil && id.Name == name
}

// Each direct dependency of the product and of the test module has a reason.
func TestEveryDependencyHasItsReason(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	ofTests, err := os.ReadFile(filepath.Join(root, "test", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	mod = append(mod, ofTests...)
	adr, err := os.ReadFile(filepath.Join(root, "docs", "adr", "0002-dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	direct := regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllSubmatch(mod, -1)
	if len(direct) == 0 {
		t.Fatal("go.mod names no direct dependency")
	}
	for _, m := range direct {
		if !bytes.Contains(adr, []byte("| `"+string(m[1])+"` |")) {
			t.Errorf("docs/adr/0002-dependencies.md has no row for %s", m[1])
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllSubmatch(adr, -1) {
		if !bytes.Contains(mod, []byte("\t"+string(row[1])+" v")) {
			t.Errorf("docs/adr/0002-dependencies.md has a row for %s, which no go.mod names", row[1])
		}
	}
}

// Every link between the documents leads somewhere.
func TestNoLinkOfTheDocumentsIsDead(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#\s]+)(#[^)]*)?\)`)
	checked := 0
	walk(t, func(path string, text []byte) {
		if !strings.HasSuffix(path, ".md") {
			return
		}
		for _, m := range link.FindAllSubmatch(text, -1) {
			to := string(m[1])
			if strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
				continue
			}
			checked++
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(path), to)); err != nil {
				t.Errorf("%s links to %s, which is not there", path, to)
			}
		}
	})
	if checked == 0 {
		t.Error("no link was checked")
	}
}

// walk calls do for every text file of the repository, with its path from the
// root and its content.
func walk(t *testing.T, do func(path string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			// What .gitignore names, and what belongs to git itself.
			if slices.Contains([]string{".git", ".bin", "data"}, rel) || d.Name() == "node_modules" {
				return filepath.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || rel == ".git" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.ContainsRune(text[:min(len(text), 8000)], 0) {
			do(filepath.ToSlash(rel), text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
