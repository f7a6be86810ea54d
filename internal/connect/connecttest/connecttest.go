// Package connecttest is an in-memory messenger for tests: a method call
// approves its consent pages, and it can be told to lie.
//
// It enforces what an OAuth2 server must enforce: a code works once, only for
// the application, redirect and purpose that it was issued for, and only with
// the right code verifier (RFC 7636). Messages go out only, for tests to read.
package connecttest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"sync"

	"openmates"
	"openmates/internal/messenger"
)

// Name is the network's name.
const Name openmates.Network = "testnet"

// Origin is where its consent pages are.
const Origin = "https://consent.testnet.example"

// Network is the messenger. Create it with New.
type Network struct {
	mu    sync.Mutex
	apps  map[string]App
	codes map[string]grant
	asked int

	left    []string
	surveys map[[2]string]messenger.Survey
	sent    []messenger.Outbound
}

// App is an application that the network knows.
type App struct {
	Token  openmates.Secret
	Secret openmates.Secret
	Name   string
	Hints  []openmates.Text
}

type grant struct {
	app, redirect, challenge string
	workspace                messenger.Workspace
	account                  messenger.Account
}

// New returns a network with these applications, by ID.
func New(apps map[string]App) *Network {
	return &Network{apps: apps, codes: map[string]grant{}}
}

// Install acts as a person who adds the bot to a workspace on the consent page
// at address. It returns the query of the redirect.
func (n *Network) Install(address string, w messenger.Workspace) (url.Values, error) {
	return n.approve(address, "install", grant{workspace: w})
}

// Link acts as a person who proves an account on the consent page.
func (n *Network) Link(address string, a messenger.Account) (url.Values, error) {
	return n.approve(address, "link", grant{account: a})
}

func (n *Network) approve(address, purpose string, g grant) (url.Values, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	q := u.Query()
	if u.Scheme+"://"+u.Host != Origin || q.Get("purpose") != purpose || q.Get("state") == "" {
		return nil, fmt.Errorf("no consent page for %s: %s", purpose, address)
	}
	g.app, g.redirect, g.challenge = q.Get("client_id"), q.Get("redirect_uri"), q.Get("code_challenge")
	code := rand.Text()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.codes[code] = g
	back := url.Values{"code": {code}, "state": {q.Get("state")}}
	if g.workspace.ID != "" {
		back.Set("workspace", string(g.workspace.ID))
	}
	return back, nil
}

// Exchanges returns how many code exchanges were attempted.
func (n *Network) Exchanges() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.asked
}

// Info implements messenger.Connector.
func (*Network) Info() messenger.Info {
	return messenger.Info{Network: Name, Label: "Testnet", TextLimit: 2000, Measure: func(s string) int { return len(s) }, Fields: []messenger.Field{
		{Name: "app_id", Kind: messenger.ApplicationField, Label: openmates.T("Application ID")},
		{Name: "token", Kind: messenger.SecretField, Label: openmates.T("Bot token")},
		{Name: "secret", Kind: messenger.SecretField, Label: openmates.T("Client secret"), Consent: true},
		{Name: "content", Kind: messenger.TickField, Label: openmates.T("Read the text of all messages"), Mates: true},
	}}
}

// Check implements messenger.Connector.
func (n *Network) Check(_ context.Context, b openmates.Bot) (messenger.Profile, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for id, a := range n.apps {
		if a.Token == b.Secrets["token"] {
			return messenger.Profile{AppID: id, UserID: openmates.AccountID(id), Name: a.Name, Hints: a.Hints}, nil
		}
	}
	return messenger.Profile{}, openmates.Errorf(openmates.EInvalid, "Testnet refuses this token. Reset it and paste the new one.")
}

// Listen implements messenger.Connector.
func (*Network) Listen(ctx context.Context, _ openmates.Bot, _ messenger.Host) error {
	<-ctx.Done()
	return ctx.Err()
}

// InstallURL implements messenger.Installer.
func (*Network) InstallURL(b openmates.Bot, redirect, state string, workspace openmates.WorkspaceID) string {
	q := url.Values{"client_id": {b.AppID}, "redirect_uri": {redirect}, "state": {state}, "purpose": {"install"}, "workspace": {string(workspace)}}
	return Origin + "/authorize?" + q.Encode()
}

// Installed implements messenger.Installer.
func (n *Network) Installed(_ context.Context, b openmates.Bot, redirect string, q url.Values) (messenger.Grant, error) {
	g, err := n.take(b, redirect, q)
	return messenger.Grant{Workspace: g.workspace}, err
}

// LinkURL implements messenger.Linker.
func (*Network) LinkURL(b openmates.Bot, redirect, state, verifier string) string {
	q := url.Values{"client_id": {b.AppID}, "redirect_uri": {redirect}, "state": {state}, "purpose": {"link"}, "code_challenge": {challenge(verifier)}}
	return Origin + "/authorize?" + q.Encode()
}

// Linked implements messenger.Linker.
func (n *Network) Linked(_ context.Context, b openmates.Bot, redirect, verifier string, q url.Values) (messenger.Account, error) {
	g, err := n.take(b, redirect, q)
	if err == nil && g.challenge != challenge(verifier) {
		return messenger.Account{}, openmates.Errorf(openmates.EInvalid, "Testnet refuses the code: the verifier doesn't fit.")
	}
	return g.account, err
}

func (n *Network) take(b openmates.Bot, redirect string, q url.Values) (grant, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked++
	g, ok := n.codes[q.Get("code")]
	delete(n.codes, q.Get("code"))
	if !ok || g.app != b.AppID || g.redirect != redirect || n.apps[b.AppID].Secret != b.Secrets["secret"] {
		return grant{}, openmates.Errorf(openmates.EInvalid, "Testnet refuses the code. Please begin again.")
	}
	return g, nil
}

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
