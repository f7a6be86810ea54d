package connect

import (
	"context"
	"encoding/json"
	"fmt"

	"openmates"
	"openmates/internal/messenger"
)

// auditBot is what the audit record holds of a bot, by name: its settings, and
// of credentials only whether there is one and whether it was changed.
type auditBot map[string]any

// masked describes a bot compared with the one that it was before; nil for none.
func masked(b, was openmates.Bot) auditBot {
	if b.ID == 0 {
		return nil
	}
	of := auditBot{}
	put := func(name, value string) {
		switch value {
		case "":
		case "true":
			of[name] = true
		default:
			of[name] = value
		}
	}
	for name, value := range b.Settings {
		put(name, value)
	}
	for name, value := range b.Secrets {
		if put(name, "(stored)"); value != was.Secrets[name] {
			put(name, "(new)")
		}
	}
	put("app_id", b.AppID)
	put("name", b.Name)
	put("permissions", b.Asks)
	if b.Paused {
		of["paused"] = true
	}
	return of
}

// target names a bot in the record: "discord/sophia".
func target(m openmates.Mate, b openmates.Bot) string {
	if b.MateID == 0 {
		return string(b.Network) + "/" + Own
	}
	return string(b.Network) + "/" + m.Handle
}

// saveBot changes a bot and records that.
func (r *Room) saveBot(ctx context.Context, actor openmates.ID, action string, m openmates.Mate, was, b openmates.Bot) (saved openmates.Bot, err error) {
	err = r.store.Within(ctx, func(ctx context.Context) (err error) {
		if saved, err = r.store.SaveBot(ctx, b); err != nil {
			return err
		}
		return r.record(ctx, actor, action, target(m, saved), masked(was, was), masked(saved, was))
	})
	return saved, err
}

// record writes a line of the audit record; ctx is that of the transaction in
// which it happens.
func (r *Room) record(ctx context.Context, actor openmates.ID, action, target string, before, after auditBot) error {
	if r.audit == nil {
		return nil
	}
	e := openmates.AuditEntry{Actor: actor, Action: action, Target: target}
	for _, side := range []struct {
		of   auditBot
		into *string
	}{{before, &e.Before}, {after, &e.After}} {
		if side.of == nil {
			continue
		}
		b, err := json.Marshal(side.of)
		if err != nil {
			return fmt.Errorf("describe the change: %w", err)
		}
		*side.into = string(b)
	}
	if err := r.audit(ctx, e); err != nil {
		return fmt.Errorf("record %s: %w", action, err)
	}
	return nil
}

// note writes a line of the audit record about a bot in a workspace of a team.
func (r *Room) note(ctx context.Context, actor, team openmates.ID, action, target string, w messenger.Workspace) error {
	if r.audit == nil {
		return nil
	}
	about, err := json.Marshal(map[string]string{"workspace": string(w.ID), "name": w.Name})
	if err != nil {
		return fmt.Errorf("describe the workspace: %w", err)
	}
	e := openmates.AuditEntry{Actor: actor, TeamID: team, Action: action, Target: target, After: string(about)}
	if err := r.audit(ctx, e); err != nil {
		return fmt.Errorf("record %s: %w", action, err)
	}
	return nil
}

// noteAccount writes a line of the audit record about an account that a person
// has linked or unlinked. Which one it was stands in the sides alone, which the
// store empties when the person's account is deleted.
func (r *Room) noteAccount(ctx context.Context, actor openmates.ID, action string, n openmates.Network, a messenger.Account) error {
	if r.audit == nil {
		return nil
	}
	about, err := json.Marshal(map[string]string{"account": string(a.ID), "name": a.Name})
	if err != nil {
		return fmt.Errorf("describe the account: %w", err)
	}
	e := openmates.AuditEntry{Actor: actor, Action: action, Target: string(n) + " account"}
	if e.After = string(about); action == "account.unlink" {
		e.Before, e.After = e.After, ""
	}
	if err := r.audit(ctx, e); err != nil {
		return fmt.Errorf("record %s: %w", action, err)
	}
	return nil
}
