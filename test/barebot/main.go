// Command barebot is what the product is measured against: a bot on discordgo
// that answers each mention with one completion, and keeps nothing.
//
// It gets its settings from the environment: BARE_API (as OPENMATES_DISCORD_API),
// BARE_MODEL (base address of a chat completions API) and BARE_TOKENS, one bot
// for each token.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/bwmarrin/discordgo"
)

func main() {
	pointAt(os.Getenv("BARE_API"))
	// The default of two idle connections per host would make it slower than
	// it need be.
	transport := &http.Transport{MaxIdleConns: 512, MaxIdleConnsPerHost: 256, IdleConnTimeout: time.Minute}
	client := &http.Client{Transport: transport, Timeout: 20 * time.Second}
	model := completions{client: client, url: os.Getenv("BARE_MODEL") + "/chat/completions"}
	var opening sync.WaitGroup
	for token := range strings.SplitSeq(os.Getenv("BARE_TOKENS"), ",") {
		opening.Go(func() {
			if err := open(token, client, model); err != nil {
				fmt.Fprintln(os.Stderr, "open a bot:", err)
				os.Exit(1)
			}
		})
	}
	opening.Wait()
	fmt.Println("ready")
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	<-stop
}

// pointAt turns discordgo's addresses, which are variables, to another server.
func pointAt(api string) {
	discordgo.APIVersion = "10"
	discordgo.EndpointAPI = api + "/v10/"
	discordgo.EndpointGuilds = discordgo.EndpointAPI + "guilds/"
	discordgo.EndpointChannels = discordgo.EndpointAPI + "channels/"
	discordgo.EndpointUsers = discordgo.EndpointAPI + "users/"
	discordgo.EndpointGateway = discordgo.EndpointAPI + "gateway"
	discordgo.EndpointGatewayBot = discordgo.EndpointGateway + "/bot"
}

func open(token string, client *http.Client, model completions) error {
	s, err := discordgo.New("Bot " + token)
	if err != nil {
		return err
	}
	s.Client = client
	s.Identify.Intents = discordgo.IntentsGuilds | discordgo.IntentsGuildMessages | discordgo.IntentsDirectMessages
	ready := make(chan struct{})
	s.AddHandlerOnce(func(*discordgo.Session, *discordgo.Ready) { close(ready) })
	s.AddHandler(func(s *discordgo.Session, m *discordgo.MessageCreate) { answer(s, m, model) })
	if err := s.Open(); err != nil {
		return err
	}
	<-ready
	return nil
}

func answer(s *discordgo.Session, m *discordgo.MessageCreate, model completions) {
	me := s.State.User.ID
	if m.Author.Bot {
		return
	}
	for _, u := range m.Mentions {
		if u.ID != me {
			continue
		}
		question := strings.TrimSpace(strings.ReplaceAll(m.Content, "<@"+me+">", ""))
		text, err := model.ask(question)
		if err != nil {
			fmt.Fprintln(os.Stderr, "ask:", err)
			return
		}
		if _, err := s.ChannelMessageSendReply(m.ChannelID, text, m.Reference()); err != nil {
			fmt.Fprintln(os.Stderr, "reply:", err)
		}
		return
	}
}

type completions struct {
	client *http.Client
	url    string
}

type said struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

func (c completions) ask(question string) (string, error) {
	body, err := json.Marshal(map[string]any{
		"model":    "test",
		"messages": []said{{"system", "You are a helpful team mate."}, {"user", question}},
	})
	if err != nil {
		return "", err
	}
	res, err := c.client.Post(c.url, "application/json", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var answer struct {
		Choices []struct{ Message said }
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return "", err
	}
	if len(answer.Choices) == 0 {
		return "", fmt.Errorf("no answer, status %d", res.StatusCode)
	}
	return answer.Choices[0].Message.Content, nil
}
