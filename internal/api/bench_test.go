package api

import (
	"testing"

	"openmates"
	"openmates/internal/locale"
)

// What an answer costs to be put into its reader's language: a list without
// texts must cost next to nothing.
func BenchmarkSentences(b *testing.B) {
	book, err := locale.Open()
	if err != nil {
		b.Fatal(err)
	}
	voice := book.Voice("de")
	lines := make([]TeamLine, 50)
	bots := make([]Bot, 50)
	for i := range bots {
		bots[i].State = &State{Reason: openmates.T("%s has left %s.", "Sophia", "Quay")}
	}
	for name, v := range map[string]any{"without texts": page[TeamLine]{Items: lines}, "with texts": page[Bot]{Items: bots}} {
		b.Run(name, func(b *testing.B) {
			var k shapes
			b.ReportAllocs()
			for b.Loop() {
				k.said(voice, v)
			}
		})
	}
}
