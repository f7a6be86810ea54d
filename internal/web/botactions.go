package web

import (
	"net/http"
	"slices"
	"strings"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/intake"
	"openmates/internal/messenger"
)

// botAction handles a button on a bot's page: it calls do and returns to the
// page.
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

// removeBot removes a mate's bot.
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
