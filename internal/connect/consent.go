package connect

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"time"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/policy"
	"openmates/internal/spelling"
)

// validFor is how long a consent page may stay open.
const validFor = 10 * time.Minute

// clockSlack is the largest difference between the clocks of two processes.
const clockSlack = time.Minute

// Who is the acting person and browser session.
type Who struct {
	UserID  openmates.ID
	Session string
	team    openmates.ID // 0 = the team for which it was started
}

// Kind is the purpose of a consent.
type Kind string

// The kinds.
const (
	Install Kind = "install" // add a mate's bot to a workspace of a team
	Link    Kind = "link"    // link an account to its person
)

// Outcome is the result of a completed consent.
type Outcome struct {
	Kind      Kind
	Network   openmates.Network
	Label     string              // the network's name
	Team      openmates.Team      // of an install
	Mate      openmates.Mate      // of an install
	Workspace messenger.Workspace // of an install
	Account   messenger.Account   // of a link
}

// BeginInstall returns the address of the consent page on which who adds a mate
// to a team's workspace. The caller must make sure that who may connect the
// team. workspace preselects one of the team's workspaces; "" leaves the choice
// open.
func (r *Room) BeginInstall(ctx context.Context, who Who, t openmates.Team, mate string, n openmates.Network, workspace openmates.WorkspaceID) (string, error) {
	con, err := r.connector(n)
	if err != nil {
		return "", err
	}
	installer, ok := con.(messenger.Installer)
	if !ok {
		return "", openmates.Errorf(openmates.EInvalid, "On %s, mates can't be added with a link.", con.Info().Label)
	}
	m, b, err := r.teamBot(ctx, t, mate, n)
	if err != nil {
		return "", err
	}
	if workspace != "" {
		ins, err := r.store.InstallationsOf(ctx, t.ID)
		if err != nil {
			return "", err
		}
		if !slices.ContainsFunc(ins, func(in openmates.Installation) bool { return in.Workspace == workspace }) {
			return "", openmates.Errorf(openmates.ENotFound, "The team %s has no such workspace on %s.", t.Name, con.Info().Label)
		}
	}
	if missing := con.Info().Missing(b); len(missing) > 0 {
		return "", openmates.Errorf(openmates.EInvalid, "%s can't be added yet: “%s” is missing. A server admin can enter it on the bot's page.", m.Name, openmates.And(missing))
	}
	if err := r.addable(ctx, b, m); err != nil {
		return "", err
	}
	c := BegunState{Kind: string(Install), BotID: b.ID, TeamID: t.ID}
	state, err := r.begin(ctx, who, c)
	if err != nil {
		return "", err
	}
	return installer.InstallURL(b, r.Redirect(), state, workspace), nil
}

// addable refuses a bot that the network's consent page would reject. Earlier
// problems may have been fixed since, so it asks the network again before it
// refuses anybody.
func (r *Room) addable(ctx context.Context, b openmates.Bot, m openmates.Mate) error {
	checks, err := r.checks(ctx)
	if err != nil {
		return err
	}
	if r.holds(checks[b.ID], b).Blocking() == nil {
		return nil
	}
	found, err := r.check(ctx, b, m)
	if err != nil {
		return err
	}
	if f := found.Blocking(); f != nil {
		return openmates.Errorf(openmates.EInvalid, "%s can't be added right now: %s A server admin can fix that on the bot's page.", m.Name, f.Sentence)
	}
	return nil
}

// BeginLink returns the address of the consent page on which who proves an
// account.
func (r *Room) BeginLink(ctx context.Context, who Who, n openmates.Network) (string, error) {
	con, err := r.connector(n)
	if err != nil {
		return "", err
	}
	linker, ok := con.(messenger.Linker)
	if !ok {
		return "", openmates.Errorf(openmates.EInvalid, "%s accounts can't be linked in the browser.", con.Info().Label)
	}
	b, ready, err := r.linkBot(ctx, n)
	if err != nil {
		return "", err
	}
	if needed := con.Info().Missing(openmates.Bot{}); !ready && len(needed) == 0 {
		return "", openmates.Errorf(openmates.EInvalid, "%s accounts can't be linked yet: a server admin has to set up a mate's application first.", con.Info().Label)
	} else if !ready {
		return "", openmates.Errorf(openmates.EInvalid, "%s accounts can't be linked yet: a server admin has to set up a mate's application first, including “%s”.", con.Info().Label, openmates.And(needed))
	}
	c := BegunState{Kind: string(Link), BotID: b.ID, Verifier: openmates.Secret(random())}
	state, err := r.begin(ctx, who, c)
	if err != nil {
		return "", err
	}
	return linker.LinkURL(b, r.Redirect(), state, c.Verifier.Reveal()), nil
}

func (r *Room) begin(ctx context.Context, who Who, c BegunState) (state string, err error) {
	if who.UserID == 0 || who.Session == "" {
		return "", openmates.Errorf(openmates.EUnauthorized, "Please sign in first.")
	}
	state = random()
	c.UserID, c.Session, c.Expires = who.UserID, who.Session, r.now().Add(validFor)
	return state, r.store.AddState(ctx, hash(state), c)
}

// Finish completes what BeginInstall or BeginLink started, with the query that
// the consent page added to the redirect. want, unless "", rejects a consent of
// another kind. In any case the state is used up. Even with an error, the
// Outcome says what was started, if who may know, so that the page can offer a
// way on.
func (r *Room) Finish(ctx context.Context, who Who, want Kind, q url.Values) (Outcome, error) {
	c, err := r.take(ctx, who, want, q.Get("state"))
	begun := r.begun(ctx, c)
	if err != nil {
		return begun, err
	}
	b, err := r.store.Bot(ctx, c.BotID)
	if err != nil {
		return begun, err
	}
	con, err := r.connector(b.Network)
	if err != nil {
		return begun, err
	}
	begun.Network, begun.Label = b.Network, con.Info().Label
	if err := r.consented(ctx, b, begun.Label, q); err != nil {
		return begun, err
	}
	finish := r.finishInstall
	if Kind(c.Kind) == Link {
		finish = r.finishLink
	}
	out, err := finish(ctx, c, b, con, q)
	if err != nil {
		return begun, err
	}
	return out, nil
}

// begun returns what a state was for, or nothing if that isn't known, or not
// for the person who returned.
func (r *Room) begun(ctx context.Context, c BegunState) Outcome {
	out := Outcome{Kind: Kind(c.Kind)}
	if c.TeamID != 0 {
		if role, err := r.store.Role(ctx, c.TeamID, c.UserID); err == nil && policy.Allowed(openmates.User{ID: c.UserID}, role, policy.SeeTeam) {
			out.Team, _ = r.store.Team(ctx, c.TeamID) // without it the page only has a less direct link
		}
	}
	return out
}

// consented reads what the consent page added to the redirect besides the
// state. RFC 6749 section 4.1.2.1: an error replaces the code.
func (r *Room) consented(ctx context.Context, b openmates.Bot, label string, q url.Values) error {
	switch e := q.Get("error"); {
	case e == "access_denied":
		return openmates.Errorf(openmates.EInvalid, "You cancelled on %s, so nothing was changed. You can start again at any time.", label)
	case e != "":
		r.log.WarnContext(ctx, "the consent page failed", "bot", b.ID, "error", clip(e), "description", clip(q.Get("error_description")))
		return openmates.Errorf(openmates.EUnavailable, "%s couldn't show its consent page. Start again; if it keeps happening, ask a server admin to compare the application's settings with the mate's page.", label)
	case q.Get("code") == "":
		return openmates.Errorf(openmates.EInvalid, "%s sent you back without a code, so nothing was connected. Start again.", label)
	}
	return nil
}

// take uses up the state and checks that it may be finished by this caller and
// now.
func (r *Room) take(ctx context.Context, who Who, want Kind, state string) (BegunState, error) {
	var none BegunState
	if who.UserID == 0 || who.Session == "" {
		return none, openmates.Errorf(openmates.EUnauthorized, "You're no longer signed in. Sign in and start again.")
	}
	if len(state) < 20 || len(state) > 200 {
		return none, openmates.Errorf(openmates.EInvalid, "Messengers send you back to this page; on its own it doesn’t connect anything. Start on your team’s page or your profile.")
	}
	c, err := r.store.TakeState(ctx, hash(state))
	switch {
	case openmates.CodeOf(err) == openmates.ENotFound:
		return none, openmates.Errorf(openmates.EInvalid, "This link isn't valid here or has expired. Start again.")
	case openmates.CodeOf(err) == openmates.EConflict:
		return none, openmates.Errorf(openmates.EInvalid, "This link has already been used. If you clicked twice or reloaded the page, check whether it's connected; if not, start again.")
	case err != nil:
		return none, fmt.Errorf("take the state: %w", err)
	case subtle.ConstantTimeCompare([]byte(c.Session), []byte(who.Session)) != 1 || c.UserID != who.UserID:
		r.log.WarnContext(ctx, "a consent came back in another session", "began", c.UserID, "came", who.UserID)
		return none, openmates.Errorf(openmates.EForbidden, "You started this in another browser, or before you signed in again. Start again in this one.")
	case !r.now().Before(c.Expires):
		return c, openmates.Errorf(openmates.EInvalid, "This took longer than ten minutes and has expired. Start again.")
	case c.Expires.Sub(r.now()) > validFor+clockSlack:
		r.log.WarnContext(ctx, "a consent was begun in the future", "expires", c.Expires)
		return c, openmates.Errorf(openmates.EInvalid, "This server's clock was set back in the meantime, so we can't tell whether this has expired. Start again; if it keeps happening, tell a server admin.")
	case want != "" && Kind(c.Kind) != want, who.team != 0 && c.TeamID != who.team:
		return c, openmates.Errorf(openmates.EInvalid, "This link belongs to something else. Start again.")
	}
	return c, nil
}

func (r *Room) finishInstall(ctx context.Context, c BegunState, b openmates.Bot, con messenger.Connector, q url.Values) (Outcome, error) {
	installer, ok := con.(messenger.Installer)
	if !ok {
		return Outcome{}, fmt.Errorf("%s can't install any more", b.Network)
	}
	t, m, refused := r.stillAllowed(ctx, c, b)
	if _, can := con.(messenger.Leaver); refused != nil && !can {
		return Outcome{}, refused
	}
	// Exchange the code even if who is no longer allowed, because only the
	// response says which workspace the bot has to leave again.
	g, err := installer.Installed(ctx, b, r.Redirect(), q)
	g.Workspace.Name = spelling.Clean(g.Workspace.Name, longestName)
	w := g.Workspace
	label := con.Info().Label
	switch {
	case refused != nil:
		err = refused
	case err != nil:
		err = fmt.Errorf("finish the install: %w", err)
	case w.ID == "":
		err = openmates.Errorf(openmates.EInvalid, "%s didn't tell us where %s was added, so nothing is connected. Start again.", label, m.Name)
	default:
		err = r.claim(ctx, c, b, con, t, m, g)
	}
	if err != nil {
		r.undoInstall(ctx, c, b, con, g, err)
		return Outcome{}, err
	}
	r.log.InfoContext(ctx, "mate installed", "bot", b.ID, "team", t.ID, "workspace", w.ID)
	return Outcome{Kind: Install, Network: b.Network, Label: label, Team: t, Mate: m, Workspace: w}, nil
}

// undoInstall makes a bot leave a workspace after a failed install, unless a
// team has added it there, and records what looks like an attack.
func (r *Room) undoInstall(ctx context.Context, c BegunState, b openmates.Bot, con messenger.Connector, g messenger.Grant, why error) {
	w := g.Workspace
	code := openmates.CodeOf(why)
	if code == openmates.EForbidden || code == openmates.EConflict {
		r.log.WarnContext(ctx, "install refused", "bot", b.ID, "team", c.TeamID, "user", c.UserID, "workspace", w.ID, "err", why)
		m, _ := r.mateOf(ctx, b) // at worst, its name is missing
		err := r.store.Within(ctx, func(ctx context.Context) error {
			return r.note(ctx, c.UserID, c.TeamID, "team.connect_refused", target(m, b), w)
		})
		if err != nil {
			r.log.ErrorContext(ctx, "a refused install could not be recorded", "err", err)
		}
	}
	leaver, ok := con.(messenger.Leaver)
	if !ok || w.ID == "" || code == openmates.EInternal {
		return
	}
	switch in, err := r.store.InstallationAt(ctx, b.ID, w.ID); {
	case err != nil && openmates.CodeOf(err) != openmates.ENotFound:
		r.log.ErrorContext(ctx, "a bot may be in a workspace in vain", "bot", b.ID, "workspace", w.ID, "err", err)
		return
	case err == nil && in.TeamID != 0 && in.Left.IsZero() && !in.Connected.IsZero():
		return // a team added it there; somebody else's attempt must not remove it
	}
	if err := leaver.Leave(ctx, messenger.Via{Bot: b, Workspace: w.ID, Token: g.Token}); err != nil {
		r.log.WarnContext(ctx, "a bot could not leave again", "bot", b.ID, "workspace", w.ID, "err", err)
	}
}

// stillAllowed repeats the checks of BeginInstall: in ten minutes a person can
// leave a team, and a mate can be taken away from it.
func (r *Room) stillAllowed(ctx context.Context, c BegunState, b openmates.Bot) (openmates.Team, openmates.Mate, error) {
	var m openmates.Mate
	t, err := r.store.Team(ctx, c.TeamID)
	if err != nil {
		return t, m, err
	}
	role, err := r.store.Role(ctx, t.ID, c.UserID)
	if err != nil {
		return t, m, err
	}
	if !policy.Allowed(openmates.User{ID: c.UserID}, role, policy.ConnectTeam) {
		return t, m, openmates.Errorf(openmates.EForbidden, "You're no longer in that team, so nothing was connected.")
	}
	mates, err := r.Mates(ctx)
	if err != nil {
		return t, m, err
	}
	i := slices.IndexFunc(mates, func(m Mate) bool { return m.ID == b.MateID })
	if i < 0 || !policy.TeamMayUse(t, mates[i].Mate) {
		return t, m, openmates.Errorf(openmates.EForbidden, "The team can't use this mate any more, so nothing was connected.")
	}
	return t, mates[i].Mate, nil
}

func (r *Room) finishLink(ctx context.Context, c BegunState, b openmates.Bot, con messenger.Connector, q url.Values) (Outcome, error) {
	linker, ok := con.(messenger.Linker)
	if !ok {
		return Outcome{}, fmt.Errorf("%s can't link any more", b.Network)
	}
	a, err := linker.Linked(ctx, b, r.Redirect(), c.Verifier.Reveal(), q)
	a.Name = spelling.Clean(a.Name, longestName)
	if err != nil {
		return Outcome{}, fmt.Errorf("finish the link: %w", err)
	}
	label := con.Info().Label
	if a.ID == "" {
		return Outcome{}, openmates.Errorf(openmates.EInvalid, "%s didn't tell us whose account it is, so nothing is linked. Start again.", label)
	}
	if err := r.tie(ctx, c.UserID, b.Network, a); err != nil {
		return Outcome{}, err
	}
	return Outcome{Kind: Link, Network: b.Network, Label: label, Account: a}, nil
}

// teamBot returns a mate that the team may use, and its bot.
func (r *Room) teamBot(ctx context.Context, t openmates.Team, handle string, n openmates.Network) (openmates.Mate, openmates.Bot, error) {
	m, err := r.Mate(ctx, handle)
	if err != nil {
		return openmates.Mate{}, openmates.Bot{}, err
	}
	if !policy.TeamMayUse(t, m.Mate) {
		return openmates.Mate{}, openmates.Bot{}, openmates.Errorf(openmates.ENotFound, "There’s no mate with that name here.")
	}
	b, found, err := r.find(ctx, m.ID, n)
	if err == nil && !found {
		err = openmates.Errorf(openmates.EInvalid, "%s has no application on %s yet. A server admin can set it up on the mate's page.", m.Name, r.label(n))
	}
	return m.Mate, b, err
}

// linkBot returns the application for linking accounts: the server's own, or
// else any mate's whose secret is known, because a person's account has the
// same ID in all of them.
func (r *Room) linkBot(ctx context.Context, n openmates.Network) (openmates.Bot, bool, error) {
	all, err := r.store.Bots(ctx)
	if err != nil {
		return openmates.Bot{}, false, err
	}
	var found *openmates.Bot
	for _, b := range all {
		if b.Network != n || !r.canConsent(b) {
			continue
		}
		if b.MateID == 0 {
			return b, true, nil
		}
		if found == nil || b.ID < found.ID {
			found = &b
		}
	}
	if found == nil {
		return openmates.Bot{}, false, nil
	}
	return *found, true, nil
}

// random returns 256 bits in 43 characters, which also meets RFC 7636 section
// 4.1 for code verifiers.
func random() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails, see crypto/rand
	return base64.RawURLEncoding.EncodeToString(b)
}

func hash(state string) string {
	sum := sha256.Sum256([]byte(state))
	return hex.EncodeToString(sum[:])
}

// named quotes a workspace's name, or returns otherwise if it has none.
func named(name string, otherwise openmates.Text) openmates.Text {
	if name == "" {
		return otherwise
	}
	return openmates.T("“%s”", name)
}

func clip(s string) string { return s[:min(len(s), 100)] }
