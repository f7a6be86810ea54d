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

// Field returns a mate's field as people read it: what a ready mate is good at
// is a text of ours, in every language; what somebody typed is shown as it is.
func Field(handle, field string) openmates.Text {
	return ours(handle, field, func(m openmates.Mate) string { return m.Field })
}

// Description is Field for a mate's description.
func Description(handle, description string) openmates.Text {
	return ours(handle, description, func(m openmates.Mate) string { return m.Description })
}

// ours returns a text as a message if the catalogue has it for this very mate.
func ours(handle, text string, of func(openmates.Mate) string) openmates.Text {
	b, err := fs.ReadFile(files, "mates/"+handle+".md")
	if err != nil || text == "" {
		return openmates.T("%s", text)
	}
	if m, err := parse(handle, string(b)); err != nil || of(m) != text {
		return openmates.T("%s", text)
	}
	return openmates.Text(text)
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
