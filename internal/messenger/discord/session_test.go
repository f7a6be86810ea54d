package discord

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"openmates/internal/messenger"
)

var t0 = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// machine drives a session by hand.
type machine struct {
	t   tb
	s   *session
	now time.Time
}

// tb is what a test and a property have in common.
type tb interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func newMachine(t tb) *machine {
	var g gates
	p := defaultPace()
	return &machine{t: t, now: t0, s: &session{
		token: "tok", intents: 4609, pace: p, rand: func() float64 { return 0.5 },
		permit: func(now time.Time, c int) time.Time { return g.reserve("1", now, c, p.identify) },
		used:   func(now time.Time) { g.sent("1", now) },
	}}
}

// show writes actions in short.
func show(actions []action) string {
	var out []string
	for _, a := range actions {
		switch a.verb {
		case lookup:
			out = append(out, "lookup")
		case connect:
			out = append(out, "connect "+strings.TrimSuffix(a.url, "/?encoding=json&v=10"))
		case send:
			var p struct {
				Op int             `json:"op"`
				D  json.RawMessage `json:"d"`
			}
			_ = json.Unmarshal(a.body, &p)
			switch p.Op {
			case opHeartbeat:
				out = append(out, "beat "+string(p.D))
			case opIdentify:
				out = append(out, "identify")
			case opResume:
				var r resume
				_ = json.Unmarshal(p.D, &r)
				out = append(out, fmt.Sprintf("resume %s %d", r.SessionID, r.Seq))
			default:
				out = append(out, fmt.Sprintf("op%d", p.Op))
			}
		case hangup:
			out = append(out, "hangup")
		case deliver:
			out = append(out, "deliver")
		case report:
			out = append(out, string(a.state.Phase))
		case stop:
			out = append(out, "stop")
		}
	}
	return strings.Join(out, ", ")
}

func (m *machine) want(got []action, want string) {
	m.t.Helper()
	if g := show(got); g != want {
		m.t.Fatalf("got %q, want %q", g, want)
	}
}

// due moves the clock to the deadline and ticks.
func (m *machine) due() []action {
	m.t.Helper()
	at := m.s.deadline()
	if at.IsZero() {
		m.t.Fatal("nothing is due")
	}
	m.now = later(m.now, at)
	return m.s.tick(m.now)
}

func (m *machine) op(op int, d string) []action {
	return m.s.frame(m.now, envelope{op: op, data: []byte(d)})
}

func (m *machine) event(seq int64, name, d string) []action {
	return m.s.frame(m.now, envelope{op: 0, seq: seq, event: name, data: []byte(d)})
}

func (m *machine) hello() []action { return m.op(opHello, `{"heartbeat_interval":40000}`) }

const readyData = `{"session_id":"S","resume_gateway_url":"ws://resume","user":{"id":"7"},"guilds":[]}`

// live brings the session up from nothing.
func (m *machine) live() {
	m.t.Helper()
	m.want(m.s.start(), "starting, lookup")
	m.want(m.s.looked(m.now, gatewayInfo{url: "ws://base", limited: true, remaining: 9, concurrency: 1}, nil), "connect ws://base")
	m.want(m.s.connected(m.now), "")
	m.want(m.hello(), "identify")
	m.want(m.event(1, "READY", readyData), "deliver, connected")
}

func TestSessionFreshStart(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.live()
	if got, want := m.s.deadline(), t0.Add(20*time.Second); !got.Equal(want) {
		t.Fatalf("the first heartbeat is due at %v, want half an interval later: %v", got, want)
	}
	m.want(m.due(), "beat 1")
	m.now = m.now.Add(30 * time.Millisecond)
	acts := m.op(opAck, "null")
	m.want(acts, "connected")
	if l := acts[0].state.Latency; l != 30*time.Millisecond {
		t.Fatalf("latency %v", l)
	}
	m.want(m.event(5, "TYPING_START", "{}"), "deliver")
	m.want(m.op(opHeartbeat, "null"), "beat 5")
	m.want(m.due(), "beat 5")
}

func TestSessionZombie(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.live()
	m.want(m.due(), "beat 1")
	m.want(m.due(), "") // one grace
	m.want(m.due(), "hangup, reconnecting")
	m.want(m.due(), "connect ws://resume")
	m.s.connected(m.now)
	m.want(m.hello(), "resume S 1")
	m.want(m.event(2, "RESUMED", "{}"), "connected, deliver")
}

func TestSessionLateAck(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.live()
	m.want(m.due(), "beat 1")
	m.want(m.due(), "")
	m.want(m.op(opAck, "null"), "connected")
	m.want(m.due(), "beat 1") // no zombie
}

func TestSessionEnds(t *testing.T) {
	t.Parallel()
	drop := func(code int) func(*machine) []action {
		return func(m *machine) []action { return m.s.closed(m.now, code) }
	}
	op := func(op int, d string) func(*machine) []action {
		return func(m *machine) []action { return m.op(op, d) }
	}
	const resumes, anew, ends = "connect ws://resume", "lookup", ""
	for name, c := range map[string]struct {
		end  func(*machine) []action
		want string
		next string
	}{
		"cut":           {drop(-1), "reconnecting", resumes},
		"4000":          {drop(4000), "reconnecting", resumes},
		"4001":          {drop(4001), "reconnecting", resumes},
		"4002":          {drop(4002), "reconnecting", resumes},
		"4003":          {drop(4003), "reconnecting", resumes},
		"4005":          {drop(4005), "reconnecting", resumes},
		"4008":          {drop(4008), "reconnecting", resumes},
		"1000":          {drop(1000), "reconnecting", resumes},
		"1001":          {drop(1001), "reconnecting", resumes},
		"1006":          {drop(1006), "reconnecting", resumes},
		"unknown 4999":  {drop(4999), "reconnecting", resumes},
		"4007":          {drop(4007), "reconnecting", anew},
		"4009":          {drop(4009), "reconnecting", anew},
		"4004":          {drop(4004), "bad_credentials, stop", ends},
		"4010":          {drop(4010), "needs_attention, stop", ends},
		"4011":          {drop(4011), "needs_attention, stop", ends},
		"4012":          {drop(4012), "needs_attention, stop", ends},
		"4013":          {drop(4013), "needs_attention, stop", ends},
		"4014":          {drop(4014), "needs_attention, stop", ends},
		"op 7":          {op(opReconnect, "null"), "hangup, reconnecting", resumes},
		"op 9 true":     {op(opInvalid, "true"), "hangup, reconnecting", resumes},
		"op 9 false":    {op(opInvalid, "false"), "hangup, reconnecting", anew},
		"token revoked": {func(m *machine) []action { return m.s.revoked() }, "hangup, bad_credentials, stop", ends},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.live()
			m.event(6, "X", "{}")
			acts := slices.Clone(c.end(m))
			m.want(acts, c.want)
			for _, a := range acts {
				if a.verb == report && a.state.Reason == "" {
					t.Errorf("%s is reported without a reason", a.state.Phase)
				}
				if a.verb == report && a.state.Phase.Final() && a.state.Cure == "" {
					t.Errorf("%s is reported without a cure", a.state.Phase)
				}
			}
			if c.next == ends {
				if !m.s.deadline().IsZero() {
					t.Fatal("an ended session still wants to act")
				}
				return
			}
			before := m.now
			m.want(m.due(), c.next)
			if name == "op 9 false" && (m.now.Sub(before) < time.Second || m.now.Sub(before) > 5*time.Second) {
				t.Errorf("waited %v, the documentation asks for 1 to 5 s", m.now.Sub(before))
			}
			if c.next == resumes {
				m.s.connected(m.now)
				m.want(m.hello(), "resume S 6")
			}
		})
	}
}

func TestSessionDeadResumeHost(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.live()
	m.s.closed(m.now, -1)
	m.want(m.due(), "connect ws://resume")
	m.want(m.s.failed(m.now), "reconnecting")
	m.want(m.due(), "connect ws://base")
	m.s.connected(m.now)
	m.want(m.hello(), "resume S 1")
	m.want(m.op(opInvalid, "false"), "hangup, reconnecting")
	m.want(m.due(), "lookup") // only now a new session
}

// A process that starts from notes knows no base address: it asks for it.
func TestSessionDeadResumeHostAfterRestart(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.s.id, m.s.seq, m.s.resume = "S", 9, "ws://resume"
	m.want(m.s.start(), "starting, connect ws://resume")
	m.want(m.s.failed(m.now), "reconnecting")
	m.want(m.due(), "lookup")
	m.want(m.s.looked(m.now, gatewayInfo{url: "ws://base"}, nil), "connect ws://base")
	m.s.connected(m.now)
	m.want(m.hello(), "resume S 9")
}

func TestSessionNoResumeURL(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.s.start()
	m.s.looked(m.now, gatewayInfo{url: "ws://base"}, nil)
	m.s.connected(m.now)
	m.hello()
	m.event(1, "READY", `{"session_id":"S"}`)
	m.s.closed(m.now, -1)
	m.want(m.due(), "connect ws://base")
}

// Over TLS nobody may talk the client into sending the token in the clear.
func TestSessionNeverDowngrades(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.s.secure = true
	m.s.start()
	m.want(m.s.looked(m.now, gatewayInfo{url: "ws://base"}, nil), "reconnecting")
	m.want(m.due(), "lookup")
	m.want(m.s.looked(m.now, gatewayInfo{url: "wss://base"}, nil), "connect wss://base")
	m.s.connected(m.now)
	m.hello()
	m.event(1, "READY", readyData) // names ws://resume
	m.s.closed(m.now, -1)
	m.want(m.due(), "connect wss://base")
}

func TestSessionGivesUpResumingInTheEnd(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.live()
	m.s.closed(m.now, -1)
	for range maxResumes {
		m.want(m.due(), "connect ws://resume")
		m.s.connected(m.now)
		m.hello()
		m.s.closed(m.now, 4000)
	}
	m.want(m.due(), "lookup")
	m.s.looked(m.now, gatewayInfo{url: "ws://base"}, nil)
	if m.s.stage == stagePermitted {
		m.due()
	}
	m.s.connected(m.now)
	m.want(m.hello(), "identify")
}

// Every replay that is cut short but brought something is worth another one.
func TestSessionProgressIsNotGivenUp(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.live()
	m.s.closed(m.now, -1)
	for i := range int64(20) {
		m.want(m.due(), "connect ws://resume")
		m.s.connected(m.now)
		m.want(m.hello(), fmt.Sprintf("resume S %d", 1+i))
		m.want(m.event(2+i, "X", "{}"), "deliver")
		m.s.closed(m.now, -1)
	}
}

func TestSessionTimeouts(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.s.start()
	m.s.looked(m.now, gatewayInfo{url: "ws://base"}, nil)
	m.s.connected(m.now)
	m.want(m.due(), "hangup, reconnecting") // no HELLO

	m = newMachine(t)
	m.s.start()
	m.s.looked(m.now, gatewayInfo{url: "ws://base"}, nil)
	m.s.connected(m.now)
	m.op(opHello, `{"heartbeat_interval":9000000}`)
	m.want(m.due(), "hangup, reconnecting") // no READY
	if m.now.Sub(t0) > time.Minute {
		t.Fatalf("waited %v for READY", m.now.Sub(t0))
	}
}

func TestSessionBackoffGrowsAndIsCapped(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.s.start()
	var waits []time.Duration
	for range 14 {
		before := m.now
		m.s.looked(m.now, gatewayInfo{}, errors.New("down"))
		m.want(m.due(), "lookup")
		waits = append(waits, m.now.Sub(before))
	}
	if !slices.IsSorted(waits) || waits[0] > time.Second || waits[13] < 30*time.Second || waits[13] > time.Minute {
		t.Fatalf("waits: %v", waits)
	}
	m.want(m.s.looked(m.now, gatewayInfo{}, &apiError{status: 401}), "bad_credentials, stop")
}

func TestSessionIdentifyBudget(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.s.start()
	m.want(m.s.looked(m.now, gatewayInfo{url: "ws://base", limited: true, remaining: 0, resetAfter: time.Hour}, nil), "reconnecting")
	m.want(m.due(), "lookup")
	if m.now.Sub(t0) != time.Hour {
		t.Fatalf("waited %v instead of reset_after", m.now.Sub(t0))
	}
	// A server that tells no limit is not trusted to have none.
	m.s.budget = budget{Used: budgetMost, Since: t0}
	m.want(m.s.looked(m.now, gatewayInfo{url: "ws://base"}, nil), "reconnecting")
	m.want(m.due(), "lookup")
	if m.now.Sub(t0) != 24*time.Hour {
		t.Fatalf("went on after %v", m.now.Sub(t0))
	}
	m.want(m.s.looked(m.now, gatewayInfo{url: "ws://base"}, nil), "connect ws://base")
	m.s.connected(m.now)
	m.want(m.hello(), "identify")
	if m.s.budget.Used != 1 {
		t.Fatalf("a new day begins with %d used", m.s.budget.Used)
	}
}

func TestSessionStaggersIdentifies(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.live()
	m.s.closed(m.now, 4009)
	m.want(m.due(), "lookup")
	m.want(m.s.looked(m.now, gatewayInfo{url: "ws://base", concurrency: 1}, nil), "")
	m.want(m.due(), "connect ws://base")
	if m.now.Sub(t0) < 5*time.Second {
		t.Fatalf("two IDENTIFYs within %v", m.now.Sub(t0))
	}
}

func TestSessionHoldsAndGoesOn(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.live()
	m.event(8, "X", "{}")
	m.want(m.s.hold(), "hangup, reconnecting")
	if !m.s.deadline().IsZero() {
		t.Fatal("a held session acts by itself")
	}
	m.want(m.s.drained(), "connect ws://resume")
	m.s.connected(m.now)
	m.want(m.hello(), "resume S 8")
	m.want(m.s.drained(), "")
}

func TestSessionUnreadableReady(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.s.start()
	m.s.looked(m.now, gatewayInfo{url: "ws://base"}, nil)
	m.s.connected(m.now)
	m.hello()
	m.want(m.event(1, "READY", `{"session_id":null}`), "hangup, reconnecting")
}

func TestFatalSentences(t *testing.T) {
	t.Parallel()
	for code := 4000; code < 4020; code++ {
		phase, reason, cure := fatal(code)
		if reason == "" {
			continue
		}
		if !phase.Final() || phase == messenger.Off {
			t.Errorf("%d: phase %s", code, phase)
		}
		for _, s := range []string{reason.String(), cure.String()} {
			if !strings.HasSuffix(s, ".") || strings.ToUpper(s[:1]) != s[:1] {
				t.Errorf("%d: not a sentence: %q", code, s)
			}
		}
	}
}
