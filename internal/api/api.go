// Package api is the door for programs: JSON in, a room's method, JSON out,
// under /api/v1. The OpenAPI document is generated from the handlers.
//
// Every failure is a problem (RFC 9457) with a stable code and a complete
// sentence. A team doesn't exist for callers who aren't members of it. A
// browser on another site can't act for somebody who is signed in here. Unknown
// fields are rejected, not ignored. A request that creates something can be
// repeated with the same key. IDs are strings.
//
// It contains no rules: the rooms decide what may be done, by whom and with
// what effect.
package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

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

// Prefix is the path of the API.
const Prefix = "/api/v1"

// Config configures a Server.
type Config struct {
	Identity *identity.Room
	Team     *team.Room
	Server   *server.Room
	Connect  *connect.Room
	Mate     *mate.Room
	Model    *model.Room
	Records  Records
	Answers  Answers
	Log      *slog.Logger
	Version  string
	// Shown names the model that answers by default.
	Shown func(ctx context.Context) model.Shown
	// Ask asks a mate, by the same rules as in a messenger, and waits for the
	// outcome. show, unless nil, is given the text so far while it grows.
	Ask func(ctx context.Context, a chat.Ask, show func(text string)) (openmates.Outcome, error)
	// From returns the address that a request came from; nil = its peer.
	From func(r *http.Request) netip.Addr
	// Asked returns where a request was sent to; nil = its Host.
	Asked    func(r *http.Request) server.Asked
	Book     *locale.Book    // nil = the languages that the program carries
	Patience intake.Patience // with bodies; zero = the default
	FixedURL bool            // the public address comes from the settings of the process
	Clock    openmates.Clock // nil = the real one
}

// Records reads what has happened on the server.
type Records interface {
	FindAudit(ctx context.Context, q openmates.AuditSearch) ([]openmates.AuditLine, error)
	Audit(ctx context.Context, teamID, before openmates.ID, n int) ([]openmates.AuditEntry, error)
	Troubles(ctx context.Context, n int) ([]openmates.TroubledTurn, error)
	Month(ctx context.Context, t time.Time) (openmates.MonthSpend, error)
	Count(ctx context.Context) (openmates.Counts, error)
}

// Server is the door. It is an http.Handler for everything below Prefix.
type Server struct {
	identity *identity.Room
	team     *team.Room
	server   *server.Room
	connect  *connect.Room
	mate     *mate.Room
	model    *model.Room
	records  Records
	answers  Answers
	log      *slog.Logger
	now      openmates.Clock
	version  string
	shown    func(ctx context.Context) model.Shown
	ask      func(context.Context, chat.Ask, func(string)) (openmates.Outcome, error)
	from     func(*http.Request) netip.Addr
	asked    func(*http.Request) server.Asked
	patient  intake.Patience
	book     *locale.Book
	shapes   shapes
	fixed    bool // the public address

	api        huma.API
	operations func() (http.Handler, error) // register, called once
	handler    http.Handler

	mux     *http.ServeMux  // for the operations
	asks    map[string]bool // patterns of operations that ask a mate
	keyless map[string]bool // patterns of operations that accept no Idempotency-Key
}

// New returns a Server.
func New(c Config) (*Server, error) {
	if c.Identity == nil || c.Team == nil || c.Server == nil || c.Connect == nil || c.Log == nil || c.Shown == nil || c.Ask == nil {
		return nil, errors.New("api: Config needs Identity, Team, Server, Connect, Log, Shown and Ask")
	}
	if c.Mate == nil || c.Model == nil || c.Records == nil || c.Answers == nil {
		return nil, errors.New("api: Config needs Mate, Model, Records and Answers")
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Book == nil {
		var err error
		if c.Book, err = locale.Open(); err != nil {
			return nil, err
		}
	}
	if c.From == nil {
		c.From = peer
	}
	if c.Asked == nil {
		c.Asked = func(r *http.Request) server.Asked {
			return server.Asked{Host: r.Host, Public: c.Connect.PublicURL()}
		}
	}
	s := &Server{
		identity: c.Identity, team: c.Team, server: c.Server, connect: c.Connect, mate: c.Mate, model: c.Model, records: c.Records, answers: c.Answers,
		log: c.Log.With("pkg", "api"), now: c.Clock, version: c.Version,
		shown: c.Shown, ask: c.Ask, from: c.From, asked: c.Asked, patient: c.Patience, book: c.Book, fixed: c.FixedURL,
	}
	cross := http.NewCrossOriginProtection()
	if err := cross.AddTrustedOrigin(c.Connect.PublicURL()); err != nil {
		return nil, err
	}
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, openmates.Errorf(openmates.EForbidden, "This request was sent by a page of another site, so nothing was changed."))
	}))
	s.operations = sync.OnceValues(s.register)
	known := s.identity.Secured(s.identity.Middleware(s.identify(http.HandlerFunc(s.operate))))
	s.handler = headers(s.spoken(s.name(s.here(cross.Handler(s.alone(known))))))
	return s, nil
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

func peer(r *http.Request) netip.Addr {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap()
}

func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

const about = `Teams, people and AI team mates of this server.

A request needs the session of somebody who is signed in, or a token: “Authorization: Bearer om_…”. A token has scopes: read for reading, write for what a member may do, admin for what an admin may do. Each includes the ones before it, and none allows more than the person themselves may do.

Every failure is a problem with a sentence and a stable code. Lists are paginated: limit, cursor, next. Objects have an ETag; a change that sends it as If-Match fails with 412 if somebody else changed the object first. A POST with an Idempotency-Key is executed once, and repeats get the same answer for a day; operations that take a password, or that a token can't call, accept no key. X-Request-Id identifies a request in the answer and in the log.

Sentences are in the caller's preferred language, else in the one that Accept-Language asks for, else in English. Codes and reasons are the same in all of them.`

// schemaName names a type in the document. Types from other packages are stored
// data, for data downloads.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	name := huma.DefaultSchemaNamer(t, hint)
	if path := t.PkgPath(); path != "" && !strings.HasSuffix(path, "/api") {
		return "Kept" + name
	}
	return name
}

// operate handles a request with its operation. The first request registers
// them all, because their description takes two megabytes that a server with an
// unused API needn't have.
func (s *Server) operate(w http.ResponseWriter, r *http.Request) {
	all, err := s.operations()
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	all.ServeHTTP(w, r)
}

// register registers every operation of the API.
func (s *Server) register() (http.Handler, error) {
	mux := http.NewServeMux()
	s.mux, s.keyless = mux, map[string]bool{}
	s.asks = map[string]bool{http.MethodPost + " " + Prefix + processPath: true, http.MethodPost + " " + Prefix + tryPath: true}
	config := huma.DefaultConfig("OpenMates", s.version)
	config.Info.Description = about
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = Prefix+"/openapi", "", ""
	config.CreateHooks = nil // would add $schema to every body
	config.RejectUnknownQueryParameters = true
	// huma and encoding/json accept names in any case, and the last of
	// duplicate names: what was checked would not be what is used.
	strict := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: intake.JSON}
	config.Formats = map[string]huma.Format{"application/json": strict, "json": strict}
	config.Transformers = []huma.Transformer{s.problems, s.sentences}
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: s.identity.CookieName(), Description: "The session started by signing in, on the pages or with /auth/sign-in."},
		"token":   {Type: "http", Scheme: "bearer", BearerFormat: "om_…", Description: "A token of a person, of a team, or of a listener."},
	}
	config.Security = []map[string][]string{{"session": {}}, {"token": {}}}
	s.api = humago.New(mux, config)
	s.authOperations()
	s.meOperations()
	s.guardOperations()
	s.teamOperations()
	s.peopleOperations()
	s.tokenOperations()
	s.messageOperations()
	s.appOperations()
	s.limitOperations()
	s.mateOperations()
	s.modelOperations()
	s.botOperations()
	s.serverOperations()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, openmates.Errorf(openmates.ENotFound, "The API has no such path or method. %s/docs lists all of them.", Prefix))
	})
	if err := docs(mux, s.api.OpenAPI()); err != nil {
		return nil, err
	}
	return s.once(&versions{next: mux, refer: s.refuse, paths: map[string]*turn{}}), nil
}
