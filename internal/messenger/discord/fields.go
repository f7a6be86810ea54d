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
		{Name: fieldApplication, Kind: messenger.ApplicationField, Label: "Application ID", Hint: "Leave it empty to read it from the token."},
		{Name: fieldToken, Kind: messenger.SecretField, Label: "Bot token"},
		{Name: fieldSecret, Kind: messenger.SecretField, Label: "Client secret", Consent: true,
			Warning: "Missing: without it, no one can add the bot or link an account."},
		{Name: fieldContent, Kind: messenger.TickField, Label: "Read the text of all messages", Mates: true,
			Hint: "Not needed to answer. Only tick this if people mention the bot by its role and it receives an empty message; the messenger has to allow it first."},
	}
}

func tokenOf(b openmates.Bot) openmates.Secret { return b.Secrets[fieldToken] }

func secretOf(b openmates.Bot) openmates.Secret { return b.Secrets[fieldSecret] }
