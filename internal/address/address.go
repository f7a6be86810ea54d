// Package address knows where people reach this server: its public address,
// which an admin can change while the server runs.
//
// Everybody who asks gets the same address, and everybody who waits for a
// change is notified. The package doesn't check that the address leads to this
// server, and doesn't store it: that is up to the room that changes it.
package address

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
)

// Public is the public address of a server. It is safe for concurrent use.
type Public struct {
	mu     sync.Mutex
	url    string
	chosen bool
	moved  chan struct{}
}

// New returns a Public with an address such as "https://mates.example". chosen
// says whether somebody chose it, or it was only derived from where the server
// listens.
func New(url string, chosen bool) (*Public, error) {
	p := &Public{moved: make(chan struct{})}
	if err := p.Move(url); err != nil {
		return nil, err
	}
	p.chosen = chosen
	return p, nil
}

// URL returns the address without a trailing slash.
func (p *Public) URL() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.url
}

// Secure reports whether browsers reach the server over https only.
func (p *Public) Secure() bool { return strings.HasPrefix(p.URL(), "https://") }

// Chosen reports whether somebody has chosen the address.
func (p *Public) Chosen() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.chosen
}

// Move changes the address to one that somebody has chosen.
func (p *Public) Move(to string) error {
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return fmt.Errorf("address: %q is not of the form https://host", to)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.url, p.chosen = u.Scheme+"://"+u.Host, true
	close(p.moved)
	p.moved = make(chan struct{})
	return nil
}

// Moved returns a channel that is closed at the next change of the address.
func (p *Public) Moved() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.moved
}
