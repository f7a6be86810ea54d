package messengertest

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"sync"

	"openmates"
	"openmates/internal/messenger"
)

// Granting is a Browser on which a bot's only credentials are those granted
// when it is added to a workspace. A channel belongs to the workspace that
// Place assigned it to; nobody can post in a channel without one.
type Granting struct {
	*Browser

	grants sync.Mutex
	tokens map[string]openmates.Secret // by presence
	places map[openmates.ChannelID]openmates.WorkspaceID
}

// Info implements messenger.Connector.
func (g *Granting) Info() messenger.Info {
	i := g.Browser.Info()
	i.GrantsToken = true
	return i
}

// Place assigns a channel to a workspace.
func (g *Granting) Place(c openmates.ChannelID, w openmates.WorkspaceID) {
	g.grants.Lock()
	defer g.grants.Unlock()
	if g.places == nil {
		g.places = map[openmates.ChannelID]openmates.WorkspaceID{}
	}
	g.places[c] = w
}

// Grant adds a bot to a workspace and returns its credential there. Earlier
// ones become invalid.
func (g *Granting) Grant(app string, w openmates.WorkspaceID) openmates.Secret {
	g.Join(app, w)
	g.grants.Lock()
	defer g.grants.Unlock()
	if g.tokens == nil {
		g.tokens = map[string]openmates.Secret{}
	}
	token := openmates.Secret("granted-" + rand.Text())
	g.tokens[presence(app, w)] = token
	return token
}

// Installed implements messenger.Installer.
func (g *Granting) Installed(ctx context.Context, b openmates.Bot, redirect string, q url.Values) (messenger.Grant, error) {
	got, err := g.Browser.Installed(ctx, b, redirect, q)
	if err == nil {
		got.Token = g.Grant(b.AppID, got.Workspace.ID)
	}
	return got, err
}

// refused returns the error for a caller without a grant for a channel's
// workspace.
func (g *Granting) refused(via messenger.Via, c openmates.ChannelID) error {
	g.grants.Lock()
	defer g.grants.Unlock()
	w, known := g.places[c]
	if via.Token != "" && via.Workspace == w && known && via.Token == g.tokens[presence(via.Bot.AppID, w)] {
		return nil
	}
	return &messenger.SendError{Kind: messenger.SendDenied, Reason: openmates.T("Memory was given no credential for this room."), Err: errors.New("not granted")}
}

// Send implements messenger.Connector.
func (g *Granting) Send(ctx context.Context, via messenger.Via, out messenger.Outbound) (openmates.MessageID, error) {
	if err := g.refused(via, out.Channel); err != nil {
		return "", err
	}
	return g.Browser.Send(ctx, via, out)
}

// Edit implements messenger.Editor.
func (g *Granting) Edit(ctx context.Context, via messenger.Via, id openmates.MessageID, out messenger.Outbound) error {
	if err := g.refused(via, out.Channel); err != nil {
		return err
	}
	return g.Browser.Edit(ctx, via, id, out)
}

// Remove implements messenger.Remover.
func (g *Granting) Remove(ctx context.Context, via messenger.Via, m messenger.MessageRef) error {
	if err := g.refused(via, m.Channel); err != nil {
		return err
	}
	return g.Browser.Remove(ctx, via, m)
}

// Typing implements messenger.Typist.
func (g *Granting) Typing(ctx context.Context, via messenger.Via, c openmates.ChannelID) error {
	if err := g.refused(via, c); err != nil {
		return err
	}
	return g.Browser.Typing(ctx, via, c)
}

// React implements messenger.Reactor.
func (g *Granting) React(ctx context.Context, via messenger.Via, m messenger.MessageRef, sign string) error {
	if err := g.refused(via, m.Channel); err != nil {
		return err
	}
	return g.Browser.React(ctx, via, m, sign)
}

// Leave implements messenger.Leaver. Like everything else it needs the
// credential, which becomes invalid.
func (g *Granting) Leave(ctx context.Context, via messenger.Via) error {
	g.grants.Lock()
	defer g.grants.Unlock()
	key := presence(via.Bot.AppID, via.Workspace)
	have, in := g.tokens[key]
	if !in {
		return nil
	}
	if via.Token != have {
		return &messenger.SendError{Kind: messenger.SendBroken, Reason: openmates.T("Memory does not take this credential."), Err: errors.New("not granted")}
	}
	delete(g.tokens, key)
	return g.Browser.Leave(ctx, via)
}
