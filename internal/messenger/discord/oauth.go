package discord

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"openmates"
	"openmates/internal/messenger"
)

const oauthTimeout = 20 * time.Second

func (d *Connector) oauth(b openmates.Bot, redirect string, scopes ...string) *oauth2.Config {
	return &oauth2.Config{
		ClientID:     b.AppID,
		ClientSecret: secretOf(b).Reveal(),
		RedirectURL:  redirect,
		Scopes:       scopes,
		Endpoint: oauth2.Endpoint{
			AuthURL:   d.authorize,
			TokenURL:  d.api + "/oauth2/token",
			AuthStyle: oauth2.AuthStyleInHeader,
		},
	}
}

// InstallURL implements messenger.Installer (topics/oauth2, Advanced Bot
// Authorization).
func (d *Connector) InstallURL(b openmates.Bot, redirect, state string, workspace openmates.WorkspaceID) string {
	options := []oauth2.AuthCodeOption{
		oauth2.SetAuthURLParam("permissions", d.permissions(b).String()),
		oauth2.SetAuthURLParam("integration_type", "0"), // into a guild, not for one user
	}
	if workspace != "" {
		options = append(options,
			oauth2.SetAuthURLParam("guild_id", string(workspace)),
			oauth2.SetAuthURLParam("disable_guild_select", "true"))
	}
	return d.oauth(b, redirect, "bot", "applications.commands").AuthCodeURL(state, options...)
}

// InviteURL implements messenger.Inviter.
func (d *Connector) InviteURL(b openmates.Bot, redirect string) string {
	return d.InstallURL(b, redirect, "", "")
}

// Installed implements messenger.Installer. Anybody can forge the guild_id of
// the redirect; Discord only vouches for the guild in the token response.
func (d *Connector) Installed(ctx context.Context, b openmates.Bot, redirect string, q url.Values) (messenger.Grant, error) {
	var none messenger.Grant
	ctx, cancel := context.WithTimeout(ctx, oauthTimeout)
	defer cancel()
	t, err := d.exchange(ctx, b, redirect, q)
	if err != nil {
		return none, err
	}
	guild, _ := t.Extra("guild").(map[string]any)
	id, _ := guild["id"].(string)
	name, _ := guild["name"].(string)
	if !granted(t, "bot") {
		return none, openmates.Errorf(openmates.EInvalid,
			"This Discord confirmation was for linking an account, not for adding a mate, so nothing was connected. Add the mate from the team's page.")
	}
	if parseSnowflake(id) == 0 {
		return none, openmates.Errorf(openmates.EInvalid,
			"Discord didn't tell us which server the bot was added to. Add the bot again and choose a server.")
	}
	grant := messenger.Grant{Workspace: messenger.Workspace{ID: openmates.WorkspaceID(id), Name: name}}
	if hinted := cmp.Or(q.Get(messenger.ExpectedWorkspace), q.Get("guild_id")); hinted != "" && hinted != id {
		return grant, openmates.Errorf(openmates.EForbidden,
			"The link that led here names a different Discord server than the one the bot was added to. Add the bot again from the team's page.")
	}
	return grant, nil
}

// granted reports whether a person granted a scope. A response without scopes
// means those that were requested (RFC 6749 section 5.1).
func granted(t *oauth2.Token, scope string) bool {
	all, ok := t.Extra("scope").(string)
	return !ok || all == "" || slices.Contains(strings.Fields(all), scope)
}

// LinkURL implements messenger.Linker.
func (d *Connector) LinkURL(b openmates.Bot, redirect, state, verifier string) string {
	return d.oauth(b, redirect, "identify").AuthCodeURL(state, oauth2.S256ChallengeOption(verifier))
}

// Linked implements messenger.Linker.
func (d *Connector) Linked(ctx context.Context, b openmates.Bot, redirect, verifier string, q url.Values) (messenger.Account, error) {
	var none messenger.Account
	ctx, cancel := context.WithTimeout(ctx, oauthTimeout)
	defer cancel()
	t, err := d.exchange(ctx, b, redirect, q, oauth2.VerifierOption(verifier))
	if err != nil {
		return none, err
	}
	// We only need the account, so revoke the token in any case.
	defer d.revoke(ctx, b, t)
	if !granted(t, "identify") {
		return none, openmates.Errorf(openmates.EInvalid,
			"This Discord confirmation was for adding a mate, not for linking an account, so nothing was linked. Start again from your profile.")
	}
	req, err := http.NewRequestWithContext(ctx, "GET", d.api+"/v10/users/@me", nil)
	if err != nil {
		return none, fmt.Errorf("read the Discord account: %w", err)
	}
	t.SetAuthHeader(req)
	raw, err := d.plain(req)
	if err != nil {
		return none, unavailable(fmt.Errorf("read the Discord account: %w", err))
	}
	var u userObject
	if err := decode(raw, &u); err != nil || parseSnowflake(string(u.ID)) == 0 {
		return none, unavailable(fmt.Errorf("read the Discord account: no id: %w", err))
	}
	return u.account(), nil
}

// exchange exchanges the redirect's code for a token, without retries, because
// a code works once.
func (d *Connector) exchange(ctx context.Context, b openmates.Bot, redirect string, q url.Values, o ...oauth2.AuthCodeOption) (*oauth2.Token, error) {
	switch e := q.Get("error"); {
	case e == "access_denied":
		return nil, openmates.Errorf(openmates.EForbidden, "You cancelled on Discord, so nothing was changed. You can start again at any time.")
	case e != "":
		return nil, &openmates.Error{
			Code:    openmates.EInvalid,
			Message: openmates.T("Discord rejected the request. Start again; if it keeps happening, the application's settings in Discord's developer portal are wrong."),
			Err:     fmt.Errorf("redirect with error %q", clip(e, 60)),
		}
	case q.Get("code") == "":
		return nil, openmates.Errorf(openmates.EInvalid, "Discord didn't send a code. Start again.")
	}
	t, err := d.oauth(b, redirect).Exchange(d.oauthContext(ctx), q.Get("code"), o...)
	if err != nil {
		return nil, exchangeError(err)
	}
	return t, nil
}

// oauthContext makes the OAuth2 library use our client.
func (d *Connector) oauthContext(ctx context.Context) context.Context {
	client := &http.Client{Transport: agentTransport{agent: d.agent, next: d.rest.http.Transport}}
	return context.WithValue(ctx, oauth2.HTTPClient, client)
}

// retrieveError reads an error of the token endpoint; status 0 = no response.
func retrieveError(err error) (status int, code string) {
	e, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok || e.Response == nil {
		return 0, ""
	}
	return e.Response.StatusCode, e.ErrorCode
}

func exchangeError(err error) error {
	status, code := retrieveError(err)
	if status == 0 {
		return unavailable(fmt.Errorf("exchange the code: %w", err))
	}
	// The response's body stays out of the log, because it may quote the
	// request.
	cause := fmt.Errorf("exchange the code: status %d, error %q", status, clip(code, 60))
	switch {
	case status >= 500 || status == http.StatusTooManyRequests:
		return unavailable(cause)
	case code == "invalid_client" || status == http.StatusUnauthorized:
		return &openmates.Error{
			Code:    openmates.EInvalid,
			Message: openmates.T("Discord rejected this application's client secret. A server admin has to reset it on the OAuth2 page of Discord's developer portal and enter the new one."),
			Err:     cause,
		}
	case invalidVerifier(err):
		return &openmates.Error{
			Code: openmates.EInvalid, Err: cause,
			Message: openmates.T("This Discord confirmation belongs to something else, so nothing was changed. Start again."),
		}
	default:
		return &openmates.Error{
			Code: openmates.EInvalid, Err: cause,
			Message: openmates.T("Discord rejected this confirmation: it has expired, has been used, or was given to another application. Nothing was changed. Start again."),
		}
	}
}

// invalidVerifier reports whether a code was refused because of its verifier
// (RFC 7636 section 4.6): it belongs to another flow.
func invalidVerifier(err error) bool {
	e, ok := errors.AsType[*oauth2.RetrieveError](err)
	return ok && strings.Contains(e.ErrorDescription, "code_verifier")
}

func unavailable(err error) error {
	return &openmates.Error{
		Code: openmates.EUnavailable, Message: openmates.T("Discord isn't responding as expected. Start again in a minute."), Err: err,
	}
}

// revoke revokes a token (RFC 7009). A failure is harmless: nothing keeps the
// token, and it expires after a week.
func (d *Connector) revoke(ctx context.Context, b openmates.Bot, t *oauth2.Token) {
	form := url.Values{"token": {t.AccessToken}, "token_type_hint": {"access_token"}}
	req, err := http.NewRequestWithContext(ctx, "POST", d.api+"/oauth2/token/revoke", strings.NewReader(form.Encode()))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth(b.AppID, secretOf(b).Reveal())
		_, err = d.plain(req)
	}
	if err != nil {
		d.log.Info("a user token could not be given back", "err", err)
	}
}

// plain makes a request outside of the bots' limits.
func (d *Connector) plain(req *http.Request) (json.RawMessage, error) {
	req.Header.Set("User-Agent", d.agent)
	resp, err := d.rest.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err == nil && (resp.StatusCode < 200 || resp.StatusCode > 299) {
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	return raw, err
}

// agentTransport sets the User-Agent, without which the proxies in front of
// Discord may refuse a request (reference, User Agent).
type agentTransport struct {
	agent string
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (a agentTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", a.agent)
	if a.next == nil {
		return http.DefaultTransport.RoundTrip(r)
	}
	return a.next.RoundTrip(r)
}
