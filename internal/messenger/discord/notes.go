package discord

import (
	"encoding/json"
	"slices"
	"time"
)

// notes are what a listener must know to go on where it, or the process
// before it, stopped. Losing the latest of them costs a longer replay and
// nothing else, because every message has its key.
type notes struct {
	Revision int64  `json:"revision"` // of the bot; another token can't resume this session
	Session  string `json:"session,omitempty"`
	Seq      int64  `json:"seq,omitempty"` // of the last event that was handled
	Resume   string `json:"resume,omitempty"`
	User     string `json:"user,omitempty"` // the bot's account
	Mark     int64  `json:"mark,omitempty"` // Unix milliseconds: everything before is handled

	// What is still to be read back after a session was lost: everything
	// since Since, in the guilds of Pending.
	Since   int64    `json:"since,omitempty"`
	Pending []string `json:"pending,omitempty"`

	Guilds map[string]string `json:"guilds,omitempty"` // id → the bot's managed role, "-" = it has none
	DMs    []string          `json:"dms,omitempty"`    // channels, the latest last
	Budget budget            `json:"budget,omitzero"`
}

const (
	noRole = "-"
	// These keep the notes well below the 64 KiB that a Host takes. What
	// doesn't fit is learned again when it is needed.
	mostGuilds = 600
	mostDMs    = 50
)

// readNotes reads stored notes; what can't be read counts as never written.
func readNotes(raw []byte) notes {
	var n notes
	if json.Unmarshal(raw, &n) != nil {
		n = notes{}
	}
	if n.Guilds == nil {
		n.Guilds = map[string]string{}
	}
	return n
}

func (n *notes) encode() ([]byte, error) {
	short := *n
	if len(n.Guilds) > mostGuilds {
		short.Guilds = map[string]string{}
		for id, role := range n.Guilds {
			if len(short.Guilds) < mostGuilds {
				short.Guilds[id] = role
			}
		}
	}
	if len(n.Pending) > mostGuilds {
		short.Pending = n.Pending[:mostGuilds]
	}
	return json.Marshal(short)
}

// addDM remembers a direct message channel, the latest last.
func (n *notes) addDM(channel string) {
	if len(n.DMs) > 0 && n.DMs[len(n.DMs)-1] == channel {
		return
	}
	n.DMs = slices.DeleteFunc(n.DMs, func(c string) bool { return c == channel })
	n.DMs = append(n.DMs, channel)
	if len(n.DMs) > mostDMs {
		n.DMs = slices.Delete(n.DMs, 0, len(n.DMs)-mostDMs)
	}
}

// How far back a lost session is made up for.
const (
	backfillAge    = 24 * time.Hour
	backfillMargin = 2 * time.Minute // for clocks that differ from Discord's
	backfillMost   = 500             // messages per channel
)

// lost is called for a new session: what was missed since the last handled
// event is to be read back, in these guilds.
func (n *notes) lost(now time.Time, guilds []string) {
	if n.Mark == 0 {
		return
	}
	if len(n.Pending) == 0 || n.Since == 0 {
		n.Since = n.Mark - backfillMargin.Milliseconds()
	}
	n.Since = max(n.Since, now.Add(-backfillAge).UnixMilli())
	n.Pending = slices.Clone(guilds)
}

// caughtUp takes a guild off the list.
func (n *notes) caughtUp(guild string) {
	n.Pending = slices.DeleteFunc(n.Pending, func(g string) bool { return g == guild })
	if len(n.Pending) == 0 {
		n.Since = 0
	}
}
