package api

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"openmates"
)

const say = `{"mate":"sophia","text":"hello"}`

func TestAnswers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ben := h.as("ben")
	_, v := h.do(ben, "GET", "/harbour", "")
	mates, _ := v["mates"].([]any)
	if v["slug"] != "harbour" || v["role"] != "member" || len(mates) != 1 {
		t.Fatalf("team %v", v)
	}
	if v["id"] != h.team.ID.String() {
		t.Errorf("the id %v is not the team's, as a string", v["id"])
	}
	for _, m := range mates[0].(map[string]any)["messengers"].([]any) {
		m := m.(map[string]any)
		if m["app_id"] == "" || m["state"].(map[string]any)["phase"] != "starting" {
			t.Errorf("messenger %v", m)
		}
	}
	if _, byID := h.do(ben, "GET", "/"+h.team.ID.String(), ""); byID["slug"] != "harbour" {
		t.Errorf("by its ID: %v", byID)
	}
	_, v = h.do(ben, "GET", "/harbour/users/ben", "")
	if links := v["links"].([]any); len(links) != 2 || links[0].(map[string]any)["ready"] != true || links[0].(map[string]any)["title"] != "Link to Discord" {
		t.Errorf("own links %v", v)
	}
	if _, v = h.do(ben, "GET", "/harbour/users/cleo", ""); v["links"] != nil || v["role"] != "admin" {
		t.Errorf("another person %v", v)
	}
	_, v = h.do(ben, "POST", "/harbour/apps/messages/process", `{"mate":"sophia","text":"  hello "}`)
	if v["text"] != "Hello Ben" || v["model"] != "scripted" {
		t.Errorf("answer %v", v)
	}
	sophia, err := h.db.MateByHandle(t.Context(), "sophia")
	must(t, err)
	if q := h.asked[0]; q.Team != h.team.ID || q.Mate != sophia.ID || q.User != h.people["ben"].ID || q.Trial || q.Text != "hello" {
		t.Errorf("asked %+v", q)
	}
	resp, v := h.do(ben, "POST", "/harbour/apps/messages/process", `{"mate":"mark","text":"hello"}`)
	if resp.StatusCode != 404 {
		t.Errorf("a mate that the team may not use: %d %v", resp.StatusCode, v)
	}
	_, v = h.do(h.as("zoe"), "GET", "/status", "")
	if v["version"] != "1.2.3" || v["scripted"] != true || len(v["mates"].([]any)) != 2 || v["teams"] != 2.0 {
		t.Errorf("status %v", v)
	}
}

// The mates of a team are those that the caller may use.
func TestMatesOfOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	resp, v := h.do(h.as("cleo"), "PUT", "/harbour/users/ben/limits", `{"mates":{"only":true}}`)
	if resp.StatusCode != 204 {
		t.Fatalf("%d %v", resp.StatusCode, v)
	}
	if _, v := h.do(h.as("ben"), "GET", "/harbour", ""); len(v["mates"].([]any)) != 0 {
		t.Errorf("ben sees %v", v["mates"])
	}
	if _, v := h.do(h.as("cleo"), "GET", "/harbour", ""); len(v["mates"].([]any)) != 1 {
		t.Errorf("cleo sees %v", v["mates"])
	}
}

func TestOtherSites(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	resp, v := h.do(h.as("ben"), "POST", "/harbour/apps/messages/process", say, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
	if resp.StatusCode != 403 || v["code"] != "forbidden" || len(h.asked) != 0 {
		t.Errorf("%d %v", resp.StatusCode, v)
	}
	resp, _ = h.raw(h.as("ben"), "OPTIONS", "/harbour", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "GET")
	if resp.Header.Get("Access-Control-Allow-Origin") != "" || resp.StatusCode < 400 {
		t.Errorf("a preflight: %d %v", resp.StatusCode, resp.Header)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ben := h.as("ben")
	for _, tc := range []struct {
		err    error
		status int
		code   string
	}{
		{openmates.Errorf(openmates.ELimit, "The month's money is used up."), 429, "limit"},
		{openmates.Errorf(openmates.EUnavailable, "The model does not answer."), 503, "unavailable"},
		{errBroken, 500, "internal"},
		{&openmates.Error{Code: openmates.EInternal, Message: openmates.T("canary")}, 500, "internal"},
	} {
		h.fail = tc.err
		resp, v := h.do(ben, "POST", "/harbour/apps/messages/process", say, RequestID, "test-request-1")
		if resp.StatusCode != tc.status || v["code"] != tc.code || resp.Header.Get(RequestID) != "test-request-1" {
			t.Errorf("%v: %d %v", tc.err, resp.StatusCode, v)
		}
	}
	if log := h.log.String(); !strings.Contains(log, "request=test-request-1") || !strings.Contains(log, "dsn: canary") {
		t.Errorf("the log does not tell which request failed and why: %s", log)
	}
	// What no log should hold is replaced.
	if resp, _ := h.do(ben, "GET", "/me", "", RequestID, "x\tinjected"); resp.Header.Get(RequestID) == "x\tinjected" {
		t.Error("any request ID is taken")
	}
}

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	all := h.operations()
	if !strings.HasPrefix(h.doc.OpenAPI, "3.1") || len(all) < 100 {
		t.Errorf("OpenAPI %s with %d operations", h.doc.OpenAPI, len(all))
	}
	for _, o := range all {
		failed, _ := o.op.Answer(http.StatusTeapot)["content"].(map[string]any)
		if failed["application/problem+json"] == nil || o.op.Tree["summary"] == nil || o.op.Tree["description"] == nil || o.op.Tree["x-for"] == nil {
			t.Errorf("%s is not described whole", o.id)
		}
	}
	for _, path := range []string{"/openapi.json", "/openapi.yaml"} {
		if resp, b := h.raw("", "GET", path, ""); resp.StatusCode != 200 || len(b) < 10_000 {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

func TestDocs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	resp, err := http.Get(h.url + Prefix + "/docs")
	must(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	must(t, err)
	page := string(b)
	for _, want := range []string{"/api/v1/{team_slug}/apps/messages/process", `id="o-Messenger"`, `href="#o-State"`, "RFC 9457", "docs.css"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "style=") || strings.Contains(page, "src=") {
		t.Error("the page needs what its policy forbids")
	}
	if len(page) > 128<<10 { // about 700 bytes for each operation
		t.Errorf("the page has %d bytes", len(page))
	}
	if css, err := http.Get(h.url + Prefix + "/docs.css"); err != nil || css.StatusCode != 200 || !strings.Contains(css.Header.Get("Content-Type"), "text/css") {
		t.Errorf("style sheet: %v %v", css, err)
	}
}
