package connect

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/portrait"
)

// Own is the handle of the server's own application.
const Own = "openmates"

const (
	fresh        = time.Minute // how long a result is reused
	ownLabel     = "OpenMates"
	portraitSize = 512 // pixels
	recent       = 30 * 24 * time.Hour
)

// Inspection is the result of checking a bot's setup.
type Inspection struct {
	At       time.Time
	Findings []messenger.Finding
}

// Wrong returns how many findings are not OK.
func (i Inspection) Wrong() int {
	n := 0
	for _, f := range i.Findings {
		if f.State != messenger.FindingOK {
			n++
		}
	}
	return n
}

// Undressed reports whether applying the bot's profile would fix something.
func (i Inspection) Undressed() bool {
	for _, f := range i.Findings {
		if f.Dress {
			return true
		}
	}
	return false
}

// of returns the finding of a check, or nil if there is none.
func (i Inspection) of(check string) *messenger.Finding {
	for n := range i.Findings {
		if i.Findings[n].Check == check {
			return &i.Findings[n]
		}
	}
	return nil
}

// Setup is everything on a bot's page.
type Setup struct {
	Network     Network
	Mate        openmates.Mate // zero for the server's own application
	Handle      string         // the mate's, or Own
	Name        string         // the mate's, or the product's
	Bot         *Bot           // nil = none yet
	Guide       []messenger.Step
	Fields      []Field // of the form
	Permissions []messenger.Permission
	Redirect    string
	CanDress    bool
}

// Field is a field of a bot's form with its stored value. A secret's value is
// never shown.
type Field struct {
	messenger.Field
	Value  string
	Stored bool // a readable secret is stored
	Lost   bool // an unreadable secret is stored
}

// fieldsOf lists the fields for a bot.
func fieldsOf(info messenger.Info, b openmates.Bot, own bool) (all []Field) {
	for _, f := range info.Fields {
		if own && f.Mates {
			continue
		}
		v := Field{Field: f, Stored: b.Secrets[f.Name] != "", Lost: slices.Contains(b.Lost, f.Name)}
		switch f.Kind {
		case messenger.ApplicationField:
			v.Value = b.AppID
		case messenger.TextField, messenger.TickField:
			v.Value = b.Settings[f.Name]
		}
		all = append(all, v)
	}
	return all
}

// Setup returns the page of a mate's bot on a network; handle Own is the
// server's own application for linking accounts.
func (r *Room) Setup(ctx context.Context, handle string, n openmates.Network) (Setup, error) {
	con, err := r.connector(n)
	if err != nil {
		return Setup{}, err
	}
	s := Setup{Handle: handle, Name: ownLabel, Redirect: r.Redirect(), Network: r.network(n, con)}
	if handle != Own {
		m, err := r.Mate(ctx, handle)
		if err != nil {
			return Setup{}, err
		}
		s.Mate, s.Name = m.Mate, m.Name
		_, s.CanDress = con.(messenger.Dresser)
	} else if !s.Network.CanLink {
		return Setup{}, openmates.Errorf(openmates.ENotFound, "On %s, accounts aren't linked through an application of the server.", s.Network.Label)
	}
	b, found, err := r.find(ctx, s.Mate.ID, n)
	if err != nil {
		return Setup{}, err
	}
	if found {
		shown, err := r.shown(ctx, b, s.Mate)
		if err != nil {
			return Setup{}, err
		}
		s.Bot = &shown
	}
	s.Fields = fieldsOf(con.Info(), b, handle == Own)
	if in, ok := con.(messenger.Inspector); ok {
		w := messenger.Wanted{Redirect: r.Redirect()}
		if handle != Own {
			w.Look = &messenger.Look{Name: s.Mate.Name, Description: s.Mate.Description}
		}
		s.Guide = in.Guide(openmates.Bot{MateID: s.Mate.ID, Network: n, AppID: b.AppID}, w)
	}
	if in, ok := con.(messenger.Inviter); ok && handle != Own {
		s.Permissions = in.Permissions(b)
		if s.Bot != nil { // the stored one, with the current address
			s.Bot.Invite = in.InviteURL(b, r.Redirect())
		}
	}
	return s, nil
}

// Inspect checks a bot's setup. Unless again is set, it reuses a result that is
// less than a minute old.
func (r *Room) Inspect(ctx context.Context, mate openmates.ID, n openmates.Network, again bool) (Inspection, error) {
	b, m, err := r.must(ctx, mate, n)
	if err != nil {
		return Inspection{}, err
	}
	if !again {
		checks, err := r.checks(ctx)
		if err != nil {
			return Inspection{}, err
		}
		if known := r.holds(checks[b.ID], b); r.now().Sub(known.At) < fresh {
			return known, nil
		}
	}
	return r.check(ctx, b, m)
}

// look asks the network. The error says why the credentials can't be stored.
func (r *Room) look(ctx context.Context, con messenger.Connector, b openmates.Bot, m openmates.Mate) (messenger.Profile, Inspection, error) {
	found := Inspection{At: r.now()}
	inspector, ok := con.(messenger.Inspector)
	if !ok {
		p, err := con.Check(ctx, b)
		if err == nil && b.AppID != "" && b.AppID != p.AppID {
			err = openmates.Errorf(openmates.EInvalid, "The token belongs to the application %s, not to %s. Copy ID and token from the same application.", p.AppID, b.AppID)
		}
		if err != nil {
			return messenger.Profile{}, found, fmt.Errorf("check the bot: %w", err)
		}
		found.Findings = append(found.Findings, messenger.Finding{Check: messenger.CheckToken, Title: openmates.T("Credentials"), State: messenger.FindingOK,
			Sentence: openmates.T("%s accepts the bot's credentials.", con.Info().Label)})
		for _, h := range p.Hints {
			found.Findings = append(found.Findings, messenger.Finding{Check: "hint", Title: openmates.T("%s", con.Info().Label), State: messenger.FindingWarn, Sentence: h})
		}
		return p, found, nil
	}
	w, err := r.wanted(ctx, b, m)
	if err != nil {
		return messenger.Profile{}, found, err
	}
	var p messenger.Profile
	p, found.Findings = inspector.Inspect(ctx, b, w)
	if p.AppID != "" {
		return p, found, r.mistaken(ctx, p, m, found)
	}
	for _, f := range found.Findings {
		code := openmates.EInvalid
		switch f.State {
		case messenger.FindingOK, messenger.FindingWarn:
			continue
		case messenger.FindingUnknown:
			code = openmates.EUnavailable
		}
		return p, found, openmates.Errorf(code, "%s Nothing was saved.", f.Sentence)
	}
	return p, found, openmates.Errorf(openmates.EUnavailable, "%s didn't tell us whose bot it is. Try again in a minute.", con.Info().Label)
}

// mistaken checks whether a bot has the name of another mate. Then its name
// isn't wrong, but it was entered on the wrong mate's page.
func (r *Room) mistaken(ctx context.Context, p messenger.Profile, m openmates.Mate, found Inspection) error {
	f := found.of(messenger.CheckName)
	if f == nil || f.State == messenger.FindingOK {
		return nil
	}
	mates, err := r.store.Mates(ctx)
	if err != nil {
		return fmt.Errorf("look whose name the bot has: %w", err)
	}
	for _, other := range mates {
		if other.ID == m.ID || other.Archived || !strings.EqualFold(other.Name, p.Name) {
			continue
		}
		f.Dress = false
		f.Sentence = openmates.T("The bot is called %s, and there's a mate with that name: this may be %s's application, saved on %s's page.", p.Name, other.Name, m.Name)
		f.Cure = openmates.T("If it is %s's, press “Remove bot” and save it on %s's page. If it is %s's, press “Apply name and picture”.", other.Name, other.Name, m.Name)
	}
	return nil
}

// wanted returns what a bot's setup should be.
func (r *Room) wanted(ctx context.Context, b openmates.Bot, m openmates.Mate) (messenger.Wanted, error) {
	w := messenger.Wanted{Redirect: r.Redirect()}
	if b.MateID == 0 {
		return w, nil
	}
	w.Look = &messenger.Look{Name: m.Name, Description: m.Description}
	if b.ID == 0 {
		return w, nil
	}
	places, err := r.store.InstallationsOfBot(ctx, b.ID)
	if err != nil {
		return w, fmt.Errorf("list where the bot is: %w", err)
	}
	for _, in := range places {
		if in.Left.IsZero() || r.now().Sub(in.Left) < recent {
			w.Places = append(w.Places, messenger.Workspace{ID: in.Workspace, Name: in.Name})
		}
	}
	return w, nil
}

// able returns the bot of a mate, and its connector as something that not every
// connector is; nil if it isn't, or if the bot is the server's own application.
func able[T any](ctx context.Context, r *Room, mate openmates.ID, n openmates.Network) (b openmates.Bot, m openmates.Mate, can T, err error) {
	if b, m, err = r.must(ctx, mate, n); err != nil {
		return b, m, can, err
	}
	con, err := r.connector(n)
	if err == nil && b.MateID != 0 {
		can, _ = con.(T)
	}
	return b, m, can, err
}

// DressBot applies the mate's profile to a bot.
func (r *Room) DressBot(ctx context.Context, actor, mate openmates.ID, n openmates.Network) error {
	b, m, dresser, err := able[messenger.Dresser](ctx, r, mate, n)
	if err != nil {
		return err
	}
	if dresser == nil {
		return openmates.Errorf(openmates.EInvalid, "On %s, name and picture are set by hand.", r.label(n))
	}
	face, err := portrait.PNG(m.Handle, portraitSize)
	if err != nil {
		return fmt.Errorf("paint the portrait: %w", err)
	}
	if err := dresser.Dress(ctx, b, messenger.Look{Name: m.Name, Description: m.Description, Portrait: face}); err != nil {
		return fmt.Errorf("dress the bot: %w", err)
	}
	was := b
	b.Name = m.Name
	if b, err = r.saveBot(ctx, actor, "bot.dress", m, was, b); err == nil {
		r.log.InfoContext(ctx, "bot dressed", "bot", b.ID)
	}
	return err
}

// SetPermissions sets which permissions a bot requests when it is added to a
// workspace. It changes nothing where the bot has already been added.
func (r *Room) SetPermissions(ctx context.Context, actor, mate openmates.ID, n openmates.Network, permissions []string) error {
	b, m, inviter, err := able[messenger.Inviter](ctx, r, mate, n)
	if err != nil {
		return err
	}
	if inviter == nil {
		return openmates.Errorf(openmates.EInvalid, "On %s, bots don't ask for permissions.", r.label(n))
	}
	was := b
	if b.Asks = inviter.Ask(permissions); b.Asks == "" {
		return openmates.Errorf(openmates.EInvalid, "A bot without permissions can't do anything. Tick at least the first ones.")
	}
	b.Invite = inviter.InviteURL(b, r.Redirect())
	if b, err = r.saveBot(ctx, actor, "bot.permissions", m, was, b); err == nil {
		r.log.InfoContext(ctx, "permissions of a bot changed", "bot", b.ID, "permissions", b.Asks)
	}
	return err
}

// invite returns the invitation link of a mate's bot.
func (r *Room) invite(con messenger.Connector, b openmates.Bot) string {
	inviter, ok := con.(messenger.Inviter)
	if !ok || b.MateID == 0 {
		return ""
	}
	return inviter.InviteURL(b, r.Redirect())
}
