package discord

import (
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// Gateway opcodes (topics/opcodes-and-status-codes, Gateway).
const (
	opDispatch  = 0
	opHeartbeat = 1
	opIdentify  = 2
	opResume    = 6
	opReconnect = 7
	opInvalid   = 9
	opHello     = 10
	opAck       = 11
)

// frame handles one payload of the gateway.
func (s *session) frame(now time.Time, e envelope) []action {
	return s.collect(func() {
		switch e.op {
		case opDispatch:
			s.dispatch(now, e)
		case opHeartbeat:
			// The answer doesn't affect the regular ACK check, so the two can't
			// be confused.
			s.send(opHeartbeat, s.last())
		case opReconnect:
			s.decide(action{verb: hangup})
			s.drop(now, 0)
		case opInvalid:
			s.invalid(now, string(e.data) == "true")
		case opHello:
			s.hello(now, e)
		case opAck:
			s.ack(now)
		}
	})
}

func (s *session) hello(now time.Time, e envelope) {
	var d struct {
		Interval number `json:"heartbeat_interval"`
	}
	if err := decode(e.data, &d); err != nil || d.Interval <= 0 || s.stage != stageGreeting {
		return
	}
	s.interval = d.Interval.millis(20*time.Millisecond, time.Hour) // Discord's own is 41 seconds
	s.beat = now.Add(time.Duration(float64(s.interval) * s.rand()))
	s.acked, s.grace = true, false
	s.stage, s.due = stageHandshake, now.Add(s.pace.hello)
	if s.ident {
		s.budget.spend(now)
		s.used(now)
		s.send(opIdentify, identify{
			Token:      s.token,
			Intents:    s.intents,
			Properties: properties{OS: "linux", Browser: "openmates", Device: "openmates"},
		})
		return
	}
	s.resumes++
	s.send(opResume, resume{Token: s.token, SessionID: s.id, Seq: s.seq})
}

type identify struct {
	Token      string     `json:"token"`
	Intents    int        `json:"intents"`
	Properties properties `json:"properties"`
}

type properties struct {
	OS      string `json:"os"`
	Browser string `json:"browser"`
	Device  string `json:"device"`
}

type resume struct {
	Token     string `json:"token"`
	SessionID string `json:"session_id"`
	Seq       int64  `json:"seq"`
}

// last returns the data of a heartbeat: the last sequence, or null.
func (s *session) last() any {
	if s.seq == 0 {
		return nil
	}
	return s.seq
}

// heartbeat sends a heartbeat, or detects that the connection is dead because
// there was no ACK since the last one (events/gateway, Heartbeat Interval).
func (s *session) heartbeat(now time.Time) {
	switch {
	case s.acked:
		s.acked, s.grace, s.sent = false, false, now
		s.beat = now.Add(s.interval)
		s.send(opHeartbeat, s.last())
	case !s.grace:
		// The ACK may have arrived but not been read yet on a busy machine.
		s.grace = true
		s.beat = now.Add(min(s.interval/4, s.pace.grace))
	default:
		s.decide(action{verb: hangup})
		s.drop(now, -1)
	}
}

func (s *session) ack(now time.Time) {
	if s.acked {
		return
	}
	s.acked = true
	s.latency = now.Sub(s.sent)
	if s.grace {
		s.grace, s.beat = false, later(now, s.sent.Add(s.interval))
	}
	if s.stage == stageLive {
		s.report(messenger.Connected, "", "")
	}
}

// invalid handles op 9. It is the response to a RESUME that isn't possible or
// to one IDENTIFY too many, or arrives in the middle of a session.
func (s *session) invalid(now time.Time, resumable bool) {
	s.decide(action{verb: hangup})
	if !resumable {
		s.forget()
	}
	s.drop(now, 0)
	if s.stage == stageWaiting && s.id == "" {
		spread := float64(s.pace.invalidMax-s.pace.invalidMin) * s.rand()
		s.due = later(s.due, now.Add(s.pace.invalidMin+time.Duration(spread)))
	}
}

func (s *session) dispatch(now time.Time, e envelope) {
	switch e.event {
	case "READY":
		var r readyObject
		if err := decode(e.data, &r); err != nil || r.SessionID == "" {
			s.decide(action{verb: hangup})
			s.again(now, openmates.T("Discord's hello message couldn't be read."))
			return
		}
		s.id, s.resume, s.seq = string(r.SessionID), string(r.ResumeURL), e.seq
		s.decide(action{verb: deliver}) // first, so that the report can count the guilds
		s.live(now)
		return
	case "RESUMED":
		s.seq = max(s.seq, e.seq)
		s.live(now)
	default:
		if e.seq > s.seq {
			s.seq = e.seq
			s.resumes = 0 // the replay is making progress
		}
		if s.stage == stageHandshake {
			s.due = now.Add(s.pace.hello)
		}
	}
	s.decide(action{verb: deliver})
}

func (s *session) live(now time.Time) {
	s.stage, s.due, s.since = stageLive, time.Time{}, now
	s.resumes, s.useBase = 0, false
	s.report(messenger.Connected, "", "")
}

func tokenRefusal() openmates.Text { return openmates.T("Discord rejected the bot token.") }

func tokenCure() openmates.Text {
	return openmates.T("Open the Bot page of the application in Discord's developer portal, reset the token, and enter the new one here.")
}

// fatal returns the state for close codes after which a retry can't help
// (topics/opcodes-and-status-codes, Gateway Close Event Codes).
func fatal(code int) (phase messenger.Phase, reason, cure openmates.Text) {
	switch code {
	case 4004:
		return messenger.BadCredentials, tokenRefusal(), tokenCure()
	case 4010, 4011:
		return messenger.NeedsAttention,
			openmates.T("Discord requires this bot's servers to be split across several connections (code %d).", code),
			openmates.T("The bot is in more servers than one connection can handle. Remove it from some, or set up a second application for this mate.")
	case 4012:
		return messenger.NeedsAttention,
			openmates.T("Discord no longer offers version 10 of its gateway."),
			openmates.T("Update OpenMates to a newer version.")
	case 4013:
		return messenger.NeedsAttention,
			openmates.T("Discord doesn't know one of the intents that the bot asks for."),
			openmates.T("Update OpenMates to a newer version.")
	case 4014:
		return messenger.NeedsAttention,
			openmates.T("The bot asks for the Message Content intent, which isn't enabled for its application."),
			openmates.T("Switch on \"Message Content Intent\" on the Bot page in Discord's developer portal, or switch the option off here; then restart the bot.")
	}
	return "", "", ""
}

// newSession reports whether a session can't be resumed after a close code:
// invalid sequence, session timed out.
func newSession(code int) bool { return code == 4007 || code == 4009 }
