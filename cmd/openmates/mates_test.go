package main

import (
	"log/slog"
	"slices"
	"testing"

	"openmates/internal/catalogue"
	"openmates/internal/skill"
)

// What the ready mates are given must be there to be used.
func TestTheAppsOfTheReadyMatesExist(t *testing.T) {
	t.Parallel()
	skills, err := newSkills(settings{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ready, err := catalogue.Mates()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range ready {
		for _, name := range m.Limits.Apps.Names {
			if !slices.ContainsFunc(skills.Apps(), func(a skill.App) bool { return a.Name == name }) {
				t.Errorf("%s uses the app %q, which this server does not have", m.Name, name)
			}
		}
	}
}
