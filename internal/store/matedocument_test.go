package store

import (
	"encoding/json"
	"reflect"
	"testing"

	"openmates"
)

// Rows that exist are read for ever: those of before the fields had tags, of
// before there were formats, and those of today. Those of a later program are not.
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
		`{"format":1,"id":"7","handle":"sophia","name":"Sophia","field":"software","description":"Codes.","prompt":"You are Sophia.","model":"openai/a","class":"deep","limits":` + set + `,"enabled":true,"version":4,"archived":true}`,
	} {
		got, err := readMate([]byte(row))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("read as %+v, %v, want %+v", got, err, want)
		}
	}
	if got, err := readMate([]byte(`{"format":2,"handle":"sophia"}`)); err == nil {
		t.Errorf("a later format is read as %+v", got)
	}
	if now, err := json.Marshal(mateDocument{mateFormat, mateFields(want)}); err != nil || string(now) == "" || !json.Valid(now) {
		t.Errorf("%s, %v", now, err)
	} else {
		var names map[string]json.RawMessage
		if err := json.Unmarshal(now, &names); err != nil || len(names) != 13 || string(names["format"]) != "1" || names["prompt"] == nil || names["limits"] == nil {
			t.Errorf("written as %s", now)
		}
	}
}
