package discord

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"openmates"
	"openmates/internal/messenger"
)

// descriptionLimit is Discord's limit for an application's description.
const descriptionLimit = 400

// installScopes returns the scopes of the link on the bot's own profile.
func installScopes() []string { return []string{"bot", "applications.commands"} }

// look compares the bot's profile with its mate. Discord names a picture by its
// own hash, so we can only see whether there is one.
func (s *inspection) look() {
	dress := openmates.T("Press “Apply name and picture” here.")
	l := s.want.Look
	worn := func(check string, title openmates.Text, good bool, sentence, lack openmates.Text) {
		f := messenger.Finding{Check: check, Title: title, State: messenger.FindingWarn, Sentence: lack, Cure: dress, Dress: true}
		if good {
			f = ok(check, title, sentence)
		}
		s.add(f)
	}
	worn(messenger.CheckName, openmates.T("Name"), strings.EqualFold(string(s.self.Username), l.Name), openmates.T("The bot is called %s.", l.Name),
		openmates.T("The bot is called “%s” and the mate “%s”, so people won't find it.", clip(string(s.self.Username), 60), l.Name))
	worn("portrait", openmates.T("Portrait"), s.self.Avatar != "", openmates.T("The bot has a picture."), openmates.T("The bot has no picture."))
	installed := s.app.Install != nil && int64(s.app.Install.Permissions) == int64(s.d.permissions(s.bot))
	worn("profile", openmates.T("Profile"), installed && string(s.app.Description) == describe(l),
		openmates.T("The bot's profile describes %s and asks for the right permissions.", l.Name),
		openmates.T("The bot's profile doesn't describe %s, or its button asks for other permissions.", l.Name))
}

// describe returns the text for the bot's profile.
func describe(l *messenger.Look) string {
	d := strings.TrimSpace(l.Description)
	if measure(d) <= descriptionLimit {
		return d
	}
	part, _ := messenger.Cut(d, descriptionLimit-1, measure)
	return part + "…"
}

// Dress implements messenger.Dresser (resources/user, Modify Current User;
// resources/application, Edit Current Application). If Discord refuses one
// thing, the others are set anyway.
func (d *Connector) Dress(ctx context.Context, b openmates.Bot, l messenger.Look) error {
	ctx, cancel := context.WithTimeout(ctx, 2*d.patience)
	defer cancel()
	picture := "data:image/png;base64," + base64.StdEncoding.EncodeToString(l.Portrait)
	type part struct {
		what  openmates.Text
		route string
		body  map[string]any
	}
	parts := []part{{what: openmates.T("the name"), route: "/users/@me", body: map[string]any{"username": l.Name}}}
	if len(l.Portrait) > 0 {
		parts = append(parts,
			part{what: openmates.T("the picture"), route: "/users/@me", body: map[string]any{"avatar": picture}},
			part{what: openmates.T("the application's picture"), route: "/applications/@me", body: map[string]any{"icon": picture}})
	}
	parts = append(parts,
		part{what: openmates.T("the description"), route: "/applications/@me", body: map[string]any{"description": describe(&l)}},
		// A number, as in the official description, although responses have a
		// string.
		part{what: openmates.T("the permissions of the profile's button"), route: "/applications/@me", body: map[string]any{
			"install_params": map[string]any{"scopes": installScopes(), "permissions": int64(d.permissions(b))}}})
	var self userObject
	if err := d.rest.do(ctx, b, call{method: "GET", route: "/users/@me", path: "/users/@me", test: true, tries: 2}, &self); err != nil {
		return d.refusal(err)
	}
	if string(self.Username) == l.Name { // names can only be changed twice an hour
		parts = parts[1:]
	}
	var refused []openmates.Text
	var last error
	for _, p := range parts {
		if _, given := p.body["avatar"]; given {
			// The official description requires a name; the current one changes
			// nothing.
			p.body["username"] = string(self.Username)
		}
		err := d.rest.do(ctx, b, call{method: "PATCH", route: p.route, path: p.route, body: p.body, test: true, tries: 2}, nil)
		e, isAPI := errors.AsType[*apiError](err)
		switch {
		case err == nil && p.body["username"] == l.Name:
			self.Username = text(l.Name)
		case err == nil:
		case isAPI && (e.status == http.StatusBadRequest || e.status == http.StatusForbidden || e.limited || e.status == http.StatusTooManyRequests):
			refused, last = append(refused, p.what), err
		default:
			return d.refusal(err)
		}
	}
	if len(refused) == 0 {
		return nil
	}
	return &openmates.Error{Code: openmates.EInvalid, Err: last, Message: openmates.T(
		"Discord refused to change %s. Names and pictures can only be changed a few times an hour, and a name that too many bots use has to be varied. Wait an hour and try again, or change it by hand on the application's General Information and Bot pages.",
		openmates.And(refused))}
}
