package web

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every action that the rooms put on the record is said in words on its page.
func TestEveryDeedHasWords(t *testing.T) {
	t.Parallel()
	action := regexp.MustCompile(`"((?:server|provider|model|mate|bot|team|member|invite|token|account)\.[a-z_]+)"`)
	// Names that look like actions: settings, and what an export is sealed with.
	none := []string{"server.name", "server.url_problem", "server.identity", "server.mail_password", "server.set_up_host"}
	found := 0
	for _, room := range []string{"identity", "team", "server", "guard", "connect", "mate", "model"} {
		files, err := filepath.Glob("../" + room + "/*.go")
		must(t, err)
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			b, err := os.ReadFile(f)
			must(t, err)
			for _, m := range action.FindAllStringSubmatch(string(b), -1) {
				if slices.Contains(none, m[1]) {
					continue
				}
				found++
				if deed(m[1]) == "" {
					t.Errorf("%s in %s has no words: say in auditwords.go what was done", m[1], f)
				}
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d actions found", found)
	}
}
