package web

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"time"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/intake"
	"openmates/internal/policy"
	"openmates/internal/spelling"
)

// trialForm is where an admin tries out a mate. Only the page remembers the
// conversation.
type trialForm struct {
	Team openmates.Team // who pays; zero = the server
	Past []said
	Text string // as typed, if there was no answer
	// Ticket identifies the form, so that submitting it twice asks only once.
	Ticket string
	Error  openmates.Text
}

// said is a question and its answer.
type said struct {
	Question string
	Answer   string
	HTML     template.HTML   `json:"-"`
	Usage    openmates.Usage // zero for earlier ones
}

// How much of the conversation is sent along with the next question, and how
// long a question and an answer may be in it.
const (
	mostSaid      = 4
	longestTried  = 6_000 // characters
	longestShown  = 60_000
	trialPatience = 2 * time.Minute
	longestTicket = 100
)

// trialTeam returns the team that pays for a trial: the admin's first team that
// may use the mate, else none.
func (s *Server) trialTeam(r *http.Request, m openmates.Mate) (openmates.Team, error) {
	teams, err := s.team.TeamsOf(r.Context(), openmates.CallerOf(r.Context()))
	for _, t := range teams {
		if policy.TeamAllows(t, policy.Mate(m)) {
			return t, err
		}
	}
	return openmates.Team{}, err
}

func (s *Server) tryMate(w http.ResponseWriter, r *http.Request) error {
	p, f, err := s.mateSent(r)
	if err != nil {
		return err
	}
	if p.Mate.Archived {
		return openmates.Errorf(openmates.EConflict, "%s is archived. Restore it before you try it.", p.Mate.Name)
	}
	questions, answers := f["past_question"], f["past_answer"]
	for i := range min(len(questions), len(answers)) {
		p.Trial.Past = append(p.Trial.Past, said{Question: spelling.Prefix(questions[i], longestTried), Answer: spelling.Prefix(answers[i], longestTried)})
	}
	p.Trial.Past = p.Trial.Past[max(len(p.Trial.Past)-mostSaid, 0):]
	ctx, cancel := context.WithTimeout(r.Context(), trialPatience)
	defer cancel()
	next := p.Trial.Ticket
	p.Trial.Ticket = f.Get("ticket")
	err = s.tried(ctx, p, openmates.CallerOf(r.Context()).User.ID, f.Get("text"))
	if err == nil { // a reload must not ask, and pay, again
		return s.once(w, r, "/server/mates/"+p.Mate.Handle+"#try", p.Trial.Past)
	}
	if openmates.CodeOf(err) == openmates.EInternal {
		return err
	}
	if _, pending := errors.AsType[*chat.Pending](err); !pending {
		p.Trial.Ticket = next // asking the same again is a new question
	}
	p.Trial.Text, p.Trial.Error = f.Get("text"), openmates.TextOf(err)
	s.typeset(&p.Trial)
	return s.show(w, intake.StatusOf(err), "matesetup", p)
}

// typeset renders the mate's answers as HTML.
func (s *Server) typeset(t *trialForm) {
	for i := range t.Past {
		t.Past[i].HTML = s.markdown.html(t.Past[i].Answer)
	}
}

// tried asks the question and adds the result to the conversation.
func (s *Server) tried(ctx context.Context, p *mateSetupPage, user openmates.ID, text string) error {
	if len([]rune(text)) > longestTried {
		return openmates.Errorf(openmates.EInvalid, "Try it with at most %d characters.", longestTried)
	}
	if len(p.Trial.Ticket) > longestTicket {
		return openmates.Errorf(openmates.EInvalid, "This form is broken. Reload the page and try again.")
	}
	a := chat.Ask{Trial: true, Ticket: p.Trial.Ticket, Team: p.Trial.Team.ID, User: user, Mate: p.Mate.ID, Text: text, Language: openmates.CallerOf(ctx).Language}
	for _, x := range p.Trial.Past {
		a.Past = append(a.Past, chat.Said{Question: x.Question, Answer: x.Answer})
	}
	o, err := s.ask(ctx, a, nil)
	if err != nil {
		return err
	}
	if o.State != openmates.TurnAnswered {
		return openmates.Errorf(openmates.EUnavailable, "%s", o.Text)
	}
	p.Trial.Past = append(p.Trial.Past, said{Question: text, Answer: spelling.Prefix(o.Whole(), longestShown), Usage: o.Usage})
	return nil
}
