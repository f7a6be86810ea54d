package main

import (
	"fmt"
	"log/slog"

	"openmates/internal/skill"
	"openmates/internal/skill/calc"
	"openmates/internal/skill/web"
)

// newSkills registers the apps of this server. Limits, not settings, decide who
// may use which of their skills.
func newSkills(s settings, log *slog.Logger) (*skill.Registry, error) {
	calculation, err := calc.New(calc.Config{})
	if err != nil {
		return nil, fmt.Errorf("app calculation: %w", err)
	}
	pages, err := web.New(web.Config{
		Log: log.With("pkg", "skill/web"), UserAgent: "OpenMates/" + versionText(), AnyAddress: s.WebAnyAddress,
	})
	if err != nil {
		return nil, fmt.Errorf("app web: %w", err)
	}
	return skill.New(calculation, pages)
}
