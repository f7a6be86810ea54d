package main

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHealthAsksTheServerOfItsSettings(t *testing.T) {
	t.Parallel()
	p := start(t, nil, "serve", "--addr", "127.0.0.1:0", "--data", t.TempDir())
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(p.Web, "http://"))
	sick := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	defer sick.Close()
	for _, c := range []struct {
		name, addr string
		code       int
		says       string
	}{
		{"it lives", "127.0.0.1:" + port, 0, "ok"},
		{"it listens on all interfaces", "0.0.0.0:" + port, 0, "ok"},
		{"somebody else answers", strings.TrimPrefix(sick.URL, "http://"), 1, "502"},
		{"nobody listens", "127.0.0.1:1", 1, "No server answers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			env := environOf(map[string]string{"OPENMATES_ADDR": c.addr})
			if code := run(t.Context(), []string{"health"}, env, &out, &errs); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			if said := out.String() + errs.String(); !strings.Contains(said, c.says) {
				t.Errorf("it says %q, want %q", said, c.says)
			}
		})
	}
}
