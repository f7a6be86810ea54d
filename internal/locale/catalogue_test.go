package locale_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/leonelquinteros/gotext"

	"openmates/internal/locale"
)

var update = flag.Bool("update", false, "write the messages of the source into every catalogue; what has no translation yet gets an empty one")

const root = "../.."

// spoken are the packages whose sentences reach the pages.
func spoken() []string {
	return []string{
		".", "cmd/openmates", "internal/web", "internal/identity", "internal/team", "internal/server", "internal/policy", "internal/guard", "internal/connect", "internal/mate", "internal/model", "internal/store", "internal/sqldb",
		"internal/messenger", "internal/messenger/discord", "internal/llm", "internal/llm/wire", "internal/llm/openai", "internal/llm/anthropic",
		"internal/llm/google", "internal/mail", "internal/spelling", "internal/mail/smtp", "internal/secret",
	}
}

// whole are those of them in which every finished sentence is for people,
// wherever it stands.
func whole() []string {
	return []string{"internal/connect", "internal/messenger", "internal/messenger/discord"}
}

// unspoken are the files of them that no page tells of: what they say is read
// in a chat or by a program.
func unspoken() []string {
	return []string{"internal/connect/greet.go", "internal/connect/claim.go", "internal/messenger/command.go", "internal/messenger/discord/commands.go"}
}

// apps are the packages that offer skills. Pages show how these are called and
// what an app is for; all else they say is for a model.
func apps() []string { return []string{"internal/skill/web", "internal/skill/calc"} }

// refusals are what internal/chat says in place of an answer, by function or
// constant: an admin who tries a mate out reads them on a page. All else that
// it says stands in a chat alone.
func refusals() []string {
	return []string{"notAllowed", "mateNotAllowed", "noModel", "overLimit", "noMoneyLeft", "budgetUsed", "modelTrouble", "modelRefusal", "noWords", "onlySkills"}
}

// fields are those of composite literals that hold words for people.
func fields() []string {
	return []string{"Message", "Reason", "Cure", "Label", "Heading", "Sentence", "What", "Title", "Hint", "Problem", "Wrong", "Text", "About", "Note", "Warning", "Explains", "what"}
}

// calls are functions with the place of the argument that is a sentence.
func calls() map[string]int {
	return map[string]int{
		"Errorf": 1, "done": 3, "SetFlash": 1, "shell": 1, "plain": 2, "invalid": 0,
		"missing": 0, "taken": 1, "wrong": 0, "said": 0, "first": 2, "must": 0, "line": 1, "badCharacter": 0, "ok": 1, "bad": 1, "state": 1, "worn": 1, "named": 1,
		"say": 0, "Say": 0, "count": 1, "Count": 1, "date": 0, "Date": 0, "sentence": 0, "Text": 1, "Name": 1, "Line": 1, "showRecovery": 2,
	}
}

// words are said, too, but stand where no shape tells them from names: those
// who set limits, who made an invite, and what dates are made of.
func words() []string {
	all := []string{"the server", "the team", "the team %s", "the mate %s", "an admin of the team"}
	for day := range time.Weekday(7) {
		all = append(all, day.String(), day.String()[:3])
	}
	for month := time.January; month <= time.December; month++ {
		all = append(all, month.String(), month.String()[:3])
	}
	return all
}

// returns are functions that give a part of a sentence.
func returns() []string { return []string{"almost", "placeName", "some", "join2"} }

// aSentence is a string that reads as one wherever it stands, not as a word or a
// part of a sentence. A value may begin it.
var aSentence = regexp.MustCompile(`^([\p{Lu}“]|%[sdq] )[^\n]* [^\n]*([.!?:)]|: %s)$`)

// source is what the code and the templates say.
type source struct {
	messages map[string]string // where each was found first
	plurals  map[string]string // the many of a one
	literals map[string]bool   // every string in the code
}

func (s *source) add(id, where string) {
	if id != "" && strings.ContainsFunc(id, unicode.IsLetter) && s.messages[id] == "" {
		s.messages[id] = where
	}
}

func read(t *testing.T) *source {
	t.Helper()
	s := &source{messages: map[string]string{}, plurals: map[string]string{}, literals: map[string]bool{}}
	templates, err := filepath.Glob(root + "/internal/web/templates/*.html")
	if err != nil || len(templates) < 10 {
		t.Fatalf("found %d templates, %v", len(templates), err)
	}
	for _, path := range templates {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		where := "internal/web/templates/" + filepath.Base(path)
		for _, id := range locale.Messages(string(text)) {
			s.add(id, where)
		}
		s.arguments(string(text), where)
	}
	s.catalogue(t)
	s.refused(t)
	for _, dir := range slices.Concat(spoken(), apps()) {
		files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s holds no code, %v", dir, err)
		}
		for _, path := range files {
			if !strings.HasSuffix(path, "_test.go") {
				s.code(t, path)
			}
		}
	}
	for _, word := range words() {
		s.literals[word] = true
		s.add(word, "words")
	}
	return s
}

// refused notes the sentences of refusals.
func (s *source) refused(t *testing.T) {
	t.Helper()
	found := map[string]bool{}
	for _, where := range []string{"internal/chat/words.go", "internal/chat/answer.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, where), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if !slices.Contains(refusals(), n.Name.Name) {
					return false
				}
				found[n.Name.Name] = true
			case *ast.ValueSpec:
				if len(n.Names) != 1 || !slices.Contains(refusals(), n.Names[0].Name) {
					return false
				}
				found[n.Names[0].Name] = true
			case *ast.BasicLit:
				if text, ok := str(n); ok && strings.Contains(text, " ") {
					s.literals[text] = true
					s.add(text, where)
				}
			}
			return true
		})
	}
	if len(found) != len(refusals()) {
		t.Errorf("of the refusals %v only %v are there", refusals(), found)
	}
}

// catalogue notes what the mates of the catalogue are good at.
func (s *source) catalogue(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(root + "/internal/catalogue/mates/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("the catalogue holds no mates, %v", err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range praised.FindAllStringSubmatch(string(text), -1) {
			s.add(m[1], "internal/catalogue/mates/"+filepath.Base(path))
		}
	}
}

var praised = regexp.MustCompile(`(?m)^(?:field|description): (.+)$`)

var (
	counted = regexp.MustCompile(`\bcount [^"{}]*"([^"]*)" "([^"]*)"`)
	dated   = regexp.MustCompile(`\bdate "([^"]*)"`)
	said    = regexp.MustCompile(`\b(?:say|spend|grants) "([^"]*)"`)
)

// arguments finds the messages that actions of a template name.
func (s *source) arguments(text, where string) {
	for _, m := range counted.FindAllStringSubmatch(text, -1) {
		s.add(m[1], where)
		s.plurals[m[1]] = m[2]
	}
	for _, m := range slices.Concat(dated.FindAllStringSubmatch(text, -1), said.FindAllStringSubmatch(text, -1)) {
		s.add(m[1], where)
	}
}

// code notes the strings of a file, and which of them are sentences: those that
// stand where sentences do, and those of literals without field names.
func (s *source) code(t *testing.T, path string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	where := filepath.ToSlash(strings.TrimPrefix(path, root+"/"))
	switch dir := filepath.ToSlash(filepath.Dir(where)); {
	case slices.Contains(unspoken(), where):
		return
	case slices.Contains(apps(), dir):
		s.offers(file, where)
		return
	case slices.Contains(whole(), dir):
		s.sentences(file, where)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if text, ok := str(n); ok {
				s.literals[text] = true
			}
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && slices.Contains(fields(), key.Name) {
				s.sentence(n.Value, where)
			}
		case *ast.CompositeLit:
			if _, list := n.Type.(*ast.ArrayType); list {
				return true
			}
			for _, e := range n.Elts {
				if text, ok := str(e); ok && text != "" && unicode.IsUpper([]rune(text)[0]) && strings.ContainsFunc(text, unicode.IsLower) {
					s.sentence(e, where)
				}
				s.finished(e, where)
			}
		case *ast.ReturnStmt:
			for _, e := range n.Results {
				s.finished(e, where)
			}
		case *ast.AssignStmt:
			for _, e := range n.Rhs {
				s.finished(e, where)
			}
		case *ast.ValueSpec:
			for _, e := range n.Values {
				s.finished(e, where)
			}
		case *ast.CallExpr:
			if name(n.Fun) == "Count" && len(n.Args) == 3 {
				if one, ok := str(n.Args[1]); ok {
					s.plurals[one], _ = str(n.Args[2])
				}
			}
			if len(n.Args) > 1 && code.MatchString(name(n.Args[0])) {
				s.finished(n.Args[1], where)
			}
			if at, ok := calls()[name(n.Fun)]; ok && at < len(n.Args) {
				s.sentence(n.Args[at], where)
			}
		}
		return true
	})
}

// code is what openmates.Errorf, and whoever calls it for others, is given
// before the sentence.
var code = regexp.MustCompile(`^E[A-Z][a-z]+$`)

// sentences notes every finished sentence of a file, the titles that are
// constants, and what the functions of returns give.
func (s *source) sentences(file *ast.File, where string) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			if name(n.Key) == "Name" { // of a permission
				s.sentence(n.Value, where)
			}
		case ast.Expr:
			text, ok := str(n)
			if text = strings.TrimSpace(text); ok && aSentence.MatchString(text) {
				s.literals[text] = true
				s.add(text, where)
			}
			return !ok
		case *ast.ValueSpec:
			for i, value := range n.Values {
				if n.Names[i].Name == "title" {
					s.sentence(value, where)
				}
			}
		case *ast.FuncDecl:
			if slices.Contains(returns(), n.Name.Name) {
				ast.Inspect(n, func(n ast.Node) bool {
					if r, ok := n.(*ast.ReturnStmt); ok {
						s.sentence(r.Results[0], where)
					}
					return true
				})
			}
		}
		return true
	})
}

// offers notes what is shown of apps and their skills.
func (s *source) offers(file *ast.File, where string) {
	ast.Inspect(file, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		for _, e := range lit.Elts {
			if e, ok := e.(*ast.KeyValueExpr); ok && (name(e.Key) == "Label" || name(e.Key) == "Description" && name(lit.Type) == "App") {
				s.sentence(e.Value, where)
			}
		}
		return true
	})
}

// sentence adds a literal, or the format of a Sprintf; anything else comes from
// elsewhere.
func (s *source) sentence(e ast.Expr, where string) {
	if call, ok := e.(*ast.CallExpr); ok && name(call.Fun) == "Sprintf" && len(call.Args) > 0 {
		e = call.Args[0]
	}
	if text, ok := str(e); ok {
		s.literals[text] = true
		s.add(text, where)
	}
}

// finished is sentence for what is one by its looks alone.
func (s *source) finished(e ast.Expr, where string) {
	text, ok := str(e)
	if call, isCall := e.(*ast.CallExpr); isCall && name(call.Fun) == "Sprintf" && len(call.Args) > 1 {
		text, ok = str(call.Args[0])
	}
	if ok && looksFinished.MatchString(text) {
		s.sentence(e, where)
	}
}

var looksFinished = regexp.MustCompile(`^[A-Z“%].* .*[.?!”]$`)

// str gives the value of a string, also of one that is put together.
func str(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			text, err := strconv.Unquote(e.Value)
			return text, err == nil
		}
	case *ast.BinaryExpr:
		x, xok := str(e.X)
		y, yok := str(e.Y)
		return x + y, xok && yok && e.Op == token.ADD
	}
	return "", false
}

func name(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// Every language has words for every message of the source, and no others.
func TestCataloguesAreWhole(t *testing.T) {
	t.Parallel()
	src := read(t)
	if len(src.messages) < 300 {
		t.Fatalf("the source has only %d messages", len(src.messages))
	}
	entries, err := fs.Glob(os.DirFS("po"), "*.po")
	if err != nil || len(entries) == 0 {
		t.Fatalf("no catalogue: %v", err)
	}
	for _, file := range entries {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join("po", file)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			po := gotext.NewPo()
			po.Parse(text)
			if *update {
				if err := os.WriteFile(path, write(string(text), po, src), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			for id, where := range src.messages {
				if !po.IsTranslated(id) {
					t.Errorf("%s: there are no words for %q; go test ./internal/locale -update makes room for them", where, id)
				}
			}
			held := po.GetDomain().GetTranslations()
			for id, tr := range held {
				if id == "" {
					continue
				}
				if src.messages[id] == "" && !src.literals[id] {
					t.Errorf("%q is said nowhere any more", id)
				}
				fits(t, id, tr)
			}
		})
	}
}

var verbs = regexp.MustCompile(`%(?:\[\d+\])?[-+# 0]*\d*(?:\.\d+)?([a-zA-Z])|%%`)

// fits holds a translation against its source: the same values, the same tags.
func fits(t *testing.T, id string, tr *gotext.Translation) {
	t.Helper()
	for _, text := range tr.Trs {
		if text == "" {
			continue
		}
		if err := locale.Fits(id, text); err != nil {
			t.Errorf("%q: %v", id, err)
		}
		count := func(s string) map[string]int {
			n := map[string]int{}
			for _, m := range verbs.FindAllStringSubmatch(s, -1) {
				n[m[1]]++
			}
			return n
		}
		if want, got := count(id), count(text); !maps.Equal(want, got) {
			t.Errorf("%q has the values %v, its translation %q has %v", id, want, text, got)
		}
	}
}

// write makes the text of a catalogue: its head, then the messages by where
// they stand.
func write(text string, po *gotext.Po, src *source) []byte {
	head, _, _ := strings.Cut(text, "\n\n")
	var b strings.Builder
	b.WriteString(head + "\n\nmsgctxt \"decimal point\"\nmsgid \".\"\nmsgstr " + strconv.Quote(po.GetC(".", "decimal point")) + "\n")
	ids := maps.Clone(src.messages)
	for id, t := range po.GetDomain().GetTranslations() {
		if id != "" && ids[id] == "" && src.literals[id] && t.IsTranslated() {
			ids[id] = "words"
		}
	}
	sorted := slices.SortedFunc(maps.Keys(ids), func(a, c string) int {
		return strings.Compare(ids[a]+"\x00"+a, ids[c]+"\x00"+c)
	})
	held := po.GetDomain().GetTranslations()
	for _, id := range sorted {
		fmt.Fprintf(&b, "\n#: %s\nmsgid %s\n", ids[id], quote(id))
		get := func(n int) string {
			if t := held[id]; t != nil {
				return t.Trs[n]
			}
			return ""
		}
		if many, ok := src.plurals[id]; ok {
			fmt.Fprintf(&b, "msgid_plural %s\nmsgstr[0] %s\nmsgstr[1] %s\n", quote(many), quote(get(0)), quote(get(1)))
			continue
		}
		fmt.Fprintf(&b, "msgstr %s\n", quote(get(0)))
	}
	return []byte(b.String())
}

// quote writes a string as gettext does: letters of other alphabets stay.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(s) + `"`
}
