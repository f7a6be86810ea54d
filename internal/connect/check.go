package connect

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// Checks are what the room remembers of checking bots.
type Checks interface {
	BotChecks(ctx context.Context) ([]openmates.BotCheck, error)
	SaveBotCheck(ctx context.Context, c openmates.BotCheck) error
}

const (
	checkEvery = 20 * time.Second // how often CheckBots looks for a check that is due
	tryEvery   = time.Minute      // how long it waits before it asks about the same bot again
	goodFor    = 6 * time.Hour    // how long a check without findings holds
	badFor     = 5 * time.Minute  // how long one with findings does: somebody may be at it
)

// CheckBots checks the set-up of every bot whose last check is old, or was made
// before its credentials or the server's address changed, until ctx ends. So
// pages can tell what is wrong without asking the network, and a server that
// has moved finds out by itself which redirects are stale.
func (r *Room) CheckBots(ctx context.Context) error {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		moved := r.address.Moved()
		if err := r.CheckDue(ctx); err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "the bots could not be checked", "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		case <-moved: // the redirects that are registered don't follow by themselves
		}
	}
}

// CheckDue does once what CheckBots does. Any process may call it at any time.
func (r *Room) CheckDue(ctx context.Context) error {
	bots, err := r.store.Bots(ctx)
	if err != nil {
		return fmt.Errorf("list the bots: %w", err)
	}
	checks, err := r.checks(ctx)
	if err != nil {
		return err
	}
	for _, b := range bots {
		if !r.due(checks[b.ID], b) || !r.try(b.ID) {
			continue
		}
		m, err := r.mateOf(ctx, b)
		if err != nil || b.MateID != 0 && !m.Works() {
			continue // nobody needs it now; its page checks it
		}
		if _, err := r.check(ctx, b, m); err != nil {
			r.log.WarnContext(ctx, "a bot could not be checked", "bot", b.ID, "err", err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

func (r *Room) due(c openmates.BotCheck, b openmates.Bot) bool {
	found := r.holds(c, b)
	age := r.now().Sub(found.At)
	switch {
	case found.At.IsZero():
		return true
	case found.Wrong() > 0:
		return age >= badFor
	}
	return age >= goodFor
}

// try reports whether CheckBots may ask about a bot now, and notes that it does.
func (r *Room) try(bot openmates.ID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last, ok := r.tried[bot]; ok && r.now().Sub(last) < tryEvery {
		return false
	}
	r.tried[bot] = r.now()
	return true
}

// check asks the network and remembers what it said.
func (r *Room) check(ctx context.Context, b openmates.Bot, m openmates.Mate) (Inspection, error) {
	con, err := r.connector(b.Network)
	if err != nil {
		return Inspection{}, err
	}
	if len(b.Lost) > 0 {
		return r.lost(con.Info(), b), nil
	}
	_, found, err := r.look(ctx, con, b, m)
	if len(found.Findings) == 0 {
		return found, err
	}
	r.remember(ctx, b, found)
	return found, nil // the findings say what the error would
}

// lost says of a bot that its credentials can't be read; the network is not
// asked. It is not remembered, since the bot is as before once the key is back.
func (r *Room) lost(info messenger.Info, b openmates.Bot) Inspection {
	found := Inspection{At: r.now()}
	for _, f := range info.Fields {
		if f.Kind == messenger.SecretField && slices.Contains(b.Lost, f.Name) {
			found.Findings = append(found.Findings, messenger.Finding{Check: f.Name, Title: f.Label, State: messenger.FindingBad, Blocks: true,
				Sentence: openmates.T("“%s” is stored, but can’t be read, because the key of this server is missing or another one.", f.Label),
				Cure:     openmates.T("Enter it again below, or restore the old key and restart the server.")})
		}
	}
	return found
}

// remember keeps what a check found for the other pages and processes. A check
// that the network didn't answer says nothing about the bot, so that the one
// before it goes on holding.
func (r *Room) remember(ctx context.Context, b openmates.Bot, found Inspection) {
	if f := found.of(messenger.CheckToken); f != nil && f.State == messenger.FindingUnknown {
		return
	}
	findings, err := json.Marshal(found.Findings)
	if err == nil {
		err = r.store.SaveBotCheck(ctx, openmates.BotCheck{
			BotID: b.ID, Revision: b.Revision, Redirect: r.Redirect(), Findings: findings, At: found.At,
		})
	}
	if err != nil && ctx.Err() == nil {
		r.log.WarnContext(ctx, "what a check found could not be kept", "bot", b.ID, "err", err)
	}
}

// checks returns the last check of each bot.
func (r *Room) checks(ctx context.Context) (map[openmates.ID]openmates.BotCheck, error) {
	all, err := r.store.BotChecks(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what the bots' checks found: %w", err)
	}
	by := make(map[openmates.ID]openmates.BotCheck, len(all))
	for _, c := range all {
		by[c.BotID] = c
	}
	return by, nil
}

// holds returns what a check found; nothing if the bot, or the server's
// address, has changed since.
func (r *Room) holds(c openmates.BotCheck, b openmates.Bot) Inspection {
	if c.BotID != b.ID || c.Revision != b.Revision || c.Redirect != r.Redirect() {
		return Inspection{}
	}
	found := Inspection{At: c.At}
	if err := json.Unmarshal(c.Findings, &found.Findings); err != nil {
		return Inspection{}
	}
	return found
}

// Blocking returns the first finding that keeps the bot from being added to a
// workspace, nil if there is none.
func (i Inspection) Blocking() *messenger.Finding {
	for n := range i.Findings {
		if f := &i.Findings[n]; f.Blocks && f.State == messenger.FindingBad {
			return f
		}
	}
	return nil
}

// Bad returns the first finding that is wrong, a blocking one before others;
// nil if there is none.
func (i Inspection) Bad() *messenger.Finding {
	if f := i.Blocking(); f != nil {
		return f
	}
	for n := range i.Findings {
		if f := &i.Findings[n]; f.State == messenger.FindingBad {
			return f
		}
	}
	return nil
}
