package discord

import (
	"net/url"
	"testing"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/messenger/messengertest"
)

// The connector keeps its contract, against the simulator.
func TestContract(t *testing.T) {
	t.Parallel()
	messengertest.Exercise(t, func(t *testing.T) messengertest.Subject {
		s := settled(t)
		wrong := s.bot
		wrong.Secrets = wrong.Secrets.With(fieldToken, "bm90LWEtdG9rZW4.wrong.wrong")
		return messengertest.Subject{
			Connector: s.d, Bot: s.bot, Wrong: wrong, Channel: openmates.ChannelID(s.guild.General),
			Workspace: messenger.Workspace{ID: openmates.WorkspaceID(s.guild.ID), Name: s.guild.Name},
			Say:       func(text string) { s.sim.Say(s.guild.General, s.ann.ID, "<@"+s.app.BotID+"> "+text) },
			Posts:     func() []string { return s.posted() },
			Redirect:  backTo, Account: messenger.Account{ID: openmates.AccountID(s.ann.ID), Avatar: pictureOf(s.ann)},
			Consent: func(page string) url.Values {
				to, err := s.sim.Approve(page, s.ann.ID, s.guild.ID)
				if err != nil {
					t.Fatal(err)
				}
				u, err := url.Parse(to)
				if err != nil {
					t.Fatal(err)
				}
				return u.Query()
			},
		}
	})
}

// posted are the bot's messages that stand in the first channel.
func (s *scene) posted() (texts []string) {
	for _, m := range s.sim.Messages(s.guild.General) {
		if m.AuthorID == s.app.BotID && !m.Deleted {
			texts = append(texts, m.Content)
		}
	}
	return texts
}
