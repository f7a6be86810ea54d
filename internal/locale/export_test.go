package locale

import "strings"

// Messages are the messages of a template, in their order, each as often as it
// stands there.
func Messages(source string) (ids []string) {
	note := func(value string) string {
		walk(plainText(value), func(string) {}, func(m message) { ids = append(ids, m.id) }, nil)
		return value
	}
	walk(lex(source), func(string) {}, func(m message) {
		ids = append(ids, m.id)
		for _, t := range m.tags {
			attributes(t.open, note)
		}
	}, note)
	return ids
}

// Fits returns an error if a translation doesn't fit a message of a template.
func Fits(id, translation string) error {
	var m message
	walk(lex(sample(id)), func(string) {}, func(found message) { m = found }, nil)
	if m.id == "" { // all of it is one element, or it holds no letters
		return nil
	}
	_, err := m.in(translation, func(raw string) string { return raw })
	return err
}

// sample makes a template of a message.
func sample(id string) string {
	return placeholder.ReplaceAllStringFunc(id, func(p string) string {
		m := placeholder.FindStringSubmatch(p)
		switch {
		case m[1] != "":
			return "{{.V" + m[1] + "}}"
		case m[4] == "" || strings.HasPrefix(p, "</"):
			return "<" + m[2] + m[3] + ">"
		}
		return "<" + m[3] + ` x="` + m[4] + `">`
	})
}
