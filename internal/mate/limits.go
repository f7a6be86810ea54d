package mate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"openmates"
)

// Sheet contains everything that a layer's limits can choose, with the result.
type Sheet struct {
	Mates     []MateLine // only on the sheets of teams and people
	Apps      []Line
	Providers []Line
	Own       openmates.Limits
	Effective openmates.Limits // combined with the wider layers
	RateBy    openmates.Text   // the wider layer with a lower rate; "" = none
	MoneyBy   openmates.Text   // the wider layer with less money; "" = none
	Skills    openmates.Tally
	Models    openmates.Tally
	Stamp     string // changes with the choices on the sheet
}

// Line is a whole with its parts.
type Line struct {
	Group
	Choice openmates.Choice
	Parts  []PartLine
	Tally  openmates.Tally // counts the parts
}

// MateLine is a mate on a sheet.
type MateLine struct { //nolint:revive // a line for a mate, next to Line and PartLine
	openmates.Mate
	Choice openmates.Choice
}

// PartLine is a part on a sheet.
type PartLine struct {
	Part
	openmates.Choice
}

// Terms are the limits as entered on a sheet.
type Terms struct {
	Checked   map[openmates.Kind][]string
	PerMinute string // "" or 0 = no limit
	PerMonth  string
	Stamp     string // of the sheet as it was shown
}

// ServerSheet returns the sheet of the server.
func (r *Room) ServerSheet(ctx context.Context) (Sheet, error) {
	own, err := r.store.ServerLimits(ctx)
	if err != nil {
		return Sheet{}, err
	}
	return r.sheet(ctx, nil, own)
}

// MateSheet returns the sheet of a mate, within what the server allows.
func (r *Room) MateSheet(ctx context.Context, m openmates.Mate) (Sheet, error) {
	above, err := r.above(ctx, openmates.MateLayer, openmates.Asker{Mate: m})
	if err != nil {
		return Sheet{}, err
	}
	return r.sheet(ctx, above, m.Limits)
}

func (r *Room) sheet(ctx context.Context, above []openmates.Layer, own openmates.Limits) (Sheet, error) {
	s := Sheet{Own: own, Effective: openmates.Effective(append(above, openmates.Layer{Limits: own})...)}
	apps, err := r.apps(ctx)
	if err != nil {
		return s, fmt.Errorf("list the apps: %w", err)
	}
	providers, err := r.providers(ctx)
	if err != nil {
		return s, fmt.Errorf("list the providers: %w", err)
	}
	s.Apps, s.Skills = lines(above, own, openmates.KindApp, openmates.KindSkill, apps)
	s.Providers, s.Models = lines(above, own, openmates.KindProvider, openmates.KindModel, providers)
	for _, l := range above {
		if n := l.Limits.PerMinute; n != 0 && n == s.Effective.PerMinute && n != own.PerMinute {
			s.RateBy = l.Name
		}
		if n := l.Limits.PerMonth; n != 0 && n == s.Effective.PerMonth && n != own.PerMonth {
			s.MoneyBy = l.Name
		}
	}
	s.Stamp = stamp(s)
	return s, nil
}

func lines(above []openmates.Layer, own openmates.Limits, whole, part openmates.Kind, groups []Group) ([]Line, openmates.Tally) {
	var all []Line
	var sum openmates.Tally
	for _, g := range groups {
		l := Line{Group: g, Choice: openmates.Choices(above, own, whole, []string{g.Name})[0]}
		names := make([]string, len(g.Parts))
		for i, p := range g.Parts {
			names[i] = p.Name
		}
		choices := openmates.Choices(above, own, part, names)
		for i, c := range choices {
			l.Parts = append(l.Parts, PartLine{g.Parts[i], c})
		}
		l.Tally = openmates.Count(choices)
		sum.Allowed, sum.Of = sum.Allowed+l.Tally.Allowed, sum.Of+l.Tally.Of
		all = append(all, l)
	}
	return all, sum
}

// stamp identifies the choices on a sheet: an unchecked box only counts if it
// was on the sheet.
func stamp(s Sheet) string {
	h := sha256.New()
	for _, k := range TeamKinds() {
		for _, c := range s.choices(k) {
			fmt.Fprintf(h, "%s %q %q\n", k, c.Name, c.By)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func kinds() []openmates.Kind {
	return []openmates.Kind{openmates.KindApp, openmates.KindSkill, openmates.KindProvider, openmates.KindModel}
}

// choices returns the boxes of one kind.
func (s Sheet) choices(k openmates.Kind) []openmates.Choice {
	var all []openmates.Choice
	if k == openmates.KindMate {
		for _, m := range s.Mates {
			all = append(all, m.Choice)
		}
		return all
	}
	of := s.Apps
	if k == openmates.KindProvider || k == openmates.KindModel {
		of = s.Providers
	}
	for _, l := range of {
		if k == openmates.KindApp || k == openmates.KindProvider {
			all = append(all, l.Choice)
			continue
		}
		for _, p := range l.Parts {
			all = append(all, p.Choice)
		}
	}
	return all
}

// Recheck sets the boxes as they were entered, to show the sheet again.
func (s *Sheet) Recheck(t Terms) {
	set := func(k openmates.Kind, c *openmates.Choice) {
		if c.By == "" {
			c.Checked = slices.Contains(t.Checked[k], c.Name)
		}
	}
	for i := range s.Mates {
		set(openmates.KindMate, &s.Mates[i].Choice)
	}
	for _, side := range []struct {
		lines       []Line
		whole, part openmates.Kind
	}{{s.Apps, openmates.KindApp, openmates.KindSkill}, {s.Providers, openmates.KindProvider, openmates.KindModel}} {
		for i := range side.lines {
			set(side.whole, &side.lines[i].Choice)
			for j := range side.lines[i].Parts {
				set(side.part, &side.lines[i].Parts[j].Choice)
			}
		}
	}
}

// SetServer sets what the server allows.
func (r *Room) SetServer(ctx context.Context, actor openmates.ID, t Terms) error {
	s, err := r.ServerSheet(ctx)
	if err != nil {
		return err
	}
	to, err := s.fill(t)
	if err != nil || encode(to) == encode(s.Own) {
		return err
	}
	return r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.SetServerLimits(ctx, to); err != nil {
			return err
		}
		return r.record(ctx, actor, "server.limits", "server", s.Own, to)
	})
}

// SetMate sets what a mate may use.
func (r *Room) SetMate(ctx context.Context, actor openmates.ID, m openmates.Mate, t Terms) (openmates.Mate, error) {
	s, err := r.MateSheet(ctx, m)
	if err != nil {
		return m, err
	}
	to := m
	if to.Limits, err = s.fill(t); err != nil {
		return m, err
	}
	return r.change(ctx, actor, "mate.limits", m, to)
}

const mostPerMinute = 100_000

// fill converts what was entered into limits.
func (s Sheet) fill(t Terms) (openmates.Limits, error) {
	return s.Fill(t, true, kinds()...)
}

func stale() error {
	return openmates.Errorf(openmates.EConflict, "The options have changed since you opened this page, so nothing was saved. Check the boxes and save again.")
}

// count parses the requests per minute.
func count(s string) (int, error) {
	s = strings.TrimSpace(s)
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' || n > mostPerMinute {
			return 0, openmates.Errorf(openmates.EInvalid, "Requests per minute must be a whole number up to %d; leave the field empty for no limit.", mostPerMinute)
		}
		n = n*10 + int(c-'0')
	}
	if n > mostPerMinute {
		return 0, openmates.Errorf(openmates.EInvalid, "Requests per minute must be a whole number up to %d; leave the field empty for no limit.", mostPerMinute)
	}
	return n, nil
}

// Spent returns the cost of this calendar month (UTC), per mate and in total.
func (r *Room) Spent(ctx context.Context) (byMate map[openmates.ID]openmates.Micros, all openmates.Micros, err error) {
	byMate, err = r.store.SpentInMonth(ctx, r.now())
	for _, m := range byMate {
		all += m
	}
	return byMate, all, err
}

// Models lists the models that a mate can use, by provider.
func (r *Room) Models(ctx context.Context) ([]Group, error) { return r.providers(ctx) }
