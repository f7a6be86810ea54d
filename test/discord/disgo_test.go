//go:build !race

package discord_test

import (
	"testing"
	"time"

	"github.com/disgoorg/disgo/gateway"

	"openmates/internal/polltest"
)

// This test is left out where races are looked for: disgo v0.19.6 shares the
// cancel function of its heartbeat between its reader and its heartbeat without
// a lock (gateway.go, lines 319 and 450).
func TestDisgoIsAnsweredAndResumesWithEveryCompression(t *testing.T) {
	t.Parallel()
	for _, compression := range []gateway.CompressionType{gateway.CompressionNone, gateway.CompressionZlibStream, gateway.CompressionZstdStream} {
		t.Run("compression "+string(compression), func(t *testing.T) {
			t.Parallel()
			s := newPeerScene(t)
			resumed, replied := make(chan struct{}, 8), make(chan struct{}, 8)
			open := openDisgo(t, s, compression, resumed, replied)
			m := s.ask("hello")
			s.answered(t, m, "You said: hello")

			s.Drop(s.app.ID)
			missed := s.ask("are you there")
			s.answered(t, missed, "You said: are you there")
			select {
			case <-resumed:
			case <-time.After(polltest.Patience):
				t.Fatal("disgo does not tell that it resumed")
			}
			if i, r := s.Identifies(s.app.ID), s.Resumes(s.app.ID); i != 1 || r != 1 {
				t.Errorf("%d IDENTIFYs and %d RESUMEs, want 1 and 1", i, r)
			}
			dm := s.DM(s.ann.ID, s.app.BotID)
			s.answered(t, s.Say(dm.ID, s.ann.ID, "<@"+s.app.BotID+"> in private"), "You said: in private")
			// disgo's Close deadlocks with a call that has not returned yet
			// (rest_rate_limiter.go, lines 109 and 133).
			for range 3 {
				<-replied
			}
			open.Close(t.Context())
		})
	}
}
