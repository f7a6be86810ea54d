package web

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/intake"
	"openmates/internal/server"
)

// Forms are small, except those of a mate, which hold its prompt and the
// conversation of its trial; only admins may send those.
const (
	maxForm     = 64 << 10 // bytes
	maxMateForm = 1 << 20
)

func mostBytes(path string) int64 {
	if strings.HasPrefix(path, "/server/mates") {
		return maxMateForm
	}
	return maxForm
}

// site is the server at its public address, which can change while it runs.
// Origins trusted before a change are no longer trusted after it.
type site struct {
	address string
	public  *url.URL
	policy  string // Content-Security-Policy
	cross   *http.CrossOriginProtection
}

func (s *Server) siteAt(address string) (*site, error) {
	public, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("web: public address: %w", err)
	}
	at := &site{address: address, public: public, cross: http.NewCrossOriginProtection()}
	// A proxy may rewrite Host, and over plain http browsers don't send
	// Sec-Fetch-Site; then the origin is compared with the public address.
	if err := at.cross.AddTrustedOrigin(address); err != nil {
		return nil, fmt.Errorf("web: public address: %w", err)
	}
	// Our forms may lead to a consent page, and browsers apply form-action to
	// redirects as well.
	at.policy = strings.Join([]string{
		"default-src 'self'",
		strings.Join(append([]string{"form-action 'self'"}, s.connect.ConsentOrigins()...), " "),
		"frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'",
	}, "; ")
	return at, nil
}

// sites returns a function that returns the current site.
func (s *Server) sites() func() (*site, error) {
	var mu sync.Mutex
	var current *site
	return func() (*site, error) {
		mu.Lock()
		defer mu.Unlock()
		address := s.connect.PublicURL()
		if current != nil && current.address == address {
			return current, nil
		}
		at, err := s.siteAt(address)
		if err == nil {
			current = at
		}
		return at, err
	}
}

// protect sets the security headers.
func (at *site) protect(h http.Header) {
	h.Set("Content-Security-Policy", at.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// Not "no-referrer": with it, the Origin of our own forms would be "null".
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	if at.public.Scheme == "https" {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// guard wraps every request: it sets the headers, limits the size of bodies,
// and refuses forms sent from another site or opened under a previous address.
func (s *Server) guard() (func(http.Handler) http.Handler, error) {
	foreign := s.handle(func(http.ResponseWriter, *http.Request) error {
		return openmates.Errorf(openmates.EForbidden, "This was sent from another site, so nothing was changed. Open the page at %s and try again there.", s.connect.PublicURL())
	})
	now := s.sites()
	if _, err := now(); err != nil {
		return nil, err
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			at, err := now()
			if err != nil {
				s.logError(r, err)
				plain(w, http.StatusInternalServerError, openmates.MessageOf(err))
				return
			}
			at.protect(w.Header())
			if err := s.serves(r); err != nil {
				s.strange(w, r, err)
				return
			}
			if to := otherLoopback(r, at.public); to != "" {
				s.sendOn(w, r, to)
				return
			}
			if at.cross.Check(r) != nil {
				foreign.ServeHTTP(w, r)
				return
			}
			intake.Within(w, r, s.patience)
			r.Body = http.MaxBytesReader(w, r.Body, mostBytes(r.URL.Path))
			next.ServeHTTP(w, r)
		})
	}, nil
}

// sendOn redirects to the same page under the public address. It does not carry
// a form over: the session isn't valid there, and the browser would not follow
// (Content-Security-Policy, form-action).
func (s *Server) sendOn(w http.ResponseWriter, r *http.Request, to string) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		http.Redirect(w, r, to, http.StatusFound) //nolint:gosec // to is our own public address
		return
	}
	r = s.settle(w, r)
	p := messagePage{shell: shell{Title: openmates.T("This server has another address"), Path: r.URL.Path, Here: "/", Model: s.shown(r.Context()), Version: s.version},
		Heading: openmates.T("This server has another address"), Ways: []way{{openmates.T("Continue there"), s.connect.PublicURL()}},
		Sentence: openmates.T("This server’s address is %s, so nothing was changed here. Do it again there.", s.connect.PublicURL())}
	if err := s.show(w, http.StatusConflict, "message", p); err != nil {
		s.logError(r, err)
		plain(w, http.StatusConflict, s.voice(w).Say(p.Sentence))
	}
}

// otherLoopback returns the correct URL of a page that was opened under another
// name of this machine, such as "localhost" for 127.0.0.1. Both reach the
// server, but cookies and registered redirects only work with one of them.
func otherLoopback(r *http.Request, public *url.URL) string {
	if r.Host == public.Host || !isLoopback(r.Host) || !isLoopback(public.Host) {
		return ""
	}
	_, port, err := net.SplitHostPort(r.Host)
	if err != nil || port != public.Port() || byAnyName(r.URL.Path) {
		return ""
	}
	return public.Scheme + "://" + public.Host + r.URL.RequestURI()
}

// byAnyName reports whether a path is served under any host name: health
// checks, the check that a new address leads here, and the stylesheet of the
// page that says that the server has moved. None of them reveals anything.
func byAnyName(path string) bool {
	return path == "/healthz" || path == "/readyz" || strings.HasPrefix(path, server.ReachPath) || strings.HasPrefix(path, "/static/")
}

// strange responds to a request sent to an unknown host name.
func (s *Server) strange(w http.ResponseWriter, r *http.Request, err error) {
	if openmates.CodeOf(err) != openmates.EInvalid {
		s.logError(r, err)
		plain(w, http.StatusInternalServerError, openmates.MessageOf(err))
		return
	}
	s.settle(w, r)
	plain(w, http.StatusMisdirectedRequest, s.voice(w).Say(openmates.TextOf(err)))
}

// serves returns an error if a request was sent to another site's host name.
func (s *Server) serves(r *http.Request) error {
	if byAnyName(r.URL.Path) {
		return nil
	}
	return s.server.Serves(r.Context(), s.Asked(r))
}

// Asked returns the address that a request was sent to, here and for the API.
// If it came through a trusted proxy, the proxy's headers count.
func (s *Server) Asked(r *http.Request) server.Asked {
	a := server.Asked{Host: r.Host, Public: s.connect.PublicURL(), Proxied: s.fromProxy(r)}
	if given := r.Header.Values("X-Forwarded-Host"); a.Proxied && len(given) > 0 {
		hops := strings.Split(given[len(given)-1], ",") // the nearest proxy adds its value last
		a.Host = strings.TrimSpace(hops[len(hops)-1])
	}
	return a
}

func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	host = strings.Trim(host, "[]")
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// address returns where a request came from: the peer's address, or what a
// trusted proxy reports. It reads the header from the end, because clients can
// invent everything before the first address that no trusted proxy wrote.
func (s *Server) address(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	a := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trusts(a); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		a = next.Unmap()
	}
	return a
}

// From returns where a request came from, for the API.
func (s *Server) From(r *http.Request) netip.Addr { return s.address(r) }

// trusts reports whether an address is a trusted proxy's.
func (s *Server) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(s.proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// localPath returns next if it is a path on this site, else "/". Browsers treat
// "//host" and "/\host" as another site.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(next, "/") ||
		strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	return u.RequestURI()
}

// visits adds the client's address to the request's context.
func (s *Server) visits(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := identity.Visit{From: s.address(r), Agent: r.UserAgent()}
		next.ServeHTTP(w, r.WithContext(identity.WithVisit(r.Context(), v)))
	})
}
