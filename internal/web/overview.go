package web

import (
	"context"
	"net/http"
	"time"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/locale"
	"openmates/internal/messenger"
)

// Records is what the admin pages read directly from the store: counts, costs,
// failures and changes, never what was said.
type Records interface {
	FindAudit(ctx context.Context, q openmates.AuditSearch) ([]openmates.AuditLine, error)
	Troubles(ctx context.Context, n int) ([]openmates.TroubledTurn, error)
	// Unheard lists the latest questions in a team's workspaces since a time
	// that a mate could not answer because it may not write there, newest
	// first.
	Unheard(ctx context.Context, teamID openmates.ID, since time.Time) ([]openmates.TroubledTurn, error)
	Answered(ctx context.Context, userID openmates.ID) (bool, error)
	Month(ctx context.Context, t time.Time) (openmates.MonthSpend, error)
	Count(ctx context.Context) (openmates.Counts, error)
	// Unreadable counts the stored credentials that can't be decrypted with the
	// current key.
	Unreadable(ctx context.Context) (openmates.Unreadable, error)
}

// Problem is something that an admin should fix.
type Problem struct {
	Who  string         // whom it is about, or "" if What says so
	What openmates.Text // a complete sentence
	Cure openmates.Text // a complete sentence, or "" if What includes it
	Path string         // where to fix it
}

// overviewPage is the admin's dashboard.
type overviewPage struct {
	shell
	overview
}

// overview is the part of it that updates itself.
type overview struct {
	Mates    []connect.Mate // those with bots
	Mute     []connect.Mate // those that are on but have no bot
	Network  openmates.Network
	Bots     int // of all mates
	Up       int // how many of them are connected
	Counts   openmates.Counts
	Spend    openmates.MonthSpend
	Currency string
	Mail     bool // this server sends mail
	Problems []Problem
	Troubles []trouble
	Next     *step // of the setup; nil = finished
	Done     int
	Of       int
}

// trouble is a refused or failed turn and how to fix its cause.
type trouble struct {
	openmates.TroubledTurn
	Problem
}

func (s *Server) overview(w http.ResponseWriter, r *http.Request) error {
	o, err := s.overviewOf(r)
	if err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "overview", overviewPage{shell: s.shell(r, openmates.T("Server")), overview: o})
}

func (s *Server) overviewPart(w http.ResponseWriter, r *http.Request) error {
	o, err := s.overviewOf(r)
	if err != nil {
		return err
	}
	return s.render(w, http.StatusOK, "overview", "overview", o)
}

const troublesShown = 20

func (s *Server) overviewOf(r *http.Request) (o overview, err error) {
	ctx := r.Context()
	st, err := s.setupState(r)
	if err != nil {
		return o, err
	}
	if wiz := st.wizard(); !st.Answered { // what breaks after the setup is a problem, not a step
		o.Next, o.Done, o.Of = wiz.Next, wiz.Done, len(wiz.Steps)
	}
	o.Currency, o.Mail = st.Server.Currency, st.Mail
	if o.Counts, err = s.records.Count(ctx); err != nil {
		return o, err
	}
	if o.Spend, err = s.records.Month(ctx, time.Now()); err != nil {
		return o, err
	}
	turns, err := s.records.Troubles(ctx, troublesShown)
	if err != nil {
		return o, err
	}
	for _, t := range turns {
		o.Troubles = append(o.Troubles, trouble{t, cureOf(t, st.Teams)})
	}
	if st.Server.Problem != "" {
		o.Problems = append(o.Problems, Problem{What: openmates.T("The server’s address doesn’t point here: %s", st.Server.Problem), Path: "/server/settings"})
	}
	if err := s.keyProblems(ctx, &o); err != nil {
		return o, err
	}
	if err := s.modelProblems(ctx, &o); err != nil {
		return o, err
	}
	if networks := s.connect.Networks(); len(networks) > 0 {
		o.Network = networks[0].Network
	}
	for _, m := range st.Mates {
		switch {
		case len(m.Bots) > 0:
			o.Mates = append(o.Mates, m)
		case m.Enabled:
			o.Mute = append(o.Mute, m)
		}
		o.listeners(m, time.Now())
	}
	return o, nil
}

// keyProblems adds a problem if the key doesn't match the stored credentials.
func (s *Server) keyProblems(ctx context.Context, o *overview) error {
	lost, err := s.records.Unreadable(ctx)
	if err != nil {
		return err
	}
	if n := lost.ForAdmins(); n > 0 {
		o.Problems = append(o.Problems, Problem{
			What: openmates.T("The key for saved credentials is missing or has changed: %d of them can’t be read.", n),
			Cure: openmates.T("Restore the old key and restart the server. If it’s lost, enter the credentials again: on each bot’s page, under Providers, and under Mail."),
			Path: "/server/bots",
		})
	}
	if n := lost.Installations; n > 0 {
		o.Problems = append(o.Problems, Problem{
			What: openmates.T("The key for saved credentials is missing or has changed: mates can’t answer in %d of their workspaces.", n),
			Cure: openmates.T("Restore the old key and restart the server. If it’s lost, team admins have to remove the mates and add them again on their team’s page."),
		})
	}
	if n := lost.ForPeople(); n > 0 {
		o.Problems = append(o.Problems, Problem{
			What: openmates.T("%s", openmates.Quantity{N: n, One: "The key for saved credentials is missing or has changed: %d passkey or authenticator app can’t be used.",
				Many: "The key for saved credentials is missing or has changed: %d passkeys and authenticator apps can’t be used."}),
			Cure: openmates.T("Restore the old key and restart the server. If it’s lost, people can sign in with their password and a recovery code, and set up theirs again under Security."),
		})
	}
	return nil
}

// soon is how long a lost connection may take to recover before it counts as a
// problem.
const soon = time.Minute

// listeners counts a mate's bots and collects those that need somebody's
// attention.
func (o *overview) listeners(m connect.Mate, now time.Time) {
	for _, b := range m.Bots {
		o.Bots++
		switch b.State.Phase {
		case messenger.Connected:
			o.Up++
		case messenger.BadCredentials, messenger.NeedsAttention:
			o.problem(m, b, b.State.Reason, b.State.Cure)
		case messenger.Reconnecting:
			if now.Sub(b.State.Since) > soon {
				o.problem(m, b, b.State.Reason, b.State.Cure)
			}
		}
		if f := b.Trouble(); f != nil && m.Works() {
			o.problem(m, b, f.Sentence, f.Cure)
		}
	}
}

// problem adds a bot's problem. One shared by several bots is listed once.
func (o *overview) problem(m connect.Mate, b connect.Bot, what, cure openmates.Text) {
	for i := range o.Problems {
		if p := &o.Problems[i]; p.What == what && p.Cure == cure && p.Who != "" {
			p.Who, p.Path = p.Who+", "+m.Name, "/server/bots"
			return
		}
	}
	o.Problems = append(o.Problems, Problem{Who: m.Name + " (" + b.Label + ")", What: what, Cure: cure, Path: botAt(b.Network, m.Handle)})
}

// money formats an amount; small amounts aren't rounded to zero.
func money(v *locale.Voice, m openmates.Micros, currency string) string {
	return v.Money(openmates.Money{Amount: m, Currency: currency})
}
