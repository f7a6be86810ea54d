package messengertest_test

import (
	"net/url"
	"testing"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/messenger/messengertest"
)

func subject(n *messengertest.Network, c messenger.Connector) messengertest.Subject {
	bot := openmates.Bot{ID: 7, MateID: 1, Network: "memory", AppID: "app", UserID: "app", Secrets: openmates.Secrets{"password": "t", "seal": "s"}}
	return messengertest.Subject{
		Connector: c, Bot: bot, Channel: "c1", Workspace: messenger.Workspace{ID: "w1", Name: "W"},
		Account: messenger.Account{ID: "u1", Avatar: "https://memory.example/u1.png"}, Redirect: "https://mates.example/messenger/connect",
		Say: func(text string) { n.Say(bot.ID, messenger.Inbound{Channel: "c1", Text: text}) },
		Posts: func() (texts []string) {
			for _, p := range n.Posts() {
				texts = append(texts, p.Text())
			}
			return texts
		},
	}
}

// A network without a browser: its people use one-time codes.
func TestNetworkKeepsTheContract(t *testing.T) {
	t.Parallel()
	messengertest.Exercise(t, func(*testing.T) messengertest.Subject {
		n := &messengertest.Network{}
		return subject(n, n)
	}, "Installer", "Linker", "Leaver")
}

func TestBrowserKeepsTheContract(t *testing.T) {
	t.Parallel()
	messengertest.Exercise(t, func(*testing.T) messengertest.Subject {
		b := &messengertest.Browser{Network: &messengertest.Network{}, Secret: "s"}
		b.Join("app", "w1")
		s := subject(b.Network, b)
		s.Consent = func(page string) url.Values { return b.Consent(page, s.Workspace, s.Account) }
		return s
	})
}

// A network that grants a credential for each workspace.
func TestGrantingKeepsTheContract(t *testing.T) {
	t.Parallel()
	messengertest.Exercise(t, func(*testing.T) messengertest.Subject {
		g := &messengertest.Granting{Browser: &messengertest.Browser{Network: &messengertest.Network{}, Secret: "s"}}
		s := subject(g.Network, g)
		g.Place(s.Channel, s.Workspace.ID)
		s.Token = g.Grant(s.Bot.AppID, s.Workspace.ID)
		s.Consent = func(page string) url.Values { return g.Consent(page, s.Workspace, s.Account) }
		return s
	})
}
