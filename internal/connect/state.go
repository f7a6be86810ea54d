package connect

import (
	"context"
	"encoding/json"
	"fmt"

	"openmates"
	"openmates/internal/messenger"
)

// reports returns the last reports of the listening processes, by bot.
func (r *Room) reports(ctx context.Context) (map[openmates.ID]BotReport, error) {
	all, err := r.store.BotReports(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the listeners' states: %w", err)
	}
	by := make(map[openmates.ID]BotReport, len(all))
	for _, p := range all {
		by[p.BotID] = p
	}
	return by, nil
}

// state returns a listener's state: from this process if it runs here, else
// from the last report of the process that runs it.
func (r *Room) state(b openmates.Bot, m openmates.Mate, reports map[openmates.ID]BotReport) messenger.State {
	switch {
	case b.Paused:
		return messenger.State{Phase: messenger.Off, Reason: openmates.T("The listener is paused, so the mate doesn't receive messages."), Cure: openmates.T("Resume it on the bot's page.")}
	case b.MateID != 0 && !m.Works():
		return messenger.State{Phase: messenger.Off, Reason: openmates.T("%s is switched off, so it doesn't receive messages.", m.Name),
			Cure: openmates.T("Switch %s on again under Mates.", m.Name)}
	}
	if con := r.connectors[b.Network]; con != nil {
		if lost := con.Info().Unreadable(b); len(lost) > 0 {
			return messenger.Unreadable(lost)
		}
	}
	if r.states != nil {
		if s, ok := r.states.State(b.ID); ok {
			return s
		}
	}
	p, ok := reports[b.ID]
	if !ok {
		return messenger.State{Phase: messenger.Starting, Reason: openmates.T("The listener hasn't reported yet.")}
	}
	var s messenger.State
	if err := json.Unmarshal(p.State, &s); err != nil {
		return messenger.State{Phase: messenger.Starting, Reason: openmates.T("The listener hasn't reported yet.")}
	}
	if s.Phase != messenger.Off && r.now().Sub(p.At) > messenger.Stale {
		return messenger.State{
			Phase: messenger.NeedsAttention, Since: p.At, LastEvent: s.LastEvent,
			Reason: openmates.T("The process that ran this listener (%s) hasn't reported since %s.", p.Process, openmates.Day{Layout: "2006-01-02 15:04:05 UTC", Time: p.At.UTC()}),
			Cure:   openmates.T("Check whether it's still running, and restart it if not."),
		}
	}
	return s
}
