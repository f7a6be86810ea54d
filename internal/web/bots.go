package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/intake"
	"openmates/internal/messenger"
)

// botsPage lists every mate's bot on every network.
type botsPage struct {
	shell
	Networks []botsOf
}

type botsOf struct {
	Network connect.Network
	Rows    []botRow
}

type botRow struct {
	Name, Handle string
	Bot          *connect.Bot // nil = none yet
	Own          bool         // the server's application, which does not listen
}

// botPage is the screen of one bot.
type botPage struct {
	shell
	connect.Setup
	At       string // the address of this screen
	Error    openmates.Text
	Found    connect.Inspection
	Findings []messenger.Finding // Found, and what this door sees itself
	Wrong    int

	Inputs []botInput // of the form
}

// botInput is a field of the form.
type botInput struct {
	connect.Field
	Own  bool // of the server's own application
	Set  bool // the bot exists
	Held bool // a secret of the last try is still there: the field may stay empty
}

// Missing reports whether a secret was left out of what is stored.
func (i botInput) Missing() bool { return i.Set && !i.Stored && !i.Lost && i.Warning != "" }

// Own says whether it is the server's own application.
func (p botPage) Own() bool { return p.Handle == connect.Own }

func (s *Server) bots(w http.ResponseWriter, r *http.Request) error {
	mates, err := s.connect.Mates(r.Context())
	if err != nil {
		return err
	}
	p := botsPage{shell: s.shell(r, openmates.T("Bots"))}
	for _, n := range s.connect.Networks() {
		of := botsOf{Network: n}
		for _, m := range mates {
			row := botRow{Name: m.Name, Handle: m.Handle}
			for i := range m.Bots {
				if m.Bots[i].Network == n.Network {
					row.Bot = &m.Bots[i]
				}
			}
			of.Rows = append(of.Rows, row)
		}
		if n.CanLink {
			own, err := s.connect.Setup(r.Context(), connect.Own, n.Network)
			if err != nil {
				return err
			}
			of.Rows = append(of.Rows, botRow{Name: own.Name, Handle: own.Handle, Bot: own.Bot, Own: true})
		}
		// What there is to see comes first: bots that exist, then mates without.
		slices.SortStableFunc(of.Rows, func(a, b botRow) int {
			switch {
			case (a.Bot != nil) == (b.Bot != nil):
				return 0
			case a.Bot != nil:
				return -1
			}
			return 1
		})
		p.Networks = append(p.Networks, of)
	}
	return s.show(w, http.StatusOK, "bots", p)
}

func network(r *http.Request) openmates.Network { return openmates.Network(r.PathValue("network")) }

func (s *Server) setupOf(r *http.Request) (connect.Setup, error) {
	return s.connect.Setup(r.Context(), r.PathValue("handle"), network(r))
}

func (s *Server) bot(w http.ResponseWriter, r *http.Request) error {
	set, err := s.setupOf(r)
	if err != nil {
		return err
	}
	p := s.botPage(r, set)
	if set.Bot != nil {
		found, err := s.connect.Inspect(r.Context(), set.Mate.ID, network(r), false)
		if err != nil {
			p.Error = openmates.TextOf(err)
		}
		p.found(found, s.addressFinding(r))
	}
	return s.show(w, http.StatusOK, "bot", p)
}

func (s *Server) botPage(r *http.Request, set connect.Setup) *botPage {
	title := openmates.T("%s’s bot on %s", set.Name, set.Network.Label)
	if set.Handle == connect.Own {
		title = openmates.T("The server’s own application on %s", set.Network.Label)
	}
	p := &botPage{shell: s.shell(r, title), Setup: set, At: botAt(set.Network.Network, set.Handle)}
	held := s.connect.Held(byWhom(r), set.Mate.ID, set.Network.Network)
	for _, f := range set.Fields {
		p.Inputs = append(p.Inputs, botInput{Field: f, Own: p.Own(), Set: set.Bot != nil, Held: slices.Contains(held, f.Name)})
	}
	return p
}

func (p *botPage) found(i connect.Inspection, more ...messenger.Finding) {
	p.Found = i
	for _, f := range more {
		if f.Sentence != "" && len(i.Findings) > 0 {
			p.Findings = append(p.Findings, f)
		}
	}
	p.Findings = append(p.Findings, i.Findings...)
	for _, f := range p.Findings {
		if f.State != messenger.FindingOK {
			p.Wrong++
		}
	}
}

// addressFinding compares the address that the admin's browser uses with the one
// that the redirects lead to.
func (s *Server) addressFinding(r *http.Request) messenger.Finding {
	f := messenger.Finding{Check: "address", Title: openmates.T("Public address"), State: messenger.FindingOK}
	public, err := url.Parse(s.connect.PublicURL())
	if err != nil || r.Host == "" {
		return messenger.Finding{}
	}
	if r.Host == public.Host {
		f.Sentence = openmates.T("You’re using this server at %s, and the redirect points there, too.", s.connect.PublicURL())
		return f
	}
	f.State = messenger.FindingBad
	f.Sentence = openmates.T("You opened this page at %s, but this server’s public address is %s. Anyone who confirms on a consent page is sent there and may not come back.", r.Host, s.connect.PublicURL())
	f.Cure = openmates.T("Under Settings, set the public address to the one people use, and register the new redirect; or open this page at %s.", s.connect.PublicURL())
	f.CureURL = "/server/settings"
	return f
}

// botState is the state of one listener, for the page to keep it fresh.
func (s *Server) botState(w http.ResponseWriter, r *http.Request) error {
	set, err := s.setupOf(r)
	if err != nil {
		return err
	}
	if set.Bot == nil {
		return openmates.Errorf(openmates.ENotFound, "There’s no bot yet.")
	}
	return s.render(w, http.StatusOK, "bot", "state", set.Bot)
}

func (s *Server) setBot(w http.ResponseWriter, r *http.Request) error {
	set, err := s.setupOf(r)
	if err != nil {
		return err
	}
	f, err := form(r)
	if err != nil {
		return err
	}
	typed := openmates.Secrets{}
	for _, field := range set.Fields {
		typed[field.Name] = openmates.Secret(f.Get(field.Name))
	}
	bot, found, err := s.connect.SetBot(r.Context(), connect.Credentials{
		Actor: openmates.CallerOf(r.Context()).User.ID, MateID: set.Mate.ID, Network: network(r), Values: typed,
	})
	if code := openmates.CodeOf(err); code == openmates.EInternal || code == openmates.ENotFound {
		return err
	}
	if err != nil {
		// The page comes back with what was found, without the secrets that were
		// typed: a page holds none. Those that were not wrong are held by the room.
		p := s.botPage(r, set)
		p.Error = openmates.TextOf(err)
		for i := range p.Inputs {
			if in := &p.Inputs[i]; in.Kind != messenger.SecretField {
				in.Value = f.Get(in.Name)
			}
		}
		p.found(found, s.addressFinding(r))
		return s.show(w, intake.StatusOf(err), "bot", p)
	}
	said := openmates.T("Saved. %s is called %s on %s and is connecting now.", set.Name, bot.Name, bot.Label)
	switch {
	case set.Handle == connect.Own:
		said = openmates.T("The application %s is saved.", bot.Name)
	case bot.Paused:
		said = openmates.T("Saved. %s is called %s on %s. Its listener is paused.", set.Name, bot.Name, bot.Label)
	}
	return s.done(w, r, botAt(bot.Network, set.Handle), said)
}

// botAction is a button on the screen: it does something and leads back.
func (s *Server) botAction(do func(r *http.Request, actor openmates.ID, set connect.Setup) (said openmates.Text, err error)) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		set, err := s.setupOf(r)
		if err != nil {
			return err
		}
		said, err := do(r, openmates.CallerOf(r.Context()).User.ID, set)
		if code := openmates.CodeOf(err); code == openmates.EInvalid || code == openmates.EUnavailable {
			p := s.botPage(r, set)
			p.Error = openmates.TextOf(err)
			s.logError(r, err)
			return s.show(w, intake.StatusOf(err), "bot", p)
		}
		if err != nil {
			return err
		}
		return s.done(w, r, botAt(set.Network.Network, set.Handle), said)
	}
}

func (s *Server) checkBot(r *http.Request, _ openmates.ID, set connect.Setup) (openmates.Text, error) {
	found, err := s.connect.Inspect(r.Context(), set.Mate.ID, set.Network.Network, true)
	if n := found.Wrong(); err == nil && n > 0 {
		return openmates.T("Checked just now: see below what to fix."), nil
	}
	return openmates.T("Checked just now: everything is fine."), err
}

func (s *Server) dressBot(r *http.Request, actor openmates.ID, set connect.Setup) (openmates.Text, error) {
	if err := s.connect.DressBot(r.Context(), actor, set.Mate.ID, set.Network.Network); err != nil {
		return "", err
	}
	_, err := s.connect.Inspect(r.Context(), set.Mate.ID, set.Network.Network, true)
	return openmates.T("%s now has its name, picture and description on %s.", set.Name, set.Network.Label), err
}

func (s *Server) setPermissions(r *http.Request, actor openmates.ID, set connect.Setup) (openmates.Text, error) {
	f, err := form(r)
	if err != nil {
		return "", err
	}
	for _, v := range f["permission"] {
		if !slices.ContainsFunc(set.Permissions, func(p messenger.Permission) bool { return p.ID == v }) {
			return "", openmates.Errorf(openmates.EInvalid, "Unknown permission. Reload the page.")
		}
	}
	err = s.connect.SetPermissions(r.Context(), actor, set.Mate.ID, set.Network.Network, f["permission"])
	return openmates.T("Permissions saved. Where %s has already been added, its permissions don’t change.", set.Name), err
}

func (s *Server) askPauseBot(r *http.Request) (*question, error) {
	set, err := s.setupOf(r)
	if err != nil || set.Bot == nil || set.Bot.Paused {
		return nil, err
	}
	return &question{
		Heading:  openmates.T("Pause %s on %s?", set.Name, set.Network.Label),
		Sentence: openmates.T("%s won’t answer anyone on %s until you resume it.", set.Name, set.Network.Label),
		Label:    openmates.T("Pause"), Back: botAt(set.Network.Network, set.Handle),
	}, nil
}

func (s *Server) pauseBot(paused bool) func(*http.Request, openmates.ID, connect.Setup) (openmates.Text, error) {
	return func(r *http.Request, actor openmates.ID, set connect.Setup) (openmates.Text, error) {
		_, err := s.connect.PauseBot(r.Context(), actor, set.Mate.ID, set.Network.Network, paused)
		if paused {
			return openmates.T("%s is paused until you resume it.", set.Name), err
		}
		return openmates.T("%s is listening again.", set.Name), err
	}
}

func (s *Server) restartBot(r *http.Request, actor openmates.ID, set connect.Setup) (openmates.Text, error) {
	err := s.connect.RestartBot(r.Context(), actor, set.Mate.ID, set.Network.Network)
	return openmates.T("%s is reconnecting.", set.Name), err
}

func (s *Server) askRemoveBot(r *http.Request) (*question, error) {
	set, err := s.setupOf(r)
	if err != nil || set.Bot == nil {
		return nil, err
	}
	q := &question{
		Heading:  openmates.T("Remove %s’s bot on %s?", set.Name, set.Network.Label),
		Sentence: openmates.T("The bot leaves all workspaces, and its credentials are deleted here. %s stays, and you can use the application for another mate. The record of requests and costs stays, too.", set.Name),
		Label:    openmates.T("Remove"), Back: botAt(set.Network.Network, set.Handle),
	}
	if set.Handle == connect.Own {
		q.Heading = openmates.T("Remove the server’s own application on %s?", set.Network.Label)
		q.Sentence = openmates.T("Its credentials are deleted here, and no one can link an account with it any more. Linked accounts stay linked.")
	}
	return q, nil
}

// removeBot takes a bot from its mate.
func (s *Server) removeBot(w http.ResponseWriter, r *http.Request) error {
	set, err := s.setupOf(r)
	if err != nil {
		return err
	}
	stayed, err := s.connect.RemoveBot(r.Context(), byWhom(r), set.Mate.ID, set.Network.Network)
	if err != nil {
		return err
	}
	said := openmates.T("The bot was removed from %s. You can now use its application for another mate.", set.Name)
	if len(stayed) > 0 {
		said = openmates.T("The bot was removed from %s. It couldn’t leave %s: someone has to remove it there.", set.Name, strings.Join(stayed, ", "))
	}
	return s.done(w, r, botAt(set.Network.Network, set.Handle), said)
}

// findingWords are the words for what a check found, and their colour.
func findingWords(st messenger.FindingState) words {
	switch st {
	case messenger.FindingOK:
		return words{openmates.T("OK"), "good"}
	case messenger.FindingWarn:
		return words{openmates.T("Incomplete"), "warn"}
	case messenger.FindingBad:
		return words{openmates.T("Wrong"), "bad"}
	}
	return words{openmates.T("Unknown"), "plain"}
}

// botAt is the address of a bot's screen.
func botAt(n openmates.Network, handle string) string {
	return "/server/bots/" + string(n) + "/" + handle
}
