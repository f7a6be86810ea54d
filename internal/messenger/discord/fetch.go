package discord

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"openmates"
	"openmates/internal/messenger"
)

var _ messenger.Fetcher = (*Connector)(nil)

// fileHosts are where Discord keeps attachments (reference, Signed Attachment
// CDN URLs).
var fileHosts = [...]string{"cdn.discordapp.com", "media.discordapp.net"} //nolint:gochecknoglobals // a table that nobody writes

func fileClient(c *http.Client) *http.Client {
	return &http.Client{Transport: c.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Fetch implements messenger.Fetcher. The address is signed, so the bot's token
// isn't sent.
func (d *Connector) Fetch(ctx context.Context, _ messenger.Via, f messenger.File, most int64) ([]byte, error) {
	if !d.isFile(f.URL) {
		return nil, openmates.Errorf(openmates.EInvalid, "%s isn't a file on Discord.", f.Name)
	}
	if f.Size > most {
		return nil, tooLarge(f.Name, most)
	}
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return nil, &openmates.Error{Code: openmates.EInvalid, Message: openmates.T("%s isn't a file on Discord.", f.Name), Err: err}
	}
	req.Header.Set("User-Agent", d.agent)
	res, err := d.files.Do(req)
	if err != nil {
		return nil, unfetched(f, withoutQuery(err))
	}
	defer func() { _ = res.Body.Close() }()
	switch {
	case res.StatusCode == http.StatusNotFound, res.StatusCode == http.StatusForbidden, res.StatusCode == http.StatusGone:
		return nil, openmates.Errorf(openmates.ENotFound, "%s is no longer on Discord.", f.Name)
	case res.StatusCode != http.StatusOK:
		return nil, unfetched(f, fmt.Errorf("status %d", res.StatusCode))
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, most+1))
	if err != nil {
		return nil, unfetched(f, err)
	}
	if int64(len(data)) > most {
		return nil, tooLarge(f.Name, most)
	}
	return data, nil
}

// isFile reports whether an address is that of an attachment on the network.
// Another server that speaks Discord's protocol keeps its files where its API
// is.
func (d *Connector) isFile(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || !strings.HasPrefix(u.Path, "/attachments/") && !strings.HasPrefix(u.Path, "/ephemeral-attachments/") {
		return false
	}
	for _, h := range fileHosts {
		if u.Scheme == "https" && u.Host == h {
			return true
		}
	}
	api, err := url.Parse(d.api)
	return err == nil && api.Host != "discord.com" && u.Host == api.Host && u.Scheme == api.Scheme
}

func unfetched(f messenger.File, err error) error {
	return &openmates.Error{Code: openmates.EUnavailable, Message: openmates.T("Discord doesn't deliver %s right now.", f.Name), Err: err}
}

func tooLarge(name string, most int64) error {
	return openmates.Errorf(openmates.EInvalid, "%s is larger than %d MB.", name, most>>20)
}

// withoutQuery takes the signature of an address out of an error.
func withoutQuery(err error) error {
	if e, ok := err.(*url.Error); ok { //nolint:errorlint // net/http returns it as it is
		return e.Err
	}
	return err
}
