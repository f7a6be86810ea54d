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

// Checks stores the results of checking bots.
type Checks interface {
	BotChecks(ctx context.Context) ([]BotCheck, error)
	SaveBotCheck(ctx context.Context, c BotCheck) error
}

const (
	checkEvery = 20 * time.Second // how often CheckBots looks for due checks
	tryEvery   = time.Minute      // how long before it asks about the same bot again
	goodFor    = 6 * time.Hour    // how long a check without findings is valid
	badFor     = 5 * time.Minute  // how long one with findings is valid, because somebody may be fixing them
)

// CheckBots checks the setup of every bot whose last check is old, or older
// than its credentials or the server's address, until ctx ends. So pages can
// show problems without asking the network, and a server that has moved finds
// out which redirects are outdated.
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
		case <-moved: // registered redirects have to be changed by hand
		}
	}
}

// CheckDue does one round of CheckBots. Any process may call it at any time.
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
			continue // unused; its page checks it
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

func (r *Room) due(c BotCheck, b openmates.Bot) bool {
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

// try reports whether CheckBots may ask about a bot now, and records that it
// does.
func (r *Room) try(bot openmates.ID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last, ok := r.tried[bot]; ok && r.now().Sub(last) < tryEvery {
		return false
	}
	r.tried[bot] = r.now()
	return true
}

// check asks the network and stores the result.
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
	return found, nil // the findings say the same as the error
}

// lost returns a result for a bot whose credentials can't be read, without
// asking the network. It isn't stored, because the bot is fine again once the
// key is back.
func (r *Room) lost(info messenger.Info, b openmates.Bot) Inspection {
	found := Inspection{At: r.now()}
	for _, f := range info.Fields {
		if f.Kind == messenger.SecretField && slices.Contains(b.Lost, f.Name) {
			found.Findings = append(found.Findings, messenger.Finding{Check: f.Name, Title: f.Label, State: messenger.FindingBad, Blocks: true,
				Sentence: openmates.T("“%s” is saved but can’t be read because this server’s key is missing or has changed.", f.Label),
				Cure:     openmates.T("Enter it again below, or restore the old key and restart the server.")})
		}
	}
	return found
}

// remember stores a result for other pages and processes. If the network didn't
// respond, the result says nothing about the bot and the previous one stays.
func (r *Room) remember(ctx context.Context, b openmates.Bot, found Inspection) {
	if f := found.of(messenger.CheckToken); f != nil && f.State == messenger.FindingUnknown {
		return
	}
	findings, err := json.Marshal(found.Findings)
	if err == nil {
		err = r.store.SaveBotCheck(ctx, BotCheck{
			BotID: b.ID, Revision: b.Revision, Redirect: r.Redirect(), Findings: findings, At: found.At,
		})
	}
	if err != nil && ctx.Err() == nil {
		r.log.WarnContext(ctx, "what a check found could not be kept", "bot", b.ID, "err", err)
	}
}

// checks returns the last check of each bot.
func (r *Room) checks(ctx context.Context) (map[openmates.ID]BotCheck, error) {
	all, err := r.store.BotChecks(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what the bots' checks found: %w", err)
	}
	by := make(map[openmates.ID]BotCheck, len(all))
	for _, c := range all {
		by[c.BotID] = c
	}
	return by, nil
}

// holds returns the result of a check, or nothing if the bot or the server's
// address has changed since.
func (r *Room) holds(c BotCheck, b openmates.Bot) Inspection {
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
// workspace, or nil.
func (i Inspection) Blocking() *messenger.Finding {
	for n := range i.Findings {
		if f := &i.Findings[n]; f.Blocks && f.State == messenger.FindingBad {
			return f
		}
	}
	return nil
}

// Bad returns the first bad finding, blocking ones first, or nil.
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
