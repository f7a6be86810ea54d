package web

import (
	"net/http"
	"slices"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/messenger"
	"openmates/internal/model"
	"openmates/internal/policy"
	"openmates/internal/server"
)

// step is one step towards the first answer.
type step struct {
	Label openmates.Text
	Hint  openmates.Text // what it is for, while it isn't done
	Wrong openmates.Text // what is wrong with it and how to fix it; "" = nothing
	Who   string         // whom that is about, or "" if Wrong says so
	Path  string         // where it is done
	Done  bool
	Now   bool // the first step that isn't done
}

// setupState is everything that the steps depend on.
type setupState struct {
	Server   server.Settings
	Fixed    bool // the address comes from the process's configuration
	Model    model.Shown
	Mates    []connect.Mate
	Teams    []teamCard
	Links    []connect.LinkChoice
	Answered bool
	Mail     bool // this server sends mail
}

// steps lists an admin's steps towards the first answer, in order.
func (st setupState) steps() []step {
	return mark([]step{st.address(), st.signUp(), st.model(), st.mates(), st.bot(), st.listener(), st.team(), st.account(), st.answer()})
}

// personal lists the steps for everyone.
func (st setupState) personal() []step {
	var all []step
	if len(st.Teams) > 0 {
		all = append(all, st.team())
	}
	if len(st.Links) > 0 {
		all = append(all, st.account())
	}
	return mark(all)
}

// mark marks the first step that isn't done.
func mark(all []step) []step {
	for i := range all {
		if !all[i].Done {
			all[i].Now = true
			break
		}
	}
	return all
}

const settingsPath = "/server/settings?from=setup"

func (st setupState) address() step {
	s := step{Label: openmates.T("Name the server and check its address"), Path: settingsPath, Wrong: st.Server.Problem,
		Hint: openmates.T("Messengers send people back to this address, so we check that it reaches this server.")}
	s.Done = s.Wrong == "" && st.Server.Name != "" && (st.Server.URL != "" || st.Fixed)
	return s
}

func (st setupState) signUp() step {
	return step{Label: openmates.T("Choose who can sign up"), Path: settingsPath + "#sign-up", Done: st.Server.SignUp != "",
		Hint: openmates.T("Everyone, or only people with an invite.")}
}

func (st setupState) model() step {
	s := step{Label: openmates.T("Add a model"), Path: "/server/providers", Hint: openmates.T("OpenAI, Anthropic, Google, or any OpenAI-compatible server, such as Ollama.")}
	s.Done = st.Model.Name != ""
	if !s.Done && st.Model.Cure != "" {
		s.Hint = st.Model.Cure
	}
	return s
}

func (st setupState) mates() step {
	s := step{Label: openmates.T("Choose your mates"), Path: "/server/mates", Hint: openmates.T("Thirteen are ready to go. Switch on the ones your teams can use.")}
	s.Done = slices.ContainsFunc(st.Mates, func(m connect.Mate) bool { return m.Enabled })
	return s
}

func (st setupState) bot() step {
	s := step{Label: openmates.T("Create a bot for a mate"), Path: "/server/bots", Hint: openmates.T("A step-by-step guide takes you through the messenger’s developer pages; everything you paste is checked immediately.")}
	for _, m := range st.Mates {
		for _, b := range m.Bots {
			switch f := b.Check.Bad(); {
			case !m.Works():
			case f != nil && s.Wrong == "":
				s.Who, s.Wrong, s.Path = m.Name, openmates.Sentences(f.Sentence, f.Cure), botAt(b.Network, m.Handle)
			case f == nil && !b.Check.At.IsZero():
				s.Done, s.Who, s.Wrong = true, "", ""
				return s
			case f == nil:
				s.Hint = openmates.T("The bot is being checked.")
			}
		}
	}
	return s
}

func (st setupState) listener() step {
	s := step{Label: openmates.T("Check that the mate is online"), Path: "/server/bots", Hint: openmates.T("It connects by itself as soon as its bot is saved.")}
	for _, m := range st.Mates {
		for _, b := range m.Bots {
			switch b.State.Phase {
			case messenger.Connected:
				s.Done, s.Who, s.Wrong = true, "", ""
				return s
			case messenger.Starting:
			default:
				s.Who, s.Wrong = m.Name, openmates.Sentences(b.State.Reason, b.State.Cure)
				s.Path = botAt(b.Network, m.Handle)
			}
		}
	}
	return s
}

func (st setupState) team() step {
	s := step{Label: openmates.T("Add the mate to your team’s messenger"), Path: "/", Hint: openmates.T("The team’s page has a button for every mate that is ready.")}
	if len(st.Teams) == 0 {
		s.Hint = openmates.T("You’re not in a team yet; team admins add mates.")
		return s
	}
	s.Path = "/teams/" + st.Teams[0].Slug
	s.Done = slices.ContainsFunc(st.Teams, func(t teamCard) bool { return len(t.Places) > 0 })
	return s
}

func (st setupState) account() step {
	s := step{Label: openmates.T("Link your own account"), Path: "/profile", Hint: openmates.T("Mates only answer people who have linked their account.")}
	s.Done = slices.ContainsFunc(st.Links, func(l connect.LinkChoice) bool { return len(l.Linked) > 0 })
	return s
}

func (st setupState) answer() step {
	s := step{Label: openmates.T("Ask your first question"), Path: "/server/setup", Done: st.Answered, Hint: openmates.T("Mention the mate in your messenger and ask it something. This page updates when it has answered.")}
	if say := greeting(st.Teams); say != "" {
		s.Hint = openmates.T("In your messenger, type %s. This page updates when the mate has answered.", say)
	}
	return s
}

// greeting returns what to write to the first mate that is in a place.
func greeting(teams []teamCard) string {
	for _, t := range teams {
		for _, m := range t.Mates {
			if len(m.In) > 0 {
				return "@" + m.Name + " hello"
			}
		}
	}
	return ""
}

// setupState reads the state for the caller.
func (s *Server) setupState(r *http.Request) (st setupState, err error) {
	ctx, c := r.Context(), openmates.CallerOf(r.Context())
	st.Fixed, st.Model, st.Mail = s.fixedURL, s.shown(r.Context()), s.server.MailReady(ctx)
	if st.Server, err = s.server.Settings(ctx); err != nil {
		return st, err
	}
	if st.Mates, err = s.connect.Mates(ctx); err != nil {
		return st, err
	}
	if st.Teams, err = s.teamCards(r); err != nil {
		return st, err
	}
	if st.Links, err = s.connect.LinkChoices(ctx, c.User.ID); err != nil {
		return st, err
	}
	st.Answered, err = s.records.Answered(ctx, c.User.ID)
	return st, err
}

// offer returns the next step of the setup for an admin who visits a page that
// is part of it, or nil once the first question was answered.
func (s *Server) offer(r *http.Request) *wizard {
	at := r.URL.Path
	shown := at == "/" || at == "/server" || within(at, "/server/setup")
	if s.finished.Load() || shown || r.Method != http.MethodGet || policy.Require(openmates.CallerOf(r.Context()), policy.RunServer) != nil {
		return nil
	}
	answered, err := s.records.Answered(r.Context(), openmates.CallerOf(r.Context()).User.ID)
	if err != nil {
		s.logError(r, err)
		return nil
	}
	if answered { // this takes one row; the rest isn't read
		s.finished.Store(true)
		return nil
	}
	st, err := s.setupState(r)
	if err != nil {
		s.logError(r, err)
		return nil
	}
	w := st.wizard()
	return &w
}

// wizardPage lists the steps of the server's setup.
type wizardPage struct {
	shell
	wizard
}

// wizard is the part of it that updates itself.
type wizard struct {
	Steps []step
	Done  int
	Next  *step // nil = everything is done
	Say   string
	// Invite is the path for inviting people to the first team; "" = none.
	Invite string
	Mail   bool // this server sends mail
}

func (st setupState) wizard() wizard {
	w := wizard{Steps: st.steps(), Say: greeting(st.Teams), Mail: st.Mail}
	if len(st.Teams) > 0 {
		w.Invite = "/teams/" + st.Teams[0].Slug + "/invites"
	}
	for i := range w.Steps {
		if w.Steps[i].Done {
			w.Done++
		}
		if w.Steps[i].Now {
			w.Next = &w.Steps[i]
		}
	}
	return w
}

func (s *Server) wizard(w http.ResponseWriter, r *http.Request) error {
	st, err := s.setupState(r)
	if err != nil {
		return err
	}
	return s.show(w, http.StatusOK, "wizard", wizardPage{shell: s.shell(r, openmates.T("Setup")), wizard: st.wizard()})
}

func (s *Server) wizardPart(w http.ResponseWriter, r *http.Request) error {
	st, err := s.setupState(r)
	if err != nil {
		return err
	}
	return s.render(w, http.StatusOK, "wizard", "wizard", st.wizard())
}
