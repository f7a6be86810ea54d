package discord

import (
	"strconv"
	"time"
)

// discordEpoch is the first second of 2015, from which snowflakes count
// (reference, Snowflakes).
const discordEpoch = 1420070400000

// parseSnowflake reads an id; 0 when it is not one. Only the spelling that
// Discord itself uses is one: by "0123" a guild could be somebody else's once
// more.
func parseSnowflake(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || s[0] < '1' || s[0] > '9' {
		return 0
	}
	return n
}

// snowflakeTime is when an id was made.
func snowflakeTime(id uint64) time.Time {
	return time.UnixMilli(int64(id>>22) + discordEpoch).UTC()
}

// snowflakeAt is the smallest id made at t, to page from.
func snowflakeAt(t time.Time) uint64 {
	ms := t.UnixMilli() - discordEpoch
	if ms <= 0 {
		return 0
	}
	return uint64(ms) << 22
}
