package discord_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// Answers are checked against Discord's own OpenAPI
// description, which is not part of this repository.
func TestAnswersOfTheSimulatorAreAsDiscordDescribesThem(t *testing.T) {
	t.Parallel()
	file := os.Getenv("OPENMATES_TEST_DISCORD_OPENAPI")
	if file == "" {
		t.Skip("OPENMATES_TEST_DISCORD_OPENAPI does not name Discord's API description.")
	}
	doc, err := openapi3.NewLoader().LoadFromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := newPeerScene(t)
	doc.Servers = openapi3.Servers{{URL: s.API() + "/v10"}}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	asked := s.Say(s.guild.General, s.ann.ID, "<@"+s.app.BotID+"> hi")
	messages := "/channels/" + s.guild.General + "/messages"
	mine := s.Reply(s.guild.General, s.app.BotID, "hello", asked.ID, true)
	dm := s.DM(s.ann.ID, s.app.BotID)
	s.rest(t, "PUT", messages+"/"+asked.ID+"/reactions/👍/@me", nil)
	for _, call := range []struct {
		method, path string
		body         any
	}{
		{"GET", "/gateway", nil},
		{"GET", "/gateway/bot", nil},
		{"GET", "/applications/@me", nil},
		{"PATCH", "/applications/@me", map[string]any{"description": "d"}},
		{"GET", "/users/@me", nil},
		{"GET", "/users/" + s.ann.ID, nil},
		{"GET", "/users/@me/guilds", nil},
		{"POST", "/users/@me/channels", map[string]any{"recipient_id": s.ann.ID}},
		{"GET", "/channels/" + s.guild.General, nil},
		{"GET", "/channels/" + dm.ID, nil},
		{"GET", messages, nil},
		{"GET", messages + "/" + asked.ID, nil},
		{"POST", messages, map[string]any{
			"content": "yes", "nonce": "n1", "enforce_nonce": true,
			"message_reference": map[string]any{"message_id": asked.ID, "fail_if_not_exists": false},
			"allowed_mentions":  map[string]any{"parse": []string{}, "replied_user": true},
		}},
		{"PATCH", messages + "/" + mine.ID, map[string]any{"content": "hello there"}},
		{"POST", messages + "/" + asked.ID + "/threads", map[string]any{"name": "thread"}},
		{"GET", "/guilds/" + s.guild.ID, nil},
		{"GET", "/guilds/" + s.guild.ID + "/channels", nil},
		{"GET", "/guilds/" + s.guild.ID + "/roles", nil},
		{"GET", "/guilds/" + s.guild.ID + "/threads/active", nil},
		{"GET", "/guilds/" + s.guild.ID + "/members/" + s.ann.ID, nil},
		{"PUT", "/applications/" + s.app.ID + "/commands", []any{map[string]any{"name": "ask", "description": "Ask"}}},
		{"GET", "/applications/" + s.app.ID + "/commands", nil},
		{"POST", messages, map[string]any{"content": ""}},
		{"DELETE", messages + "/" + mine.ID, nil},
	} {
		t.Run(call.method+" "+call.path, func(t *testing.T) {
			status, h, b := s.rest(t, call.method, call.path, call.body)
			req := s.request(t, call.method, call.path, call.body)
			route, params, err := router.FindRoute(req)
			if err != nil {
				t.Fatal(err)
			}
			in := &openapi3filter.RequestValidationInput{
				Request: req, Route: route, PathParams: params,
				Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
			}
			verdict := func(b []byte) error {
				out := (&openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: status, Header: h, Options: in.Options}).SetBodyBytes(b)
				return openapi3filter.ValidateResponse(req.Context(), out)
			}
			if err := verdict(b); err != nil {
				t.Errorf("%d %s: %v", status, b, err)
			}
			if len(b) > 0 && verdict([]byte(`"neither an object nor a list"`)) == nil {
				t.Error("the description accepts anything here")
			}
		})
	}
}

// request is a call of the REST API by the bot; a body of nil is none.
func (s peerScene) request(t *testing.T, method, path string, body any) *http.Request {
	t.Helper()
	var sent io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		sent = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, s.API()+"/v10"+path, sent)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bot "+s.app.Token)
	r.Header.Set("User-Agent", "DiscordBot (https://example.com, 1)")
	r.Header.Set("Content-Type", "application/json")
	return r
}

// rest sends a request and returns the whole answer.
func (s peerScene) rest(t *testing.T, method, path string, body any) (int, http.Header, []byte) {
	t.Helper()
	resp, err := http.DefaultClient.Do(s.request(t, method, path, body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, b
}
