package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/messenger"
)

// Bot is a mate's application on a network, without its credentials.
type Bot struct {
	Network   openmates.Network `json:"network"`
	Label     string            `json:"label" doc:"The network's name."`
	Handle    string            `json:"handle" doc:"The mate's handle; “openmates” is the server's own application, for linking accounts."`
	AppID     string            `json:"app_id,omitempty" doc:"Absent if no application has been entered."`
	Name      string            `json:"name,omitempty"`
	Paused    bool              `json:"paused"`
	Content   bool              `json:"content" doc:"The bot reads the text of all messages."`
	HasSecret bool              `json:"has_secret" doc:"The bot can be installed and can link accounts."`
	Invite    string            `json:"invite,omitempty"`
	State     *State            `json:"state,omitempty"`
}

func (b Bot) version() string {
	return text(b.Network, b.Handle, b.AppID, b.Name, b.Paused, b.Content, b.HasSecret, b.Invite)
}

// BotSetup is a bot with its setup guide.
type BotSetup struct {
	Bot
	Redirect    string       `json:"redirect" doc:"The redirect address to register for the application."`
	Guide       []Step       `json:"guide" nullable:"false"`
	Permissions []Permission `json:"permissions" nullable:"false"`
	CanDress    bool         `json:"can_dress"`
}

func (b BotSetup) version() string { return b.Bot.version() + text(b.Permissions) }

// Step is one step on the network's pages.
type Step struct {
	Title openmates.Text   `json:"title"`
	Say   []openmates.Text `json:"say" nullable:"false"`
	URL   string           `json:"url,omitempty"`
	Copy  string           `json:"copy,omitempty" doc:"What to paste there."`
}

// Permission is a permission that a bot may request when it is added.
type Permission struct {
	Name   openmates.Text `json:"name"`
	Bit    int64          `json:"bit"`
	Reason openmates.Text `json:"reason,omitempty"`
	On     bool           `json:"on"`
}

// Finding is the result of one check of a bot's setup.
type Finding struct {
	Check    string                 `json:"check"`
	Title    openmates.Text         `json:"title"`
	State    messenger.FindingState `json:"state" enum:"ok,warn,bad,unknown"`
	Sentence openmates.Text         `json:"sentence"`
	Cure     openmates.Text         `json:"cure,omitempty"`
	CureURL  string                 `json:"cure_url,omitempty"`
	Dress    bool                   `json:"dress,omitempty" doc:"Applying the bot's profile fixes it."`
}

// Inspection is the result of checking a bot's setup.
type Inspection struct {
	At       time.Time `json:"at"`
	Findings []Finding `json:"findings" nullable:"false"`
}

// BotSaved is a saved bot, with the findings of the check.
type BotSaved struct {
	Bot      Bot       `json:"bot"`
	Findings []Finding `json:"findings" nullable:"false"`
}

// BotInput names a bot.
type BotInput struct {
	Network openmates.Network `path:"network" maxLength:"40"`
	Handle  string            `path:"handle" maxLength:"80" doc:"The mate's handle, or “openmates”."`
}

// Fields of a bot's form that have their own names in this API, because it is
// older than forms described by connectors. Others are in “values”.
const (
	wireApplication = "app_id"
	wireToken       = "token"
	wireSecret      = "secret"
	wireContent     = "content"
)

type botCredentials struct {
	BotInput
	Body struct {
		AppID   string            `json:"app_id,omitempty" maxLength:"400" doc:"Default: the one that the token belongs to."`
		Token   string            `json:"token,omitempty" maxLength:"4096" doc:"Default: the stored one."`
		Secret  string            `json:"secret,omitempty" maxLength:"4096" doc:"Default: the stored one."`
		Content *bool             `json:"content,omitempty" doc:"The bot reads the text of all messages. Default: unchanged."`
		Values  map[string]string `json:"values,omitempty" maxProperties:"20" doc:"Other values that the network needs, by field name."`
	}
}

type findingsInput struct {
	BotInput
	Again bool `query:"again" doc:"Check now, even if the last check was less than a minute ago."`
}

type permissionInput struct {
	BotInput
	Body struct {
		Bits []int64 `json:"bits" nullable:"false" maxItems:"64"`
	}
}

func (s *Server) botOperations() {
	serve(s, route{"list-bots", http.MethodGet, "/server/bots", "List bots", "With the state of their listeners.", 0}, admin(), s.listBots)
	serve(s, route{"get-bot", http.MethodGet, "/server/bots/{network}/{handle}", "Get a mate's bot", "With its setup guide.", 0}, admin(),
		func(ctx context.Context, _ openmates.Caller, in *BotInput) (BotSetup, error) {
			b, err := s.connect.Setup(ctx, in.Handle, in.Network)
			return botSetup(b), err
		})
	serve(s, route{"put-bot", http.MethodPut, "/server/bots/{network}/{handle}", "Enter a bot's application", "Checks it with the network first; anything that the network rejects isn't saved.", 0}, admin(), s.putBot)
	serve(s, route{"get-findings", http.MethodGet, "/server/bots/{network}/{handle}/findings", "Check a bot", "Lists what is wrong, and how to fix it.", 0}, admin(),
		func(ctx context.Context, _ openmates.Caller, in *findingsInput) (Inspection, error) {
			b, err := s.connect.Setup(ctx, in.Handle, in.Network)
			if err != nil {
				return Inspection{}, err
			}
			found, err := s.connect.Inspect(ctx, b.Mate.ID, in.Network, in.Again)
			return Inspection{found.At.UTC(), findings(found)}, err
		})
	for _, o := range []struct {
		id, path, summary, about string
		do                       func(ctx context.Context, actor, mate openmates.ID, n openmates.Network) error
	}{
		{"pause-bot", "pause", "Pause a bot", "Stops its listener.", func(ctx context.Context, actor, mate openmates.ID, n openmates.Network) error {
			_, err := s.connect.PauseBot(ctx, actor, mate, n, true)
			return err
		}},
		{"resume-bot", "resume", "Resume a bot", "Starts its listener again.", func(ctx context.Context, actor, mate openmates.ID, n openmates.Network) error {
			_, err := s.connect.PauseBot(ctx, actor, mate, n, false)
			return err
		}},
		{"restart-bot", "restart", "Restart a bot", "Its listener starts a new session, whichever process it runs in.", s.connect.RestartBot},
		{"dress-bot", "dress", "Apply a bot's profile", "Gives the bot its mate's name, picture and description.", s.connect.DressBot},
	} {
		change(s, route{o.id, http.MethodPost, "/server/bots/{network}/{handle}/" + o.path, o.summary, o.about, 0}, admin(),
			func(ctx context.Context, c openmates.Caller, in *BotInput) error {
				b, err := s.connect.Setup(ctx, in.Handle, in.Network)
				if err != nil {
					return err
				}
				return o.do(ctx, c.User.ID, b.Mate.ID, in.Network)
			})
	}
	change(s, route{"put-permissions", http.MethodPut, "/server/bots/{network}/{handle}/permissions", "Set a bot's permissions", "The permissions that it requests when it is added to a workspace. Nothing changes where it has already been added.", 0}, admin(),
		func(ctx context.Context, c openmates.Caller, in *permissionInput) error {
			b, err := s.connect.Setup(ctx, in.Handle, in.Network)
			if err != nil {
				return err
			}
			ids := make([]string, len(in.Body.Bits))
			for i, bit := range in.Body.Bits {
				ids[i] = strconv.FormatInt(bit, 10)
			}
			return s.connect.SetPermissions(ctx, c.User.ID, b.Mate.ID, in.Network, ids)
		})
}

func (s *Server) listBots(ctx context.Context, _ openmates.Caller, in *PageInput) (page[Bot], error) {
	mates, err := s.connect.Mates(ctx)
	if err != nil {
		return page[Bot]{}, err
	}
	var all []Bot
	for _, m := range mates {
		for _, b := range m.Bots {
			all = append(all, botOf(m.Handle, b))
		}
	}
	return cut(all, *in, func(b Bot) string { return string(b.Network) + "/" + b.Handle })
}

func botOf(handle string, b connect.Bot) Bot {
	state := stateOf(b.State)
	return Bot{Network: b.Network, Label: b.Label, Handle: handle, AppID: b.AppID, Name: b.Name, Paused: b.Paused, Content: b.Settings[wireContent] != "",
		HasSecret: b.CanConsent, Invite: b.Invite, State: &state}
}

func botSetup(v connect.Setup) BotSetup {
	out := BotSetup{Bot: Bot{Network: v.Network.Network, Label: v.Network.Label, Handle: v.Handle}, Redirect: v.Redirect, CanDress: v.CanDress,
		Guide: []Step{}, Permissions: []Permission{}}
	if v.Bot != nil {
		out.Bot = botOf(v.Handle, *v.Bot)
	}
	for _, g := range v.Guide {
		out.Guide = append(out.Guide, Step{g.Title, append([]openmates.Text{}, g.Say...), g.URL, g.Copy})
	}
	for _, p := range v.Permissions {
		bit, _ := strconv.ParseInt(p.ID, 10, 64) // see messenger.Permission
		out.Permissions = append(out.Permissions, Permission{p.Name, bit, p.Reason, p.On})
	}
	return out
}

func findings(i connect.Inspection) []Finding {
	all := []Finding{}
	for _, f := range i.Findings {
		all = append(all, Finding{f.Check, f.Title, f.State, f.Sentence, f.Cure, f.CureURL, f.Dress})
	}
	return all
}

func (s *Server) putBot(ctx context.Context, c openmates.Caller, in *botCredentials) (BotSaved, error) {
	b, err := s.connect.Setup(ctx, in.Handle, in.Network)
	if err != nil {
		return BotSaved{}, err
	}
	typed := openmates.Secrets{
		wireApplication: openmates.Secret(in.Body.AppID), wireToken: openmates.Secret(in.Body.Token), wireSecret: openmates.Secret(in.Body.Secret),
	}
	if in.Body.Content != nil {
		typed[wireContent] = ""
		if *in.Body.Content {
			typed[wireContent] = "true"
		}
	}
	for name, value := range in.Body.Values {
		typed[name] = openmates.Secret(value)
	}
	saved, found, err := s.connect.SetBot(ctx, connect.Credentials{Actor: c.User.ID, MateID: b.Mate.ID, Network: in.Network, Values: typed})
	return BotSaved{botOf(in.Handle, saved), findings(found)}, err
}
