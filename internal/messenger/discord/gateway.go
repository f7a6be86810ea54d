package discord

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// listener keeps one bot connected: it executes what its session decides and
// puts events into its pipe.
type listener struct {
	d    *Connector
	bot  openmates.Bot
	host messenger.Host
	log  *slog.Logger

	sess *session
	pipe *pipe
	link *link

	frames  chan incoming
	results chan result
	wg      sync.WaitGroup

	commands chan struct{} // one slot per running command

	mu    sync.Mutex
	world *world

	phase      messenger.Phase
	phaseSince time.Time
	lastEvent  time.Time
	last       messenger.State // as reported
	err        error           // set once the session ended for good
	needle     []byte
}

// result is the outcome of a lookup or of a dial.
type result struct {
	link *link
	info *gatewayInfo
	err  error
}

// Listen implements messenger.Connector.
func (d *Connector) Listen(ctx context.Context, b openmates.Bot, h messenger.Host) error {
	log := d.log.With("bot", b.Name, "app", b.AppID)
	raw, err := storedNotes(ctx, d, h, log)
	if err != nil {
		return err
	}
	n := readNotes(raw)
	if n.Mark == 0 {
		n.Mark = d.now().UnixMilli() // messages from while the first session is starting count
	}
	if n.Revision != b.Revision {
		n.Revision, n.Session, n.Seq, n.Resume = b.Revision, "", 0, ""
	}
	l := &listener{
		d: d, bot: b, host: h, log: log,
		pipe:    newPipe(d, h, log, n),
		world:   newWorld(b, n),
		frames:  make(chan incoming),
		results: make(chan result),

		commands: make(chan struct{}, commandsMost),
	}
	l.needle = []byte(l.world.user)
	l.sess = &session{
		token: tokenOf(b).Reveal(), intents: d.intentsOf(b), secure: strings.HasPrefix(d.api, "https:"),
		pace: d.pace, rand: d.rand,
		permit: func(now time.Time, concurrency int) time.Time {
			return d.gates.reserve(b.AppID, now, concurrency, d.pace.identify)
		},
		used:   func(now time.Time) { d.gates.sent(b.AppID, now) },
		budget: n.Budget, id: n.Session, seq: n.Seq, resume: n.Resume,
	}
	return l.run(ctx)
}

// storedNotes reads the notes, with retries, because without them missed
// messages couldn't be recovered.
func storedNotes(ctx context.Context, d *Connector, h messenger.Host, log *slog.Logger) ([]byte, error) {
	for try := 0; ; try++ {
		raw, err := h.Notes(ctx)
		if err == nil || ctx.Err() != nil {
			return raw, ctx.Err()
		}
		log.Warn("the stored position can't be read, it is tried again", "err", err)
		if err := sleep(ctx, min(d.pace.retry<<min(try, 8), 5*time.Second)); err != nil {
			return nil, err
		}
	}
}

func (l *listener) run(ctx context.Context) error {
	work, cancel := context.WithCancel(ctx)
	drain := make(chan struct{})
	piped := make(chan struct{})
	go func() {
		defer close(piped)
		l.pipe.run(work, drain)
	}()
	defer func() {
		if l.link != nil {
			l.link.shut()
		}
		close(drain)
		if ctx.Err() == nil {
			<-piped // events received before the end are still passed on
		}
		cancel()
		<-piped
		l.wg.Wait()
	}()

	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	l.wg.Go(func() { l.register(work) })
	account := l.d.rest.account(l.bot)
	account.reinstate() // the gateway will say whether the token is really invalid
	l.apply(work, l.sess.start(), nil)
	for l.err == nil {
		wait := time.Hour
		if at := l.sess.deadline(); !at.IsZero() {
			wait = max(at.Sub(l.d.now()), 0)
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case in := <-l.frames:
			l.onFrame(work, in)
		case r := <-l.results:
			l.onResult(work, r)
		case <-l.pipe.drained:
			l.apply(work, l.sess.drained(), nil)
		case <-account.revoked():
			l.apply(work, l.sess.revoked(), nil)
		case <-timer.C:
			l.apply(work, l.sess.tick(l.d.now()), nil)
		}
	}
	return l.err
}

// onFrame handles a frame from a link.
func (l *listener) onFrame(ctx context.Context, in incoming) {
	if in.from != l.link {
		return // from a connection that has been given up
	}
	now := l.d.now()
	if in.end {
		l.log.Info("the gateway connection ended", "code", in.code, "err", in.err)
		l.link.shut()
		l.link = nil
		l.apply(ctx, l.sess.closed(now, in.code), nil)
		return
	}
	defer func() { in.from.done <- struct{}{} }()
	e, err := parseEnvelope(in.frame)
	if err != nil {
		l.log.Warn("a gateway payload can't be read, it is skipped", "bytes", len(in.frame))
		return
	}
	if e.op == opDispatch && l.pipe.full() {
		l.apply(ctx, l.sess.hold(), nil)
		return
	}
	l.apply(ctx, l.sess.frame(now, e), &e)
}

// onResult handles the result of a lookup or a dial.
func (l *listener) onResult(ctx context.Context, r result) {
	now := l.d.now()
	switch {
	case r.info != nil:
		l.apply(ctx, l.sess.looked(now, *r.info, r.err), nil)
	case r.err != nil:
		l.log.Info("the gateway can't be reached", "err", r.err)
		l.apply(ctx, l.sess.failed(now), nil)
	default:
		l.link = r.link
		l.wg.Go(func() { r.link.read(l.frames) })
		l.apply(ctx, l.sess.connected(now), nil)
	}
}

// apply executes the session's decisions; e is the frame that they are about.
func (l *listener) apply(ctx context.Context, actions []action, e *envelope) {
	for _, a := range actions {
		switch a.verb {
		case lookup:
			l.background(ctx, func() result { return l.look(ctx) })
		case connect:
			l.background(ctx, func() result {
				k, err := dial(ctx, l.d.socket, l.d.agent, a.url)
				return result{link: k, err: err}
			})
		case send:
			l.send(a.body)
		case hangup:
			if l.link != nil {
				l.link.shut()
				l.link = nil
			}
		case deliver:
			l.lastEvent = l.d.now()
			if e.event == "INTERACTION_CREATE" {
				l.interaction(ctx, *e)
			}
			l.dispatch(*e, l.lastEvent)
			l.recount()
		case report:
			l.report(a.state)
		case stop:
			l.err = a.err
		}
	}
}

// background does I/O outside the loop. The loop receives the result, unless it
// has ended.
func (l *listener) background(ctx context.Context, do func() result) {
	l.wg.Go(func() {
		r := do()
		select {
		case l.results <- r:
		case <-ctx.Done():
			if r.link != nil {
				r.link.shut()
			}
		}
	})
}

func (l *listener) send(body []byte) {
	if l.link == nil {
		return
	}
	// A failed write shows up as a failed read, which the session handles.
	if err := l.link.send(body); err != nil {
		l.log.Debug("a gateway payload could not be sent", "err", err)
	}
	l.keepBudget()
}

// keepBudget stores the number of IDENTIFYs if it has changed.
func (l *listener) keepBudget() {
	var stored budget
	l.pipe.read(func(n *notes) { stored = n.Budget })
	if b := l.sess.budget; b != stored {
		l.pipe.change(func(n *notes) { n.Budget = b })
	}
}

// look asks for the gateway's address and how many sessions may be started.
func (l *listener) look(ctx context.Context) result {
	var body struct {
		URL   text `json:"url"`
		Limit *struct {
			Remaining   *number `json:"remaining"`
			ResetAfter  number  `json:"reset_after"`
			Concurrency number  `json:"max_concurrency"`
		} `json:"session_start_limit"`
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	err := l.d.rest.do(ctx, l.bot, call{method: "GET", route: "/gateway/bot", path: "/gateway/bot", test: true}, &body)
	info := &gatewayInfo{url: string(body.URL), concurrency: 1}
	if s := body.Limit; s != nil && s.Remaining != nil {
		info.limited = true
		info.remaining = int(*s.Remaining)
		info.resetAfter = s.ResetAfter.millis(0, budgetWindow)
		info.concurrency = int(s.Concurrency)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		l.log.Info("the gateway's address can't be had", "err", err)
	}
	return result{info: info, err: err}
}

// report reports the state to the Host, with details that only the listener
// knows.
func (l *listener) report(s messenger.State) {
	if s.Phase != l.phase {
		l.phase, l.phaseSince = s.Phase, l.d.now()
		l.log.Info("listener", "phase", s.Phase, "reason", s.Reason)
	}
	s.Workspaces = l.guilds()
	s.Since, s.LastEvent = l.phaseSince, l.lastEvent
	l.last = s
	l.host.Report(s)
}

// recount reports again when the bot has joined or left a guild.
func (l *listener) recount() {
	if l.phase == messenger.Connected && l.last.Workspaces != l.guilds() {
		l.report(l.last)
	}
}

func (l *listener) guilds() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.world.guilds)
}
