package api

import (
	"encoding/json"
	"testing"

	"openmates"
)

// A text with arguments is stored as an array; programs read the sentence.
func TestAnAnswerHoldsSentences(t *testing.T) {
	t.Parallel()
	type inner struct {
		Cure openmates.Text            `json:"cure"`
		By   map[string]openmates.Text `json:"by"`
	}
	type answer struct {
		All   []openmates.Text `json:"all"`
		Inner *inner           `json:"inner"`
		Any   any              `json:"any"`
		None  *inner           `json:"none"`
	}
	text := openmates.T("%s has %d", "Not ready", 2)
	shared := []openmates.Text{text}
	got, err := (&Server{}).sentences(nil, "200", &answer{shared, &inner{text, map[string]openmates.Text{"a": text}}, inner{Cure: text}, nil})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"all":["Not ready has 2"],"inner":{"cure":"Not ready has 2","by":{"a":"Not ready has 2"}},"any":{"cure":"Not ready has 2","by":null},"none":null}`
	if string(b) != want {
		t.Errorf("%s\nwant %s", b, want)
	}
	if shared[0] != text {
		t.Error("what answers share was changed")
	}
}
