package messenger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"openmates"
)

// Supervisor keeps one listener per bot running. Listeners are independent:
// whatever one of them does, including a panic, doesn't affect the others. A
// bot that another process listens for is started when that process releases
// it.
type Supervisor struct {
	cfg  SupervisorConfig
	wake chan struct{}
	news chan struct{} // a phase changed
	to   Product       // set by Run

	mu      sync.Mutex
	running map[openmates.ID]*listener
}

// Product is what listeners pass on to: messages, and the commands that people
// give. A process that runs no listeners has none.
type Product struct {
	// Receive stores a message, see Host.
	Receive func(ctx context.Context, in Inbound) error
	// Commands are what people can ask for besides talking, and Command
	// executes one. Set both or neither.
	Commands []CommandInfo
	Command  func(ctx context.Context, c Command) (Reply, error)
}

// SupervisorConfig is what the Supervisor needs. Fields are required unless
// their comment says what leaving them out means.
type SupervisorConfig struct {
	Connectors map[openmates.Network]Connector
	// Bots lists all bots with their credentials.
	Bots func(ctx context.Context) ([]openmates.Bot, error)
	// Hold lets one process at a time listen for a bot, see queue.Leaser.
	Hold       func(ctx context.Context, name string, do func(context.Context) error) error
	Workspaces func(ctx context.Context, bot openmates.Bot, c WorkspaceChange) error
	Notes      func(ctx context.Context, bot openmates.ID) ([]byte, error)
	SaveNotes  func(ctx context.Context, bot openmates.ID, notes []byte) error
	Only       func(context.Context, openmates.Bot) bool // which bots this process listens for; nil = all
	// SaveState stores the states of this process's listeners where others can
	// read them: soon after each change of phase, otherwise at most once a
	// second, and regularly without a change, as a sign of life. nil: states
	// are not stored.
	SaveState func(ctx context.Context, bot openmates.ID, s State) error
	Every     time.Duration // how often Bots is asked again; 0 = every 5 s
	Log       *slog.Logger
	Clock     openmates.Clock // nil = the real one
}

// listener is one running bot.
type listener struct {
	sup  *Supervisor
	bot  openmates.Bot
	stop context.CancelFunc
	done chan struct{}

	mu    sync.Mutex
	state State
	mine  bool // this process reports for the bot: it holds its lease, or gave up on it
	dirty bool // not stored yet
	saved time.Time

	saving sync.Mutex // one save at a time
}

// NewSupervisor returns a Supervisor that does nothing until Run.
func NewSupervisor(cfg SupervisorConfig) (*Supervisor, error) {
	if cfg.Connectors == nil || cfg.Bots == nil || cfg.Hold == nil || cfg.Workspaces == nil || cfg.Notes == nil || cfg.SaveNotes == nil ||
		cfg.Log == nil {
		return nil, errors.New("messenger: SupervisorConfig needs Connectors, Bots, Hold, Workspaces, Notes, SaveNotes and Log")
	}
	cfg.Log = cfg.Log.With("pkg", "messenger")
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Every == 0 {
		cfg.Every = 5 * time.Second
	}
	if cfg.Only == nil {
		cfg.Only = func(context.Context, openmates.Bot) bool { return true }
	}
	return &Supervisor{
		cfg:     cfg,
		wake:    make(chan struct{}, 1),
		news:    make(chan struct{}, 1),
		running: map[openmates.ID]*listener{},
	}, nil
}

// Wake makes Run read the bots again now, after one was added or changed.
func (s *Supervisor) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Restart stops a bot's listener and starts it again.
func (s *Supervisor) Restart(bot openmates.ID) {
	s.mu.Lock()
	l := s.running[bot]
	delete(s.running, bot)
	s.mu.Unlock()
	if l != nil {
		l.end()
	}
	s.Wake()
}

// State returns the state of a bot's listener in this process. ok is false if
// there is none, or if it only waits while another process listens.
func (s *Supervisor) State(bot openmates.ID) (st State, ok bool) {
	s.mu.Lock()
	l := s.running[bot]
	s.mu.Unlock()
	if l == nil {
		return State{Phase: Off}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state, l.mine
}

// Run keeps the listeners in step with the bots until ctx ends, and returns
// when the last listener has ended. What they receive goes to the Product. It
// is called once.
func (s *Supervisor) Run(ctx context.Context, to Product) error {
	if to.Receive == nil || (to.Command == nil) != (len(to.Commands) == 0) {
		return errors.New("messenger: Product lacks a required field")
	}
	s.to = to
	tick := time.NewTicker(s.cfg.Every)
	defer tick.Stop()
	if s.cfg.SaveState != nil {
		stop := s.keepStates(context.WithoutCancel(ctx))
		defer stop()
	}
	defer s.endAll()
	for failing := false; ; {
		err := s.sync(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			s.cfg.Log.Error("bots could not be read; listeners stay as they are until they can", "err", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		case <-s.wake:
		}
	}
}

func (s *Supervisor) endAll() {
	s.mu.Lock()
	all := s.running
	s.running = map[openmates.ID]*listener{}
	s.mu.Unlock()
	for _, l := range all {
		l.stop()
	}
	for _, l := range all {
		<-l.done
	}
}

// sync starts, stops and restarts listeners so that they match the bots.
func (s *Supervisor) sync(ctx context.Context) error {
	bots, err := s.cfg.Bots(ctx)
	if err != nil {
		return fmt.Errorf("list bots: %w", err)
	}
	want := map[openmates.ID]openmates.Bot{}
	for _, b := range bots {
		_, known := s.cfg.Connectors[b.Network]
		if known && !b.Paused && b.MateID != 0 && s.cfg.Only(ctx, b) {
			want[b.ID] = b
		}
	}
	s.mu.Lock()
	var ended []*listener
	for id, l := range s.running {
		if b, ok := want[id]; !ok || b.Revision != l.bot.Revision {
			ended = append(ended, l)
			delete(s.running, id)
		}
	}
	s.mu.Unlock()
	for _, l := range ended {
		l.end()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, b := range want {
		if s.running[id] == nil && ctx.Err() == nil {
			s.running[id] = s.start(ctx, b)
		}
	}
	return nil
}

func (s *Supervisor) start(ctx context.Context, b openmates.Bot) *listener {
	ctx, stop := context.WithCancel(ctx)
	l := &listener{sup: s, bot: b, stop: stop, done: make(chan struct{})}
	l.state = State{Phase: Starting, Since: s.cfg.Clock()}
	go func() {
		defer close(l.done)
		defer stop()
		l.run(ctx)
	}()
	return l
}

func (l *listener) end() {
	l.stop()
	<-l.done
}

// run holds the bot's lease and listens, repeatedly, until ctx ends or a person
// must act.
func (l *listener) run(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		err := l.sup.cfg.Hold(ctx, "listen-"+l.bot.ID.String(), l.listen)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, openmates.ErrLost) {
			n = -1 // nothing is wrong; another process listens
			continue
		}
		if openmates.CodeOf(err) == openmates.EInvalid {
			l.giveUp(err)
			<-ctx.Done()
			return
		}
		l.sup.cfg.Log.Warn("listener ended; it starts again", "bot", l.bot.Name, "err", err)
		l.Report(State{Phase: Reconnecting, Reason: openmates.T("The listener stopped unexpectedly and is being restarted.")})
		l.save(context.WithoutCancel(ctx))
		l.disown()
		pause := time.NewTimer(min(time.Second<<min(n, 6), time.Minute))
		select {
		case <-ctx.Done():
			pause.Stop()
		case <-pause.C:
		}
	}
}

// giveUp sets a state that says a person must act.
func (l *listener) giveUp(err error) {
	l.sup.cfg.Log.Warn("listener needs a person", "bot", l.bot.Name, "err", err)
	l.mu.Lock()
	final := l.state.Phase.Final()
	l.mu.Unlock()
	if !final {
		l.Report(State{Phase: NeedsAttention, Reason: openmates.TextOf(err)})
	}
}

func (l *listener) listen(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			l.sup.cfg.Log.Error("listener panicked", "bot", l.bot.Name, "panic", p, "stack", string(debug.Stack()))
			err = errors.New("listener panicked")
		}
		switch {
		case errors.Is(context.Cause(ctx), openmates.ErrLost): // another process reports for it
			l.disown()
		case ctx.Err() != nil:
			// Do this while the lease is still held, so that it can't overwrite
			// what the next holder reports.
			l.Report(State{Phase: Off, Reason: openmates.T("The process that ran this bot's listener has stopped.")})
			l.save(context.WithoutCancel(ctx))
			l.disown()
		}
	}()
	l.own()
	con := l.sup.cfg.Connectors[l.bot.Network]
	if lost := con.Info().Unreadable(l.bot); len(lost) > 0 {
		st := Unreadable(lost)
		l.Report(st)
		return openmates.Errorf(openmates.EInvalid, "%s", st.Reason)
	}
	err = con.Listen(ctx, l.bot, l)
	if lost := context.Cause(ctx); errors.Is(lost, openmates.ErrLost) {
		return lost
	}
	return err
}

// Receive implements Host.
func (l *listener) Receive(ctx context.Context, in Inbound) error {
	in.BotID = l.bot.ID
	return l.sup.to.Receive(ctx, in)
}

// Commands implements Host.
func (l *listener) Commands() []CommandInfo {
	if l.sup.to.Command == nil {
		return nil
	}
	return l.sup.to.Commands
}

// Command implements Host. A panic in a command only ends that command.
func (l *listener) Command(ctx context.Context, c Command) (rep Reply, err error) {
	c.BotID, c.Network = l.bot.ID, l.bot.Network
	defer func() {
		if p := recover(); p != nil {
			l.sup.cfg.Log.Error("command panicked", "bot", l.bot.Name, "command", c.Name, "panic", p, "stack", string(debug.Stack()))
			err = errors.New("command panicked")
		}
	}()
	if l.sup.to.Command == nil {
		return Reply{}, openmates.Errorf(openmates.ENotFound, "Unknown command.")
	}
	rep, err = l.sup.to.Command(ctx, c)
	if err != nil && openmates.CodeOf(err) == openmates.EInternal {
		l.sup.cfg.Log.Error("command failed", "bot", l.bot.Name, "command", c.Name, "err", err)
	}
	return rep, err
}

// Workspaces implements Host.
func (l *listener) Workspaces(ctx context.Context, c WorkspaceChange) error {
	return l.sup.cfg.Workspaces(ctx, l.bot, c)
}

// Notes implements Host.
func (l *listener) Notes(ctx context.Context) ([]byte, error) {
	return l.sup.cfg.Notes(ctx, l.bot.ID)
}

// SaveNotes implements Host. Notes of a listener that was replaced are stale
// and refused.
func (l *listener) SaveNotes(ctx context.Context, notes []byte) error {
	if err := openmates.Fence(ctx); err != nil {
		return err
	}
	return l.sup.cfg.SaveNotes(ctx, l.bot.ID, notes)
}

// Report implements Host. Since changes only with the phase.
func (l *listener) Report(st State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if st.Since.IsZero() {
		st.Since = l.sup.cfg.Clock()
	}
	l.dirty = true
	if st.Phase == l.state.Phase {
		st.Since = l.state.Since
	} else {
		select {
		case l.sup.news <- struct{}{}:
		default:
		}
		l.sup.cfg.Log.Info("listener", "bot", l.bot.Name, "phase", st.Phase, "reason", st.Reason)
	}
	l.state = st
}
