package internal_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// words of one network that no other part of the product may know: what the
// connector describes, the others take from it.
var discordsWords = regexp.MustCompile(`(?i)guild|\bintents?\b|permission ?bits?\b|privileged`) //nolint:gochecknoglobals // a table that nobody writes

// TestDiscordsWordsStayInItsConnector keeps the words of one network out of the
// files that know all of them.
func TestDiscordsWordsStayInItsConnector(t *testing.T) {
	t.Parallel()
	allowed := map[string]string{
		"internal/api/message.go":               "the fields of the workflow are a promise to programs: discord_guilde_id",
		"client/calls.go":                       "sends those fields",
		"cmd/openmates/demo.go":                 "sets up the simulator of Discord",
		"internal/walktest/stage.go":            "quotes what mates answer, to the letter",
		"internal/store/storetest/storetest.go": "a workspace of tests is called so",
	}
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if d.IsDir() {
			if slices.Contains([]string{"internal/messenger/discord", "test", ".git", ".ci"}, name) || d.Name() == "testdata" {
				return fs.SkipDir
			}
			return nil
		}
		product := strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, ".html")
		if !product {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		found := discordsWords.Find(text)
		if found == nil {
			return nil
		}
		if allowed[name] == "" {
			t.Errorf("%s says “%s”, which is a word of Discord's connector", name, found)
		}
		seen[name] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range allowed {
		if !seen[name] {
			t.Errorf("%s has no word of Discord's any more: take it off the list", name)
		}
	}
}

// The store says what it found with errors that rooms and the vocabulary
// declare, together with what people read: docs/adr/0020-engine-and-store.md.
func TestTheStoreMakesNoSentences(t *testing.T) {
	t.Parallel()
	said := regexp.MustCompile(`openmates\.(?:T|Errorf|Missing)\(|openmates\.Error\{`)
	files, err := filepath.Glob("store/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if m := said.Find(b); m != nil && !strings.HasSuffix(f, "_test.go") {
			t.Errorf("%s calls %q", f, m)
		}
	}
}
