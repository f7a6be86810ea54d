package discord

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever happens in whatever order, the session goes on: unless it ended
// for good it waits for a deadline, for the runner, or for frames with a
// heartbeat under way; it never connects twice; RESUME carries the last
// sequence; identifies keep their distance.
func TestSessionProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := newMachine(rt)
		m.s.rand = func() float64 { return rapid.Float64Range(0, 0.999).Draw(rt, "rand") }
		var linked, dialing, looking bool
		var seq int64
		var identified []time.Time
		take := func(actions []action) (ended bool) {
			for _, a := range actions {
				switch a.verb {
				case lookup:
					if looking || dialing || linked {
						rt.Fatal("lookup while busy")
					}
					looking = true
				case connect:
					if looking || dialing || linked {
						rt.Fatal("a second connection")
					}
					dialing = true
				case hangup:
					linked = false
				case send:
					if !linked {
						rt.Fatal("send without a connection")
					}
					switch s := show([]action{a}); {
					case s == "identify":
						identified = append(identified, m.now)
						seq = 0
					case strings.HasPrefix(s, "resume"):
						if s != fmt.Sprintf("resume S %d", seq) {
							rt.Fatalf("%s, but the last sequence was %d", s, seq)
						}
					}
				case stop:
					ended = true
				}
			}
			return ended
		}
		take(m.s.start())
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			var acts []action
			m.now = m.now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(rt, "ms")) * time.Millisecond)
			switch kind := rapid.IntRange(0, 9).Draw(rt, "kind"); {
			case looking:
				looking = false
				var err error
				if kind == 0 {
					err = errors.New("down")
				}
				acts = m.s.looked(m.now, gatewayInfo{url: "ws://base", limited: kind == 1, remaining: 0, resetAfter: time.Minute}, err)
			case dialing:
				dialing = false
				if kind < 3 {
					acts = m.s.failed(m.now)
				} else {
					linked = true
					acts = m.s.connected(m.now)
				}
			case !linked:
				acts = m.due()
			case kind == 0:
				acts = m.due()
			case kind == 1:
				linked = false
				acts = m.s.closed(m.now, rapid.SampledFrom([]int{-1, 1000, 1006, 4000, 4003, 4007, 4008, 4009}).Draw(rt, "code"))
			case kind == 2:
				acts = m.op(opInvalid, rapid.SampledFrom([]string{"true", "false", "null", ""}).Draw(rt, "d"))
			case kind == 3:
				acts = m.op(opReconnect, "")
			case kind == 4:
				acts = m.op(opAck, "")
			case m.s.stage == stageGreeting:
				acts = m.hello()
			case m.s.stage == stageHandshake && m.s.ident:
				seq = 1
				acts = m.event(1, "READY", readyData)
			case m.s.stage == stageHandshake && kind > 7:
				acts = m.event(0, "RESUMED", "{}")
			case m.s.id != "":
				seq++
				acts = m.event(seq, "X", "{}")
			}
			if take(acts) {
				rt.Fatal("ended without a fatal reason")
			}
			if !looking && !dialing && m.s.deadline().IsZero() {
				rt.Fatalf("stuck in stage %d", m.s.stage)
			}
		}
		for i := 1; i < len(identified); i++ {
			if d := identified[i].Sub(identified[i-1]); d < 5*time.Second {
				rt.Fatalf("two IDENTIFYs within %v", d)
			}
		}
	})
}
