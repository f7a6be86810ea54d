package messengertest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"sync"

	"openmates"
	"openmates/internal/messenger"
)

// Browser is a Network with consent pages for adding bots and proving accounts,
// and whose bots can leave. Its codes work once, only for the application,
// redirect and purpose that they were issued for.
type Browser struct {
	*Network
	Secret openmates.Secret // of every application

	lock  sync.Mutex
	codes map[string]consent
	in    []string // "app workspace"
}

type consent struct {
	purpose, app, redirect, challenge string

	workspace messenger.Workspace
	account   messenger.Account
}

const consentPage = "https://consent.memory.example/"

// Join adds a bot to a workspace.
func (b *Browser) Join(app string, workspace openmates.WorkspaceID) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if !slices.Contains(b.in, presence(app, workspace)) {
		b.in = append(b.in, presence(app, workspace))
	}
}

func presence(app string, w openmates.WorkspaceID) string { return app + " " + string(w) }

// Consent acts as a person who confirms a consent page, and returns the query
// of the redirect.
func (b *Browser) Consent(page string, w messenger.Workspace, a messenger.Account) url.Values {
	u, err := url.Parse(page)
	if err != nil {
		return nil
	}
	q, code := u.Query(), rand.Text()
	b.lock.Lock()
	defer b.lock.Unlock()
	if b.codes == nil {
		b.codes = map[string]consent{}
	}
	b.codes[code] = consent{q.Get("purpose"), q.Get("app"), q.Get("redirect"), q.Get("challenge"), w, a}
	return url.Values{"code": {code}, "state": {q.Get("state")}, "workspace": {string(w.ID)}}
}

func address(purpose string, b openmates.Bot, redirect, state, challenge string) string {
	return consentPage + "?" + url.Values{"purpose": {purpose}, "app": {b.AppID}, "redirect": {redirect}, "state": {state}, "challenge": {challenge}}.Encode()
}

// InstallURL implements messenger.Installer.
func (b *Browser) InstallURL(bot openmates.Bot, redirect, state string, _ openmates.WorkspaceID) string {
	return address("install", bot, redirect, state, "")
}

// Installed implements messenger.Installer.
func (b *Browser) Installed(_ context.Context, bot openmates.Bot, redirect string, q url.Values) (messenger.Grant, error) {
	c, err := b.redeem("install", bot, redirect, "", q)
	if err != nil {
		return messenger.Grant{}, err
	}
	b.Join(bot.AppID, c.workspace.ID)
	return messenger.Grant{Workspace: c.workspace}, nil
}

// LinkURL implements messenger.Linker.
func (b *Browser) LinkURL(bot openmates.Bot, redirect, state, verifier string) string {
	return address("link", bot, redirect, state, proofOf(verifier))
}

// Linked implements messenger.Linker.
func (b *Browser) Linked(_ context.Context, bot openmates.Bot, redirect, verifier string, q url.Values) (messenger.Account, error) {
	c, err := b.redeem("link", bot, redirect, proofOf(verifier), q)
	return c.account, err
}

func (b *Browser) redeem(purpose string, bot openmates.Bot, redirect, challenge string, q url.Values) (consent, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	c, ok := b.codes[q.Get("code")]
	delete(b.codes, q.Get("code"))
	if !ok || c.purpose != purpose || c.app != bot.AppID || c.redirect != redirect || c.challenge != challenge || bot.Secrets["seal"] != b.Secret {
		return consent{}, openmates.Errorf(openmates.EInvalid, "Memory does not take this confirmation. Please start again.")
	}
	return c, nil
}

// proofOf implements RFC 7636's S256.
func proofOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Leave implements messenger.Leaver.
func (b *Browser) Leave(_ context.Context, via messenger.Via) error {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.in = slices.DeleteFunc(b.in, func(s string) bool { return s == presence(via.Bot.AppID, via.Workspace) })
	return nil
}

// Survey implements messenger.Surveyor; every workspace has one open channel.
func (b *Browser) Survey(_ context.Context, via messenger.Via) (messenger.Survey, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if !slices.Contains(b.in, presence(via.Bot.AppID, via.Workspace)) {
		return messenger.Survey{}, openmates.Errorf(openmates.ENotFound, "The bot is not in this room any more.")
	}
	return messenger.Survey{Channels: []messenger.ChannelView{{ID: openmates.ChannelID("c-" + via.Workspace), Name: "#" + string(via.Workspace), Seen: true}}}, nil
}
