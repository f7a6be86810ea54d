package internal_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// For each action of the audit record that has words on its page, a test of its
// room checks that nothing happens where its entry can't be written.
func TestEachActionIsTestedWithoutItsAuditEntry(t *testing.T) {
	t.Parallel()
	alone := []string{ // they change nothing that could be undone
		"account.signin_failed", "team.connect_refused",
		"bot.add", // of an earlier version
	}
	action := regexp.MustCompile(`"((?:server|provider|model|mate|bot|team|member|invite|token|account)\.[a-z_]+)"`)
	tested := map[string]bool{}
	files, err := filepath.Glob("*/audited_test.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		for _, a := range found(t, action, f) {
			tested[a] = true
		}
	}
	words := found(t, regexp.MustCompile(`case "([a-z]+\.[a-z_]+)"|, "([a-z]+\.[a-z_]+)":`), "web/auditwords.go")
	if len(words) < 60 {
		t.Errorf("only %d actions have words", len(words))
	}
	for _, w := range words {
		if settings := []string{"server.name"}; !tested[w] && !slices.Contains(alone, w) && !slices.Contains(settings, w) {
			t.Errorf("no audited_test.go has %s: check there that it doesn't happen without its entry", w)
		}
	}
}

// found lists what the groups of an expression match in a file.
func found(t *testing.T, what *regexp.Regexp, file string) (all []string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range what.FindAllStringSubmatch(string(b), -1) {
		for _, group := range m[1:] {
			if group != "" {
				all = append(all, group)
			}
		}
	}
	return all
}
