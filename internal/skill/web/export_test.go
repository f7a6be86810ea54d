package web

import (
	"context"
	"net/netip"
	"net/url"
)

// Public reports whether an address is one of the public internet.
func Public(a netip.Addr) bool { return (&guard{closed: closedRanges()}).public(a) }

// Convert is the conversion of HTML alone.
func Convert(ctx context.Context, text string, base *url.URL) (string, error) {
	return convert(ctx, text, base)
}

// Known reports whether an address is in a text.
func Known(address, text string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && known(u, []string{text})
}
