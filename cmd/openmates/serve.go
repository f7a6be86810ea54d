package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"openmates"
	"openmates/internal/address"
	"openmates/internal/catalogue"
	"openmates/internal/chat"
	"openmates/internal/connect"
	"openmates/internal/document"
	"openmates/internal/guard"
	"openmates/internal/identity"
	"openmates/internal/locale"
	"openmates/internal/mail"
	"openmates/internal/mail/smtp"
	"openmates/internal/mate"
	"openmates/internal/messenger"
	"openmates/internal/messenger/discord"
	"openmates/internal/queue"
	"openmates/internal/secret"
	"openmates/internal/server"
	"openmates/internal/skill"
	"openmates/internal/store"
	"openmates/internal/team"
	"openmates/internal/web"
)

// service is everything that one process runs, wired and ready to start.
type service struct {
	set        settings
	log        *slog.Logger
	book       *locale.Book
	address    *address.Public
	listener   net.Listener
	db         *store.DB
	queue      queue.Queue
	hold       queue.Leaser
	nats       func() bool // reports whether NATS answers; nil = not needed
	models     *models
	identity   *identity.Room
	team       *team.Room
	server     *server.Room
	connect    *connect.Room
	networks   map[openmates.Network]messenger.Connector // nil = all that the program has
	chat       *chat.Room
	supervisor *messenger.Supervisor
	mate       *mate.Room
	skills     *skill.Registry
	handler    http.Handler
	porch      *porch
	closers    []func() error
	settled    chan struct{} // signals that a server setting changed, here or in another process
}

// serve runs the server until ctx ends.
func serve(ctx context.Context, s settings, set map[string]bool, log *slog.Logger, stdout io.Writer) error {
	m, err := newModels(s, set, false)
	if err != nil {
		return err
	}
	srv, err := newServer(ctx, s, m, nil, log)
	if err != nil {
		return err
	}
	defer srv.close()
	if s.does("web") {
		if err := srv.patient(ctx, srv.firstMates); err != nil {
			return err
		}
	}
	fmt.Fprintf(stdout, "web %s\n", srv.address.URL())
	if s.does("web") {
		if err := srv.patient(ctx, func(ctx context.Context) error { return srv.invite(ctx, stdout) }); err != nil {
			return err
		}
	}
	return srv.run(ctx)
}

// invite prints the setup link of a server without an admin. Printing a new
// link invalidates the previous one, so only a process with the web role does
// it.
func (srv *service) invite(ctx context.Context, stdout io.Writer) error {
	code, err := srv.server.SetupCode(ctx)
	if err != nil {
		return fmt.Errorf("open the setup: %w", err)
	}
	if code != "" {
		fmt.Fprintf(stdout, "First start: open %s/setup?code=%s to create the admin. The link works once.\n", srv.address.URL(), code.Reveal())
	}
	return nil
}

// newServer creates all parts and wires them. Nothing runs yet, but the address
// is bound.
func newServer(ctx context.Context, s settings, m *models, demo *web.Demo, log *slog.Logger) (*service, error) {
	srv := &service{set: s, log: log, models: m, settled: make(chan struct{}, 1)}
	if err := srv.prepare(ctx, demo); err != nil {
		srv.close()
		return nil, err
	}
	return srv, nil
}

func (srv *service) prepare(ctx context.Context, demo *web.Demo) (err error) {
	if srv.book, err = locale.Open(); err != nil {
		return err
	}
	if err := srv.listen(); err != nil {
		return err
	}
	if err := srv.open(ctx); err != nil {
		return err
	}
	if err := srv.patient(ctx, srv.findAddress); err != nil {
		return err
	}
	if err := srv.patient(ctx, func(ctx context.Context) error { return srv.models.open(ctx, srv.db, srv.log) }); err != nil {
		return err
	}
	if srv.networks == nil {
		if srv.networks, err = srv.messengers(); err != nil {
			return err
		}
	}
	if err := srv.wire(demo); err != nil {
		return err
	}
	srv.db.OnChange(func(kind string) {
		srv.chat.Forget()
		if kind == store.Installations {
			srv.connect.Forget()
		}
		if kind == store.Settings {
			select {
			case srv.settled <- struct{}{}:
			default:
			}
		}
		srv.supervisor.Wake()
	})
	return nil
}

// listen binds the address to serve at.
func (srv *service) listen() error {
	l, err := net.Listen("tcp", srv.set.Addr)
	if err != nil {
		return invalid("addr", "%v", err)
	}
	srv.listener = l
	srv.porch = newPorch(l, srv.log)
	srv.closers = append(srv.closers, srv.porch.close)
	return nil
}

// reachable turns the address of a listener on all interfaces into one that a
// browser on this machine can open.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// open opens the data folder, the key and the database.
func (srv *service) open(ctx context.Context) error {
	if err := privateFolder(srv.set.Data); err != nil {
		return err
	}
	seal, err := srv.set.keys()
	if err != nil {
		return err
	}
	err = srv.patient(ctx, func(ctx context.Context) (err error) {
		srv.db, err = srv.set.database(ctx, seal, srv.log)
		return err
	})
	if err != nil {
		return err
	}
	srv.closers = append(srv.closers, srv.db.Close)
	// The database may be away again at any moment, also just after it was opened.
	if err := srv.patient(ctx, func(ctx context.Context) error { return srv.checkKey(ctx, seal) }); err != nil {
		return err
	}
	return srv.openQueue()
}

// keys loads the keys that seal credentials.
func (s *settings) keys() (*secret.Ring, error) {
	return secret.Load(secret.Config{Keys: s.Key.reveal(), File: filepath.Join(s.Data, keyFile)})
}

func (s *settings) database(ctx context.Context, seal *secret.Ring, log *slog.Logger) (*store.DB, error) {
	return store.Open(ctx, store.Config{URL: s.DatabaseURL.reveal().Reveal(), Dir: s.Data, Seal: seal, Log: log})
}

// messengers returns a connector for each supported messenger. A new messenger
// gets its line here.
func (srv *service) messengers() (map[openmates.Network]messenger.Connector, error) {
	d, err := discord.New(discord.Config{
		API: srv.set.DiscordAPI, Authorize: srv.set.DiscordAuthorize, Version: versionText(),
		Log: srv.log,
	})
	if err != nil {
		return nil, err
	}
	return map[openmates.Network]messenger.Connector{discord.Network: d}, nil
}

// wire creates the rooms and the doors.
func (srv *service) wire(demo *web.Demo) (err error) {
	if srv.skills, err = newSkills(srv.set, srv.log); err != nil {
		return err
	}
	if err := srv.people(); err != nil {
		return err
	}
	srv.supervisor, err = messenger.NewSupervisor(messenger.SupervisorConfig{
		Connectors: srv.networks, Bots: srv.db.ListeningBots, Hold: srv.hold.Hold,
		Workspaces: srv.workspaces, Notes: srv.db.BotNotes, SaveNotes: srv.db.SaveBotNotes, SaveState: srv.saveState,
		Only: srv.only(), Log: srv.log,
	})
	if err != nil {
		return err
	}
	srv.connect, err = connect.New(connect.Config{
		Store: connectStoreOf(srv.db), Connectors: srv.networks, States: srv.supervisor, Address: srv.address,
		Changed: srv.supervisor.Wake, Audit: srv.db.AddAudit, Log: srv.log,
	})
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the program itself: %w", err)
	}
	srv.chat, err = chat.New(chat.Config{
		Documents: document.Reader{Program: program, Args: []string{readDocument}},
		Store:     chatStoreOf(srv.db), Queue: srv.queue, Connectors: srv.networks, Model: srv.models.room.Choose, Currency: srv.server.Currency,
		Log: srv.log, Skills: srv.skills, Say: srv.book.Say,
		NoStreaming: !srv.set.Stream, Grace: srv.set.Grace, Links: srv.connect,
	})
	if err != nil {
		return err
	}
	srv.closers = append(srv.closers, srv.chat.Close)
	return srv.doors(demo)
}

// people creates the rooms identity, team and server.
func (srv *service) people() error {
	p, err := newPeople(srv.db, srv.address, srv.book, srv.log)
	if err != nil {
		return err
	}
	srv.identity = p.identity
	srv.closers = append(srv.closers, srv.identity.Close)
	srv.server, err = server.New(server.Config{
		Store: serverStoreOf(srv.db), Log: srv.log, Accounts: srv.identity, Failures: p.failures, Post: p.post, Address: srv.address, Audit: srv.db.AddAudit,
	})
	if err != nil {
		return err
	}
	srv.team, err = team.New(team.Config{
		Store: teamStoreOf(srv.db), Log: srv.log, Accounts: srv.identity, Session: srv.identity, SignUp: srv.server, Post: p.post, Audit: srv.db.AddAudit,
	})
	return err
}

// people is the identity room, with what it shares with other rooms.
type people struct {
	identity *identity.Room
	post     *mail.Postman
	failures *guard.Failures
}

// newPeople creates it for a running server, or for a command that works on its
// database.
func newPeople(db *store.DB, at *address.Public, book *locale.Book, log *slog.Logger) (p people, err error) {
	if p.post, err = mail.NewPostman(mail.PostmanConfig{Store: db.MailStore, Log: log, Sender: smtp.New(smtp.Config{}), Voices: book}); err != nil {
		return p, err
	}
	if p.failures, err = guard.NewFailures(guard.FailuresConfig{Log: log, Audit: db.AddAuditAlone}); err != nil {
		return p, err
	}
	p.identity, err = identity.New(identity.Config{
		Store: identityStoreOf(db), Log: log, Failures: p.failures, Post: p.post, Address: at, Audit: db.AddAudit,
		ServerName: func(ctx context.Context) (string, error) { return server.StoredName(ctx, db) },
	})
	return p, err
}

// only returns a filter for the bots of a process that listens for some mates,
// or nil.
func (srv *service) only() func(context.Context, openmates.Bot) bool {
	if len(srv.set.Bot) == 0 {
		return nil
	}
	return func(ctx context.Context, b openmates.Bot) bool {
		m, err := srv.db.Mate(ctx, b.MateID)
		if err != nil {
			return false
		}
		for _, handle := range srv.set.Bot {
			if strings.EqualFold(handle, m.Handle) {
				return true
			}
		}
		return false
	}
}

// run starts the parts of the role and waits until ctx ends and all of them
// have stopped.
func (srv *service) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return srv.porch.serve(ctx, srv.handler) })
	g.Go(func() error { return srv.models.room.Run(ctx) })
	g.Go(func() error { return srv.followAddress(ctx) })
	if srv.set.does("web") {
		g.Go(func() error { return srv.connect.CheckBots(ctx) })
	}
	if srv.set.does("web") || srv.set.does("work") {
		g.Go(func() error { return srv.chat.Sweep(ctx) })
	}
	if srv.set.does("listen") {
		g.Go(func() error {
			return srv.supervisor.Run(ctx, messenger.Product{Receive: srv.chat.Receive, Commands: chat.Commands(), Command: srv.chat.Command})
		})
		g.Go(func() error { return srv.connect.Greet(ctx) })
	}
	if srv.set.does("work") {
		g.Go(func() error { return srv.chat.Work(ctx, srv.set.Workers) })
		g.Go(func() error { return srv.chat.Prune(ctx) })
	}
	err := g.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// close releases what newServer opened, in reverse order.
func (srv *service) close() {
	for _, closer := range slices.Backward(srv.closers) {
		if err := closer(); err != nil && !errors.Is(err, net.ErrClosed) {
			srv.log.Warn("could not close", "err", err)
		}
	}
}

// firstMates adds the catalogue's mates to an empty database.
func (srv *service) firstMates(ctx context.Context) error {
	there, err := srv.db.Mates(ctx)
	if err != nil || len(there) > 0 {
		return err
	}
	ready, err := catalogue.Mates()
	if err != nil {
		return err
	}
	for _, m := range ready {
		if _, err := srv.db.SaveMate(ctx, m); err != nil {
			return fmt.Errorf("add %s: %w", m.Name, err)
		}
	}
	return nil
}
