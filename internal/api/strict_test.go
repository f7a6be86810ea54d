package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/chat"
	"openmates/internal/intake"
	"openmates/internal/server"
)

// Every operation rejects names in another spelling, duplicate names, and
// anything after the end of the body.
func TestEveryBodyHasOneMeaning(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	before, tried := h.changes(), 0
	for _, o := range h.operations() {
		r := matrix()[o.id]
		if r.body == "" {
			continue
		}
		body := h.body(r, "ben")
		var fields map[string]json.RawMessage
		must(t, json.Unmarshal([]byte(body), &fields))
		for name, value := range fields {
			pair := func(name string) string { return fmt.Sprintf("%q:%s", name, value) }
			upper := strings.ToUpper(name)
			for what, text := range map[string]string{
				"a name twice":              "{" + pair(name) + "," + body[1:],
				"a name in capitals":        strings.Replace(body, `"`+name+`":`, `"`+upper+`":`, 1),
				"a name and its twin":       "{" + pair(upper) + "," + body[1:],
				"a name and a Unicode twin": "{" + pair(strings.NewReplacer("s", "ſ", "k", "\u212a", "S", "ſ", "K", "\u212a").Replace(name)+"") + "," + body[1:],
				"something behind the end":  body + "{}",
			} {
				resp, v := h.do("", o.method, h.path(o), text)
				if resp.StatusCode != 400 && resp.StatusCode != 422 || v["code"] != "invalid" {
					t.Errorf("%s with %s (%s): %d %v", o.id, what, text, resp.StatusCode, v)
				}
				tried++
			}
			break
		}
	}
	if after := h.changes(); after != before || tried < 200 {
		t.Errorf("%d tried; %d lines of the record before, %d after", tried, before, after)
	}
	ben := h.as("ben")
	for _, text := range []string{
		`{"mate":"sophia","text":"a","TEXT":"` + strings.Repeat("x", 100_000) + `"}`,
		`{"mate":"sophia","text":"a","text":"` + strings.Repeat("x", 100_000) + `"}`,
	} {
		if resp, _ := h.raw(ben, "POST", "/harbour/apps/messages/process", text); resp.StatusCode < 400 {
			t.Errorf("%.60s…: %d", text, resp.StatusCode)
		}
	}
	for text, fine := range map[string]bool{
		`{"name":"t","scopes":["read"]}`: true, `{"name":"t","ſcopes":["read"],"scopes":["read"]}`: false, `{"name":"t","ſcopes":["admin"]}`: false,
	} {
		if resp, v := h.do(ben, "POST", "/me/tokens", text); (resp.StatusCode < 300) != fine {
			t.Errorf("%s: %d %v", text, resp.StatusCode, v)
		}
	}
}

// Two names of one thing may come together only where they say the same.
func TestTheGuildHasTwoNamesAndOneValue(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	listener := h.token("zoe", false)
	for text, want := range map[string]int{
		`{"discord_guilde_id":"G1","discord_user_id":"U1"}`: 404, `{"discord_guild_id":"G1","discord_user_id":"U1"}`: 404,
		`{"discord_guilde_id":"G1","discord_guild_id":"G1","discord_user_id":"U1"}`: 404, `{"discord_guilde_id":"G1","discord_guild_id":"G2","discord_user_id":"U1"}`: 422,
	} {
		if resp, v := h.do(listener, "POST", "/login", text); resp.StatusCode != want {
			t.Errorf("%s: %d %v, want %d", text, resp.StatusCode, v, want)
		}
	}
}

// A request sent to another site's host name is refused, whoever sends it.
func TestTheNameOfAnotherSiteIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *Config) {
		c.Asked = func(r *http.Request) server.Asked {
			return server.Asked{Host: r.Host, Public: "http://mates.example:8080"}
		}
	})
	for host, want := range map[string]int{
		"mates.example:8080": 200, "MATES.example": 200, "127.0.0.1:1": 200, "localhost": 200, "[::1]:9": 200, "127.9.9.9": 200,
		"evil.example": 421, "evil.example:8080": 421, "mates.example.evil.example": 421, "192.168.1.5:8080": 421, "localhost.evil.example": 421, "openmates": 421,
	} {
		for _, path := range []string{"/openapi.json", "/docs"} {
			req, err := http.NewRequest(http.MethodGet, h.url+Prefix+path, nil)
			must(t, err)
			req.Host = host
			resp, err := http.DefaultClient.Do(req)
			must(t, err)
			b, err := io.ReadAll(resp.Body)
			must(t, err)
			must(t, resp.Body.Close())
			if resp.StatusCode != want || want == 421 && (!bytes.Contains(b, []byte(`"code":"invalid"`)) || !bytes.Contains(b, []byte("start the server with OPENMATES_URL set to its address"))) {
				t.Errorf("%s at %s: %d %.200s, want %d", path, host, resp.StatusCode, b, want)
			}
		}
	}
}

// A body that never comes is given up, with and without a key.
func TestABodyThatNeverComesIsGivenUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *Config) { c.Patience = intake.Patience{First: 50 * time.Millisecond, Rate: 1 << 20} })
	for _, key := range []string{"", "Idempotency-Key: once\r\n"} {
		c, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
		must(t, err)
		defer c.Close()
		fmt.Fprintf(c, "POST %s/harbour/invites HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: %s\r\nContent-Type: application/json\r\nContent-Length: 100\r\n%s\r\n{", Prefix, h.as("cleo"), key)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		must(t, err)
		b, err := io.ReadAll(resp.Body)
		must(t, err)
		if resp.StatusCode != http.StatusRequestTimeout || !bytes.Contains(b, []byte(`"code":"invalid"`)) {
			t.Errorf("%q: %d %s", key, resp.StatusCode, b)
		}
	}
}

// An answer may take longer than the body was allowed to.
func TestASlowAnswerIsWaitedFor(t *testing.T) {
	t.Parallel()
	window := 30 * time.Millisecond
	h := newHouse(t, func(c *Config) {
		c.Patience = intake.Patience{First: window, Rate: 1 << 20}
		inner := c.Ask
		c.Ask = func(ctx context.Context, a chat.Ask, show func(string)) (openmates.Outcome, error) {
			long, cancel := context.WithTimeout(ctx, 5*window)
			defer cancel()
			<-long.Done()
			if err := ctx.Err(); err != nil {
				return openmates.Outcome{}, err
			}
			return inner(ctx, a, show)
		}
	})
	if resp, v := h.do(h.as("ben"), "POST", "/harbour/apps/messages/process", `{"mate":"sophia","text":"hello"}`); resp.StatusCode != 200 {
		t.Errorf("%d %v", resp.StatusCode, v)
	}
}

// None is the bound only where somebody says so: 0 is a number, too.
func TestAnInvitesUses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for text, want := range map[string]float64{`{}`: 1, `{"uses":0}`: 0, `{"uses":1}`: 1, `{"uses":7}`: 7, `{"uses":null}`: 1, `{"uses":-1}`: -1, `{"uses":1001}`: -1, `{"days":0}`: -1} {
		resp, v := h.do(h.as("cleo"), "POST", "/harbour/invites", text)
		if want < 0 && resp.StatusCode != 422 || want >= 0 && (resp.StatusCode != 201 || v["uses"] != want) {
			t.Errorf("%s: %d %v, want %v uses", text, resp.StatusCode, v["uses"], want)
		}
	}
}

// An exhausted limit is distinguished from a missing right, and says when there
// is room again.
func TestAUsedUpLimitSaysWhenItHasRoomAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	now := time.Now()
	h.still.Store(&now)
	h.fail = &openmates.WaitError{Err: openmates.Errorf(openmates.ELimit, "That is more than the 2 requests per minute that Otto allows."), Until: now.Add(41500 * time.Millisecond)}
	ask := func(header ...string) (*http.Response, string) {
		resp, b := h.raw(h.as("ben"), "POST", "/harbour/apps/messages/process", `{"mate":"sophia","text":"hello"}`, header...)
		return resp, string(b)
	}
	if resp, b := ask(); resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "42" || !strings.Contains(b, `"code":"limit"`) || !strings.Contains(b, "per minute that Otto") {
		t.Errorf("%d after %q: %s", resp.StatusCode, resp.Header.Get("Retry-After"), b)
	}
	if resp, b := ask("Accept", "text/event-stream"); resp.StatusCode != 200 || !strings.Contains(b, `"code":"limit"`) {
		t.Errorf("as a stream: %d %s", resp.StatusCode, b)
	}
}
