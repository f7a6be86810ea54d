package store

import (
	"encoding/json"
	"testing"

	"openmates"
)

// Rows that exist are read for ever: those of before the fields had tags, and
// those of today.
func TestStoredVersionsOfMatesStayReadable(t *testing.T) {
	t.Parallel()
	want := openmates.Mate{
		ID: 7, Handle: "sophia", Name: "Sophia", Field: "software", Description: "Codes.", Prompt: "You are Sophia.",
		Model: "openai/a", Class: "deep", Limits: openmates.Limits{PerMinute: 3, PerMonth: 5}, Enabled: true, Version: 4, Archived: true,
	}
	const set = `{"mates":null,"apps":null,"skills":null,"providers":null,"models":null,"per_minute":3,"per_month":5}`
	for _, row := range []string{
		`{"ID":"7","Handle":"sophia","Name":"Sophia","Field":"software","Description":"Codes.","Prompt":"You are Sophia.","Model":"openai/a","Class":"deep","Limits":` + set + `,"Enabled":true,"Version":4,"Archived":true}`,
		`{"id":"7","handle":"sophia","name":"Sophia","field":"software","description":"Codes.","prompt":"You are Sophia.","model":"openai/a","class":"deep","limits":` + set + `,"enabled":true,"version":4,"archived":true}`,
	} {
		var doc mateDocument
		if err := json.Unmarshal([]byte(row), &doc); err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		same, err := json.Marshal(mateDocument(want))
		if err != nil || string(got) != string(same) {
			t.Errorf("read as %s, want %s", got, same)
		}
	}
	if now, err := json.Marshal(mateDocument(want)); err != nil || string(now) == "" || !json.Valid(now) {
		t.Errorf("%s, %v", now, err)
	} else {
		var names map[string]json.RawMessage
		if err := json.Unmarshal(now, &names); err != nil || len(names) != 12 || names["prompt"] == nil || names["limits"] == nil {
			t.Errorf("written as %s", now)
		}
	}
}
