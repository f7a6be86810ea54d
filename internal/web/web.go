// Package web is the door for people: pages and forms.
//
// It promises that every page works without JavaScript, that a GET changes
// nothing, that a form sent from another site changes nothing, that no page
// holds a secret but the one that it was made to show once, that what removes or
// ends something asks first, that a reload repeats nothing (every form that has
// worked is answered with a redirect), and that each page leads on to what there is to do next;
// what went wrong comes with its cure.
//
// It holds no rule: what may be done, by whom and with what effect, is the
// rooms' to say. It knows no messenger: what is special about one is said by
// its connector.
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

// Config holds what a Server needs.
type Config struct {
	Identity *identity.Room
	Team     *team.Room
	Server   *server.Room
	Connect  *connect.Room
	Model    *model.Room
	Mate     *mate.Room
	Log      *slog.Logger
	Shown    func(ctx context.Context) model.Shown // which model answers now
	Ready    func(ctx context.Context) error       // nil = the server can serve; MessageOf says why not
	Demo     *Demo                                 // nil outside of the demo
	Version  string
	Book     *locale.Book // nil = the languages that the program carries
	// Proxies are believed when they say from which address a request came
	// (X-Forwarded-For) and for which one it was meant.
	Proxies  []netip.Prefix
	Patience intake.Patience // with bodies; zero = the usual one
	Records  Records
	FixedURL bool // the public address comes from the settings of the process
	Facts    []Fact
	// Ask asks a mate and waits for the outcome, see chat.Room.
	Ask func(ctx context.Context, a chat.Ask, show func(text string)) (openmates.Outcome, error)
	// Answering names the model that answers for a mate; nil = the mate's own
	// or the one that Model says.
	Answering func(ctx context.Context, m openmates.Mate) (string, error)
}

// Demo is what is special in a demonstration.
type Demo struct {
	Discord string // where the simulator's pages are
	People  []DemoPerson
	Kept    bool // the data folder stays when the demonstration ends
}

// DemoPerson can sign in with one click.
type DemoPerson struct {
	Username string
	Name     string
	About    openmates.Text // "runs the server", …
	Password openmates.Secret
}

// Server is the door. It is an http.Handler.
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
	finished atomic.Bool // the set-up was seen to be done

	mate      *mate.Room
	ask       func(ctx context.Context, a chat.Ask, show func(text string)) (openmates.Outcome, error)
	answering func(ctx context.Context, m openmates.Mate) (string, error)
	markdown  *markdown

	assets  *assets
	pages   *pages
	handler http.Handler

	patterns []string // of all routes
	asks     []string // paths whose form asks before it acts
}

// New makes a Server.
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

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") }

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if err := s.ready(r.Context()); err != nil {
		s.log.DebugContext(r.Context(), "not ready", "err", err) // who is asked each second must not fill the log
		plain(w, http.StatusServiceUnavailable, openmates.MessageOf(err))
		return
	}
	plain(w, http.StatusOK, "ready")
}

func (s *Server) favicon(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, s.assets.url("icon.svg"), http.StatusFound)
}

// robots keeps a private server out of search engines.
func robots(w http.ResponseWriter, _ *http.Request) {
	plain(w, http.StatusOK, "User-agent: *\nDisallow: /")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(strings.TrimSpace(text) + "\n")) //nolint:gosec // text/plain, never sniffed; the client is gone if this fails
}
