package discord

import (
	"strconv"
	"time"
)

// discordEpoch is the first second of 2015, from which snowflakes count
// (reference, Snowflakes).
const discordEpoch = 1420070400000

// parseSnowflake parses an ID, and returns 0 if it is invalid. Only Discord's
// own spelling is valid: with "0123" a guild could be claimed a second time.
func parseSnowflake(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || s[0] < '1' || s[0] > '9' {
		return 0
	}
	return n
}

// snowflakeTime returns when an ID was created.
func snowflakeTime(id uint64) time.Time {
	return time.UnixMilli(int64(id>>22) + discordEpoch).UTC()
}

// snowflakeAt returns the smallest ID created at t, for paging.
func snowflakeAt(t time.Time) uint64 {
	ms := t.UnixMilli() - discordEpoch
	if ms <= 0 {
		return 0
	}
	return uint64(ms) << 22
}
