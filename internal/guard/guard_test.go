package guard

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// network is an address in the nth network.
func network(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(n >> 8), byte(n), 7}) }

func TestThrottleIsBounded(t *testing.T) {
	t.Parallel()
	th := NewThrottle(time.Minute, 2, 100)
	now := time.Now()
	for i := range 10_000 {
		th.Allow(fmt.Sprint(i), now)
	}
	if len(th.keys) != 100 || th.order.Len() != 100 {
		t.Errorf("holds %d keys", len(th.keys))
	}
}

func TestOnePartyCantLookLikeMany(t *testing.T) {
	t.Parallel()
	a, b := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::ffff:1")
	if Party(a) != Party(b) {
		t.Error("one IPv6 network counts as many addresses")
	}
	if Party(netip.MustParseAddr("::ffff:192.0.2.1")) != "192.0.2.1" {
		t.Error("a mapped IPv4 address counts as another one")
	}
}

// No order of attempts gets more than the limits allow.
func TestNoOrderOfTriesGetsAroundTheBarrier(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := NewBarrier(time.Minute, 3, time.Minute, 9)
		now := time.Unix(1_800_000_000, 0)
		near, all, known := map[string]int{}, 0, map[string]int{}
		for range rapid.IntRange(1, 120).Draw(t, "tries") {
			g := Try{Account: "1", From: network(rapid.IntRange(0, 9).Draw(t, "network"))}
			if n := rapid.IntRange(0, 6).Draw(t, "browser"); n < 2 {
				g.Browser = fmt.Sprint(n)
			}
			if !b.Allow(g, now) {
				continue
			}
			if g.Browser != "" {
				known[g.Browser]++
			} else {
				near[Network(g.From)]++
				all++
			}
		}
		if all > 9 {
			t.Fatalf("%d tries by strangers", all)
		}
		for k, n := range near {
			if n > 3 {
				t.Fatalf("%d tries from %s", n, k)
			}
		}
		for k, n := range known {
			if n > 3 {
				t.Fatalf("%d tries by browser %s", n, k)
			}
		}
	})
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	for a, want := range map[string]string{
		"192.0.2.1": "192.0.2.0/24", "192.0.2.254": "192.0.2.0/24", "::ffff:192.0.2.9": "192.0.2.0/24", "192.0.3.1": "192.0.3.0/24",
		"2001:db8::1": "2001:db8::/64", "2001:db8::ffff:1": "2001:db8::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := Network(netip.MustParseAddr(a)); got != want {
			t.Errorf("%s is in %s, want %s", a, got, want)
		}
	}
}
