package web

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"openmates/internal/intake"
)

// at asks for a path under a name, as a browser does that was led here by the
// name of another site.
func (h *house) at(method, path, host string, header ...string) (status int, body string) {
	h.t.Helper()
	req, err := http.NewRequest(method, h.url+path, nil)
	must(h.t, err)
	req.Host = host
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	must(h.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	must(h.t, err)
	return resp.StatusCode, string(b)
}

// Every page is refused to the name of another site, the sign-in of the demo
// among them; only the health and the check of an address are not.
func TestTheNameOfAnotherSiteIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *Config) { c.Demo = &Demo{People: []DemoPerson{{Username: "ada", Password: "x"}}} })
	for _, pattern := range h.web.patterns {
		method, path, _ := strings.Cut(pattern, " ")
		if path == "" {
			method, path = http.MethodGet, pattern
		}
		if byAnyName(path) || strings.Contains(path, "nonce") {
			continue
		}
		path = strings.NewReplacer("{$}", "", "{", "", "}", "", "...", "").Replace(path)
		status, body := h.at(method, path, "evil.example:19101", "Origin", "http://evil.example:19101", "Sec-Fetch-Site", "same-origin")
		if status != http.StatusMisdirectedRequest || !strings.Contains(body, "set up for the name \"evil.example\"") {
			t.Errorf("%s %s: %d %.80s", method, path, status, body)
		}
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, _ := h.at(http.MethodGet, path, "evil.example"); status != http.StatusOK {
			t.Errorf("%s by any name: %d", path, status)
		}
	}
	own := strings.TrimPrefix(h.url, "http://")
	if status, body := h.at(http.MethodGet, "/signin", own); status != http.StatusOK {
		t.Errorf("by its own name: %d %s", status, body)
	}
	if status, body := h.at(http.MethodGet, "/signin", "evil.example", "Accept-Language", "de"); status != 421 || !strings.Contains(body, "Dieser Server") {
		t.Errorf("in German: %d %s", status, body)
	}
}

// What a proxy says it was asked for counts only if the proxy is believed.
func TestAProxySaysWhatItWasAskedFor(t *testing.T) {
	t.Parallel()
	trusting := newHouse(t, func(c *Config) { c.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	own := strings.TrimPrefix(trusting.url, "http://")
	for _, tc := range []struct {
		host, forwarded string
		want            int
	}{
		{"openmates:8080", "", 200}, {"openmates:8080", own, 200}, {own, "evil.example", 421}, {"evil.example", own, 200}, {"evil.example", "", 421},
		{own, "evil.example, " + own, 200}, {own, own + ", evil.example", 421},
	} {
		header := []string{}
		if tc.forwarded != "" {
			header = []string{"X-Forwarded-Host", tc.forwarded}
		}
		if status, body := trusting.at(http.MethodGet, "/signin", tc.host, header...); status != tc.want {
			t.Errorf("%s for %q: %d %s", tc.host, tc.forwarded, status, body)
		}
	}
	if status, _ := newHouse(t).at(http.MethodGet, "/signin", "evil.example", "X-Forwarded-Host", own); status != 421 {
		t.Errorf("somebody who is no proxy is believed: %d", status)
	}
}

// A form that never comes is given up, and its sender is told.
func TestAFormThatNeverComesIsGivenUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *Config) { c.Patience = intake.Patience{First: 50 * time.Millisecond, Rate: 1 << 20} })
	c, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	must(t, err)
	defer c.Close()
	fmt.Fprintf(c, "POST /signin HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nusername=", c.RemoteAddr(), h.url)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	must(t, err)
	b, err := io.ReadAll(resp.Body)
	must(t, err)
	if resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(string(b), "took too long to arrive") {
		t.Errorf("%d %s", resp.StatusCode, b)
	}
}
