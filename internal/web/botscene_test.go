package web

import (
	"context"
	"encoding/json"
	"html"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/messenger"
	"openmates/internal/messenger/discord"
	"openmates/internal/messenger/discord/discordtest"
)

// botScene is a house that speaks to the simulator of Discord, with running
// listeners; Ada runs it. Sophia's application is set up there as it should be,
// but nothing of it is entered here yet.
type botScene struct {
	*house
	sim   *discordtest.Server
	ann   discordtest.Person
	app   discordtest.Application
	guild discordtest.Guild
	team  openmates.Team
	sup   *messenger.Supervisor
	ada   *browser
	ahead atomic.Int64 // by how much the clock of connections is ahead
}

// later lets the clock of connections go ahead.
func (s *botScene) later(d time.Duration) { s.ahead.Store(int64(d)) }

const sophiaAt = "/server/bots/discord/sophia"

type sceneConfig struct {
	sim      discordtest.Config
	api      string        // "" = the simulator
	patience time.Duration // 0 = 5 s
}

func newBotScene(t *testing.T, c sceneConfig) *botScene {
	t.Helper()
	c.sim.MaxConcurrency = max(c.sim.MaxConcurrency, 16) // no bot waits 5 s for another one to identify
	s := &botScene{sim: discordtest.Start(t, c.sim)}
	if c.api == "" {
		c.api = s.sim.API()
	}
	if c.patience == 0 {
		c.patience = 5 * time.Second
	}
	s.house = newHouseWith(t, func(h *house, cfg *Config) {
		s.house = h
		log := slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		d, err := discord.New(discord.Config{API: c.api, Authorize: s.sim.Authorize(), Log: log, Patience: c.patience})
		must(t, err)
		s.listeners(d, log)
		h.connect, err = connect.New(connect.Config{
			Store: h.db, Connectors: map[openmates.Network]messenger.Connector{discord.Network: d}, States: s.sup,
			Address: h.address, Changed: s.sup.Wake, Audit: h.db.AddAudit, Log: log,
			Clock: func() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) },
		})
		must(t, err)
		cfg.Connect = h.connect
	})
	s.ann = s.sim.AddPerson("Ann")
	s.guild = s.sim.AddGuild(s.ann.ID, "Harbour")
	s.app = s.application("Sophia")
	s.people()
	s.ada = s.as("ada")
	return s
}

// listeners runs the supervisor of a whole process.
func (s *botScene) listeners(d *discord.Connector, log *slog.Logger) {
	var err error
	s.sup, err = messenger.NewSupervisor(messenger.SupervisorConfig{
		Connectors: map[openmates.Network]messenger.Connector{discord.Network: d}, Bots: s.db.Bots,
		Hold: func(ctx context.Context, _ string, do func(context.Context) error) error { return do(ctx) },
		Workspaces: func(ctx context.Context, b openmates.Bot, c messenger.WorkspaceChange) error {
			switch {
			case c.Known:
				return s.db.OnlyWorkspaces(ctx, b.ID, c.All)
			case c.Left:
				return s.db.LeftWorkspace(ctx, b.ID, c.Workspace.ID)
			}
			_, err := s.db.AddInstallation(ctx, openmates.Installation{BotID: b.ID, Workspace: c.Workspace.ID, Name: c.Workspace.Name})
			return err
		},
		Notes: s.db.BotNotes, SaveNotes: s.db.SaveBotNotes, Log: log, Clock: time.Now,
		SaveState: func(ctx context.Context, id openmates.ID, st messenger.State) error {
			text, err := json.Marshal(st)
			if err != nil {
				return err
			}
			return s.db.SaveBotReport(ctx, connect.BotReport{BotID: id, Process: "test", State: text})
		},
	})
	must(s.t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.sup.Run(ctx, messenger.Product{Receive: func(context.Context, messenger.Inbound) error { return nil }}) // ends with ctx
	}()
	s.t.Cleanup(func() {
		stop()
		<-done
	})
}

func (s *botScene) people() {
	ctx := context.Background()
	var err error
	s.team, err = s.db.AddTeam(ctx, openmates.Team{Slug: "harbour", Name: "Harbour"})
	must(s.t, err)
	u, err := s.db.AddUser(ctx, openmates.User{Username: "ada", DisplayName: "Ada", Admin: true}, "")
	must(s.t, err)
	must(s.t, s.db.AddMember(ctx, openmates.Membership{TeamID: s.team.ID, UserID: u.ID, Role: openmates.RoleAdmin}))
	s.mate("Sophia")
}

func (s *botScene) mate(name string) openmates.Mate {
	m, err := s.db.SaveMate(context.Background(), openmates.Mate{Handle: strings.ToLower(name), Name: name, Description: name + " helps.", Prompt: "Help.", Enabled: true})
	must(s.t, err)
	return m
}

// application makes one on Discord's side in which nothing is wrong.
func (s *botScene) application(name string) discordtest.Application {
	app := s.sim.AddApplication(s.ann.ID, name)
	s.sim.Configure(app.ID, func(c *discordtest.Settings) {
		c.Redirects, c.CodeGrant = []string{s.url + connect.RedirectPath}, true
	})
	s.sim.Install(s.guild.ID, app.ID, int64(discord.Default))
	return app
}

// typed are the values that an admin pastes.
func typed(app discordtest.Application) url.Values {
	return url.Values{"app_id": {app.ID}, "token": {app.Token}, "secret": {app.Secret}}
}

// set enters Sophia's application and gives the page that follows.
func (s *botScene) set(change ...func(url.Values)) answer {
	s.t.Helper()
	f := typed(s.app)
	for _, c := range change {
		c(f)
	}
	return s.ada.follow(sophiaAt, f)
}

func with(field, value string) func(url.Values) {
	return func(f url.Values) { f.Set(field, value) }
}

// listening waits until Sophia's listener holds a session.
func (s *botScene) listening() {
	s.t.Helper()
	s.shows(sophiaAt+"/state", "Online")
}

// shows waits until an address shows all of these.
func (s *botScene) shows(path string, parts ...string) string {
	s.t.Helper()
	body := ""
	s.await(path+" shows "+strings.Join(parts, " and "), func() bool {
		body = html.UnescapeString(s.ada.get(path).body)
		for _, p := range parts {
			if !strings.Contains(body, p) {
				return false
			}
		}
		return true
	}, func() string { return body })
	return body
}

var aFinding = regexp.MustCompile(`(?s)<li data-check="([^"]*)"><span class="chip ([a-z]*)">(.*?)</li>`)

type shownFinding struct{ tone, text string }

// findings reads the result list of a page.
func findings(body string) map[string]shownFinding {
	all := map[string]shownFinding{}
	for _, m := range aFinding.FindAllStringSubmatch(body, -1) {
		all[m[1]] = shownFinding{m[2], html.UnescapeString(m[3])}
	}
	return all
}

// perfect dresses and connects Sophia, so that nothing is wrong.
func (s *botScene) perfect() {
	s.t.Helper()
	wants(s.t, s.set(), 200, "and is connecting now")
	_, err := s.db.AddInstallation(context.Background(), openmates.Installation{BotID: s.botID("sophia"), TeamID: s.team.ID, Workspace: openmates.WorkspaceID(s.guild.ID), Name: s.guild.Name})
	must(s.t, err)
	s.listening()
	got := s.ada.follow(sophiaAt+"/dress", url.Values{})
	wants(s.t, got, 200, "All checks passed")
}

func (s *botScene) botID(handle string) openmates.ID {
	m, err := s.connect.Mate(context.Background(), handle)
	must(s.t, err)
	return m.Bots[0].ID
}

// again presses "Check again".
func (s *botScene) again() answer {
	s.t.Helper()
	return s.ada.follow(sophiaAt+"/check", url.Values{})
}
