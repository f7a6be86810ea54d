// Package web serves the pages and forms of the product.
//
// Every page works without JavaScript. A GET changes nothing, and neither does
// a form sent from another site. Pages contain no secrets, except those that
// show a new one once. Whatever removes or ends something asks for
// confirmation. Every successful form is answered with a redirect, so that a
// reload repeats nothing. Each page leads to the next step, and each error says
// how to fix it.
//
// This package contains no rules of its own: the packages behind it decide what
// is allowed and what happens. It knows no chat network; whatever is special
// about one comes from its connector.
package web

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/connect"
	"openmates/internal/identity"
	"openmates/internal/intake"
	"openmates/internal/locale"
	"openmates/internal/mate"
	"openmates/internal/model"
	"openmates/internal/server"
	"openmates/internal/team"
)

// Config configures a Server.
type Config struct {
	Identity *identity.Room
	Team     *team.Room
	Server   *server.Room
	Connect  *connect.Room
	Model    *model.Room
	Mate     *mate.Room
	Log      *slog.Logger
	Shown    func(ctx context.Context) model.Shown // the model that answers now
	Ready    func(ctx context.Context) error       // nil = the server is ready; MessageOf explains why it isn't
	Demo     *Demo                                 // nil outside the demo
	Version  string
	Book     *locale.Book // nil = the built-in languages
	// Proxies are the trusted proxies, whose X-Forwarded-* headers are used.
	Proxies  []netip.Prefix
	Patience intake.Patience // how long to wait for bodies; zero = the default
	Records  Records
	FixedURL bool // the public address comes from the process's configuration
	Facts    []Fact
	// Ask asks a mate and waits for the result; see chat.Room.
	Ask func(ctx context.Context, a chat.Ask, show func(text string)) (openmates.Outcome, error)
	// Answering returns the name of the model that answers for a mate; nil =
	// the mate's own or the default from Model.
	Answering func(ctx context.Context, m openmates.Mate) (string, error)
}

// Demo configures the demo.
type Demo struct {
	Discord string // where the simulator's pages are
	People  []DemoPerson
	Kept    bool // the data folder is kept when the demo ends
}

// DemoPerson is somebody as whom visitors can sign in with one click.
type DemoPerson struct {
	Username string
	Name     string
	About    openmates.Text // "runs the server", …
	Password openmates.Secret
}

// Server is an http.Handler that serves the pages.
type Server struct {
	identity *identity.Room
	team     *team.Room
	server   *server.Room
	connect  *connect.Room
	model    *model.Room
	log      *slog.Logger
	shown    func(ctx context.Context) model.Shown
	ready    func(ctx context.Context) error
	demo     *Demo
	version  string
	proxies  []netip.Prefix

	patience intake.Patience
	records  Records
	fixedURL bool
	facts    []Fact
	finished atomic.Bool // the setup is known to be complete

	mate      *mate.Room
	ask       func(ctx context.Context, a chat.Ask, show func(text string)) (openmates.Outcome, error)
	answering func(ctx context.Context, m openmates.Mate) (string, error)
	markdown  *markdown

	assets  *assets
	pages   *pages
	handler http.Handler

	patterns []string // of all routes
	asks     []string // paths whose form asks for confirmation
}

// New returns a new Server.
func New(c Config) (*Server, error) {
	if c.Identity == nil || c.Team == nil || c.Server == nil || c.Connect == nil || c.Mate == nil || c.Model == nil {
		return nil, errors.New("web: Config needs Identity, Team, Server, Connect, Mate and Model")
	}
	if c.Log == nil || c.Shown == nil || c.Records == nil || c.Ask == nil {
		return nil, errors.New("web: Config needs Log, Shown, Records and Ask")
	}
	if c.Ready == nil {
		c.Ready = func(context.Context) error { return nil }
	}
	s := &Server{
		identity: c.Identity, team: c.Team, server: c.Server, connect: c.Connect, model: c.Model, log: c.Log.With("pkg", "web"), shown: c.Shown, ready: c.Ready,
		demo: c.Demo, version: c.Version, proxies: c.Proxies, patience: c.Patience,
	}
	s.mate, s.ask, s.answering, s.markdown = c.Mate, c.Ask, c.Answering, newMarkdown()
	s.records, s.fixedURL, s.facts = c.Records, c.FixedURL, c.Facts
	var err error
	if s.assets, err = newAssets(); err != nil {
		return nil, err
	}
	if c.Book == nil {
		if c.Book, err = locale.Open(); err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
	}
	s.pages = &pages{assets: s.assets, book: c.Book, parsed: map[[2]string]*template.Template{}}
	guard, err := s.guard()
	if err != nil {
		return nil, err
	}
	s.handler = guard(s.routes())
	return s, nil
}

// ServeHTTP serves a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") }

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if err := s.ready(r.Context()); err != nil {
		s.log.DebugContext(r.Context(), "not ready", "err", err) // health checks every second must not fill the log
		plain(w, http.StatusServiceUnavailable, openmates.MessageOf(err))
		return
	}
	plain(w, http.StatusOK, "ready")
}

func (s *Server) favicon(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, s.assets.url("icon.svg"), http.StatusFound)
}

// robots keeps search engines out.
func robots(w http.ResponseWriter, _ *http.Request) {
	plain(w, http.StatusOK, "User-agent: *\nDisallow: /")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(strings.TrimSpace(text) + "\n")) //nolint:gosec // text/plain, never sniffed; this fails only if the client has disconnected
}
