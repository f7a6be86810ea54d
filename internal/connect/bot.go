package connect

import (
	"context"
	"maps"
	"slices"
	"strings"
	"unicode"

	"openmates"
	"openmates/internal/messenger"
)

// Bot is everything about a bot that may be shown: all but its credentials.
type Bot struct {
	ID       openmates.ID
	MateID   openmates.ID
	Network  openmates.Network
	Label    string // the network's name
	AppID    string
	Name     string
	Paused   bool
	Settings openmates.Settings
	Stored   []string // names of the secrets that are stored and readable
	Lost     []string // names of those that can't be read and have to be entered again
	// CanConsent reports whether the bot has what consent pages need, so that
	// it can be installed and can link accounts.
	CanConsent bool
	Invite     string
	State      messenger.State
	Check      Inspection // the last valid check; its At is zero if there is none
}

// CanAdd reports whether teams can add the bot with a link, as far as known.
func (b Bot) CanAdd() bool { return b.CanConsent && b.Check.Blocking() == nil }

// Trouble returns what is wrong with the bot's setup, or nil if nothing is
// known to be. It leaves out what the listener already reports.
func (b Bot) Trouble() *messenger.Finding {
	f := b.Check.Bad()
	if f != nil && f.Check == messenger.CheckToken && b.State.Phase == messenger.BadCredentials {
		return nil
	}
	return f
}

// Credentials are what an admin enters for a bot.
type Credentials struct {
	Actor   openmates.ID // who enters them
	MateID  openmates.ID // 0 = the server's own application, for linking accounts
	Network openmates.Network
	// Values are the entered values, by the connector's field names. An empty
	// secret or a missing setting keeps the stored value.
	Values openmates.Secrets
}

// longestCredential limits the length of a token or secret, in bytes. Networks
// with signed tokens use several hundred.
const longestCredential = 4096

// SetBot checks the entered values with the network and stores them if the
// token is valid and belongs to the application. This starts the bot's
// listener. What the network rejects is never stored: not the token, and not
// the client secret, in which case the previous secret is kept. The Inspection
// says what was found, even if there is an error.
func (r *Room) SetBot(ctx context.Context, c Credentials) (Bot, Inspection, error) {
	con, err := r.connector(c.Network)
	if err != nil {
		return Bot{}, Inspection{}, err
	}
	c = r.filled(c, con.Info())
	was, b, err := r.merge(ctx, c, con.Info())
	if err != nil {
		return Bot{}, Inspection{}, err
	}
	m, err := r.mateOf(ctx, b)
	if err != nil {
		return Bot{}, Inspection{}, err
	}
	profile, found, err := r.look(ctx, con, b, m)
	if err != nil {
		r.hold(c, con.Info(), found, false)
		return Bot{}, found, err
	}
	b.AppID, b.UserID, b.Name = profile.AppID, profile.UserID, profile.Name
	for name, secret := range b.Secrets {
		if f := found.of(name); f != nil && f.State == messenger.FindingBad && secret != was.Secrets[name] {
			b.Secrets = b.Secrets.With(name, was.Secrets[name])
			f.Sentence = openmates.T("%s It wasn't saved.", f.Sentence)
		}
	}
	if was.AppID != "" && was.AppID != b.AppID {
		b.Asks = ""
	}
	b.Invite = r.invite(con, b)
	saved, err := r.saveBot(ctx, c.Actor, "bot.set", m, was, b)
	if openmates.CodeOf(err) == openmates.EConflict {
		return Bot{}, found, r.taken(ctx, con, b, err)
	}
	if err != nil {
		return Bot{}, found, err
	}
	r.hold(c, con.Info(), found, true)
	r.remember(ctx, saved, found)
	r.log.InfoContext(ctx, "bot saved", "bot", saved.ID, "network", saved.Network, "app", saved.AppID)
	r.changed()
	shown, err := r.shown(ctx, saved, m)
	return shown, found, err
}

// taken returns an error that says which mate uses an application, and how to
// free it.
func (r *Room) taken(ctx context.Context, con messenger.Connector, b openmates.Bot, cause error) error {
	e := &openmates.Error{Code: openmates.EConflict, Err: cause,
		Message: openmates.T("This %s application already belongs to another mate. Every mate needs its own application.", con.Info().Label)}
	all, err := r.store.Bots(ctx)
	if err != nil {
		return e
	}
	for _, other := range all {
		if other.Network != b.Network || other.AppID != b.AppID || other.ID == b.ID {
			continue
		}
		m, err := r.mateOf(ctx, other)
		switch {
		case err == nil && other.MateID == 0:
			e.Message = openmates.T("This %s application is the server's own, used to link accounts. Create another one for the mate.", con.Info().Label)
		case err == nil:
			e.Message = openmates.T("This %s application is %s's bot. If it was saved there by mistake, open %s's bot page, press “Remove bot”, and save it here again.", con.Info().Label, m.Name, m.Name)
		}
	}
	return e
}

// merge combines the entered values with the stored ones.
func (r *Room) merge(ctx context.Context, c Credentials, info messenger.Info) (was, b openmates.Bot, err error) {
	was, found, err := r.find(ctx, c.MateID, c.Network)
	if err != nil {
		return was, b, err
	}
	b = was
	b.MateID, b.Network = c.MateID, c.Network
	var application string
	var renewed bool // a new secret that the listener needs
	for _, f := range info.Fields {
		typed, given := c.Values[f.Name]
		v := strings.TrimSpace(typed.Reveal())
		if len(v) > longestCredential || strings.ContainsFunc(v, func(c rune) bool { return c > unicode.MaxASCII || c <= ' ' || c == 0x7f }) {
			return was, b, openmates.Errorf(openmates.EInvalid, "“%s” contains characters that don't belong there. Copy it again.", f.Label)
		}
		switch {
		case f.Kind == messenger.ApplicationField:
			if application = v; v != "" {
				b.AppID = v
			}
		case f.Kind == messenger.SecretField && v != "":
			b.Secrets = b.Secrets.With(f.Name, openmates.Secret(v))
			renewed = renewed || !f.Consent
		case f.Kind != messenger.SecretField && given:
			b.Settings = b.Settings.With(f.Name, v)
		}
	}
	if found && b.AppID != was.AppID && !renewed {
		return was, b, openmates.Errorf(openmates.EInvalid, "A different application has a different token: paste that one too.")
	}
	if lost := info.Unreadable(b); found && !renewed && len(lost) > 0 {
		return was, b, openmates.Errorf(openmates.EInvalid, "“%s” was encrypted with another key and can't be read. Enter it again.", openmates.And(lost))
	}
	if found && application == "" && renewed {
		b.AppID = "" // derive it from the new token
	}
	return was, b, nil
}

// find returns a mate's bot on a network; found is false if there is none.
func (r *Room) find(ctx context.Context, mate openmates.ID, n openmates.Network) (b openmates.Bot, found bool, err error) {
	b, err = r.store.BotOf(ctx, mate, n)
	if openmates.CodeOf(err) == openmates.ENotFound {
		return openmates.Bot{}, false, nil
	}
	return b, err == nil, err
}

// must is find for callers that need a bot.
func (r *Room) must(ctx context.Context, mate openmates.ID, n openmates.Network) (openmates.Bot, openmates.Mate, error) {
	b, found, err := r.find(ctx, mate, n)
	if err == nil && !found {
		err = openmates.Errorf(openmates.ENotFound, "There's no bot yet. Enter its application first.")
	}
	if err != nil {
		return b, openmates.Mate{}, err
	}
	m, err := r.mateOf(ctx, b)
	return b, m, err
}

// mateOf returns the mate of a bot, or the zero Mate for the server's own
// application.
func (r *Room) mateOf(ctx context.Context, b openmates.Bot) (openmates.Mate, error) {
	if b.MateID == 0 {
		return openmates.Mate{}, nil
	}
	mates, err := r.store.Mates(ctx)
	if err != nil {
		return openmates.Mate{}, err
	}
	for _, m := range mates {
		if m.ID == b.MateID {
			return m, nil
		}
	}
	return openmates.Mate{}, openmates.Errorf(openmates.ENotFound, "This mate doesn't exist here.")
}

// PauseBot stops a bot's listener, or starts it again.
func (r *Room) PauseBot(ctx context.Context, actor, mate openmates.ID, n openmates.Network, paused bool) (Bot, error) {
	b, m, err := r.must(ctx, mate, n)
	if err != nil {
		return Bot{}, err
	}
	was, action := b, "bot.resume"
	if b.Paused = paused; paused {
		action = "bot.pause"
	}
	err = r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.PauseBot(ctx, b.ID, paused); err != nil {
			return err
		}
		return r.record(ctx, actor, action, target(m, b), masked(was, was), masked(b, was))
	})
	if err != nil {
		return Bot{}, err
	}
	r.log.InfoContext(ctx, "bot paused or resumed", "bot", b.ID, "paused", paused)
	r.changed()
	return r.shown(ctx, b, m)
}

// RestartBot makes a bot's listener start a new session, whichever process it
// runs in. Other bots aren't affected.
func (r *Room) RestartBot(ctx context.Context, actor, mate openmates.ID, n openmates.Network) error {
	b, m, err := r.must(ctx, mate, n)
	if err != nil {
		return err
	}
	err = r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.RestartBot(ctx, b.ID); err != nil {
			return err
		}
		return r.record(ctx, actor, "bot.restart", target(m, b), nil, nil)
	})
	if err != nil {
		return err
	}
	r.log.InfoContext(ctx, "bot restarted", "bot", b.ID)
	r.changed()
	return nil
}

func (r *Room) shown(ctx context.Context, b openmates.Bot, m openmates.Mate) (Bot, error) {
	k, err := r.known(ctx)
	return r.show(b, m, k), err
}

// known contains the last reports and checks of all bots.
type known struct {
	reports map[openmates.ID]BotReport
	checks  map[openmates.ID]BotCheck
}

func (r *Room) known(ctx context.Context) (k known, err error) {
	if k.reports, err = r.reports(ctx); err != nil {
		return k, err
	}
	k.checks, err = r.checks(ctx)
	return k, err
}

func (r *Room) show(b openmates.Bot, m openmates.Mate, k known) Bot {
	return Bot{
		ID: b.ID, MateID: b.MateID, Network: b.Network, Label: r.label(b.Network), AppID: b.AppID,
		Name: b.Name, Paused: b.Paused, Settings: b.Settings, Stored: slices.Sorted(maps.Keys(b.Secrets)), Lost: b.Lost,
		CanConsent: r.canConsent(b), Invite: b.Invite,
		State: r.state(b, m, k.reports), Check: r.holds(k.checks[b.ID], b),
	}
}

// canConsent reports whether a bot has what the consent pages of its network
// need.
func (r *Room) canConsent(b openmates.Bot) bool {
	con := r.connectors[b.Network]
	return con != nil && con.Info().CanConsent(b)
}
