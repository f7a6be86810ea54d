package server

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"openmates"
	"openmates/internal/spelling"
)

// hostSetting stores the name by which the server was reached at setup.
const hostSetting = "server.set_up_host"

// Asked is where a request was sent to.
type Asked struct {
	Host    string // as named by the request, or by a trusted proxy
	Public  string // the server's address
	Proxied bool   // it came through a trusted proxy
}

// Serves returns nil if the server answers to the name of a request: that of
// its public address, and every name of this machine. Otherwise a page on
// another site whose name points here (DNS rebinding) would have the same
// origin as ours for a browser.
//
// Until somebody has chosen the public address, the first admin must be able to
// get in: with any name before the setup, because there is nothing to protect
// yet and the code from the setup link is required; then with the name used at
// setup. A stranger can't make a bare IP address or a name without a dot point
// here: they are answered until then as well, and when a trusted proxy uses
// them to reach us. Otherwise the error is EInvalid.
func (r *Room) Serves(ctx context.Context, a Asked) error {
	host := hostOf(a.Host)
	public, err := url.Parse(a.Public)
	if err != nil {
		return fmt.Errorf("read the public address: %w", err)
	}
	if host != "" && (host == hostOf(public.Host) || isLoopback(host)) {
		return nil
	}
	other := openmates.Errorf(openmates.EInvalid, "This server isn't set up for the name %q. Open %s instead. If the name is right, start the server with OPENMATES_URL set to its address; see the README.", spelling.Clip(host, 40), a.Public)
	chosen := r.address.Chosen()
	if host == "" || chosen && !a.Proxied {
		return other
	}
	if ip, _ := netip.ParseAddr(host); ip.IsValid() || !strings.Contains(host, ".") {
		return nil
	}
	if chosen {
		return other
	}
	set, _, err := r.store.Setting(ctx, hostSetting)
	if err != nil {
		return fmt.Errorf("read how the server was reached: %w", err)
	}
	if set == host {
		return nil
	}
	open, err := r.SetupOpen(ctx)
	if err == nil && !open {
		err = other
	}
	return err
}

// keepHost stores the name by which the server was reached at setup.
func (r *Room) keepHost(ctx context.Context, host string) {
	if host = hostOf(host); host == "" || isLoopback(host) {
		return
	}
	if err := r.store.SetSetting(ctx, hostSetting, host); err != nil {
		r.log.ErrorContext(ctx, "can't keep by which name the server was set up", "err", err)
	}
}

// hostOf returns the name in a host with or without a port, in lower case; ""
// if it is invalid.
func hostOf(s string) string {
	host := s
	if h, _, err := net.SplitHostPort(s); err == nil {
		host = h
	} else if strings.HasPrefix(s, "[") != strings.HasSuffix(s, "]") || strings.Count(s, ":") > 0 && !strings.HasPrefix(s, "[") {
		return ""
	}
	host = strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
	if len(host) > 253 || strings.ContainsFunc(host, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune(`/\@<>"'`, c) }) {
		return ""
	}
	return host
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}
