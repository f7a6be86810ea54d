//go:build !nodemo

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"openmates"
	"openmates/internal/catalogue"
	"openmates/internal/connect"
	"openmates/internal/messenger/discord"
	"openmates/internal/messenger/discord/discordtest"
	"openmates/internal/server"
	"openmates/internal/team"
	"openmates/internal/web"
)

// The demo's data: a team in a guild, two people and three mates.
const (
	demoTeam     = "Lighthouse"
	demoPassword = openmates.Secret("lantern-harbour-42")
)

func demoPlan() team.Plan {
	return team.Plan{Team: demoTeam, People: []team.Person{
		{Username: "ada", Name: "Ada", Password: demoPassword, Role: openmates.RoleAdmin, Admin: true},
		{Username: "ben", Name: "Ben", Password: demoPassword, Role: openmates.RoleMember},
	}}
}

// demoPages returns what the pages need to know about the demo: what is
// simulated and who can sign in.
func demoPages(discord string, kept bool) *web.Demo {
	d := &web.Demo{Discord: discord, Kept: kept}
	for _, p := range demoPlan().People {
		about := openmates.T("member of the team %s", demoTeam)
		if p.Admin {
			about = openmates.T("admin of the server and the team %s", demoTeam)
		}
		d.People = append(d.People, web.DemoPerson{
			Username: p.Username, Name: p.Name, About: about, Password: p.Password,
		})
	}
	return d
}

// demo runs the whole product with a simulated Discord until ctx ends. Only
// Discord is simulated: messages take the same path as with discord.com, over
// real sockets.
func demo(ctx context.Context, s settings, set map[string]bool, log *slog.Logger, stdout io.Writer) error {
	if !set["data"] {
		dir, err := os.MkdirTemp("", "openmates-demo-")
		if err != nil {
			return fmt.Errorf("create a folder for the demo: %w", err)
		}
		defer os.RemoveAll(dir)
		s.Data = dir
	}
	if !set["log-level"] {
		log = slog.New(quiet{log.Handler()})
	}
	if err := privateFolder(s.Data); err != nil {
		return err
	}
	sim, err := discordtest.Open(discordtest.Config{
		File: filepath.Join(s.Data, "discord.json"), Log: log,
	})
	if err != nil {
		return fmt.Errorf("start the simulated Discord: %w", err)
	}
	defer sim.Close()
	s.DiscordAPI, s.DiscordAuthorize = sim.API(), sim.Authorize()
	if !set["addr"] {
		s.Addr = freeAddr(s.Addr)
	}

	m, err := newModels(s, set, true)
	if err != nil {
		return err
	}
	srv, err := newServer(ctx, s, m, demoPages(sim.URL(), set["data"]), log)
	if err != nil {
		return err
	}
	defer srv.close()
	place, err := seed(ctx, srv, sim)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "web %s\ndiscord %s\n", srv.address.URL(), sim.URL())
	fmt.Fprintf(stdout, "Open %s and type: @Sophia hello\n", sim.URL()+place)
	return srv.run(ctx)
}

// freeAddr returns addr if it is free, else a free port on the same host.
func freeAddr(addr string) string {
	l, err := net.Listen("tcp", addr)
	if err == nil {
		_ = l.Close()
		return addr
	}
	host, _, _ := net.SplitHostPort(addr)
	return net.JoinHostPort(host, "0")
}

// seed creates the demo's data on both sides, unless an earlier run with the
// same folder did. It returns the path of the chat page to open first.
func seed(ctx context.Context, srv *service, sim *discordtest.Server) (place string, err error) {
	const remembered = "demo.place"
	if place, ok, err := srv.db.Setting(ctx, remembered); err != nil || ok {
		return place, err
	}
	team, users, err := srv.team.Seed(ctx, demoPlan())
	if err != nil {
		return "", err
	}
	if err := srv.server.SetSignUp(ctx, users[0].ID, server.OpenToTeams); err != nil {
		return "", err
	}
	if err := srv.server.Rename(ctx, users[0].ID, demoTeam); err != nil {
		return "", err
	}
	people := make([]discordtest.Person, len(users))
	for i, u := range users {
		people[i] = sim.AddPerson(u.DisplayName)
		if _, err := srv.db.AddIdentity(ctx, openmates.Identity{
			UserID: u.ID, Network: discord.Network, AccountID: openmates.AccountID(people[i].ID), Name: people[i].Name,
		}); err != nil {
			return "", fmt.Errorf("link %s: %w", u.Username, err)
		}
	}
	guild := sim.AddGuild(people[0].ID, demoTeam)
	for _, p := range people[1:] {
		sim.Join(guild.ID, p.ID)
	}
	sim.AddChannel(guild.ID, "engineering")
	sim.AddChannel(guild.ID, "marketing")
	if err := seedMates(ctx, srv, sim, team, people[0], guild); err != nil {
		return "", err
	}
	sim.Say(guild.General, people[1].ID, "Morning! I just added the three mates to our guild. Try asking one of them something.")
	place = "/channels/" + guild.ID + "/" + guild.General + "?as=" + people[0].ID
	return place, srv.db.SetSetting(ctx, remembered, place)
}

// seedMates creates the mates, registers their applications in the simulated
// Discord and adds their bots to the guild.
func seedMates(ctx context.Context, srv *service, sim *discordtest.Server, team openmates.Team, owner discordtest.Person, guild discordtest.Guild) error {
	ready, err := catalogue.Mates()
	if err != nil {
		return err
	}
	for _, m := range ready {
		if !slices.Contains([]string{"sophia", "mark", "lisa"}, m.Handle) {
			continue
		}
		m, err := srv.db.SaveMate(ctx, m)
		if err != nil {
			return fmt.Errorf("add %s: %w", m.Name, err)
		}
		app := sim.AddApplication(owner.ID, m.Name)
		sim.Configure(app.ID, func(c *discordtest.Settings) {
			c.Redirects = []string{srv.address.URL() + connect.RedirectPath}
			c.CodeGrant = true
		})
		sim.Install(guild.ID, app.ID, int64(discord.Default))
		bot, err := srv.db.SaveBot(ctx, openmates.Bot{
			MateID: m.ID, Network: discord.Network, AppID: app.ID, UserID: openmates.AccountID(app.BotID), Name: m.Name,
			Secrets: openmates.Secrets{"token": openmates.Secret(app.Token), "secret": openmates.Secret(app.Secret)},
		})
		if err != nil {
			return fmt.Errorf("add the bot of %s: %w", m.Name, err)
		}
		if _, err := srv.db.AddInstallation(ctx, openmates.Installation{
			BotID: bot.ID, TeamID: team.ID, Workspace: openmates.WorkspaceID(guild.ID), Name: guild.Name, Created: time.Now(),
		}); err != nil {
			return fmt.Errorf("install %s: %w", m.Name, err)
		}
	}
	return seedLinkApp(ctx, srv, sim, owner)
}

// seedLinkApp registers the server's own application, which people use to link
// their accounts.
func seedLinkApp(ctx context.Context, srv *service, sim *discordtest.Server, owner discordtest.Person) error {
	app := sim.AddApplication(owner.ID, "OpenMates")
	sim.Configure(app.ID, func(c *discordtest.Settings) {
		c.Redirects = []string{srv.address.URL() + connect.RedirectPath}
	})
	_, err := srv.db.SaveBot(ctx, openmates.Bot{
		Network: discord.Network, AppID: app.ID, UserID: openmates.AccountID(app.BotID), Name: app.Name,
		Secrets: openmates.Secrets{"token": openmates.Secret(app.Token), "secret": openmates.Secret(app.Secret)},
	})
	return err
}

// quiet only passes on warnings and errors, so that the demo's few lines stay
// on screen.
type quiet struct{ slog.Handler }

// Enabled implements slog.Handler.
func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}

// WithAttrs implements slog.Handler.
func (q quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(a)} }

// WithGroup implements slog.Handler.
func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }
