package discordtest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"strconv"
)

// epoch is the first millisecond of 2015, from which snowflakes count
// (reference, Snowflakes).
const epoch = 1420070400000

// nextIDLocked returns an ID that is greater than all before it, even if many
// are created in the same millisecond.
func (s *Server) nextIDLocked() (string, uint64) {
	now := uint64(s.cfg.Clock().UnixMilli()-epoch) << 22
	s.last = max(now, s.last+1)
	return strconv.FormatUint(s.last, 10), s.last
}

func snowflake(id string) (uint64, bool) {
	n, err := strconv.ParseUint(id, 10, 64)
	return n, err == nil
}

// secretText returns n random bytes in the alphabet of Discord's tokens.
func secretText(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails, see crypto/rand
	return base64.RawURLEncoding.EncodeToString(b)
}

func hexText(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// botToken returns a token in Discord's format: the bot's ID, a time and a
// signature, joined by dots.
func botToken(botID string) string {
	return base64.RawStdEncoding.EncodeToString([]byte(botID)) + "." + secretText(4) + "." + secretText(28)
}
