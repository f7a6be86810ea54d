// Package catalogue contains the mates that every server starts with: who they
// are, what they are good at, and their prompts, one Markdown file each.
//
// Every file is complete, which a test checks. Changes that an admin makes to a
// mate are in the database, not here.
package catalogue

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"openmates"
)

//go:embed mates/*.md
var files embed.FS

// Mates returns the catalogue's mates, sorted by handle. They have no IDs yet.
func Mates() ([]openmates.Mate, error) {
	entries, err := fs.ReadDir(files, "mates")
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	mates := make([]openmates.Mate, 0, len(entries))
	for _, e := range entries {
		b, err := fs.ReadFile(files, path.Join("mates", e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read the catalogue: %w", err)
		}
		m, err := parse(strings.TrimSuffix(e.Name(), ".md"), string(b))
		if err != nil {
			return nil, err
		}
		mates = append(mates, m)
	}
	return mates, nil
}

// parse reads one file: "key: value" lines, a line "---", and the prompt. The
// apps become the mate's limits: it may only use these until an admin allows
// more.
func parse(handle, text string) (openmates.Mate, error) {
	m := openmates.Mate{Handle: handle, Enabled: true}
	head, prompt, ok := strings.Cut(text, "\n---\n")
	if !ok {
		return m, fmt.Errorf("mate %s: no line --- before the prompt", handle)
	}
	var apps string
	fields := map[string]*string{"name": &m.Name, "field": &m.Field, "description": &m.Description, "class": &m.Class, "apps": &apps}
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		field, known := fields[key]
		if !known {
			return m, fmt.Errorf("mate %s: unknown line %q", handle, line)
		}
		*field = value
	}
	m.Prompt = strings.TrimSpace(prompt)
	for key, field := range fields {
		if *field == "" {
			return m, fmt.Errorf("mate %s: no %s", handle, key)
		}
	}
	if m.Prompt == "" {
		return m, fmt.Errorf("mate %s: no prompt", handle)
	}
	if !slices.Contains(openmates.Classes(), m.Class) {
		return m, fmt.Errorf("mate %s: there is no class %q", handle, m.Class)
	}
	m.Limits.Apps = openmates.OnlyThese(strings.Split(apps, ", ")...)
	return m, nil
}
