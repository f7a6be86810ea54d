package discord

import (
	"openmates"
	"openmates/internal/messenger"
)

// The fields of a bot. Their names are stored and part of the API.
const (
	fieldApplication = "app_id"
	fieldToken       = "token"
	fieldSecret      = "secret"  // OAuth2 client secret
	fieldContent     = "content" // tick: the Message Content intent
)

func fields() []messenger.Field {
	return []messenger.Field{
		{Name: fieldApplication, Kind: messenger.ApplicationField, Label: openmates.T("Application ID"), Hint: openmates.T("Leave it empty to read it from the token.")},
		{Name: fieldToken, Kind: messenger.SecretField, Label: openmates.T("Bot token")},
		{Name: fieldSecret, Kind: messenger.SecretField, Label: openmates.T("Client secret"), Consent: true,
			Warning: openmates.T("Missing: without it, no one can add the bot or link an account.")},
		{Name: fieldContent, Kind: messenger.TickField, Label: openmates.T("Read the text of all messages"), Mates: true,
			Hint: openmates.T("Not needed to answer. Tick this only if people mention the bot by its role and it receives empty messages. Discord has to allow it first.")},
	}
}

func tokenOf(b openmates.Bot) openmates.Secret { return b.Secrets[fieldToken] }

func secretOf(b openmates.Bot) openmates.Secret { return b.Secrets[fieldSecret] }
