package web

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
)

// guard decides which addresses may be connected to. The dialer calls it for
// the actual address of each connection, after name resolution, so that neither
// a redirect nor a changed DNS answer gets around it.
type guard struct {
	ports  []uint16
	trust  []netip.AddrPort
	closed []netip.Prefix
}

// refusedError is the guard's error. Its text is only for the log, because it
// names internal addresses.
type refusedError struct{ addr, why string }

// Error returns the text for the log.
func (e *refusedError) Error() string {
	return fmt.Sprintf("refused to connect to %s: %s", e.addr, e.why)
}

// control is a net.Dialer.ControlContext.
func (g *guard) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") {
		return &refusedError{address, "only TCP"}
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return &refusedError{address, "not an address"}
	}
	return g.check(to)
}

func (g *guard) check(to netip.AddrPort) error {
	if slices.Contains(g.trust, to) {
		return nil
	}
	if !slices.Contains(g.ports, to.Port()) {
		return &refusedError{to.String(), "the port"}
	}
	if !g.public(to.Addr()) {
		return &refusedError{to.String(), "not an address of the public internet"}
	}
	return nil
}

// closedRanges returns all ranges that don't belong to somebody else on the
// public internet, from IANA's registries of special-purpose addresses (RFC
// 6890 and its updates), and the other addresses at which clouds give a machine
// its secrets.
func closedRanges() []netip.Prefix {
	var all []netip.Prefix
	for _, p := range []string{
		"0.0.0.0/8",        // this network (RFC 791)
		"10.0.0.0/8",       // private (RFC 1918)
		"100.64.0.0/10",    // carrier-grade NAT (RFC 6598); metadata of Alibaba
		"127.0.0.0/8",      // loopback
		"168.63.129.16/32", // Azure's platform, also metadata
		"169.254.0.0/16",   // link-local (RFC 3927); metadata of most clouds
		"172.16.0.0/12",    // private
		"192.0.0.0/24",     // IETF protocol assignments; metadata of Oracle
		"192.0.2.0/24",     // documentation (RFC 5737)
		"192.31.196.0/24",  // AS112 (RFC 7535)
		"192.52.193.0/24",  // AMT (RFC 7450)
		"192.88.99.0/24",   // 6to4 relays (RFC 7526)
		"192.168.0.0/16",   // private
		"192.175.48.0/24",  // AS112 (RFC 7534)
		"198.18.0.0/15",    // benchmarks (RFC 2544)
		"198.51.100.0/24",  // documentation
		"203.0.113.0/24",   // documentation
		"224.0.0.0/4",      // multicast
		"240.0.0.0/4",      // reserved, and broadcast

		// Only 2000::/3 is public in IPv6; these are the exceptions in it.
		"2001::/23",         // IETF protocol assignments, with Teredo (2001::/32) and ORCHID
		"2001:db8::/32",     // documentation (RFC 3849)
		"2002::/16",         // 6to4, which carries an IPv4 address (RFC 7526: deprecated)
		"2620:4f:8000::/48", // AS112
		"3fff::/20",         // documentation (RFC 9637)
	} {
		all = append(all, netip.MustParsePrefix(p))
	}
	return all
}

// public reports whether an address belongs to the public internet. An IPv4
// address within an IPv6 address is checked as IPv4.
func (g *guard) public(a netip.Addr) bool {
	a = a.Unmap() // ::ffff:127.0.0.1
	if a.Zone() != "" {
		return false
	}
	if a.Is6() {
		// With NAT64 (RFC 6052) hosts without IPv4 reach all of it; the last
		// four bytes are the IPv4 address.
		if netip.MustParsePrefix("64:ff9b::/96").Contains(a) {
			b := a.As16()
			return g.public(netip.AddrFrom4([4]byte(b[12:])))
		}
		if !netip.MustParsePrefix("2000::/3").Contains(a) || isatap(a) {
			return false
		}
	}
	return a.IsGlobalUnicast() && !slices.ContainsFunc(g.closed, func(p netip.Prefix) bool { return p.Contains(a) })
}

// isatap reports whether an address contains an IPv4 address after 0:5efe or
// 200:5efe (RFC 5214, section 6.1).
func isatap(a netip.Addr) bool {
	b := a.As16()
	return b[8]&^0x02 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}

// dialer returns a dialer that only connects where the guard allows.
func (g *guard) dialer(r *net.Resolver) *net.Dialer {
	return &net.Dialer{Timeout: dialTime, Resolver: r, ControlContext: g.control}
}
