package web

import (
	"encoding/json"
	"net/http"

	"openmates"
	"openmates/internal/intake"
)

// asJSON responds to the passkey script with options for the browser or an
// error message.
func (s *Server) asJSON(w http.ResponseWriter, r *http.Request, options json.RawMessage, err error) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if err != nil {
		s.logError(r, err)
		w.WriteHeader(intake.StatusOf(err))
		return json.NewEncoder(w).Encode(map[string]string{"error": s.voice(w).Say(openmates.TextOf(err))})
	}
	_, _ = w.Write(options) //nolint:gosec // our own JSON, never sniffed; this fails only if the client has disconnected
	return nil
}

func (s *Server) beginPasskey(w http.ResponseWriter, r *http.Request) error {
	f, password, err := proven(r)
	if err != nil {
		return err
	}
	options, err := s.identity.BeginPasskey(r.Context(), openmates.CallerOf(r.Context()), f.Get("name"), password)
	return s.asJSON(w, r, options, err)
}

func (s *Server) addPasskey(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	k, err := s.identity.AddPasskey(r.Context(), openmates.CallerOf(r.Context()), []byte(f.Get("answer")))
	if err != nil {
		return s.refused(w, r, "passkeys", f.Get("name"), err)
	}
	return s.done(w, r, securityPath, openmates.T("The passkey “%s” is added. You can now sign in with it.", k.Name))
}

func (s *Server) removePasskey(w http.ResponseWriter, r *http.Request) error {
	f, password, err := proven(r)
	if err != nil {
		return err
	}
	id, err := openmates.ParseID(f.Get("passkey"))
	if err != nil {
		return err
	}
	if err := s.identity.RemovePasskey(r.Context(), openmates.CallerOf(r.Context()), id, password); err != nil {
		return s.refused(w, r, "passkeys", "", err)
	}
	return s.done(w, r, securityPath, openmates.T("The passkey is removed. Remove it from your device or password manager, too."))
}

func (s *Server) askPasskey(w http.ResponseWriter, r *http.Request) error {
	f, password, err := proven(r)
	if err != nil {
		return err
	}
	ask := f.Get("ask") == "yes"
	codes, err := s.identity.AskPasskey(r.Context(), openmates.CallerOf(r.Context()), ask, password)
	if err != nil {
		return s.refused(w, r, "passkeys", "", err)
	}
	if !ask {
		return s.done(w, r, securityPath, openmates.T("Signing in with your password no longer needs a passkey."))
	}
	return s.showRecovery(w, r, openmates.T("From now on, signing in with your password also needs a passkey."), codes)
}

func (s *Server) beginPasskeySignIn(w http.ResponseWriter, r *http.Request) error {
	options, err := s.identity.BeginPasskeySignIn(r.Context(), s.address(r))
	return s.asJSON(w, r, options, err)
}

func (s *Server) passkeySignIn(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	next := localPath(f.Get("next"))
	_, _, awaited := s.identity.Awaited(r.Context())
	if _, err := s.identity.PasskeySignIn(r.Context(), s.address(r), []byte(f.Get("answer"))); err != nil {
		if openmates.CodeOf(err) == openmates.EInternal {
			return err
		}
		if awaited == nil {
			return s.showSecond(w, r, intake.StatusOf(err), next, err)
		}
		return s.showSignIn(w, r, "", next, err)
	}
	return to(w, r, next)
}
