package server_test

import (
	"strings"
	"testing"

	"openmates"
	"openmates/internal/server"
)

func TestTheServerAnswersToItsOwnNames(t *testing.T) {
	t.Parallel()
	const public = "https://mates.example.org"
	const fixed, free = true, false
	for _, tc := range []struct {
		name   string
		chosen bool
		setUp  string // by which name; "" = it is not set up
		proxy  bool
		fine   string
		bad    string
	}{
		{"an address was chosen", fixed, "old.example.org", false,
			"mates.example.org mates.example.org:443 MATES.example.org. mates.example.org:8080 localhost localhost:8080 127.0.0.1 127.8.8.8:1 [::1] [::1]:8080 [::ffff:127.0.0.1]:1",
			"evil.example old.example.org 192.168.1.5:8080 openmates:8080 [fe80::1]:80 xmates.example.org mates.example.org.evil.example localhost.evil.example 127.0.0.1.evil.example 0.0.0.0 :8080 a/b ev\u200bil"},
		{"a proxy of ours asks", fixed, "old.example.org", true, "mates.example.org 10.0.0.5:8080 openmates:8080", "evil.example old.example.org"},
		{"nobody is here yet", free, "", false, "mates.example.org anything.example 192.168.1.5:8080 mates", "a/b :80"},
		{"it was set up by a name", free, "box.lan.example:8080", false, "mates.example.org box.lan.example box.lan.example:9 192.168.1.5:8080 [fd00::1]:8080 mates:8080 localhost", "evil.example lan.example"},
		{"it was set up by an IP address", free, "192.168.1.5:8080", false, "192.168.1.5:8080 10.1.1.1", "evil.example"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := newHouseAt(t, public, tc.chosen)
			secret, err := h.SetupCode(t.Context())
			must(t, err)
			if tc.setUp != "" {
				_, _, err = h.Setup(t.Context(), from(1), server.Founder{Code: secret, Name: "Ada", Username: "ada", Password: goodPassword, Team: "Harbour", Host: tc.setUp})
				must(t, err)
			}
			for fine, hosts := range map[bool]string{true: tc.fine, false: tc.bad} {
				for host := range strings.FieldsSeq(hosts) {
					err := h.Serves(t.Context(), server.Asked{Host: host, Public: public, Proxied: tc.proxy})
					if (err == nil) != fine || err != nil && (openmates.CodeOf(err) != openmates.EInvalid || !strings.Contains(openmates.MessageOf(err), public)) {
						t.Errorf("%q: %v", host, err)
					}
				}
			}
			if err := h.Serves(t.Context(), server.Asked{Public: public, Proxied: tc.proxy}); err == nil {
				t.Error("a request without a name is answered")
			}
		})
	}
}

func FuzzHost(f *testing.F) {
	for _, s := range []string{"", "a", "a:1", "[::1]:1", "[::1", "::1", "a:b:c", "A.", "127.0.0.1.", "[fe80::1%25en0]", "localhost\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		host := server.HostOf(s)
		if strings.ToLower(host) != host || strings.ContainsAny(host, "/\\@ \r\n\x00") {
			t.Errorf("%q has the name %q", s, host)
		}
		if server.IsLoopback(host) && !strings.Contains(strings.ToLower(s), "localhost") && !strings.Contains(s, "127.") && !strings.Contains(s, ":") {
			t.Errorf("%q is this machine", s)
		}
	})
}
