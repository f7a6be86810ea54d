package discord

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// session is a bot's gateway session as a state machine without I/O: timed
// events go in, actions come out. It outlives connections: a session is resumed
// on the next one.
//
// seq is the sequence of the last received event, from which Discord replays.
// What is stored is the sequence of the last handled event, see pipe.
type session struct {
	token   string
	intents int
	secure  bool // the API uses TLS, so the gateway must, too
	pace    pace
	rand    func() float64
	permit  func(now time.Time, concurrency int) time.Time // reserves an IDENTIFY
	used    func(now time.Time)                            // records when it was sent
	budget  budget

	id     string
	seq    int64
	resume string // resume_gateway_url
	base   string // the gateway's own address, "" = not yet looked up

	stage   stage
	due     time.Time // when tick has something to do in this stage
	tries   int       // attempts to connect since the last success
	resumes int       // RESUMEs in a row without success
	useBase bool      // the resume host is unreachable
	since   time.Time // when the session went live on this connection
	ident   bool      // this connection sends IDENTIFY

	interval time.Duration
	beat     time.Time // when the next heartbeat is due; zero = none
	sent     time.Time
	acked    bool
	grace    bool
	latency  time.Duration

	out []action
}

type stage int

const (
	stageWaiting   stage = iota // waits until due, then tries to connect
	stageLooking                // GET /gateway/bot is in flight
	stagePermitted              // waits until due, then connects and identifies
	stageDialing                // connecting
	stageGreeting               // connected, waiting for HELLO
	stageHandshake              // IDENTIFY or RESUME sent
	stageLive                   // READY or RESUMED received
	stageHeld                   // no connection wanted: too many events are waiting
	stageEnded                  // only a person can help
)

// pace contains the protocol's durations; tests shorten them.
type pace struct {
	unit       time.Duration // of the backoff between connections
	most       time.Duration
	invalidMin time.Duration // wait after a refused session (events/gateway, Resuming: 1 to 5 seconds)
	invalidMax time.Duration
	hello      time.Duration // maximum time for HELLO, READY and RESUMED
	settled    time.Duration // a connection that lasted this long was a good one
	grace      time.Duration // how late an ACK may be
	save       time.Duration // between two saves of the notes
	saveIdle   time.Duration // the same, if nothing concerned the mate
	retry      time.Duration // first pause after the Host refused an event
	command    time.Duration // after which a command shows "thinking"
	identify   time.Duration // in which max_concurrency IDENTIFYs are allowed (events/gateway, Rate Limiting)
}

func defaultPace() pace {
	return pace{
		unit: 500 * time.Millisecond, most: time.Minute,
		invalidMin: time.Second, invalidMax: 5 * time.Second,
		hello: 20 * time.Second, settled: 5 * time.Second, grace: time.Second,
		save: time.Second, saveIdle: 15 * time.Second, retry: 200 * time.Millisecond,
		identify: 5 * time.Second, command: 1500 * time.Millisecond,
	}
}

// action is something the runner has to do.
type action struct {
	verb  verb
	url   string           // connect
	body  []byte           // send
	state messenger.State  // report: Phase, Reason, Cure
	err   *openmates.Error // stop
}

type verb int

const (
	lookup  verb = iota // request GET /gateway/bot, then call looked
	connect             // then call connected or failed
	send
	hangup  // close the connection with closeKeep; closed isn't called
	deliver // pass on the frame's event
	report
	stop // Listen returns err
)

// closeKeep is the client's close code: with 1000 or 1001 Discord would end the
// session, any other code keeps it resumable.
const closeKeep = 4000

// maxResumes is how many RESUMEs in a row may fail before a new session is
// started.
const maxResumes = 4

// gatewayInfo is the response to GET /gateway/bot.
type gatewayInfo struct {
	url         string
	limited     bool // the response had a session_start_limit
	remaining   int
	resetAfter  time.Duration
	concurrency int
}

func (s *session) decide(a action) { s.out = append(s.out, a) }

// collect returns the actions that f adds. They are valid until the next call.
func (s *session) collect(f func()) []action {
	s.out = s.out[:0]
	f()
	return s.out
}

// start starts a session or, if id is set from the notes, resumes it.
func (s *session) start() []action {
	return s.collect(func() {
		s.report(messenger.Starting, "", "")
		s.attempt()
	})
}

// deadline returns when to call tick next; zero = never.
func (s *session) deadline() time.Time {
	d := s.due
	if !s.beat.IsZero() && (d.IsZero() || s.beat.Before(d)) {
		d = s.beat
	}
	return d
}

// tick does what is due.
func (s *session) tick(now time.Time) []action {
	return s.collect(func() {
		if !s.beat.IsZero() && !now.Before(s.beat) {
			s.heartbeat(now)
		}
		if s.due.IsZero() || now.Before(s.due) {
			return
		}
		s.due = time.Time{}
		switch s.stage {
		case stageWaiting:
			s.attempt()
		case stagePermitted:
			s.connect(s.base)
		case stageGreeting, stageHandshake:
			s.decide(action{verb: hangup})
			s.useBase = !s.ident && !s.useBase
			s.again(now, openmates.T("Discord accepted the connection but then stopped responding."))
		}
	})
}

// attempt connects: directly to RESUME if possible, otherwise it first asks for
// the address and whether to IDENTIFY.
func (s *session) attempt() {
	if s.id != "" && s.resumes < maxResumes {
		s.ident = false
		if at := s.resume; at != "" && !s.useBase && s.trusted(at) {
			s.connect(at)
			return
		}
		if s.base != "" {
			s.connect(s.base)
			return
		}
	} else {
		s.forget()
		s.ident = true
	}
	s.stage = stageLooking
	s.decide(action{verb: lookup})
}

// trusted reports whether a connection is as secure as the API's, so that the
// token may be sent over it.
func (s *session) trusted(at string) bool {
	u, err := url.Parse(at)
	return err == nil && u.Host != "" && (u.Scheme == "wss" || u.Scheme == "ws" && !s.secure)
}

func (s *session) connect(at string) {
	s.stage = stageDialing
	s.decide(action{verb: connect, url: gatewayURL(at)})
}

// gatewayURL adds the required parameters to a gateway address (events/gateway,
// Connecting). No compression: it costs memory per connection, and mates
// receive little.
func gatewayURL(at string) string {
	u, err := url.Parse(at)
	if err != nil {
		return at
	}
	if u.Path == "" {
		u.Path = "/"
	}
	q := u.Query()
	q.Set("v", "10")
	q.Set("encoding", "json")
	u.RawQuery = q.Encode()
	return u.String()
}

// looked handles the response to GET /gateway/bot.
func (s *session) looked(now time.Time, info gatewayInfo, err error) []action {
	return s.collect(func() {
		if s.stage != stageLooking {
			return
		}
		if err == nil && !s.trusted(info.url) {
			err = fmt.Errorf("gateway address %q", clip(info.url, 100))
		}
		if e, ok := errors.AsType[*apiError](err); ok && e.status == 401 {
			s.end(messenger.BadCredentials, tokenRefusal(), tokenCure())
			return
		}
		if err != nil {
			s.again(now, openmates.T("Discord didn't tell us where to connect."))
			return
		}
		s.base = info.url
		if !s.ident {
			s.connect(s.base)
			return
		}
		if wait := s.budget.wait(now, info); wait > 0 {
			s.stage, s.due = stageWaiting, now.Add(wait)
			s.report(messenger.Reconnecting,
				openmates.T("The bot has used all connection starts that Discord allows per day, and is waiting for the next one."),
				openmates.T("Find out why the bot keeps reconnecting: another program may be using the same bot token."))
			return
		}
		s.stage, s.due = stagePermitted, s.permit(now, info.concurrency)
		if !now.Before(s.due) {
			s.due = time.Time{}
			s.connect(s.base)
		}
	})
}

// connected records that the connection is established.
func (s *session) connected(now time.Time) []action {
	return s.collect(func() {
		s.stage, s.due = stageGreeting, now.Add(s.pace.hello)
	})
}

// failed records that connecting failed.
func (s *session) failed(now time.Time) []action {
	return s.collect(func() {
		// Resume hosts are retired from time to time, and the base address can
		// resume as well. If that fails, too, the next attempt uses the resume
		// host again.
		s.useBase = !s.ident && !s.useBase
		s.again(now, openmates.T("Discord's gateway isn't responding."))
	})
}

// closed records that the other side closed the connection; code -1 = without a
// close frame.
func (s *session) closed(now time.Time, code int) []action {
	return s.collect(func() {
		s.drop(now, code)
	})
}

// hold closes the connection until drained is called, because events arrive
// faster than they are handled. Discord keeps them meanwhile.
func (s *session) hold() []action {
	return s.collect(func() {
		s.quiet()
		s.decide(action{verb: hangup})
		s.stage = stageHeld
		s.report(messenger.Reconnecting, openmates.T("Messages are arriving faster than they can be saved. The bot catches up before it reads new ones."), "")
	})
}

func (s *session) drained() []action {
	return s.collect(func() {
		if s.stage == stageHeld {
			s.attempt()
		}
	})
}

// revoked records that Discord rejected the token elsewhere, over REST.
func (s *session) revoked() []action {
	return s.collect(func() {
		s.decide(action{verb: hangup})
		s.end(messenger.BadCredentials, tokenRefusal(), tokenCure())
	})
}

// again schedules the next attempt with a growing, jittered pause.
func (s *session) again(now time.Time, reason openmates.Text) {
	s.quiet()
	wait := time.Duration(float64(s.pace.unit) * s.rand() / 2)
	if s.tries > 0 {
		full := s.pace.most
		if s.tries < 10 {
			full = min(full, s.pace.unit<<s.tries)
		}
		wait = time.Duration(float64(full) * (0.5 + s.rand()/2))
	}
	s.tries++
	s.stage, s.due = stageWaiting, now.Add(wait)
	s.report(messenger.Reconnecting, openmates.T("%s The bot will try again by itself.", reason), "")
}

// quiet stops the timers of a closed connection.
func (s *session) quiet() {
	s.beat, s.due, s.latency = time.Time{}, time.Time{}, 0
}

// drop decides what happens after a connection has ended.
func (s *session) drop(now time.Time, code int) {
	if s.stage == stageLive && now.Sub(s.since) >= s.pace.settled {
		s.tries = 0
	}
	if phase, reason, cure := fatal(code); reason != "" {
		s.end(phase, reason, cure)
		return
	}
	if newSession(code) {
		s.forget()
	}
	reason := openmates.T("The connection to Discord was lost.")
	if code > 0 {
		reason = openmates.T("Discord ended the connection (code %d).", code)
	}
	s.again(now, reason)
}

// forget gives up the session.
func (s *session) forget() {
	s.id, s.seq, s.resume, s.resumes, s.useBase = "", 0, "", 0, false
}

// end stops for good.
func (s *session) end(phase messenger.Phase, reason, cure openmates.Text) {
	s.quiet()
	s.stage = stageEnded
	s.report(phase, reason, cure)
	s.decide(action{verb: stop, err: openmates.Errorf(openmates.EInvalid, "%s %s", reason, cure)})
}

func (s *session) report(phase messenger.Phase, reason, cure openmates.Text) {
	s.decide(action{verb: report, state: messenger.State{Phase: phase, Reason: reason, Cure: cure, Latency: s.latency}})
}

func (s *session) send(op int, d any) {
	body, err := json.Marshal(struct {
		Op int `json:"op"`
		D  any `json:"d"`
	}{op, d})
	if err == nil {
		s.decide(action{verb: send, body: body})
	}
}
