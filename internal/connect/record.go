package connect

import (
	"context"

	"openmates"
	"openmates/internal/messenger"
)

// auditBot is a bot in the audit log, by field: its settings and, for
// credentials, only whether they are set and whether they changed.
type auditBot map[string]any

// masked describes a bot compared with its previous state; nil for none.
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

// target returns a bot's name in the audit log: "discord/sophia".
func target(m openmates.Mate, b openmates.Bot) string {
	if b.MateID == 0 {
		return string(b.Network) + "/" + Own
	}
	return string(b.Network) + "/" + m.Handle
}

// saveBot saves a bot and records the change.
func (r *Room) saveBot(ctx context.Context, actor openmates.ID, action string, m openmates.Mate, was, b openmates.Bot) (saved openmates.Bot, err error) {
	err = r.store.Within(ctx, func(ctx context.Context) (err error) {
		if saved, err = r.store.SaveBot(ctx, b); err != nil {
			return err
		}
		return r.record(ctx, actor, action, target(m, saved), masked(was, was), masked(saved, was))
	})
	return saved, err
}

// record writes an entry to the audit log; ctx is that of the change's
// transaction.
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

// note writes an entry to the audit log about a bot in a team's workspace.
func (r *Room) note(ctx context.Context, actor, team openmates.ID, action, target string, w messenger.Workspace) error {
	e := openmates.AuditEntry{Actor: actor, TeamID: team, Action: action, Target: target}
	return r.audit.Record(ctx, e, nil, map[string]string{"workspace": string(w.ID), "name": w.Name})
}

// noteAccount writes an entry to the audit log about an account that a person
// linked or unlinked. Only Before and After say which one, and the store clears
// them when the person's account is deleted.
func (r *Room) noteAccount(ctx context.Context, actor openmates.ID, action string, n openmates.Network, a messenger.Account) error {
	e := openmates.AuditEntry{Actor: actor, Action: action, Target: string(n) + " account"}
	about := map[string]string{"account": string(a.ID), "name": a.Name}
	if action == "account.unlink" {
		return r.audit.Record(ctx, e, about, nil)
	}
	return r.audit.Record(ctx, e, nil, about)
}
