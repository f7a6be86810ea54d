package mate

import (
	"context"
	"fmt"
	"unicode/utf8"

	"openmates"
	"openmates/internal/spelling"
)

// Create creates a mate and enables it. Without a handle it gets one derived
// from its name.
func (r *Room) Create(ctx context.Context, actor openmates.ID, handle string, d Draft) (openmates.Mate, error) {
	d, err := r.checked(ctx, d, "")
	if err != nil {
		return openmates.Mate{}, err
	}
	if handle == "" {
		handle = spelling.Handle(d.Name)
	}
	return r.add(ctx, actor, "mate.add", d.onto(openmates.Mate{Handle: handle}), nil)
}

// Duplicate creates a copy of a mate with a new name and handle.
func (r *Room) Duplicate(ctx context.Context, actor openmates.ID, of openmates.Mate, handle, name string) (openmates.Mate, error) {
	name, err := line(name, openmates.T("the name of the copy"), 1, longestName)
	if err != nil {
		return openmates.Mate{}, err
	}
	if handle == "" {
		handle = spelling.Handle(name)
	}
	m := of
	m.ID, m.Version, m.Archived, m.Handle, m.Name = 0, 0, false, handle, name
	return r.add(ctx, actor, "mate.duplicate", m, map[string]string{"from": of.Handle})
}

func (r *Room) add(ctx context.Context, actor openmates.ID, action string, m openmates.Mate, before any) (openmates.Mate, error) {
	if m.Handle == "" {
		return m, openmates.Errorf(openmates.EInvalid, "Enter a handle of a–z and 0–9 for %s; we can't derive one from the name.", m.Name)
	}
	if err := openmates.ValidHandle(m.Handle); err != nil {
		return m, err
	}
	made := m
	err := r.store.Within(ctx, func(ctx context.Context) (err error) {
		if made, err = r.store.ChangeMate(ctx, m, actor); err != nil {
			return err
		}
		_, after := difference(openmates.Mate{}, made)
		return r.record(ctx, actor, action, target(made), before, after)
	})
	if openmates.CodeOf(err) == openmates.EConflict {
		err = r.handleTaken(ctx, m.Handle, err)
	}
	if err != nil {
		return m, err
	}
	return made, nil
}

// handleTaken says which mate has it, because archived mates are easily
// forgotten.
func (r *Room) handleTaken(ctx context.Context, handle string, cause error) error {
	sentence := openmates.T("Another mate already has the handle %q. Choose a different one.", handle)
	if other, err := r.store.MateByHandle(ctx, handle); err == nil && other.Archived {
		sentence = openmates.T("The handle %q belongs to the archived mate %s. Restore that mate, or choose another handle.", handle, other.Name)
	}
	return &openmates.Error{Code: openmates.EConflict, Message: sentence, Err: cause}
}

// Edit changes a mate. version is the one that the admin saw; if it is no
// longer the newest, nothing is changed and the error is EConflict.
func (r *Room) Edit(ctx context.Context, actor openmates.ID, m openmates.Mate, version int64, d Draft) (openmates.Mate, error) {
	d, err := r.checked(ctx, d, m.Model)
	if err != nil {
		return m, err
	}
	to := d.onto(m)
	to.Version = version
	return r.change(ctx, actor, "mate.change", m, to)
}

// Switch enables or disables a mate. A disabled mate answers nobody, and its
// bots don't listen.
func (r *Room) Switch(ctx context.Context, actor openmates.ID, m openmates.Mate, on bool) (openmates.Mate, error) {
	to, action := m, "mate.disable"
	if to.Enabled = on; on {
		action = "mate.enable"
	}
	return r.change(ctx, actor, action, m, to)
}

// Archive archives a mate, or restores it.
func (r *Room) Archive(ctx context.Context, actor openmates.ID, m openmates.Mate, archived bool) (openmates.Mate, error) {
	to, action := m, "mate.unarchive"
	if to.Archived = archived; archived {
		action = "mate.archive"
	}
	return r.change(ctx, actor, action, m, to)
}

// Restore makes an older version the newest one: who the mate is and what it
// may use. It doesn't change whether the mate is enabled.
func (r *Room) Restore(ctx context.Context, actor openmates.ID, m openmates.Mate, n int64) (openmates.Mate, error) {
	v, err := r.Version(ctx, m, n)
	if err != nil {
		return m, err
	}
	to := v.Mate
	to.ID, to.Handle, to.Version, to.Enabled, to.Archived = m.ID, m.Handle, m.Version, m.Enabled, m.Archived
	return r.change(ctx, actor, "mate.restore", m, to)
}

// change saves a mate, unless nothing has changed.
func (r *Room) change(ctx context.Context, actor openmates.ID, action string, from, to openmates.Mate) (openmates.Mate, error) {
	before, after := difference(from, to)
	if len(after) == 0 && from.Version == to.Version {
		return from, nil
	}
	var saved openmates.Mate
	err := r.store.Within(ctx, func(ctx context.Context) (err error) {
		if saved, err = r.store.ChangeMate(ctx, to, actor); err != nil {
			return err
		}
		before["version"], after["version"] = from.Version, saved.Version
		return r.record(ctx, actor, action, target(saved), before, after)
	})
	if err != nil {
		return from, err
	}
	return saved, nil
}

func target(m openmates.Mate) string { return "mate " + m.Handle }

// difference returns the fields in which two mates differ, before and after.
// For a prompt it only returns the length, because the versions contain the
// text.
func difference(a, b openmates.Mate) (before, after map[string]any) {
	before, after = map[string]any{}, map[string]any{}
	diff := func(name string, same bool, was, is any) {
		if !same {
			before[name], after[name] = was, is
		}
	}
	diff("handle", a.Handle == b.Handle, a.Handle, b.Handle)
	diff("name", a.Name == b.Name, a.Name, b.Name)
	diff("field", a.Field == b.Field, a.Field, b.Field)
	diff("description", a.Description == b.Description, a.Description, b.Description)
	diff("prompt", a.Prompt == b.Prompt, letters(a.Prompt), letters(b.Prompt))
	diff("model", a.Model == b.Model, a.Model, b.Model)
	diff("class", a.Class == b.Class, a.Class, b.Class)
	diff("limits", encode(a.Limits) == encode(b.Limits), a.Limits, b.Limits)
	diff("enabled", a.Enabled == b.Enabled, a.Enabled, b.Enabled)
	diff("archived", a.Archived == b.Archived, a.Archived, b.Archived)
	return before, after
}

func letters(s string) string {
	return fmt.Sprintf("%d characters", utf8.RuneCountInString(s))
}
