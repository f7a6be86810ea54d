package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"openmates"
	"openmates/internal/identity"
)

// Session is one of the caller's sessions.
type Session struct {
	ID    string         `json:"id" doc:"Identifies the session; not a credential."`
	Here  bool           `json:"here" doc:"The session of this request."`
	Agent openmates.Text `json:"agent,omitempty" doc:"The browser, as it identifies itself."`
	From  string         `json:"from,omitempty" doc:"The IP address."`
	Since time.Time      `json:"since"`
	Seen  time.Time      `json:"seen" doc:"Approximate."`
}

// Protection lists what an account requires besides the password.
type Protection struct {
	Authenticator bool `json:"authenticator" doc:"An authenticator app is required after the password."`
	Passkeys      int  `json:"passkeys"`
	AskPasskey    bool `json:"ask_passkey" doc:"A passkey is required after the password."`
	Recovery      int  `json:"recovery_codes" doc:"How many are left."`
}

// Email is the caller's email address and its state.
type Email struct {
	Address   string `json:"address,omitempty"`
	Confirmed bool   `json:"confirmed"`
	Awaited   string `json:"awaited,omitempty" doc:"The address that a confirmation link was sent to."`
	Mail      bool   `json:"mail" doc:"The server sends mail, so a new address has to be confirmed."`
}

// Passkey is a WebAuthn credential.
type Passkey struct {
	ID      openmates.ID `json:"id" type:"string"`
	Name    string       `json:"name"`
	Created time.Time    `json:"created"`
	Used    *time.Time   `json:"used,omitempty"`
}

// Setup is what an authenticator app needs.
type Setup struct {
	Secret string `json:"secret" doc:"Base32, to type in."`
	URL    string `json:"url" doc:"The same, for a QR code."`
}

// Codes are recovery codes, shown once.
type Codes struct {
	Codes []string `json:"codes" nullable:"false" doc:"Each works once. Only shown now; empty if the account already has some."`
}

// Ceremony is a request to the browser for a passkey, or its answer.
type Ceremony struct {
	Options json.RawMessage `json:"options" doc:"For navigator.credentials, as defined by WebAuthn."`
}

type passwordInput struct {
	Body struct {
		Password string `json:"password" maxLength:"4096" doc:"The caller's password, to confirm who they are."`
	}
}

func (p *passwordInput) secret() openmates.Secret { return openmates.Secret(p.Body.Password) }

type newPassword struct {
	Body struct {
		Old  string `json:"old" maxLength:"4096"`
		New  string `json:"new" maxLength:"4096"`
		Keep bool   `json:"keep_shared_tokens,omitempty" doc:"Keep tokens that the caller made for a team or a listener."`
	}
}

type endInput struct {
	Keep bool `query:"keep_shared_tokens" doc:"Keep tokens that the caller made for a team or a listener."`
}

type newEmail struct {
	Body struct {
		Address  string `json:"address" maxLength:"400" doc:"Empty to remove the address."`
		Password string `json:"password" maxLength:"4096"`
	}
}

type codeInput struct {
	Body struct {
		Code string `json:"code" maxLength:"200"`
	}
}

type sessionInput struct {
	ID string `path:"id" maxLength:"100"`
}

type newPasskey struct {
	Body struct {
		Name     string `json:"name" maxLength:"200"`
		Password string `json:"password" maxLength:"4096"`
	}
}

type passkeyAnswer struct {
	Body struct {
		Answer map[string]any `json:"answer" doc:"The browser's credential, in JSON."`
	}
}

type passkeyInput struct {
	ID   string `path:"id" maxLength:"40"`
	Body struct {
		Password string `json:"password" maxLength:"4096"`
	}
}

type askInput struct {
	Body struct {
		Ask      bool   `json:"ask"`
		Password string `json:"password" maxLength:"4096"`
	}
}

type leaveInput struct {
	Body struct {
		Username string `json:"username" maxLength:"200" doc:"The caller's username, to confirm."`
		Password string `json:"password" maxLength:"4096"`
	}
}

// guardOperations are about what protects an account: none of them can be
// called with a token.
func (s *Server) guardOperations() {
	me := person()
	serve(s, route{"list-sessions", http.MethodGet, "/me/sessions", "List your sessions", "This one first, then the most recently used.", 0}, me, s.listSessions)
	change(s, route{"end-session", http.MethodDelete, "/me/sessions/{id}", "End a session", "Takes effect immediately.", 0}, me,
		func(ctx context.Context, c openmates.Caller, in *sessionInput) error {
			return s.identity.EndSession(ctx, c, in.ID)
		})
	change(s, route{"end-sessions", http.MethodDelete, "/me/sessions", "Sign out everywhere else", "Keeps the session of this request, with a new cookie. Revokes the tokens that the caller has made, their open invites for admins, and everything unfinished: second steps, codes, consents.", 0}, me,
		func(ctx context.Context, c openmates.Caller, in *endInput) error {
			return s.identity.EndSessions(ctx, c, false, in.Keep)
		})
	change(s, route{"change-password", http.MethodPost, "/me/password", "Change your password", "Ends everything that signing out everywhere else ends.", 0}, me,
		func(ctx context.Context, c openmates.Caller, in *newPassword) error {
			return s.identity.ChangePassword(ctx, c, openmates.Secret(in.Body.Old), openmates.Secret(in.Body.New), in.Body.Keep)
		})
	serve(s, route{"get-email", http.MethodGet, "/me/email", "Get your email address", "And whether it is confirmed.", 0}, me, s.getEmail)
	serve(s, route{"put-email", http.MethodPut, "/me/email", "Change your email address", "If the server sends mail, the new address has to be confirmed first.", 0}, me, s.putEmail)
	serve(s, route{"confirm-email", http.MethodPost, "/me/email/confirm", "Confirm your email address", "With the code from the link that was mailed.", 0}, me,
		func(ctx context.Context, c openmates.Caller, in *codeInput) (Email, error) {
			if _, err := s.identity.ConfirmEmail(ctx, c, openmates.Secret(in.Body.Code)); err != nil {
				return Email{}, err
			}
			return s.getEmail(ctx, c, nil)
		})
	serve(s, route{"get-protection", http.MethodGet, "/me/protection", "Get your account's protection", "What is required besides the password.", 0}, me, s.getProtection)
	serve(s, route{"begin-authenticator", http.MethodPost, "/me/authenticator", "Set up an authenticator app", "It isn't required until a code from it has been confirmed.", 0}, me, s.beginAuthenticator)
	serve(s, route{"confirm-authenticator", http.MethodPost, "/me/authenticator/confirm", "Turn on the authenticator app", "With a code that it shows.", 0}, me,
		func(ctx context.Context, c openmates.Caller, in *codeInput) (Codes, error) {
			return codes(s.identity.ConfirmAuthenticator(ctx, c, in.Body.Code))
		})
	change(s, route{"remove-authenticator", http.MethodPost, "/me/authenticator/remove", "Turn off the authenticator app", "", 0}, me,
		func(ctx context.Context, c openmates.Caller, in *passwordInput) error {
			return s.identity.RemoveAuthenticator(ctx, c, in.secret())
		})
	serve(s, route{"renew-recovery", http.MethodPost, "/me/recovery-codes", "Create new recovery codes", "The old ones stop working.", 0}, me,
		func(ctx context.Context, c openmates.Caller, in *passwordInput) (Codes, error) {
			return codes(s.identity.NewRecovery(ctx, c, in.secret()))
		})
	s.passkeyOperations(me)
	change(s, route{"leave-server", http.MethodPost, "/me/leave", "Delete your account", "Permanently and immediately. The only admin of a team or the server has to hand that over first.", 0}, me,
		func(ctx context.Context, c openmates.Caller, in *leaveInput) error {
			return s.identity.Leave(ctx, c, in.Body.Username, openmates.Secret(in.Body.Password))
		})
}

func (s *Server) passkeyOperations(me gate) {
	serve(s, route{"list-passkeys", http.MethodGet, "/me/passkeys", "List your passkeys", "", 0}, me, s.listPasskeys)
	serve(s, route{"begin-passkey", http.MethodPost, "/me/passkeys/begin", "Start adding a passkey", "Returns the options for the browser.", 0}, me,
		func(ctx context.Context, c openmates.Caller, in *newPasskey) (Ceremony, error) {
			o, err := s.identity.BeginPasskey(ctx, c, in.Body.Name, openmates.Secret(in.Body.Password))
			return Ceremony{o}, err
		})
	serve(s, route{"add-passkey", http.MethodPost, "/me/passkeys", "Add a passkey", "With the browser's answer.", 201}, me,
		func(ctx context.Context, c openmates.Caller, in *passkeyAnswer) (Passkey, error) {
			answer, err := json.Marshal(in.Body.Answer)
			if err != nil {
				return Passkey{}, err
			}
			k, err := s.identity.AddPasskey(ctx, c, answer)
			return passkeyOf(k), err
		})
	change(s, route{"remove-passkey", http.MethodPost, "/me/passkeys/{id}/remove", "Remove a passkey", "", 0}, me,
		func(ctx context.Context, c openmates.Caller, in *passkeyInput) error {
			id, err := idOf(in.ID, openmates.T("passkey"))
			if err != nil {
				return err
			}
			return s.identity.RemovePasskey(ctx, c, id, openmates.Secret(in.Body.Password))
		})
	serve(s, route{"ask-passkey", http.MethodPost, "/me/passkeys/ask", "Require a passkey after the password", "Or stop requiring it.", 0}, me,
		func(ctx context.Context, c openmates.Caller, in *askInput) (Codes, error) {
			return codes(s.identity.AskPasskey(ctx, c, in.Body.Ask, openmates.Secret(in.Body.Password)))
		})
}

func codes(secrets []openmates.Secret, err error) (Codes, error) {
	out := Codes{Codes: []string{}}
	for _, c := range secrets {
		out.Codes = append(out.Codes, c.Reveal())
	}
	return out, err
}

func (s *Server) listSessions(ctx context.Context, c openmates.Caller, in *PageInput) (page[Session], error) {
	found, err := s.identity.SessionsOf(ctx, c)
	if err != nil {
		return page[Session]{}, err
	}
	var all []Session
	for _, v := range found {
		all = append(all, Session{v.ID, v.Here, v.Agent, v.From, v.Since.UTC(), v.Seen.UTC()})
	}
	return cut(all, *in, func(v Session) string { return v.ID })
}

func (s *Server) getEmail(ctx context.Context, c openmates.Caller, _ *struct{}) (Email, error) {
	e, err := s.identity.Email(ctx, c)
	return Email(e), err
}

func (s *Server) putEmail(ctx context.Context, c openmates.Caller, in *newEmail) (Email, error) {
	if _, err := s.identity.SetEmail(ctx, c, in.Body.Address, openmates.Secret(in.Body.Password)); err != nil {
		return Email{}, err
	}
	e, err := s.identity.Email(ctx, c)
	if e.Awaited == "" && err == nil {
		e.Address, e.Confirmed = in.Body.Address, false // the caller was read before the change
	}
	return Email(e), err
}

func (s *Server) getProtection(ctx context.Context, c openmates.Caller, _ *struct{}) (Protection, error) {
	p, err := s.identity.Protection(ctx, c)
	return Protection(p), err
}

func (s *Server) beginAuthenticator(ctx context.Context, c openmates.Caller, in *passwordInput) (Setup, error) {
	if err := s.identity.BeginAuthenticator(ctx, c, in.secret()); err != nil {
		return Setup{}, err
	}
	a, err := s.identity.AuthenticatorSetup(ctx, c)
	return Setup{a.Secret.Reveal(), a.URL.Reveal()}, err
}

func (s *Server) listPasskeys(ctx context.Context, c openmates.Caller, in *PageInput) (page[Passkey], error) {
	keys, err := s.identity.Passkeys(ctx, c)
	if err != nil {
		return page[Passkey]{}, err
	}
	var all []Passkey
	for _, k := range keys {
		all = append(all, passkeyOf(k))
	}
	return cut(all, *in, func(k Passkey) string { return k.ID.String() })
}

func passkeyOf(k identity.Passkey) Passkey {
	return Passkey{ID: k.ID, Name: k.Name, Created: k.Created.UTC(), Used: moment(k.Used)}
}
