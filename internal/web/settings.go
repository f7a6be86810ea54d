package web

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"openmates"
	"openmates/internal/intake"
	"openmates/internal/server"
)

// settingsPage shows the server's name, address, rules and facts.
type settingsPage struct {
	shell
	Server    server.Settings // as typed, when the form is shown again
	Fixed     bool            // the address comes from the process's configuration
	Current   string          // the address in use
	Proxy     openmates.Text  // a hint about an untrusted proxy
	From      string          // "setup" during the setup
	Error     openmates.Text
	ErrorURL  openmates.Text // what is wrong with the address
	MayInsist bool           // the address may be used anyway
	Facts     []Fact
}

// Fact is something about the installation that is configured outside the UI.
type Fact struct {
	Label openmates.Text
	Text  openmates.Text // in words, or "" if there is only a Value
	Value string         // a name, an address, a number
}

func (s *Server) settings(w http.ResponseWriter, r *http.Request) error {
	p, err := s.settingsPage(r, r.URL.Query().Get("from"))
	if err != nil {
		return err
	}
	if p.Server.URL == "" && !p.Fixed {
		p.Server.URL = s.proposal(r)
	}
	if p.Server.Name == "" {
		p.Server.Name = "OpenMates"
	}
	p.ErrorURL = p.Server.Problem
	return s.show(w, http.StatusOK, "settings", p)
}

func (s *Server) settingsPage(r *http.Request, from string) (*settingsPage, error) {
	p := &settingsPage{shell: s.shell(r, openmates.T("Settings")), Fixed: s.fixedURL, Current: s.connect.PublicURL(), Proxy: s.proxyHint(r), Facts: s.facts}
	if from == "setup" {
		p.From = from
	}
	var err error
	p.Server, err = s.server.Settings(r.Context())
	return p, err
}

func (s *Server) saveSettings(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	before := s.connect.PublicURL()
	err = s.applySettings(r, f)
	if s.connect.PublicURL() != before { // even if a later value was invalid
		return s.moved(w, r, before, f.Get("from"), err)
	}
	if code := openmates.CodeOf(err); code != "" && code != openmates.EInvalid {
		return err
	}
	if err != nil {
		p, perr := s.settingsPage(r, f.Get("from"))
		if perr != nil {
			return perr
		}
		p.Server.Name, p.Server.Currency = f.Get("name"), f.Get("currency")
		p.Server.SignUp = server.SignUp(f.Get("sign_up"))
		if !p.Fixed {
			p.Server.URL = f.Get("url")
		}
		p.Error = openmates.TextOf(err)
		if bad, ok := errors.AsType[urlError](err); ok { // applySettings returns it unwrapped
			p.Error, p.ErrorURL, p.MayInsist = "", openmates.TextOf(bad.error), bad.mayInsist
		}
		return s.show(w, http.StatusUnprocessableEntity, "settings", p)
	}
	if f.Get("from") == "setup" {
		return s.done(w, r, "/server/setup", openmates.T("Saved."))
	}
	return s.done(w, r, "/server/settings", openmates.T("Saved."))
}

// urlError is an error that is shown next to the address.
type urlError struct {
	error
	mayInsist bool
}

// Unwrap returns the underlying error.
func (e urlError) Unwrap() error { return e.error }

// applySettings saves the form, the address first: only the address can be
// invalid, and then nothing is saved.
func (s *Server) applySettings(r *http.Request, f url.Values) error {
	ctx, actor := r.Context(), openmates.CallerOf(r.Context()).User.ID
	if !s.fixedURL {
		err := s.server.SetURL(ctx, actor, f.Get("url"), f.Get("anyway") != "")
		if openmates.CodeOf(err) == openmates.EInvalid {
			u, perr := url.Parse(strings.TrimSpace(f.Get("url")))
			return urlError{err, perr == nil && u.Host != "" && strings.Trim(u.Path, "/") == ""}
		}
		if err != nil {
			return err
		}
	}
	if err := s.server.Rename(ctx, actor, f.Get("name")); err != nil {
		return err
	}
	if err := s.server.SetSignUp(ctx, actor, server.SignUp(f.Get("sign_up"))); err != nil {
		return err
	}
	return s.server.SetCurrency(ctx, actor, strings.ToUpper(strings.TrimSpace(f.Get("currency"))))
}

// checkAddress checks again whether the current address leads here.
func (s *Server) checkAddress(w http.ResponseWriter, r *http.Request) error {
	err := s.server.Recheck(r.Context(), s.connect.PublicURL())
	if code := openmates.CodeOf(err); code != "" && code != openmates.EInvalid {
		return err
	}
	back := "/server/settings"
	if f, ferr := form(r); ferr == nil && f.Get("from") == "setup" {
		back = settingsPath
	}
	if err != nil {
		return to(w, r, back) // the page shows the result
	}
	return s.done(w, r, back, openmates.T("%s reaches this server.", s.connect.PublicURL()))
}

// prove responds to the server's own check whether an address leads to it.
func (s *Server) prove(w http.ResponseWriter, r *http.Request) {
	proof, err := s.server.Proof(r.Context(), r.PathValue("nonce"))
	if err != nil {
		s.logError(r, err)
		plain(w, intake.StatusOf(err), openmates.MessageOf(err))
		return
	}
	plain(w, http.StatusOK, proof)
}

// proposal returns the address that this request was sent to, according to a
// trusted proxy if there is one.
func (s *Server) proposal(r *http.Request) string {
	u := url.URL{Scheme: "http", Host: r.Host}
	if r.TLS != nil {
		u.Scheme = "https"
	}
	if s.fromProxy(r) {
		if proto := firstOf(r, "X-Forwarded-Proto"); proto == "http" || proto == "https" {
			u.Scheme = proto
		}
		if host := firstOf(r, "X-Forwarded-Host"); host != "" {
			u.Host = host
		}
	}
	if p, err := url.Parse(u.String()); err != nil || p.Host == "" || p.Host != u.Host {
		return s.connect.PublicURL()
	}
	return u.String()
}

// proxyHint returns a hint if an untrusted proxy sends headers.
func (s *Server) proxyHint(r *http.Request) openmates.Text {
	if s.fromProxy(r) || firstOf(r, "X-Forwarded-Proto") == "" && firstOf(r, "X-Forwarded-For") == "" {
		return ""
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	address := peer.Addr().Unmap()
	return openmates.T("A proxy at %s forwards requests, but isn’t trusted. If it’s yours, start the server with OPENMATES_PROXIES=%s; otherwise everyone seems to come from one address and shares one limit for wrong passwords.", address, address)
}

// fromProxy reports whether the peer of a request is a trusted proxy.
func (s *Server) fromProxy(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && s.trusts(peer.Addr().Unmap())
}

func firstOf(r *http.Request, header string) string {
	first, _, _ := strings.Cut(r.Header.Get(header), ",")
	return strings.TrimSpace(first)
}
