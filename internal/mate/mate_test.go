package mate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"openmates"
	"openmates/internal/mate"
	"openmates/internal/store"
	"openmates/internal/store/storetest"
)

// world is a room over a real database.
type world struct {
	t         *testing.T
	room      *mate.Room
	db        *store.DB
	apps      []mate.Group
	providers []mate.Group
	record    []openmates.AuditEntry
	auditErr  error
}

const admin = openmates.ID(77)

func setup(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, db: storetest.SQLite(t)}
	w.apps = []mate.Group{
		{Name: "calculation", Label: openmates.T("Calculation"), Parts: []mate.Part{{Name: "calculation.evaluate"}}},
		{Name: "web", Label: openmates.T("Web"), Parts: []mate.Part{{Name: "web.read"}, {Name: "web.search"}}},
	}
	w.providers = []mate.Group{{Name: "openai", Label: openmates.T("OpenAI"), Parts: []mate.Part{{Name: "openai/a"}, {Name: "openai/b"}}}}
	var err error
	w.room, err = mate.New(mate.Config{
		Store: w.db, Log: slog.New(slog.DiscardHandler),
		Audit: func(_ context.Context, e openmates.AuditEntry) error {
			w.record = append(w.record, e)
			return w.auditErr
		},
		Apps:      func(context.Context) ([]mate.Group, error) { return w.apps, nil },
		Providers: func(context.Context) ([]mate.Group, error) { return w.providers, nil },
	})
	must(t, err)
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t *testing.T, err error, code openmates.Code, part string) {
	t.Helper()
	if openmates.CodeOf(err) != code || !strings.Contains(openmates.MessageOf(err), part) {
		t.Errorf("%v, want %s with %q", err, code, part)
	}
}

// none is what a server without apps and providers offers.
func (*world) none(context.Context) ([]mate.Group, error) { return nil, nil }

func draft(name string) mate.Draft {
	return mate.Draft{Name: name, Field: "work", Description: "Works.", Prompt: "You are " + name + ".", Class: openmates.ClassQuick}
}

func (w *world) make(name string) openmates.Mate {
	w.t.Helper()
	m, err := w.room.Create(w.t.Context(), admin, "", draft(name))
	must(w.t, err)
	return m
}

// last is the newest line of the record, its sides decoded.
func (w *world) last() (e openmates.AuditEntry, before, after map[string]any) {
	w.t.Helper()
	e = w.record[len(w.record)-1]
	for side, into := range map[string]*map[string]any{e.Before: &before, e.After: &after} {
		if side != "" {
			must(w.t, json.Unmarshal([]byte(side), into))
		}
	}
	return e, before, after
}

func TestEachChangeIsAVersionAndOnTheRecord(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ctx := t.Context()
	m := w.make("Nora")
	e, _, after := w.last()
	if e.Action != "mate.add" || e.Actor != admin || e.Target != "mate nora" || after["name"] != "Nora" || after["prompt"] != "13 characters" {
		t.Errorf("recorded %+v", e)
	}
	d := draft("Nora")
	d.Prompt = "Something else."
	two, err := w.room.Edit(ctx, admin, m, 1, d)
	must(t, err)
	e, before, after := w.last()
	if e.Action != "mate.change" || before["version"] != 1.0 || after["version"] != 2.0 || strings.Contains(e.After, "Something else") || after["name"] != nil {
		t.Errorf("recorded %+v", e)
	}
	_, err = w.room.Edit(ctx, admin, two, 1, draft("Late"))
	wants(t, err, openmates.EConflict, "version 2 is now the newest")
	n := len(w.record)
	same, err := w.room.Edit(ctx, admin, two, 2, d)
	must(t, err)
	if same.Version != 2 || len(w.record) != n {
		t.Errorf("saving without a change made version %d", same.Version)
	}
	off, err := w.room.Switch(ctx, admin, two, false)
	must(t, err)
	if e, before, after = w.last(); off.Enabled || e.Action != "mate.disable" || before["enabled"] != true || after["enabled"] != false {
		t.Errorf("recorded %+v", e)
	}
	back, err := w.room.Restore(ctx, admin, off, 1)
	must(t, err)
	if back.Prompt != "You are Nora." || back.Version != 4 || back.Enabled {
		t.Errorf("restored %+v", back)
	}
	_, err = w.room.Restore(ctx, admin, back, 9)
	wants(t, err, openmates.ENotFound, "no version 9")
	gone, err := w.room.Archive(ctx, admin, back, true)
	must(t, err)
	if !gone.Archived || w.record[len(w.record)-1].Action != "mate.archive" {
		t.Errorf("archived %+v", gone)
	}
	_, err = w.room.Create(ctx, admin, "", draft("Nora"))
	wants(t, err, openmates.EConflict, "archived mate Nora")
	all, err := w.room.Versions(ctx, gone)
	must(t, err)
	if len(all) != 5 || all[0].Mate.Version != 5 || all[4].Mate.Prompt != "You are Nora." {
		t.Errorf("%d versions", len(all))
	}
	_, err = w.room.Mate(ctx, "NORA")
	wants(t, err, openmates.ENotFound, "There’s no mate with that name here")
}

func TestADuplicateStandsOnItsOwn(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ctx := t.Context()
	m := w.make("Nora")
	m, err := w.room.Switch(ctx, admin, m, false)
	must(t, err)
	c, err := w.room.Duplicate(ctx, admin, m, "nora-two", "Nora Two")
	must(t, err)
	if c.ID == m.ID || c.Handle != "nora-two" || c.Prompt != m.Prompt || c.Version != 1 || !c.Enabled {
		t.Errorf("the copy is %+v", c)
	}
	if e, before, _ := w.last(); e.Action != "mate.duplicate" || before["from"] != "nora" {
		t.Errorf("recorded %+v", e)
	}
	for name, handle := range map[string]string{"Nora": "", "X": "new", "Y": "n", "Z": "nora-two"} {
		if _, err := w.room.Duplicate(ctx, admin, m, handle, name); err == nil {
			t.Errorf("%q as %q is accepted", name, handle)
		}
	}
	_, err = w.room.Duplicate(ctx, admin, m, "fine", "a\u202eb")
	wants(t, err, openmates.EInvalid, "U+202E")
}

// A missing model may stay selected but can't be selected again.
func TestAModelMustBeThere(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ctx := t.Context()
	d := draft("Nora")
	d.Model = "openai/a"
	m, err := w.room.Create(ctx, admin, "", d)
	must(t, err)
	w.providers = nil
	d.Name = "Nora B"
	m, err = w.room.Edit(ctx, admin, m, m.Version, d)
	must(t, err)
	d.Model = "openai/b"
	_, err = w.room.Edit(ctx, admin, m, m.Version, d)
	wants(t, err, openmates.EInvalid, "you can add models under Providers")
}

func TestAFailureToRecordIsAFailure(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.auditErr = errors.New("disk full")
	if _, err := w.room.Create(t.Context(), admin, "", draft("Nora")); !errors.Is(err, w.auditErr) || openmates.CodeOf(err) != openmates.EInternal {
		t.Errorf("err = %v", err)
	}
}

// checkAll is a sheet as it comes from a form in which everything that can be
// checked is.
func checkAll(s mate.Sheet) mate.Terms {
	t := mate.Terms{Checked: map[openmates.Kind][]string{}, Stamp: s.Stamp}
	for kind, lines := range map[openmates.Kind][]mate.Line{openmates.KindApp: s.Apps, openmates.KindProvider: s.Providers} {
		part := map[openmates.Kind]openmates.Kind{openmates.KindApp: openmates.KindSkill, openmates.KindProvider: openmates.KindModel}[kind]
		for _, l := range lines {
			t.Checked[kind] = append(t.Checked[kind], l.Choice.Name)
			for _, p := range l.Parts {
				t.Checked[part] = append(t.Checked[part], p.Choice.Name)
			}
		}
	}
	return t
}

func without(t mate.Terms, k openmates.Kind, name string) mate.Terms {
	t.Checked[k] = slices.DeleteFunc(t.Checked[k], func(n string) bool { return n == name })
	return t
}

func TestSheets(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ctx := t.Context()
	m := w.make("Nora")
	s, err := w.room.ServerSheet(ctx)
	must(t, err)
	terms := without(checkAll(s), openmates.KindSkill, "web.search")
	terms.PerMinute, terms.PerMonth = " 10 ", "7,5"
	must(t, w.room.SetServer(ctx, admin, terms))
	e, _, _ := w.last()
	if e.Action != "server.limits" || e.Target != "server" || !strings.Contains(e.After, "web.read") || strings.Contains(e.After, "web.search") {
		t.Errorf("recorded %+v", e)
	}
	n := len(w.record)
	must(t, w.room.SetServer(ctx, admin, terms)) // nothing new
	if len(w.record) != n {
		t.Error("saving without a change is recorded")
	}
	s, err = w.room.MateSheet(ctx, m)
	must(t, err)
	if s.Skills != (openmates.Tally{Allowed: 2, Of: 3}) || s.Models != (openmates.Tally{Allowed: 2, Of: 2}) || s.RateBy != openmates.T("the server") || s.MoneyBy != openmates.T("the server") {
		t.Errorf("the mate's sheet: %+v", s)
	}
	terms = checkAll(s) // the forbidden one too, as a forged form would
	terms.PerMinute = "99"
	m, err = w.room.SetMate(ctx, admin, m, terms)
	must(t, err)
	if m.Limits.Skills.Only || m.Version != 2 || m.Limits.PerMinute != 99 {
		t.Errorf("saved %+v", m.Limits)
	}
	s, err = w.room.MateSheet(ctx, m)
	must(t, err)
	if s.Effective.PerMinute != 10 || s.Skills.Allowed != 2 {
		t.Errorf("in effect: %+v", s)
	}
	// What a form did not show, it can't forbid.
	old := s.Stamp
	w.apps[1].Parts = append(w.apps[1].Parts, mate.Part{Name: "web.new"})
	_, err = w.room.SetMate(ctx, admin, m, mate.Terms{Stamp: old})
	wants(t, err, openmates.EConflict, "have changed since you opened this page")
	s, err = w.room.MateSheet(ctx, m)
	must(t, err)
	if s.Stamp == old {
		t.Error("the stamp stays though there is more to choose")
	}
	if s.Skills.Of != 4 || s.Skills.Allowed != 2 { // the server lists what it allows
		t.Errorf("with a new skill: %+v", s.Skills)
	}
}

// Whatever is entered, a mate may never use what the server forbids, and what
// its page counts is what holds.
func TestAMateOnlyNarrowsTheServer(t *testing.T) {
	t.Parallel()
	w := setup(t)
	ctx := t.Context()
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		m := w.make(fmt.Sprint("M", round))
		draw := func(what string) mate.Terms {
			terms := mate.Terms{Checked: map[openmates.Kind][]string{}}
			for k, names := range map[openmates.Kind][]string{
				openmates.KindApp: {"calculation", "web"}, openmates.KindSkill: {"calculation.evaluate", "web.read", "web.search"},
				openmates.KindProvider: {"openai"}, openmates.KindModel: {"openai/a", "openai/b"},
			} {
				terms.Checked[k] = rapid.SliceOf(rapid.SampledFrom(append(names, "forged"))).Draw(rt, what+string(k))
			}
			terms.PerMinute = fmt.Sprint(rapid.IntRange(0, 5).Draw(rt, what+" per minute"))
			return terms
		}
		s, err := w.room.ServerSheet(ctx)
		must(t, err)
		terms := draw("server ")
		terms.Stamp = s.Stamp
		must(t, w.room.SetServer(ctx, admin, terms))
		s, err = w.room.MateSheet(ctx, m)
		must(t, err)
		own := draw("mate ")
		own.Stamp = s.Stamp
		m, err = w.room.SetMate(ctx, admin, m, own)
		must(t, err)
		server, err := w.db.ServerLimits(ctx)
		must(t, err)
		s, err = w.room.MateSheet(ctx, m)
		must(t, err)
		allowed := 0
		for _, l := range s.Apps {
			for _, p := range l.Parts {
				name := p.Choice.Name
				if p.Choice.Allowed {
					allowed++
					if !server.Allows(openmates.KindSkill, name) {
						rt.Fatalf("%s is allowed against the server", name)
					}
				}
				if (p.Choice.By != "") == server.Allows(openmates.KindSkill, name) {
					rt.Fatalf("%s: by %q", name, p.Choice.By)
				}
				if p.Choice.Allowed != s.Effective.Allows(openmates.KindSkill, name) {
					rt.Fatalf("%s is shown as %v", name, p.Choice.Allowed)
				}
			}
		}
		if s.Skills.Allowed != allowed {
			rt.Fatalf("%d of %d counted as %d", allowed, s.Skills.Of, s.Skills.Allowed)
		}
		if server.PerMinute != 0 && (s.Effective.PerMinute == 0 || s.Effective.PerMinute > server.PerMinute) {
			rt.Fatalf("%d per minute of %d", s.Effective.PerMinute, server.PerMinute)
		}
	})
}

// A comparison tells both texts whole.
func TestDiff(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string) string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", ""}), 1, 12).Draw(t, name), "\n")
		}
		older, newer := text("older"), text("newer")
		var a, b []string
		for _, l := range mate.Diff(older, newer) {
			if l.Op != "+" {
				a = append(a, l.Text)
			}
			if l.Op != "-" {
				b = append(b, l.Text)
			}
			if older == newer && l.Op != "=" {
				t.Fatalf("the same texts differ in %+v", l)
			}
		}
		if strings.Join(a, "\n") != older || strings.Join(b, "\n") != newer {
			t.Fatalf("%q and %q became %q and %q", older, newer, a, b)
		}
	})
	huge := strings.Repeat("x\n", 2000)
	if n := len(mate.Diff(huge, huge+"y")); n != 4002 {
		t.Errorf("%d lines", n)
	}
}
