package locale_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// module is the path that every package of the product begins with.
const module = "openmates"

// makers are the functions whose argument of that place is the format of a
// text, by their full names.
func makers() map[string]int {
	return map[string]int{module + ".T": 0, module + ".Errorf": 1}
}

// keepers are the files that may turn a text into a string as it is stored, or
// back; all others use T and String.
func keepers() []string {
	return []string{"text.go", "internal/identity/session.go", "internal/identity/visit.go", "internal/server/server.go", "internal/api/language.go", "internal/catalogue/catalogue.go"}
}

// forModels are the packages whose errors are read by a model and not by a
// person: only what they make with T is a message.
const forModels = "internal/skill/"

// built is a package as the go command lists it.
type built struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
}

// reading checks the types of the whole program and notes the formats of its
// texts.
type reading struct {
	source     *source
	fset       *token.FileSet
	built      map[string]built
	checked    map[string]*types.Package
	exports    types.Importer
	complaints []string
}

// code collects the messages in the code and returns the errors: formats that
// aren't constants, texts not created by T, and texts joined with +.
func (s *source) code(t *testing.T) []string {
	t.Helper()
	list := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles", "./...")
	list.Dir, list.Stderr = root, os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("list the packages: %v", err)
	}
	r := &reading{source: s, fset: token.NewFileSet(), built: map[string]built{}, checked: map[string]*types.Package{}}
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var b built
		if err := d.Decode(&b); err != nil {
			t.Fatal(err)
		}
		r.built[b.ImportPath] = b
	}
	r.exports = importer.ForCompiler(r.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(r.built[path].Export) })
	for _, path := range slices.Sorted(maps.Keys(r.built)) {
		if path == module || strings.HasPrefix(path, module+"/") {
			if _, err := r.Import(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	return r.complaints
}

// Import implements types.Importer: packages of the product are read from their
// source, so that all of them mean the same types.
func (r *reading) Import(path string) (*types.Package, error) {
	if p := r.checked[path]; p != nil {
		return p, nil
	}
	if path != module && !strings.HasPrefix(path, module+"/") {
		return r.exports.Import(path)
	}
	var files []*ast.File
	for _, name := range r.built[path].GoFiles {
		file, err := parser.ParseFile(r.fset, filepath.Join(r.built[path].Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		files = append(files, file)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: r}
	p, err := conf.Check(path, r.fset, files, info)
	if err != nil {
		return nil, fmt.Errorf("check the types of %s: %w", path, err)
	}
	r.checked[path] = p
	if !strings.HasSuffix(path, "test") {
		for _, file := range files {
			r.file(file, info)
		}
	}
	return p, nil
}

func (r *reading) file(file *ast.File, info *types.Info) {
	where := r.fset.Position(file.Pos()).Filename
	if abs, err := filepath.Abs(root); err == nil {
		where, _ = filepath.Rel(abs, where)
	}
	where = filepath.ToSlash(where)
	keeps := slices.Contains(keepers(), where)
	ast.Inspect(file, func(n ast.Node) bool {
		e, ok := n.(ast.Expr)
		if !ok {
			return true
		}
		switch e := e.(type) {
		case *ast.CallExpr:
			r.call(e, info, where)
		case *ast.CompositeLit:
			r.value(e, info, where)
		}
		if keeps {
			return true
		}
		tv := info.Types[e]
		switch e := e.(type) {
		case *ast.CallExpr:
			if info.Types[e.Fun].IsType() && isText(tv.Type) != isText(info.Types[e.Args[0]].Type) && tv.Value == nil {
				r.complain(e, "a text is made by T and read by String, not converted")
			}
		case *ast.BinaryExpr:
			if e.Op == token.ADD && isText(tv.Type) {
				r.complain(e, "texts are not put together with +: their order depends on the language, see Sentences and List")
			}
		}
		if isText(tv.Type) && tv.Value != nil && constant.StringVal(tv.Value) != "" {
			r.complain(e, "a constant is a text without T: "+tv.Value.ExactString())
			return false
		}
		return true
	})
}

// call notes the message of a call.
func (r *reading) call(call *ast.CallExpr, info *types.Info, where string) {
	var id *ast.Ident
	switch fun := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		id = fun
	case *ast.SelectorExpr:
		id = fun.Sel
	default:
		return
	}
	f, ok := info.Uses[id].(*types.Func)
	if !ok {
		return
	}
	constantAt := func(at int) string {
		if v := info.Types[call.Args[at]].Value; v != nil {
			return constant.StringVal(v)
		}
		if !slices.Contains(keepers(), where) && !slices.Contains([]string{"error.go", "internal/web/language.go", "internal/locale/locale.go"}, where) {
			r.complain(call, "the format is no constant, so nobody can translate it")
		}
		return ""
	}
	if f.FullName() == "(*"+module+"/internal/locale.Voice).Count" {
		one := constantAt(1)
		r.source.add(one, where)
		r.source.plurals[one] = constantAt(2)
		return
	}
	at, ok := makers()[f.FullName()]
	if !ok || f.Name() == "Errorf" && strings.HasPrefix(where, forModels) {
		return
	}
	r.source.add(constantAt(at), where)
}

// value notes the messages of a date and of a quantity.
func (r *reading) value(lit *ast.CompositeLit, info *types.Info, where string) {
	t := info.Types[lit].Type
	if t == nil || where == "text.go" || t.String() != module+".Day" && t.String() != module+".Quantity" {
		return
	}
	said := map[string]string{}
	for _, elt := range lit.Elts {
		kv, ok := elt.(*ast.KeyValueExpr)
		if !ok {
			r.complain(elt, "it is written with the names of its fields")
			continue
		}
		key, _ := kv.Key.(*ast.Ident)
		if key == nil || !slices.Contains([]string{"Layout", "One", "Many"}, key.Name) {
			continue
		}
		v := info.Types[kv.Value].Value
		if v == nil {
			r.complain(kv, "it is no constant, so nobody can translate it")
			continue
		}
		said[key.Name] = constant.StringVal(v)
	}
	if one := said["One"]; one != "" {
		r.source.add(one, where)
		r.source.plurals[one] = said["Many"]
	}
	r.source.add(said["Layout"], where)
}

func (r *reading) complain(n ast.Node, why string) {
	r.complaints = append(r.complaints, fmt.Sprintf("%s: %s", r.fset.Position(n.Pos()), why))
}

func isText(t types.Type) bool { return t != nil && t.String() == module+".Text" }
