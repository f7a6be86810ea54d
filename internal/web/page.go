package web

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"openmates"
	"openmates/internal/intake"
	"openmates/internal/messenger"
	"openmates/internal/model"
)

//go:embed templates
var templateFiles embed.FS

// shell is what every page has around its content.
type shell struct {
	Title   openmates.Text
	Path    string // of the page, to mark it in the navigation
	Here    string // the full URL, to return to it
	User    *openmates.User
	Flash   openmates.Text
	Model   model.Shown
	Demo    *Demo
	Version string
	Teams   []openmates.Team // the person's, to switch between
	Offer   *wizard          // the next step of the setup; nil = none to offer here
}

func (s *Server) shell(r *http.Request, title openmates.Text) shell {
	sh := s.frame(r, title)
	if sh.User != nil {
		sh.Offer = s.offer(r)
	}
	return sh
}

// frame returns a shell that doesn't offer the next step of the setup. Error
// pages use it, because finding that step reads the whole setup.
func (s *Server) frame(r *http.Request, title openmates.Text) shell {
	sh := shell{Title: title, Path: r.URL.Path, Here: "/", Model: s.shown(r.Context()), Demo: s.demo, Version: s.version}
	if r.Method == http.MethodGet {
		sh.Here = r.URL.RequestURI()
	}
	if c := openmates.CallerOf(r.Context()); c.SignedIn() {
		sh.User = &c.User
		sh.Flash = s.identity.Flash(r.Context())
		sh.Teams = s.teamsOf(r, c)
	}
	return sh
}

// show renders a whole page before it sends the first byte, so that a failing
// template can't send half of one.
func (s *Server) show(w http.ResponseWriter, status int, name string, data any) error {
	return s.render(w, status, name, "base", data)
}

func (s *Server) render(w http.ResponseWriter, status int, name, part string, data any) error {
	t, err := s.pages.get(s.voice(w), name)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, part, data); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // this fails only if the client has disconnected
	return nil
}

// handler serves a request or returns an error.
type handler func(http.ResponseWriter, *http.Request) error

// handle shows the error that a handler returns as a page.
func (s *Server) handle(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = s.settle(w, r)
		err := h(w, r)
		if err == nil {
			return
		}
		s.logError(r, err)
		if err := s.show(w, intake.StatusOf(err), "message", s.messageFor(r, err)); err != nil {
			s.logError(r, err)
			plain(w, http.StatusInternalServerError, s.voice(w).Say(openmates.TextOf(err)))
		}
	})
}

func (s *Server) logError(r *http.Request, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return // the client has disconnected
	}
	if c := openmates.CodeOf(err); c == openmates.EInternal || c == openmates.EUnavailable {
		s.log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", loggable(r.URL.Path), "err", err)
	}
}

// loggable returns a path without an invite's code.
func loggable(path string) string {
	if strings.HasPrefix(path, "/join/") {
		return "/join/•••"
	}
	return path
}

// to redirects the browser with a GET.
func to(w http.ResponseWriter, r *http.Request, path string) error {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, path, http.StatusSeeOther) //nolint:gosec // callers pass paths on this server; TestOpenRedirect tries others
	return nil
}

// done redirects and shows a message about what happened.
func (s *Server) done(w http.ResponseWriter, r *http.Request, path string, sentence openmates.Text) error {
	s.identity.SetFlash(r.Context(), sentence)
	return to(w, r, path)
}

// once redirects to a page that shows a value one time, so that a reload
// creates nothing. The value is not in the URL but encrypted in the session.
func (s *Server) once(w http.ResponseWriter, r *http.Request, path string, value any) error {
	page, _, _ := strings.Cut(path, "#")
	if err := s.identity.KeepOnce(r.Context(), page, value); err != nil {
		return err
	}
	return to(w, r, path)
}

// sentence is a message with its values, where none of the shapes that hold
// messages stands.

// form parses a form. It returns EInvalid if the form is too large or
// malformed.
func form(r *http.Request) (url.Values, error) {
	if err := r.ParseForm(); err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, &openmates.Error{Code: openmates.EInvalid, Message: openmates.T("The form took too long to arrive and was discarded. Check your connection and send it again."), Err: err}
		}
		return nil, &openmates.Error{Code: openmates.EInvalid, Message: openmates.T("The form couldn’t be read. Reload the page and try again."), Err: err}
	}
	return r.PostForm, nil
}

func initial(name string) string {
	r, _ := utf8.DecodeRuneInString(strings.TrimSpace(name))
	return strings.ToUpper(string(r))
}

// words is the label for a listener's phase, and its colour.
type words struct {
	Text openmates.Text
	Tone string
}

func phaseWords(p messenger.Phase) words {
	switch p {
	case messenger.Connected:
		return words{openmates.T("Online"), "good"}
	case messenger.Starting:
		return words{openmates.T("Connecting"), "warn wait"}
	case messenger.Reconnecting:
		return words{openmates.T("Reconnecting"), "warn wait"}
	case messenger.BadCredentials:
		return words{openmates.T("Token rejected"), "bad"}
	case messenger.NeedsAttention:
		return words{openmates.T("Needs attention"), "bad"}
	}
	return words{openmates.T("Off"), "plain"}
}

// number parses a small number. It returns a number that is out of every range
// if s isn't one.
func number(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil {
		return -1
	}
	return n
}
