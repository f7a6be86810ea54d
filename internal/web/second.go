package web

import (
	"errors"
	"net/http"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/intake"
)

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

// secondStep reports whether a sign-in continues with a second step.
func secondStep(err error) bool {
	_, ok := errors.AsType[*identity.SecondStepError](err)
	return ok
}
