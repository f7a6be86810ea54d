package main_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"openmates"
	"openmates/internal/llm/llmtest"
	"openmates/internal/messenger/discord"
	"openmates/internal/messenger/discord/discordtest"
	"openmates/internal/secret"
	"openmates/internal/store"
)

// world is the outside of the program: a Discord with people and bots in it,
// and a model.
type world struct {
	sim    *discordtest.Server
	model  *llmtest.Server
	people []discordtest.Person
	places []place
	apps   []discordtest.Application
}

// place is a channel with the bot that is spoken to there.
type place struct {
	guild, channel string
	app            discordtest.Application
}

// plan is the size of a world. Each bot has its own guild.
type plan struct {
	bots     int
	channels int // of each guild
	people   int
	answer   func(llmtest.Question) llmtest.Reply
	discord  discordtest.Config
}

func newWorld(t testing.TB, p plan) *world {
	t.Helper()
	w := &world{sim: discordtest.Start(t, p.discord)}
	var err error
	if w.model, err = llmtest.New(llmtest.Config{Models: []string{"test"}, Answer: p.answer}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.model.Close)
	for n := range p.people {
		w.people = append(w.people, w.sim.AddPerson(fmt.Sprintf("person%d", n)))
	}
	owner := w.people[0].ID
	for n := range p.bots {
		g := w.sim.AddGuild(owner, fmt.Sprintf("Guild %d", n))
		for _, someone := range w.people {
			w.sim.Join(g.ID, someone.ID)
		}
		app := w.sim.AddApplication(owner, fmt.Sprintf("Mate %d", n))
		w.sim.Install(g.ID, app.ID, int64(discord.Default))
		w.apps = append(w.apps, app)
		w.places = append(w.places, place{g.ID, g.General, app})
		for c := range p.channels - 1 {
			ch := w.sim.AddChannel(g.ID, fmt.Sprintf("channel-%d", c))
			w.places = append(w.places, place{g.ID, ch.ID, app})
		}
	}
	// Neighbours in the list belong to different bots.
	mixed := make([]place, 0, len(w.places))
	for c := range p.channels {
		for b := range p.bots {
			mixed = append(mixed, w.places[b*p.channels+c])
		}
	}
	w.places = mixed
	return w
}

// ask has somebody mention the bot of a place.
func (w *world) ask(n int) discordtest.Message {
	p, who := w.places[n%len(w.places)], w.people[n%len(w.people)]
	return w.sim.Say(p.channel, who.ID, fmt.Sprintf("<@%s> question %d", p.app.BotID, n))
}

// connected returns how many of the bots have a live session.
func (w *world) connected(apps []discordtest.Application) int {
	n := 0
	for _, a := range apps {
		if slices.ContainsFunc(w.sim.Connections(a.ID), func(c discordtest.Connection) bool { return c.Identified || c.Resumed }) {
			n++
		}
	}
	return n
}

// installation is a data folder that is set up for a world.
type installation struct {
	binary string
	world  *world
	dir    string
	db     string // "" = SQLite in dir
	key    string
	flags  []string
}

const network = discord.Network

// install sets up a team with limits and a monthly budget, people and mates, so
// that a mention passes through the whole product.
func install(t testing.TB, w *world, db string) *installation {
	t.Helper()
	in := &installation{binary: self(t), world: w, dir: t.TempDir(), db: db}
	in.key = base64.StdEncoding.EncodeToString(sealedBy())
	s := in.open(t)
	if err := seed(t.Context(), s, w); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return in
}

func sealedBy() []byte { return bytes.Repeat([]byte{7}, 32) }

// open opens the installation's database as another process would.
func (in *installation) open(t testing.TB) *store.DB {
	t.Helper()
	seal, err := secret.New(sealedBy())
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Config{URL: in.db, Dir: in.dir, Seal: seal, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func seed(ctx context.Context, s *store.DB, w *world) error {
	team, err := s.AddTeam(ctx, openmates.Team{Slug: "acme", Name: "Acme", Limits: openmates.Limits{
		PerMinute: 10_000_000, PerMonth: 1_000_000_000_000,
	}})
	if err != nil {
		return fmt.Errorf("add the team: %w", err)
	}
	// A budget asks only models with a price.
	provider, err := s.SaveProvider(ctx, openmates.Provider{Name: "openai", Fixed: true})
	if err != nil {
		return fmt.Errorf("add the provider: %w", err)
	}
	if err := s.SaveModels(ctx, openmates.ProviderModel{ProviderID: provider.ID, Model: "test", Enabled: true, Listed: true, Priced: true}); err != nil {
		return fmt.Errorf("price the model: %w", err)
	}
	for _, p := range w.people {
		u, err := s.AddUser(ctx, openmates.User{Username: p.Name, DisplayName: p.Name}, "")
		if err != nil {
			return fmt.Errorf("add %s: %w", p.Name, err)
		}
		if err := s.AddMember(ctx, openmates.Membership{TeamID: team.ID, UserID: u.ID, Role: openmates.RoleMember}); err != nil {
			return fmt.Errorf("add %s to the team: %w", p.Name, err)
		}
		if _, err := s.AddIdentity(ctx, openmates.Identity{UserID: u.ID, Network: network, AccountID: openmates.AccountID(p.ID), Name: p.Name}); err != nil {
			return fmt.Errorf("link %s: %w", p.Name, err)
		}
	}
	for n, app := range w.apps {
		if err := seedMate(ctx, s, team, n, app, w.guilds(app)); err != nil {
			return err
		}
	}
	return nil
}

func seedMate(ctx context.Context, s *store.DB, team openmates.Team, n int, app discordtest.Application, guilds []string) error {
	m, err := s.SaveMate(ctx, openmates.Mate{
		Handle: fmt.Sprintf("mate%d", n), Name: app.Name, Field: "tests", Prompt: "You are a helpful team mate.",
	})
	if err != nil {
		return fmt.Errorf("add mate %d: %w", n, err)
	}
	b, err := s.SaveBot(ctx, openmates.Bot{
		MateID: m.ID, Network: network, AppID: app.ID, UserID: openmates.AccountID(app.BotID), Name: app.Name,
		Secrets: openmates.Secrets{"token": openmates.Secret(app.Token), "secret": openmates.Secret(app.Secret)},
	})
	if err != nil {
		return fmt.Errorf("add bot %d: %w", n, err)
	}
	for _, g := range guilds {
		if _, err := s.AddInstallation(ctx, openmates.Installation{BotID: b.ID, TeamID: team.ID, Workspace: openmates.WorkspaceID(g), Name: "Guild"}); err != nil {
			return fmt.Errorf("install bot %d: %w", n, err)
		}
	}
	return nil
}

func (w *world) guilds(app discordtest.Application) []string {
	var all []string
	for _, p := range w.places {
		if p.app.ID == app.ID && !slices.Contains(all, p.guild) {
			all = append(all, p.guild)
		}
	}
	return all
}
