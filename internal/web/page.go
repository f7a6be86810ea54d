package web

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
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
	Here    string // its whole address, to come back to it
	User    *openmates.User
	Flash   openmates.Text
	Model   model.Shown
	Demo    *Demo
	Version string
	Teams   []openmates.Team // of the person, to switch between
	Offer   *wizard          // what comes next in the set-up; nil = nothing to offer here
}

func (s *Server) shell(r *http.Request, title openmates.Text) shell {
	sh := s.frame(r, title)
	if sh.User != nil {
		sh.Offer = s.offer(r)
	}
	return sh
}

// frame is a shell that offers no next step of the set-up. A page that says
// what went wrong has this one: finding the next step reads the whole set-up.
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

// show renders a whole page before the first byte is sent, so that a failing
// template can't leave half of one.
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
	_, _ = b.WriteTo(w) // the client is gone if this fails
	return nil
}

// handler answers a request or says why it can't.
type handler func(http.ResponseWriter, *http.Request) error

// handle turns what a handler returns into a page.
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
		return // the browser has gone away
	}
	if c := openmates.CodeOf(err); c == openmates.EInternal || c == openmates.EUnavailable {
		s.log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", loggable(r.URL.Path), "err", err)
	}
}

// loggable is a path without the code of an invite.
func loggable(path string) string {
	if strings.HasPrefix(path, "/join/") {
		return "/join/•••"
	}
	return path
}

// messagePage is a page with one sentence and the ways on.
type messagePage struct {
	shell
	Heading  openmates.Text
	Sentence openmates.Text
	Ways     []way // the first is the one to take
	Again    *again
}

// again is a form that could not be done now, to be sent once more with what
// was typed. Secrets stand on no page, so they have to be typed again.
type again struct {
	Path string
	Kept []keptField
	Ask  []keptField
}

type keptField struct {
	Name, Value string
	Label       openmates.Text
}

type way struct {
	Label openmates.Text
	Path  string
}

func (s *Server) messageFor(r *http.Request, err error) messagePage {
	title := heading(openmates.CodeOf(err))
	p := messagePage{shell: s.frame(r, title), Heading: title, Sentence: openmates.TextOf(err), Again: againOf(r, err)}
	if p.User == nil {
		p.Ways = []way{{openmates.T("Sign in"), "/signin"}}
		return p
	}
	p.Ways = []way{{openmates.T("Go to the home page"), "/"}, {openmates.T("Your profile"), "/profile"}}
	return p
}

// againOf keeps a form whose request failed for a reason that passes.
func againOf(r *http.Request, err error) *again {
	if r.Method != http.MethodPost || openmates.CodeOf(err) != openmates.EUnavailable {
		return nil
	}
	f, err := form(r)
	if err != nil {
		return nil
	}
	a := &again{Path: r.URL.RequestURI()}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		label := secretField(name)
		for _, value := range f[name] {
			switch {
			case label == "":
				a.Kept = append(a.Kept, keptField{Name: name, Value: value})
			case value != "":
				a.Ask = append(a.Ask, keptField{Name: name, Label: label})
			}
		}
	}
	return a
}

// secretField is the label of a field that holds a secret, "" for any other.
func secretField(name string) openmates.Text {
	switch name {
	case "password":
		return openmates.T("Password")
	case "new":
		return openmates.T("New password")
	case "token":
		return openmates.T("Bot token")
	case "secret":
		return openmates.T("Client secret")
	case "key":
		return openmates.T("Key")
	case "code":
		return openmates.T("Code")
	}
	return ""
}

func heading(c openmates.Code) openmates.Text {
	switch c {
	case openmates.EInvalid:
		return openmates.T("That didn’t work")
	case openmates.EUnauthorized:
		return openmates.T("Sign in")
	case openmates.EForbidden:
		return openmates.T("Not allowed")
	case openmates.ENotFound:
		return openmates.T("Page not found")
	case openmates.EConflict:
		return openmates.T("Already taken")
	case openmates.ELimit:
		return openmates.T("Too many requests")
	case openmates.EUnavailable:
		return openmates.T("Temporarily unavailable")
	}
	return openmates.T("Something went wrong")
}

func (s *Server) nothingHere(http.ResponseWriter, *http.Request) error {
	return openmates.Errorf(openmates.ENotFound, "This page doesn’t exist, or its address is mistyped.")
}

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

// to sends the browser on with a GET.
func to(w http.ResponseWriter, r *http.Request, path string) error {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, path, http.StatusSeeOther) //nolint:gosec // callers give paths of this server; TestOpenRedirect tries others
	return nil
}

// done is to with a sentence about what has happened.
func (s *Server) done(w http.ResponseWriter, r *http.Request, path string, sentence openmates.Text) error {
	s.identity.SetFlash(r.Context(), sentence)
	return to(w, r, path)
}

// once leads on to a page that shows a value one time, so that a reload makes
// nothing again: it isn't in the address, but sealed in the session.
func (s *Server) once(w http.ResponseWriter, r *http.Request, path string, value any) error {
	page, _, _ := strings.Cut(path, "#")
	if err := s.identity.KeepOnce(r.Context(), page, value); err != nil {
		return err
	}
	return to(w, r, path)
}

// sentence is a message with its values, where none of the shapes that hold
// messages stands.

// form reads a form. What is too large or broken is EInvalid.
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

// words for a listener's phase, and the colour they are shown in.
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

// number reads a small number; what is none is out of every bound.
func number(s string) int {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil {
		return -1
	}
	return n
}
