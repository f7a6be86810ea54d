//go:build ignore

// Report reads what `go test -json` writes, prints one line for each package
// and what failing tests said, and fails when a test failed, when a test was
// skipped for a reason that is not allowed, or when no test ran.
//
//	go test -json ./... | report ALLOWED-SKIPS
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// event is one line of go test -json, see `go doc test2json`.
type event struct {
	Action     string
	Package    string
	ImportPath string // of build-output
	Test       string
	Output     string
	Elapsed    float64
}

// name identifies a test, or with Test "" a package.
type name struct{ pkg, test string }

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: report ALLOWED-SKIPS < output of go test -json")
		os.Exit(2)
	}
	allowed, err := readAllowed(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if !report(os.Stdin, os.Stdout, allowed) {
		os.Exit(1)
	}
}

func readAllowed(path string) ([]string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var allowed []string
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			allowed = append(allowed, line)
		}
	}
	return allowed, nil
}

// report reports whether all is well.
func report(in io.Reader, out io.Writer, allowed []string) bool {
	said := map[name]*strings.Builder{}
	took := map[name]float64{}
	var failed, skipped []name
	ran := 0
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(out, lines.Text()) // the go command itself speaks
			continue
		}
		n := name{cmp.Or(e.Package, e.ImportPath), e.Test}
		switch e.Action {
		case "output", "build-output":
			if said[n] == nil {
				said[n] = &strings.Builder{}
			}
			said[n].WriteString(e.Output)
		case "pass", "fail", "skip":
			switch {
			case e.Test != "":
				ran++
				took[n] = e.Elapsed
			case e.Action == "skip":
				fmt.Fprintln(out, "none", e.Package)
			default:
				fmt.Fprintln(out, e.Action, e.Package, strconv.FormatFloat(e.Elapsed, 'f', 1, 64)+"s")
			}
			if e.Action == "fail" {
				failed = append(failed, n)
			}
			if e.Action == "skip" && e.Test != "" {
				skipped = append(skipped, n)
			}
		case "build-fail":
			failed = append(failed, n)
		}
		// What a test that passed said is of no more use, but that the race
		// detector may have spoken in it of another one.
		if b := said[n]; b != nil && e.Action == "pass" && e.Test != "" {
			if strings.Contains(b.String(), "DATA RACE") {
				failed = append(failed, n)
			} else {
				delete(said, n)
			}
		}
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(out, "report:", err)
		return false
	}
	for _, n := range failed {
		fmt.Fprintf(out, "\nFAIL %s %s\n", n.pkg, n.test)
		if b := said[n]; b != nil {
			fmt.Fprint(out, b)
		}
	}
	wrong := 0
	for _, n := range skipped {
		why := reason(said[n])
		if !slices.ContainsFunc(allowed, func(a string) bool { return strings.HasPrefix(why, a) }) {
			wrong++
			fmt.Fprintf(out, "\nSKIP %s %s: %s\n", n.pkg, n.test, cmp.Or(why, "no reason given"))
		}
	}
	fmt.Fprintf(out, "\n%d tests ran, %d failures, %d skipped, %d of them for a reason that is not allowed\n", ran, len(failed), len(skipped), wrong)
	printSlowest(out, took)
	return ran > 0 && len(failed) == 0 && wrong == 0
}

var place = regexp.MustCompile(`^\s*\S+\.go:\d+: `)

// reason is what a test gave t.Skip: the last line that carries a file's name.
func reason(said *strings.Builder) string {
	if said == nil {
		return ""
	}
	why := ""
	for line := range strings.Lines(said.String()) {
		if at := place.FindString(line); at != "" {
			why = strings.TrimSpace(line[len(at):])
		}
	}
	return why
}

func printSlowest(out io.Writer, took map[name]float64) {
	var names []name
	for n := range took {
		if !strings.Contains(n.test, "/") {
			names = append(names, n)
		}
	}
	slices.SortFunc(names, func(a, b name) int { return cmp.Compare(took[b], took[a]) })
	fmt.Fprintln(out, "the slowest:")
	for _, n := range names[:min(len(names), 5)] {
		fmt.Fprintf(out, "  %6.1fs %s %s\n", took[n], strings.TrimPrefix(n.pkg, "openmates/"), n.test)
	}
}
