// Package discord_test checks the simulated Discord with third-party clients, a
// real browser, and Discord's own API description.
package discord_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/disgoorg/disgo"
	"github.com/disgoorg/disgo/bot"
	"github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/events"
	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/disgo/rest"

	"openmates/internal/messenger/discord/discordtest"
	"openmates/internal/polltest"
)

// peerScene is a guild with a person and an installed bot.
type peerScene struct {
	*discordtest.Server
	ann   discordtest.Person
	app   discordtest.Application
	guild discordtest.Guild
}

// peerPermissions are what the product asks for: view, send, embed, attach,
// history, threads, reactions.
const peerPermissions = 377957239872

func newPeerScene(t *testing.T) peerScene {
	t.Helper()
	s := discordtest.Start(t, discordtest.Config{})
	ann := s.AddPerson("Ann")
	g := s.AddGuild(ann.ID, "Garden")
	app := s.AddApplication(ann.ID, "Sophia")
	s.Install(g.ID, app.ID, peerPermissions)
	return peerScene{s, ann, app, g}
}

// ask has Ann mention the bot and returns her message.
func (s peerScene) ask(text string) discordtest.Message {
	return s.Say(s.guild.General, s.ann.ID, "<@"+s.app.BotID+"> "+text)
}

// replied waits until the bot has replied to m with exactly text.
func (s peerScene) replied(t *testing.T, m discordtest.Message, text string, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err := s.Await(ctx, func(r discordtest.Message) bool {
		return r.ReplyTo == m.ID && r.AuthorID == s.app.BotID && r.Content == text
	})
	return err
}

// answered fails unless the bot replies to m once, with exactly text.
func (s peerScene) answered(t *testing.T, m discordtest.Message, text string) {
	t.Helper()
	if err := s.replied(t, m, text, polltest.Patience); err != nil {
		t.Fatalf("no reply %q to %q: %v; replies: %+v; requests: %+v", text, m.Content, err, s.Replies(m.ID), s.Requests())
	}
	if n := len(s.Replies(m.ID)); n != 1 {
		t.Errorf("%d replies to %q, want 1", n, m.Content)
	}
}

func openDisgo(t *testing.T, s peerScene, compression gateway.CompressionType, resumed, replied chan<- struct{}) *bot.Client {
	t.Helper()
	client, err := disgo.New(s.app.Token,
		bot.WithLogger(slog.New(slog.DiscardHandler)),
		bot.WithRestClientConfigOpts(rest.WithURL(s.API()+"/v10")),
		bot.WithGatewayConfigOpts(
			gateway.WithIntents(gateway.IntentGuilds, gateway.IntentGuildMessages, gateway.IntentDirectMessages),
			gateway.WithCompression(compression),
		),
		bot.WithEventListenerFunc(func(e *events.MessageCreate) {
			if !e.Message.Author.Bot && len(e.Message.Mentions) == 1 && e.Message.Mentions[0].ID == e.Client().ID() {
				replyWithDisgo(t, e)
				replied <- struct{}{}
			}
		}),
		bot.WithEventListenerFunc(func(*events.Resumed) { resumed <- struct{}{} }),
	)
	if err != nil {
		t.Fatalf("disgo: %v", err)
	}
	if err := client.OpenGateway(t.Context()); err != nil {
		t.Fatalf("disgo does not connect: %v", err)
	}
	return client
}

// replyWithDisgo replies as a streaming bot does: first something, then more.
func replyWithDisgo(t *testing.T, e *events.MessageCreate) {
	api := e.Client().Rest
	first, err := api.CreateMessage(e.ChannelID, discord.MessageCreate{
		Content: "…", MessageReference: &discord.MessageReference{MessageID: &e.MessageID},
		AllowedMentions: &discord.AllowedMentions{}, Nonce: e.MessageID.String(), EnforceNonce: true,
	})
	if err != nil {
		t.Errorf("disgo: create: %v", err)
		return
	}
	_, said, _ := cutMention(e.Message.Content)
	all := "You said: " + said
	if _, err := api.UpdateMessage(e.ChannelID, first.ID, discord.MessageUpdate{Content: &all}); err != nil {
		t.Errorf("disgo: update: %v", err)
	}
}

// On a busy machine discordgo at times doesn't come back after a lost
// connection, whatever the server does. So it has three attempts; the simulator
// is wrong if none of them works.
func TestDiscordgoIsAnsweredAndResumes(t *testing.T) {
	t.Parallel()
	const attempts = 3
	for n := range attempts {
		s := newPeerScene(t)
		b, err := newBareBot(s.API(), s.app.Token, func(_ *discordgo.Session, m *discordgo.MessageCreate) string {
			_, said, _ := cutMention(m.Content)
			return "You said: " + said
		})
		if err != nil {
			t.Fatal(err)
		}
		s.answered(t, s.ask("hello"), "You said: hello")
		s.Drop(s.app.ID)
		asked := s.ask("are you there")
		err = s.replied(t, asked, "You said: are you there", polltest.Patience/2)
		if n == attempts-1 {
			s.answered(t, asked, "You said: are you there")
		}
		_ = b.session.Close()
		if err == nil {
			return
		}
		t.Logf("discordgo did not come back: %v", err)
	}
}
