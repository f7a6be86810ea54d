package discord

import (
	"encoding/json"
	"math"
	"net/http"
	"testing"
	"time"
)

// Whatever number a network sends as a time, the result is a sensible wait.
func TestTimesFromTheNetworkHaveBounds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"41250": 41250 * time.Millisecond, `"41250"`: 41250 * time.Millisecond,
		"-5": 20 * time.Millisecond, "1": 20 * time.Millisecond, "0": 20 * time.Millisecond,
		"9223372036854775807": time.Hour, "-9223372036854775808": 20 * time.Millisecond,
		"1e300": 20 * time.Millisecond, "99999999999999999999": 20 * time.Millisecond, "null": 20 * time.Millisecond,
	} {
		var n number
		if err := json.Unmarshal([]byte(text), &n); err != nil {
			t.Fatal(err)
		}
		if got := n.millis(20*time.Millisecond, time.Hour); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	for text, want := range map[string]time.Duration{
		"0.5": 500 * time.Millisecond, "86400": 24 * time.Hour, "0": 0,
		"86401": -1, "1e300": -1, "NaN": -1, "Inf": -1, "-1": -1, "soon": -1, "": -1,
	} {
		got, ok := seconds(text)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%q seconds: %v, want %v", text, got, want)
		}
	}
	for _, after := range []float64{math.MaxFloat64, -1, 1e6} {
		body, err := json.Marshal(map[string]any{"retry_after": after})
		if err != nil {
			t.Fatal(err)
		}
		e := readError(&http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"NaN"}}}, body)
		if e.wait != time.Second {
			t.Errorf("retry after %g: waits %v", after, e.wait)
		}
	}
}

// A heartbeat is due within the bounds, however often or seldom the network
// wants one.
func TestHeartbeatsHaveBounds(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"1", "9223372036854775807", "9223372036854"} {
		m := newMachine(t)
		m.s.start()
		m.s.looked(m.now, gatewayInfo{url: "ws://base"}, nil)
		m.s.connected(m.now)
		m.op(opHello, `{"heartbeat_interval":`+text+`}`)
		if m.s.interval < 20*time.Millisecond || m.s.interval > time.Hour {
			t.Errorf("%s: a heartbeat each %v", text, m.s.interval)
		}
	}
}
