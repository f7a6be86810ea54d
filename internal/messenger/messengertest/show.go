package messengertest

import (
	"context"
	"strings"

	"openmates"
	"openmates/internal/messenger"
)

var (
	_ messenger.Reader  = (*Network)(nil)
	_ messenger.Fetcher = (*Network)(nil)
)

const fileAddress = "memory://files/"

// Upload keeps a file, as somebody's client does before it posts it.
func (n *Network) Upload(name string, data []byte) messenger.File {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.files == nil {
		n.files = map[string][]byte{}
	}
	n.files[name] = data
	return messenger.File{Name: name, Size: int64(len(data)), URL: fileAddress + name}
}

// Fetch implements messenger.Fetcher.
func (n *Network) Fetch(ctx context.Context, _ messenger.Via, f messenger.File, most int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	name, ok := strings.CutPrefix(f.URL, fileAddress)
	if !ok {
		return nil, openmates.Errorf(openmates.EInvalid, "%s is no file of this network.", f.Name)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	data, ok := n.files[name]
	switch {
	case !ok:
		return nil, openmates.Errorf(openmates.ENotFound, "%s is gone.", f.Name)
	case int64(len(data)) > most:
		return nil, openmates.Errorf(openmates.EInvalid, "%s is too large.", f.Name)
	}
	return data, nil
}

// Wrote keeps a message of a person for Read.
func (n *Network) Wrote(channel openmates.ChannelID, q messenger.Quote) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.written == nil {
		n.written = map[messenger.MessageRef]messenger.Quote{}
	}
	n.written[messenger.MessageRef{Channel: channel, ID: q.ID}] = q
}

// Read implements messenger.Reader.
func (n *Network) Read(ctx context.Context, _ messenger.Via, m messenger.MessageRef) (messenger.Quote, error) {
	if err := ctx.Err(); err != nil {
		return messenger.Quote{}, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if q, ok := n.written[m]; ok {
		return q, nil
	}
	return messenger.Quote{ID: m.ID, State: messenger.QuoteDeleted}, nil
}
