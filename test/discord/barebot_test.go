package discord_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/bwmarrin/discordgo"
)

// bareBot is a bot on discordgo with nothing around it.
type bareBot struct{ session *discordgo.Session }

// answerFunc says what to reply to a message that mentions the bot; "" is no
// reply. It runs in a goroutine of its own for each message.
type answerFunc func(s *discordgo.Session, m *discordgo.MessageCreate) string

// newBareBot logs in at api, which takes the place of https://discord.com/api,
// and answers every mention until its session is closed.
func newBareBot(api, token string, answer answerFunc) (*bareBot, error) {
	base, err := url.Parse(api)
	if err != nil {
		return nil, fmt.Errorf("address of the API: %w", err)
	}
	s, err := discordgo.New("Bot " + token)
	if err != nil {
		return nil, fmt.Errorf("discordgo: %w", err)
	}
	s.Client = &http.Client{Transport: &redirected{to: base, via: http.DefaultTransport}}
	s.Identify.Intents = discordgo.IntentGuilds | discordgo.IntentGuildMessages | discordgo.IntentDirectMessages
	s.AddHandler(func(s *discordgo.Session, m *discordgo.MessageCreate) {
		if m.Author == nil || m.Author.Bot || !mentioned(m.Mentions, s.State.User.ID) {
			return
		}
		if text := answer(s, m); text != "" {
			_, _ = s.ChannelMessageSendReply(m.ChannelID, text, m.Reference()) // the test that waits for the reply notices
		}
	})
	if err := s.Open(); err != nil {
		return nil, fmt.Errorf("discordgo: %w", err)
	}
	return &bareBot{session: s}, nil
}

func mentioned(users []*discordgo.User, id string) bool {
	return slices.ContainsFunc(users, func(u *discordgo.User) bool { return u != nil && u.ID == id })
}

// redirected sends what is meant for discord.com elsewhere: discordgo has its
// addresses in package variables, which one process can set only once for all.
type redirected struct {
	to  *url.URL
	via http.RoundTripper
}

func (t *redirected) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.Clone(r.Context())
	out.URL.Scheme, out.URL.Host, out.Host = t.to.Scheme, t.to.Host, t.to.Host
	out.URL.Path = strings.TrimSuffix(t.to.Path, "/") + strings.TrimPrefix(r.URL.Path, "/api")
	out.URL.RawPath = ""
	return t.via.RoundTrip(out)
}
