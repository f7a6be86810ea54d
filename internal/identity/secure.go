package identity

import (
	"net/http"
	"strings"
)

// Secured wraps Middleware. It marks the session's cookie as Secure if the
// address has become https since the start. The cookie's name gets the prefix
// __Host- at the next start, because changing it now would sign everybody out.
func (r *Room) Secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if r.address.Secure() {
			w = &secured{ResponseWriter: w}
		}
		next.ServeHTTP(w, req)
	})
}

type secured struct {
	http.ResponseWriter
	begun bool
}

// WriteHeader implements http.ResponseWriter.
func (s *secured) WriteHeader(status int) {
	s.mark()
	s.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (s *secured) Write(b []byte) (int, error) {
	s.mark()
	return s.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController through.
func (s *secured) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *secured) mark() {
	if s.begun {
		return
	}
	s.begun = true
	cookies := s.Header()["Set-Cookie"]
	for i, c := range cookies {
		if !strings.Contains(c, "; Secure") {
			cookies[i] = c + "; Secure"
		}
	}
}
