package web

import (
	"net/http"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/intake"
	"openmates/internal/messenger"
)

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
		// The page shows the findings but never the secrets that were typed.
		// connect holds those that weren't wrong.
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
