package discord

import (
	"encoding/json"
	"slices"
	"time"
)

// notes are what a listener needs to resume where it, or the previous process,
// stopped. Losing the latest ones only costs a longer replay, because every
// message has its key.
type notes struct {
	Revision int64  `json:"revision"` // of the bot; another token can't resume this session
	Session  string `json:"session,omitempty"`
	Seq      int64  `json:"seq,omitempty"` // of the last event that was handled
	Resume   string `json:"resume,omitempty"`
	User     string `json:"user,omitempty"` // the bot's account
	Mark     int64  `json:"mark,omitempty"` // Unix milliseconds: everything before it is handled

	// What still has to be read back after a lost session: everything since
	// Since, in the guilds of Pending.
	Since   int64    `json:"since,omitempty"`
	Pending []string `json:"pending,omitempty"`

	Guilds map[string]string `json:"guilds,omitempty"` // ID → the bot's managed role, "-" = none
	DMs    []string          `json:"dms,omitempty"`    // channels, most recent last
	Budget budget            `json:"budget,omitzero"`
}

const (
	noRole = "-"
	// These keep the notes well below a Host's 64 KiB. What doesn't fit is
	// looked up again when it is needed.
	mostGuilds = 600
	mostDMs    = 50
)

// readNotes parses stored notes; invalid ones count as empty.
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

// addDM adds a direct message channel, most recent last.
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

// How much of a lost session is read back.
const (
	backfillAge    = 24 * time.Hour
	backfillMargin = 2 * time.Minute // for clocks that differ from Discord's
	backfillMost   = 500             // messages per channel
)

// lost is called for a new session: everything since the last handled event has
// to be read back, in these guilds.
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

// caughtUp removes a guild from the list.
func (n *notes) caughtUp(guild string) {
	n.Pending = slices.DeleteFunc(n.Pending, func(g string) bool { return g == guild })
	if len(n.Pending) == 0 {
		n.Since = 0
	}
}
