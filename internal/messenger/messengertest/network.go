// Package messengertest is a small in-memory network that keeps the contract of
// a messenger's connector, for tests of code that uses one.
package messengertest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// Network is an in-memory messenger. Its zero value is ready; set fields before
// using it.
type Network struct {
	Limit int // of one message, in bytes; 0 = 2000
	// Refuse, if set, is called before each Send and Edit; its error fails the
	// call. With After, Send does its work first, so that the result of a
	// successful call is lost.
	Refuse func(op string, out messenger.Outbound) error
	After  bool
	// Closed, if set, returns the Access to a channel.
	Closed func(channel openmates.ChannelID) messenger.Access

	mu       sync.Mutex
	posts    []*Post
	typings  int
	signs    map[openmates.MessageID][]string // by message
	whispers []string
	files    map[string][]byte
	written  map[messenger.MessageRef]messenger.Quote
	hosts    map[openmates.ID]messenger.Host
	offered  map[openmates.ID][]messenger.CommandInfo
	said     map[openmates.ID][]messenger.Inbound // not delivered yet
	news     chan struct{}                        // closed when something is said
	changed  chan struct{}
}

// Post is a message that a bot posted.
type Post struct {
	ID      openmates.MessageID
	Out     messenger.Outbound
	Texts   []string // the first text and what it was edited to
	Removed bool
}

// Text returns the message's current text.
func (p Post) Text() string { return p.Texts[len(p.Texts)-1] }

// Info implements messenger.Connector.
func (n *Network) Info() messenger.Info {
	limit := n.Limit
	if limit == 0 {
		limit = 2000
	}
	return messenger.Info{
		Network: "memory", Label: "Memory", Place: openmates.T("room"), Workspace: openmates.T("room"), TextLimit: limit,
		Measure:   func(s string) int { return len(s) },
		EditEvery: time.Second, TypingLasts: 10 * time.Second,
		Fields: []messenger.Field{
			{Name: "password", Kind: messenger.SecretField, Label: openmates.T("Password")},
			{Name: "seal", Kind: messenger.SecretField, Label: openmates.T("Seal"), Consent: true},
		},
	}
}

// Check implements messenger.Connector; it accepts every bot.
func (n *Network) Check(_ context.Context, b openmates.Bot) (messenger.Profile, error) {
	return messenger.Profile{AppID: b.AppID, UserID: openmates.AccountID(b.AppID), Name: b.Name}, nil
}

// Listen implements messenger.Connector. Say sends messages to it, and Give
// commands.
func (n *Network) Listen(ctx context.Context, b openmates.Bot, h messenger.Host) error {
	if err := n.Register(ctx, b, h.Commands()); err != nil {
		return err
	}
	n.mu.Lock()
	if n.hosts == nil {
		n.hosts = map[openmates.ID]messenger.Host{}
	}
	n.hosts[b.ID] = h
	n.mu.Unlock()
	h.Report(messenger.State{Phase: messenger.Connected})
	return n.deliver(ctx, b.ID, h)
}

// Register implements messenger.Commander.
func (n *Network) Register(_ context.Context, b openmates.Bot, all []messenger.CommandInfo) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.offered == nil {
		n.offered = map[openmates.ID][]messenger.CommandInfo{}
	}
	n.offered[b.ID] = all
	return nil
}

// Offered lists the commands that a bot offers.
func (n *Network) Offered(bot openmates.ID) []messenger.CommandInfo {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.offered[bot]
}

// Give makes a person give a command to a listening bot. A command that isn't
// offered never reaches the Host.
func (n *Network) Give(ctx context.Context, bot openmates.ID, c messenger.Command) (messenger.Reply, error) {
	n.mu.Lock()
	h := n.hosts[bot]
	known := slices.ContainsFunc(n.offered[bot], func(o messenger.CommandInfo) bool { return o.Name == c.Name })
	n.mu.Unlock()
	if h == nil || !known {
		return messenger.Reply{}, fmt.Errorf("the bot %v offers no /%s", bot, c.Name)
	}
	return h.Command(ctx, c)
}

// Send implements messenger.Connector.
func (n *Network) Send(ctx context.Context, _ messenger.Via, out messenger.Outbound) (openmates.MessageID, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if err := fenced(ctx); err != nil {
		return "", err
	}
	refused := n.refusal("send", out)
	if refused != nil && !n.After {
		return "", refused
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.posts {
		if p.Out.Key == out.Key && p.Out.Part == out.Part {
			return p.ID, refused
		}
	}
	p := &Post{ID: openmates.MessageID(strconv.Itoa(len(n.posts) + 1)), Out: out, Texts: []string{out.Text}}
	n.posts = append(n.posts, p)
	n.tell()
	return p.ID, refused
}

// fenced returns an error if this process was replaced.
func fenced(ctx context.Context) error {
	if err := openmates.Fence(ctx); err != nil {
		return &messenger.SendError{Kind: messenger.SendLater, Reason: openmates.T("Another process answers."), Err: err}
	}
	return nil
}

// Edit implements messenger.Editor.
func (n *Network) Edit(ctx context.Context, _ messenger.Via, id openmates.MessageID, out messenger.Outbound) error {
	if err := fenced(ctx); err != nil {
		return err
	}
	if err := n.refusal("edit", out); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	p, err := n.find(id)
	if err == nil {
		p.Texts = append(p.Texts, out.Text)
		p.Out.Ping = out.Ping
		n.tell()
	}
	return err
}

// Remove implements messenger.Remover.
func (n *Network) Remove(ctx context.Context, _ messenger.Via, m messenger.MessageRef) error {
	if err := fenced(ctx); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	p, err := n.find(m.ID)
	if err == nil {
		p.Removed = true
		n.tell()
	}
	return err
}

// Typing implements messenger.Typist.
func (n *Network) Typing(context.Context, messenger.Via, openmates.ChannelID) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.typings++
	n.tell()
	return nil
}

// Typings counts how often typing was shown.
func (n *Network) Typings() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.typings
}

// Posts returns the messages that exist now, in order.
func (n *Network) Posts() []Post {
	n.mu.Lock()
	defer n.mu.Unlock()
	var posts []Post
	for _, p := range n.posts {
		if !p.Removed {
			c := *p
			c.Texts = append([]string(nil), p.Texts...)
			posts = append(posts, c)
		}
	}
	return posts
}

// Await waits until ok returns true for the current messages. It is called
// again after each change, and after each Typing.
func (n *Network) Await(ctx context.Context, ok func([]Post) bool) error {
	for {
		n.mu.Lock()
		if n.changed == nil {
			n.changed = make(chan struct{})
		}
		changed := n.changed
		n.mu.Unlock()
		if ok(n.Posts()) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for posts, have %v: %w", n.Posts(), ctx.Err())
		case <-changed:
		}
	}
}

func (n *Network) tell() {
	if n.changed != nil {
		close(n.changed)
		n.changed = nil
	}
}

func (n *Network) find(id openmates.MessageID) (*Post, error) {
	for _, p := range n.posts {
		if p.ID == id {
			return p, nil
		}
	}
	return nil, &messenger.SendError{Kind: messenger.SendGone, Reason: openmates.T("There is no message %s.", id)}
}

func (n *Network) refusal(op string, out messenger.Outbound) error {
	if n.Refuse == nil {
		return nil
	}
	return n.Refuse(op, out)
}
