package connect

import (
	"context"

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
	e := openmates.AuditEntry{Actor: actor, Action: action, Target: target}
	return r.audit.Record(ctx, e, before.side(), after.side())
}

// side returns the bot as a side of an audit entry; nil = none.
func (a auditBot) side() any {
	if a == nil {
		return nil
	}
	return a
}

// note writes a line of the audit record about a bot in a workspace of a team.
func (r *Room) note(ctx context.Context, actor, team openmates.ID, action, target string, w messenger.Workspace) error {
	e := openmates.AuditEntry{Actor: actor, TeamID: team, Action: action, Target: target}
	return r.audit.Record(ctx, e, nil, map[string]string{"workspace": string(w.ID), "name": w.Name})
}

// noteAccount writes a line of the audit record about an account that a person
// has linked or unlinked. Which one it was is in the sides alone, which the
// store empties when the person's account is deleted.
func (r *Room) noteAccount(ctx context.Context, actor openmates.ID, action string, n openmates.Network, a messenger.Account) error {
	e := openmates.AuditEntry{Actor: actor, Action: action, Target: string(n) + " account"}
	about := map[string]string{"account": string(a.ID), "name": a.Name}
	if action == "account.unlink" {
		return r.audit.Record(ctx, e, about, nil)
	}
	return r.audit.Record(ctx, e, nil, about)
}
