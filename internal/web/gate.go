package web

import (
	"context"
	"net/http"
	"net/url"

	"openmates"
	"openmates/internal/policy"
)

// gate lets some callers through to a handler and responds to the others.
type gate func(handler) handler

// anyone lets everyone through.
func anyone(h handler) handler { return h }

// signedIn redirects people who aren't signed in to the sign-in page and then
// back. For a part of a page, it responds with a status instead.
func (s *Server) signedIn(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if openmates.CallerOf(r.Context()).SignedIn() {
			return h(w, r)
		}
		if r.Header.Get("X-Requested-With") != "" {
			plain(w, http.StatusUnauthorized, s.voice(w).Say(openmates.T("Please sign in.")))
			return nil
		}
		next := "/"
		if r.Method == http.MethodGet {
			next = r.URL.RequestURI()
		}
		return to(w, r, "/signin?next="+url.QueryEscape(next))
	}
}

// admin lets the server's admins through.
func (s *Server) admin(h handler) handler {
	return s.signedIn(func(w http.ResponseWriter, r *http.Request) error {
		if err := policy.Require(openmates.CallerOf(r.Context()), policy.RunServer); err != nil {
			return err
		}
		return h(w, r)
	})
}

// member lets people through who have a right in the team named in the path;
// placeOf returns that team to the handler.
func (s *Server) member(right policy.Right) gate {
	return func(h handler) handler {
		return s.signedIn(func(w http.ResponseWriter, r *http.Request) error {
			place, err := s.team.Enter(r.Context(), openmates.CallerOf(r.Context()), r.PathValue("slug"), right)
			if err != nil {
				return err
			}
			return h(w, r.WithContext(context.WithValue(r.Context(), placeKey{}, place)))
		})
	}
}

type placeKey struct{}

// placeOf returns the caller and the team that member found.
func placeOf(r *http.Request) (openmates.Caller, policy.Place) {
	place, entered := r.Context().Value(placeKey{}).(policy.Place)
	if !entered {
		panic("web: " + r.Pattern + " is a team's, and its route doesn't say who may")
	}
	return openmates.CallerOf(r.Context()), place
}
