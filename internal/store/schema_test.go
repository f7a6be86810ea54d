package store_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

// update writes the golden files from what is there.
var update = flag.Bool("update", false, "write testdata anew")

// A released migration never changes, because databases exist that ran it. Its
// comments may change. -update adds new migrations.
func TestReleasedMigrationsStayAsTheyWere(t *testing.T) {
	t.Parallel()
	comment := regexp.MustCompile(`--[^\n]*`)
	names, err := fs.Glob(store.Migrations(), "*.sql")
	ok(t, err)
	var now []string
	for _, name := range names {
		text, err := fs.ReadFile(store.Migrations(), name)
		ok(t, err)
		sum := sha256.Sum256([]byte(strings.Join(strings.Fields(comment.ReplaceAllString(string(text), "")), " ")))
		now = append(now, name+" "+hex.EncodeToString(sum[:16]))
	}
	golden := filepath.Join("testdata", "migrations.txt")
	old, err := os.ReadFile(golden)
	if err != nil && !*update {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(old)) {
		if line = strings.TrimSpace(line); !slices.Contains(now, line) {
			t.Errorf("%s was changed or is gone. Write a new migration instead.", strings.Fields(line)[0])
		}
	}
	if *update && !t.Failed() {
		ok(t, os.WriteFile(golden, []byte(strings.Join(now, "\n")+"\n"), 0o644))
		return
	}
	for _, line := range now {
		if !strings.Contains(string(old), line+"\n") {
			t.Errorf("%s has no line in %s yet; go test ./internal/store -run Migrations -update writes it.", strings.Fields(line)[0], golden)
		}
	}
}

// All migrations together produce the schema in testdata, on both engines:
// tables, columns and their types, keys, indexes, and SQLite's storage of rows.
func TestTheSchemaIsTheGoldenOne(t *testing.T) {
	t.Parallel()
	for engine, query := range map[string]string{
		"sqlite": `SELECT type || ' ' || name || ': ' || COALESCE(sql, 'by itself') FROM sqlite_master WHERE name NOT LIKE '%goose%' ORDER BY type, name`,
		"postgres": `SELECT line FROM (
			SELECT 'column ' || table_name || '.' || column_name || ': ' || data_type || ' ' || is_nullable || ' ' || COALESCE(column_default, '') AS line
				FROM information_schema.columns WHERE table_schema = current_schema()
			UNION ALL SELECT 'constraint ' || c.conname || ': ' || pg_get_constraintdef(c.oid)
				FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace WHERE n.nspname = current_schema() AND c.contype <> 'n'
			UNION ALL SELECT 'index ' || indexname || ': ' || indexdef FROM pg_indexes WHERE schemaname = current_schema()
		) AS lines WHERE line NOT LIKE '%goose%' ORDER BY line COLLATE "C"`,
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			var c store.Config
			storetest.One(t, engine)(func(conf *store.Config) { c = *conf })
			driver, address := "sqlite", filepath.Join(c.Dir, "openmates.db")
			if engine == "postgres" {
				driver, address = "pgx", c.URL
			}
			got := schemaLines(t, driver, address, query)
			golden := filepath.Join("testdata", engine+".txt")
			if *update {
				ok(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			ok(t, err)
			if got != string(want) {
				t.Errorf("the schema differs from %s; go test ./internal/store -run Golden -update writes it, and git diff shows how:\n%s", golden, firstDifference(got, string(want)))
			}
		})
	}
}

func schemaLines(t *testing.T, driver, address, query string) string {
	t.Helper()
	db, err := sql.Open(driver, address)
	ok(t, err)
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), query)
	ok(t, err)
	defer rows.Close()
	var lines []string
	comment, schema := regexp.MustCompile(`--[^\n]*`), regexp.MustCompile(`\btest_[a-z0-9]{26}\.`)
	for rows.Next() {
		var line string
		ok(t, rows.Scan(&line))
		line = schema.ReplaceAllString(comment.ReplaceAllString(line, ""), "")
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	ok(t, rows.Err())
	return strings.Join(lines, "\n") + "\n"
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("got  %s\nwant %s", g[i], w[i])
		}
	}
	return "one is longer than the other"
}
