package web_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"openmates/internal/skill/web"
)

func TestWhichAddressesArePublic(t *testing.T) {
	t.Parallel()
	for _, a := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.0.0.1", "127.255.0.1",
		"168.63.129.16", "169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1",
		"192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1",
		"255.255.255.255",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::ffff:0:127.0.0.1",
		"64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "64:ff9b:1::8.8.8.8",
		"2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::1", "2002:808:808::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:10::1",
		"2001:db8::1", "3fff::1", "100::1", "fc00::1", "fd00:ec2::254", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "5f00::1",
		"2a00:1450:4001::5efe:10.0.0.1", "2a00:1450:4001:0:200:5efe:127.0.0.1", "2606:4700::1111%lo",
	} {
		if web.Public(netip.MustParseAddr(a)) {
			t.Errorf("%s counts as public", a)
		}
	}
	for _, a := range []string{
		"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.1", "93.184.215.14", "100.63.255.255", "100.128.0.1", "169.253.1.1", "172.15.0.1", "172.32.0.1",
		"192.167.1.1", "192.0.1.1", "198.17.0.1", "198.20.0.1", "223.255.255.255", "168.63.129.15", "::ffff:8.8.8.8",
		"2606:4700:4700::1111", "2a00:1450:4001:82b::200e", "2001:4860:4860::8888", "64:ff9b::8.8.8.8",
	} {
		if !web.Public(netip.MustParseAddr(a)) {
			t.Errorf("%s does not count as public", a)
		}
	}
}

// Every way to write the address of the machine itself is refused, though a
// server listens there.
func TestNoWayToWriteTheLoopbackIsRead(t *testing.T) {
	t.Parallel()
	inside := serve(t, "127.0.0.1:0", html("secret"))
	r := open(t, web.Config{Ports: []uint16{80, 443, inside.addr().Port()}, Resolver: serveNames(t, map[string][]string{
		"inside.test": {"127.0.0.1"}, "mapped.test": {"::ffff:127.0.0.1"}, "lan.test": {"10.0.0.5"}, "v6.test": {"::1"}, "localhost.test": {"127.0.0.1"},
		"2130706433": {"127.0.0.1"},
	})})
	for _, host := range []string{
		"127.0.0.1", "localhost", "localhost.", "LOCALHOST", "127.1", "127.0.1", "2130706433", "017700000001", "0177.0.0.1", "0177.0.0.01", "0x7f.0.0.1",
		"0x7f000001", "0x7F.1", "127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:0001]", "[::127.0.0.1]", "[::]",
		"0.0.0.0", "0", "[::1%25lo]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "１２７.０.０.１", "127。0。0。1", "①②⑦.⓪.⓪.①",
		"inside.test", "mapped.test", "v6.test", "lan.test", "inside.test.", "INSIDE.test", "169.254.169.254", "10.0.0.1", "192.168.0.1", "[fd00:ec2::254]",
	} {
		r.refuses(t, "http://"+host+":"+inside.port()+"/", "")
	}
	if n := inside.hits.Load(); n != 0 {
		t.Errorf("the server inside was asked %d times", n)
	}
	r.refuses(t, "http://inside.test:"+inside.port()+"/?canary", "it isn't on the public web, or it doesn't respond")
	if log := r.log.String(); !strings.Contains(log, "not public") || strings.Contains(log, "canary") || !strings.Contains(log, "user=7") || !strings.Contains(log, "turn=t1") {
		t.Errorf("the log says %q", log)
	}
}

func TestAddressesThatAreNotRead(t *testing.T) {
	t.Parallel()
	r := open(t, web.Config{Resolver: serveNames(t, nil)})
	for address, want := range map[string]string{
		"file:///etc/passwd":                      "begin with http",
		"ftp://example.test/":                     "begin with http",
		"gopher://example.test/":                  "begin with http",
		"javascript:alert(1)":                     "begin with http",
		"data:text/html,hello":                    "begin with http",
		"example.test":                            "begin with http",
		"//example.test/":                         "begin with http",
		"http://":                                 "names no host",
		"http:///path":                            "names no host",
		"http://user:pass@example.test/":          "user name or password",
		"http://example.test:22/":                 "usual ports",
		"http://example.test:8080/":               "usual ports",
		"http://example.test:0/":                  "usual ports",
		"http://169.254.169.254/latest/meta-data": "it isn't on the public web, or it doesn't respond",
		"http://exa mple.test/":                   "no valid web address",
		"http://[::1/":                            "no valid web address",
		"http://nowhere.test/":                    "it isn't on the public web, or it doesn't respond",
		"http://example.test/\x00":                "no valid web address",
	} {
		r.refuses(t, address, want)
	}
}

func TestARedirectIntoTheNetworkIsRefused(t *testing.T) {
	t.Parallel()
	inside := serve(t, "127.0.0.1:0", html("secret"))
	var target string
	outside := serve(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
	})
	r := open(t, web.Config{
		Trust: []netip.AddrPort{outside.addr()}, Ports: []uint16{80, inside.addr().Port()},
		Resolver: serveNames(t, map[string][]string{"inside.test": {"127.0.0.1"}}),
	})
	for _, target = range []string{
		inside.URL, "http://inside.test:" + inside.port(), "http://2130706433:" + inside.port(), "http://[::ffff:127.0.0.1]:" + inside.port(),
		"file:///etc/passwd", "http://169.254.169.254/", "http://user:pass@example.test/", "http://example.test:25/", "gopher://127.0.0.1:" + inside.port(),
	} {
		r.refuses(t, outside.URL+"/?to="+target, "")
	}
	if inside.hits.Load() != 0 || outside.hits.Load() != 9 {
		t.Errorf("inside was asked %d times, outside %d times", inside.hits.Load(), outside.hits.Load())
	}
}

func TestRedirectsEnd(t *testing.T) {
	t.Parallel()
	s := serve(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Referer") != "" || r.Header.Get("Cookie") != "" || r.Header.Get("Authorization") != "" {
			t.Errorf("headers %v", r.Header)
		}
		http.SetCookie(w, &http.Cookie{Name: "track", Value: "me"})
		http.Redirect(w, r, "/again", http.StatusFound)
	})
	r := open(t, web.Config{Trust: []netip.AddrPort{s.addr()}})
	r.refuses(t, s.URL, "more than 5 times")
	if n := s.hits.Load(); n != 6 {
		t.Errorf("%d requests", n)
	}
}

// The name's owner changes the answer between one connection and the next:
// what is checked is what is connected to.
func TestAChangedDNSAnswerLeadsNowhere(t *testing.T) {
	t.Parallel()
	outside := serve(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/second", http.StatusFound) })
	inside := serve(t, "127.0.0.2:"+outside.port(), html("secret"))
	r := open(t, web.Config{
		Trust:    []netip.AddrPort{outside.addr()},
		Resolver: serveNames(t, map[string][]string{"rebind.test": {"127.0.0.1", "127.0.0.2"}}),
	})
	r.refuses(t, "http://rebind.test:"+outside.port()+"/", "it isn't on the public web, or it doesn't respond")
	if outside.hits.Load() != 1 || inside.hits.Load() != 0 {
		t.Errorf("outside was asked %d times, inside %d times", outside.hits.Load(), inside.hits.Load())
	}
}

func TestTrustIsForOneListenerOnly(t *testing.T) {
	t.Parallel()
	trusted, other := serve(t, "127.0.0.1:0", html("hello")), serve(t, "127.0.0.1:0", html("secret"))
	r := open(t, web.Config{Trust: []netip.AddrPort{trusted.addr()}})
	if got := r.page(t, trusted.URL); !strings.Contains(got, "hello") {
		t.Errorf("read %q", got)
	}
	r.refuses(t, other.URL, "")
	if other.hits.Load() != 0 {
		t.Error("another listener was asked")
	}
}
