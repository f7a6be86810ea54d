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

// Records is what the pages of an admin read straight from the records: counts,
// costs, troubles and changes, never what was said.
type Records interface {
	FindAudit(ctx context.Context, q openmates.AuditSearch) ([]openmates.AuditLine, error)
	Troubles(ctx context.Context, n int) ([]openmates.TroubledTurn, error)
	// Unheard lists where mates were asked last in a team's workspaces since a
	// time and may not write, newest first.
	Unheard(ctx context.Context, teamID openmates.ID, since time.Time) ([]openmates.TroubledTurn, error)
	Answered(ctx context.Context, userID openmates.ID) (bool, error)
	Month(ctx context.Context, t time.Time) (openmates.MonthSpend, error)
	Count(ctx context.Context) (openmates.Counts, error)
	// Unreadable counts the stored credentials that this process can't open.
	Unreadable(ctx context.Context) (openmates.Unreadable, error)
}

// Problem is something that an admin should mend.
type Problem struct {
	Who  string         // whom it is about, "" where What says it
	What openmates.Text // a finished sentence
	Cure openmates.Text // likewise, "" where What has it
	Path string         // where to do it
}

// overviewPage is the admin's dashboard.
type overviewPage struct {
	shell
	overview
}

// overview is the part of it that is kept fresh.
type overview struct {
	Mates    []connect.Mate // that have bots
	Mute     []connect.Mate // that are on and have none
	Network  openmates.Network
	Bots     int // of all mates
	Up       int // of these, how many are connected
	Counts   openmates.Counts
	Spend    openmates.MonthSpend
	Currency string
	Mail     bool // this server sends mail
	Problems []Problem
	Troubles []trouble
	Next     *step // of the set-up; nil = it is done
	Done     int
	Of       int
}

// trouble is a refused or failed turn with its cure.
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
	if wiz := st.wizard(); !st.Answered { // what breaks after the set-up is a problem, not a step
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

// keyProblems says that the key does not fit what is stored.
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

// soon is how long a lost connection may take to heal before it is a problem.
const soon = time.Minute

// listeners counts a mate's bots and notes those that wait for a person.
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

// problem notes a bot's problem. One that several bots have is shown once.
func (o *overview) problem(m connect.Mate, b connect.Bot, what, cure openmates.Text) {
	for i := range o.Problems {
		if p := &o.Problems[i]; p.What == what && p.Cure == cure && p.Who != "" {
			p.Who, p.Path = p.Who+", "+m.Name, "/server/bots"
			return
		}
	}
	o.Problems = append(o.Problems, Problem{Who: m.Name + " (" + b.Label + ")", What: what, Cure: cure, Path: botAt(b.Network, m.Handle)})
}

// cures are the pages on which the trouble of a turn is mended; "" where its
// reader can open none. The pages of teams that they are not in are closed.
type cures struct{ mate, limits, people, connect, channels string }

func curesOf(t openmates.TroubledTurn, in []teamCard) cures {
	at := cures{mate: "/server/mates/" + t.Mate, limits: "/server/limits", channels: "/server/bots"}
	if t.Mate == "" {
		at.mate = "/server/mates"
	}
	for _, c := range in {
		team := "/teams/" + c.Slug
		if at.connect == "" {
			at.connect = team + "/connect"
		}
		if c.Slug == t.Team {
			at.limits, at.people, at.channels = team+"/limits", team+"/people", team+"/connect"
		}
	}
	return at
}

// cureOf says what was wrong with a turn and where that is mended by somebody
// who is in these teams.
func cureOf(t openmates.TroubledTurn, in []teamCard) Problem {
	at := curesOf(t, in)
	if p, is := modelTrouble(t.Why, at.mate); is {
		return p
	}
	switch t.Why {
	case openmates.TroubleWorkspace:
		return Problem{What: openmates.T("The workspace isn’t connected to a team."), Cure: openmates.T("A team member can add the mate there on the team’s page."), Path: at.connect}
	case openmates.TroubleAccount:
		return Problem{What: openmates.T("The person’s account isn’t linked."), Cure: openmates.T("They can link it on their profile."), Path: at.people}
	case openmates.TroubleNotMember:
		return Problem{What: openmates.T("The person’s account is linked, but they aren’t in that workspace’s team."), Cure: openmates.T("A team admin can invite them."), Path: at.people}
	case openmates.TroubleNoAccess:
		return noAccess(t, at.channels)
	case openmates.TroubleTeam:
		return Problem{What: openmates.T("A direct message from someone in several teams, or in none."), Cure: openmates.T("They can ask in one of the team’s channels instead.")}
	case openmates.TroubleText:
		return Problem{What: openmates.T("The mention contained no text."), Cure: openmates.T("Mention the mate by its name, not its role, with the question in the same message.")}
	case openmates.TroubleNotAllowed:
		return Problem{What: openmates.T("A limit doesn’t allow this mate, provider or model."), Cure: openmates.T("Allow it if you want to. The server, the mate, the team and the person each have their own limits."), Path: at.limits}
	case openmates.TroubleMateOff:
		return Problem{What: openmates.T("Someone asked this mate, but it’s switched off."), Cure: openmates.T("Switch it on again, or remove its bot from the workspace."), Path: at.mate}
	case openmates.TroubleRate:
		return Problem{What: openmates.T("More requests in a minute than are allowed."), Cure: openmates.T("Raise the limit if it’s too low."), Path: at.limits}
	case openmates.TroubleMoney:
		return Problem{What: openmates.T("This month’s budget is used up."), Cure: openmates.T("Raise the budget, or wait until next month."), Path: at.limits}
	case openmates.TroubleNotPosted:
		return Problem{What: openmates.T("The messenger rejected the answer."), Cure: openmates.T("The mate may not be able to see the channel or write there: check its permissions."), Path: "/server/bots"}
	}
	return Problem{What: openmates.T("Gave up on the question after several attempts."), Cure: openmates.T("The reason is in the server’s log.")}
}

// modelTrouble is cureOf for what is wrong with the model or its provider.
func modelTrouble(why openmates.Trouble, mate string) (Problem, bool) {
	switch why {
	case openmates.TroubleNoModel:
		return Problem{What: openmates.T("The mate has no model."), Cure: openmates.T("Choose one for it, or add a provider."), Path: mate}, true
	case openmates.TroubleKey:
		return Problem{What: openmates.T("The provider doesn’t accept its key."), Cure: openmates.T("Enter a new key."), Path: "/server/providers"}, true
	case openmates.TroubleSettingsKey:
		return Problem{What: openmates.T("The provider doesn’t accept the key from this server’s settings."), Cure: openmates.T("Set a new key in the settings OpenMates is started with, then restart it."), Path: "/server/providers"}, true
	case openmates.TroubleCredit:
		return Problem{What: openmates.T("The provider account is out of credit."), Cure: openmates.T("Top it up on the provider’s website."), Path: "/server/providers"}, true
	case openmates.TroubleModelGone:
		return Problem{What: openmates.T("The provider no longer offers this model."), Cure: openmates.T("Choose another one for the mate."), Path: mate}, true
	case openmates.TroubleTooLong:
		return Problem{What: openmates.T("The conversation is too long for this model."), Cure: openmates.T("Choose a model with a larger context."), Path: mate}, true
	case openmates.TroubleFiltered:
		return Problem{What: openmates.T("The provider refuses to answer this."), Cure: openmates.T("Nothing is broken; rephrasing may help.")}, true
	case openmates.TroubleBusy:
		return Problem{What: openmates.T("The provider is getting too many requests from this server."), Cure: openmates.T("Raise the rate limit at the provider, or lower the limit here."), Path: "/server/limits"}, true
	case openmates.TroubleInvalid:
		return Problem{What: openmates.T("The provider rejected the request."), Cure: openmates.T("Check that the model writes text; the reason is in the log."), Path: "/server/providers"}, true
	case openmates.TroubleUnreachable:
		return Problem{What: openmates.T("The provider didn’t answer."), Cure: openmates.T("Check it on its page."), Path: "/server/providers"}, true
	case openmates.TroubleNoWords:
		return Problem{What: openmates.T("The model returned an empty answer."), Cure: openmates.T("If it happens again, choose another model."), Path: mate}, true
	case openmates.TroubleThought:
		return Problem{What: openmates.T("The model used all its room for thinking."), Cure: openmates.T("Choose a model that thinks less, or one with more room."), Path: mate}, true
	case openmates.TroubleBarred:
		return Problem{What: openmates.T("The provider doesn’t serve this server: its country isn’t supported, or a firewall blocks it."), Cure: openmates.T("Choose another provider, or check the firewall."), Path: "/server/providers"}, true
	}
	return Problem{}, false
}

// noAccess says where a mate was asked and may not write, and what it lacks.
func noAccess(t openmates.TroubledTurn, at string) Problem {
	p := Problem{What: openmates.T("The mate was asked where it can’t write."), Cure: openmates.T("Give its role the missing permission there."), Path: at}
	if t.Channel != "" {
		p.What = openmates.T("The mate was asked in %s but can’t write there: %s is missing.", t.Channel, t.Lacks)
	} else if t.Lacks != "" {
		p.What = openmates.T("The mate was asked where it can’t write: %s is missing.", t.Lacks)
	}
	return p
}

// money writes an amount; few cents are not rounded to none.
func money(v *locale.Voice, m openmates.Micros, currency string) string {
	return v.Money(openmates.Money{Amount: m, Currency: currency})
}
