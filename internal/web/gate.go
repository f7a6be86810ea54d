package web

import (
	"context"
	"net/http"
	"net/url"

	"openmates"
	"openmates/internal/policy"
)

// gate lets in who may use a route, and answers the others.
type gate func(handler) handler

// anyone lets everybody in.
func anyone(h handler) handler { return h }

// signedIn sends whoever is not signed in to do so, and back to where they
// wanted to go. A part of a page says it by its status instead.
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

// admin lets in who may run the server.
func (s *Server) admin(h handler) handler {
	return s.signedIn(func(w http.ResponseWriter, r *http.Request) error {
		if err := policy.Require(openmates.CallerOf(r.Context()), policy.RunServer); err != nil {
			return err
		}
		return h(w, r)
	})
}

// member lets in who has a right in the team of the path; placeOf gives the
// team to what answers.
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

// placeOf returns who asks, and the team that the gate member has let them
// into.
func placeOf(r *http.Request) (openmates.Caller, policy.Place) {
	place, entered := r.Context().Value(placeKey{}).(policy.Place)
	if !entered {
		panic("web: " + r.Pattern + " is a team's, and its route doesn't say who may")
	}
	return openmates.CallerOf(r.Context()), place
}
