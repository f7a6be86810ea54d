package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/intake"
)

const securityPath = "/profile/security"

// visits tells the rooms where a request comes from.
func (s *Server) visits(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := identity.Visit{From: s.address(r), Agent: r.UserAgent()}
		next.ServeHTTP(w, r.WithContext(identity.WithVisit(r.Context(), v)))
	})
}

// securityPage is everything that protects an account.
type securityPage struct {
	shell
	At         string
	Error      openmates.Text // the part of the page that something went wrong in, and what
	Email      identity.Email
	Typed      string // an address, or the name of a passkey, as typed
	Protection openmates.Protection
	Passkeys   []openmates.Passkey
	Host       string         // that passkeys are bound to
	NoPasskeys openmates.Text // why there can be none
	Sessions   []identity.Session
	Tokens     []tokenLine // that the person has made
	Shared     bool        // some of them are for a team or a listener
}

func (s *Server) security(w http.ResponseWriter, r *http.Request) error {
	return s.showSecurity(w, r, http.StatusOK, "", "", nil)
}

func (s *Server) showSecurity(w http.ResponseWriter, r *http.Request, status int, at, typed string, wrong error) error {
	ctx, c := r.Context(), openmates.CallerOf(r.Context())
	p := securityPage{shell: s.shell(r, openmates.T("Security")), At: at, Typed: typed, Error: openmates.TextOf(wrong)}
	var err error
	if p.Email, err = s.identity.Email(ctx, c); err != nil {
		return err
	}
	if p.Protection, err = s.identity.Protection(ctx, c); err != nil {
		return err
	}
	if p.Passkeys, err = s.identity.Passkeys(ctx, c); err != nil {
		return err
	}
	if p.Sessions, err = s.identity.SessionsOf(ctx, c); err != nil {
		return err
	}
	if p.Tokens, err = s.madeTokens(r, c); err != nil {
		return err
	}
	p.Shared = slices.ContainsFunc(p.Tokens, func(l tokenLine) bool { return l.Shared() })
	p.Host, err = s.identity.PasskeyHost()
	p.NoPasskeys = openmates.TextOf(err)
	return s.show(w, status, "security", p)
}

// refused shows the page again with what was wrong in the part where it was.
// What is nobody's mistake goes up.
func (s *Server) refused(w http.ResponseWriter, r *http.Request, at, typed string, err error) error {
	switch openmates.CodeOf(err) {
	case openmates.EInvalid, openmates.EForbidden, openmates.EConflict, openmates.ELimit, openmates.EUnavailable:
		return s.showSecurity(w, r, intake.StatusOf(err), at, typed, err)
	}
	return err
}

// proven reads a form, and from it the password that proves who types.
func proven(r *http.Request) (url.Values, openmates.Secret, error) {
	f, err := form(r)
	return f, openmates.Secret(f.Get("password")), err
}

func (s *Server) changePassword(w http.ResponseWriter, r *http.Request) error {
	f, old, err := proven(r)
	if err != nil {
		return err
	}
	if err := s.identity.ChangePassword(r.Context(), openmates.CallerOf(r.Context()), old, openmates.Secret(f.Get("new")), f.Get("keep") != ""); err != nil {
		return s.refused(w, r, "password", "", err)
	}
	if f.Get("keep") != "" {
		return s.done(w, r, securityPath, openmates.T("Your password is changed. You’re signed out everywhere else, and your own API tokens are revoked; those for teams and listeners stay."))
	}
	return s.done(w, r, securityPath, openmates.T("Your password is changed. You’re signed out everywhere else, and all API tokens you created are revoked."))
}

func (s *Server) setEmail(w http.ResponseWriter, r *http.Request) error {
	f, password, err := proven(r)
	if err != nil {
		return err
	}
	awaits, err := s.identity.SetEmail(r.Context(), openmates.CallerOf(r.Context()), f.Get("email"), password)
	if err != nil {
		return s.refused(w, r, "email", f.Get("email"), err)
	}
	if awaits {
		return s.done(w, r, securityPath, openmates.T("We’ve sent a link to the new address. Open it to confirm the address; until then, the old one stays."))
	}
	return s.done(w, r, securityPath, openmates.T("Your address is changed."))
}

// authenticatorPage shows the secret of an authenticator app until a code of
// it was typed.
type authenticatorPage struct {
	shell
	QR     qrCode
	Secret string // in groups of four
	Error  openmates.Text
}

func (s *Server) beginAuthenticator(w http.ResponseWriter, r *http.Request) error {
	_, password, err := proven(r)
	if err != nil {
		return err
	}
	if err := s.identity.BeginAuthenticator(r.Context(), openmates.CallerOf(r.Context()), password); err != nil {
		return s.refused(w, r, "authenticator", "", err)
	}
	return to(w, r, securityPath+"/authenticator")
}

func (s *Server) authenticator(w http.ResponseWriter, r *http.Request) error {
	return s.showAuthenticator(w, r, http.StatusOK, nil)
}

func (s *Server) showAuthenticator(w http.ResponseWriter, r *http.Request, status int, wrong error) error {
	setup, err := s.identity.AuthenticatorSetup(r.Context(), openmates.CallerOf(r.Context()))
	if openmates.CodeOf(err) == openmates.ENotFound {
		return to(w, r, securityPath)
	}
	if err != nil {
		return err
	}
	p := authenticatorPage{shell: s.shell(r, openmates.T("Authenticator app")), Secret: inFours(setup.Secret.Reveal()), Error: openmates.TextOf(wrong)}
	if p.QR, err = newQR(setup.URL.Reveal()); err != nil {
		return err
	}
	return s.show(w, status, "authenticator", p)
}

func (s *Server) confirmAuthenticator(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	codes, err := s.identity.ConfirmAuthenticator(r.Context(), openmates.CallerOf(r.Context()), f.Get("code"))
	switch openmates.CodeOf(err) {
	case "":
		return s.showRecovery(w, r, openmates.T("The authenticator app is set up."), codes)
	case openmates.EInvalid, openmates.ELimit:
		return s.showAuthenticator(w, r, intake.StatusOf(err), err)
	case openmates.ENotFound, openmates.EConflict:
		return s.done(w, r, securityPath, openmates.TextOf(err))
	}
	return err
}

func (s *Server) removeAuthenticator(w http.ResponseWriter, r *http.Request) error {
	_, password, err := proven(r)
	if err != nil {
		return err
	}
	if err := s.identity.RemoveAuthenticator(r.Context(), openmates.CallerOf(r.Context()), password); err != nil {
		return s.refused(w, r, "authenticator", "", err)
	}
	return s.done(w, r, securityPath, openmates.T("The authenticator app is removed. You won’t be asked for its codes any more."))
}

// recoveryPage shows recovery codes, this once.
type recoveryPage struct {
	shell
	Codes []string
}

func (s *Server) recovery(w http.ResponseWriter, r *http.Request) error {
	p := recoveryPage{shell: s.shell(r, openmates.T("Recovery codes"))}
	if !s.identity.TakeOnce(r.Context(), r.URL.Path, &p.Codes) {
		return to(w, r, securityPath)
	}
	return s.show(w, http.StatusOK, "recovery", p)
}

func (s *Server) showRecovery(w http.ResponseWriter, r *http.Request, sentence openmates.Text, codes []openmates.Secret) error {
	if len(codes) == 0 {
		return s.done(w, r, securityPath, sentence)
	}
	var plain []string
	for _, c := range codes {
		plain = append(plain, c.Reveal())
	}
	s.identity.SetFlash(r.Context(), sentence)
	return s.once(w, r, securityPath+"/recovery", plain)
}

func (s *Server) newRecovery(w http.ResponseWriter, r *http.Request) error {
	_, password, err := proven(r)
	if err != nil {
		return err
	}
	codes, err := s.identity.NewRecovery(r.Context(), openmates.CallerOf(r.Context()), password)
	if err != nil {
		return s.refused(w, r, "recovery", "", err)
	}
	return s.showRecovery(w, r, openmates.T("The old recovery codes no longer work."), codes)
}

// asJSON answers the script of the passkeys: with what to ask the browser for,
// or with the sentence of what went wrong.
func (s *Server) asJSON(w http.ResponseWriter, r *http.Request, options json.RawMessage, err error) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if err != nil {
		s.logError(r, err)
		w.WriteHeader(intake.StatusOf(err))
		return json.NewEncoder(w).Encode(map[string]string{"error": s.voice(w).Say(openmates.TextOf(err))})
	}
	_, _ = w.Write(options) //nolint:gosec // JSON of our own making, never sniffed; the client is gone if this fails
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

func (s *Server) askEndSession(r *http.Request) (*question, error) {
	all, err := s.identity.SessionsOf(r.Context(), openmates.CallerOf(r.Context()))
	if err != nil {
		return nil, err
	}
	for _, x := range all {
		if x.ID == r.FormValue("session") {
			return &question{Heading: openmates.T("Sign out that browser?"), Sentence: openmates.T("That browser has to sign in again."), Label: openmates.T("Sign out"), Back: securityPath}, nil
		}
	}
	return nil, openmates.Errorf(openmates.ENotFound, "You’re no longer signed in there.")
}

func (s *Server) askEndSessions(here bool) asker {
	return func(r *http.Request) (*question, error) {
		q := question{Heading: openmates.T("Sign out everywhere else?"), Label: openmates.T("Sign out everywhere else"), Back: securityPath,
			Sentence: openmates.T("All other browsers have to sign in again. The API tokens you created and your open invites for admins are revoked.")}
		if here {
			q.Heading, q.Label = openmates.T("Sign out everywhere?"), openmates.T("Sign out everywhere")
			q.Sentence = openmates.T("All browsers, including this one, have to sign in again. The API tokens you created and your open invites for admins are revoked.")
		}
		made, err := s.identity.Tokens(r.Context(), openmates.CallerOf(r.Context()))
		if slices.ContainsFunc(made, func(k openmates.AccessToken) bool { return tokenLine{AccessToken: k}.Shared() }) {
			q.Tick = &tick{Name: "keep", Label: openmates.T("Keep the tokens for teams and listeners"), Hint: openmates.T("Only if no one else has had your password or your browser.")}
		}
		return &q, err
	}
}

func (s *Server) endSession(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	if err := s.identity.EndSession(r.Context(), openmates.CallerOf(r.Context()), f.Get("session")); err != nil {
		return err
	}
	return s.done(w, r, securityPath, openmates.T("That browser is signed out."))
}

func (s *Server) endSessions(here bool) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		f, err := form(r)
		if err != nil {
			return err
		}
		keep := f.Get("keep") != ""
		if err := s.identity.EndSessions(r.Context(), openmates.CallerOf(r.Context()), here, keep); err != nil {
			return err
		}
		switch {
		case here:
			return to(w, r, "/signin")
		case keep:
			return s.done(w, r, securityPath, openmates.T("You’re signed out everywhere else, and your own API tokens are revoked; those for teams and listeners stay."))
		}
		return s.done(w, r, securityPath, openmates.T("You’re signed out everywhere else, and all API tokens you created are revoked."))
	}
}

// secondPage asks for the second step of a sign-in.
type secondPage struct {
	shell
	Next          string
	Authenticator bool
	Passkeys      bool
	Error         openmates.Text
}

func (s *Server) secondForm(w http.ResponseWriter, r *http.Request) error {
	return s.showSecond(w, r, http.StatusOK, localPath(r.URL.Query().Get("next")), nil)
}

func (s *Server) showSecond(w http.ResponseWriter, r *http.Request, status int, next string, wrong error) error {
	_, p, err := s.identity.Awaited(r.Context())
	if openmates.CodeOf(err) == openmates.EUnauthorized {
		return s.showSignIn(w, r, "", next, err)
	}
	if err != nil {
		return err
	}
	_, host := s.identity.PasskeyHost()
	return s.show(w, status, "second", secondPage{
		shell: s.shell(r, openmates.T("Second step")), Next: next, Authenticator: p.Authenticator,
		Passkeys: p.Passkeys > 0 && host == nil, Error: openmates.TextOf(wrong),
	})
}

func (s *Server) second(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	next := localPath(f.Get("next"))
	if _, err := s.identity.SecondStep(r.Context(), s.address(r), f.Get("code")); err != nil {
		if openmates.CodeOf(err) == openmates.EInternal {
			return err
		}
		return s.showSecond(w, r, intake.StatusOf(err), next, err)
	}
	return to(w, r, next)
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

// secondStep says whether a sign-in goes on with a second step.
func secondStep(err error) bool {
	_, ok := errors.AsType[*identity.SecondStepError](err)
	return ok
}
