package discordtest

import (
	"bytes"
	"context"
	"encoding/base64"
	"image"
	"image/png"
	"net/http"
	"testing"
	"time"
)

func TestLooks(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 16, 16))); err != nil {
		t.Fatal(err)
	}
	data := "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
	for _, c := range []struct {
		path   string
		body   map[string]any
		status int
	}{
		{"/users/@me", map[string]any{"username": "Sophia II", "avatar": data}, 200},
		{"/users/@me", map[string]any{"avatar": "nonsense"}, 400},
		{"/users/@me", map[string]any{"avatar": 7}, 400},
		{"/users/@me", map[string]any{"avatar": "data:image/png;base64,AAAA"}, 400},
		{"/applications/@me", map[string]any{"icon": data, "description": "Writes code.", "install_params": map[string]any{"scopes": []string{"bot"}, "permissions": "2048"}}, 200},
		{"/applications/@me", map[string]any{"description": string(bytes.Repeat([]byte("x"), 401))}, 400},
		{"/applications/@me", map[string]any{"icon": "x"}, 400},
	} {
		if status, body := s.asBot(t, "PATCH", c.path, c.body); status != c.status {
			t.Errorf("%s %v: %d %s", c.path, c.body, status, body)
		}
	}
	got := s.Look(s.app.ID)
	if got.BotName != "Sophia II" || len(got.Avatar) != 32 || got.Icon != got.Avatar || got.Description != "Writes code." || got.Install == nil || got.Install.Permissions != "2048" {
		t.Errorf("it looks like %+v", got)
	}
	status, body := s.asBot(t, "GET", "/users/@me", nil)
	if status != 200 || !bytes.Contains(body, []byte(`"avatar":"`+got.Avatar)) {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := s.asBot(t, "PATCH", "/users/@me", map[string]any{"avatar": nil}); status != 200 || s.Look(s.app.ID).Avatar != "" {
		t.Error("null does not take the picture away")
	}
	s.Rename(s.app.ID, "Other")
	s.DeleteApplication(s.app.ID)
	if s.Look(s.app.ID) != (Look{}) {
		t.Error("a deleted application has a look")
	}
	if status, _ := s.asBot(t, "GET", "/users/@me", nil); status != 401 {
		t.Errorf("the token of a deleted application gives %d", status)
	}
}

func TestHang(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	s.Faults(s.app.ID, Faults{Fail: []Failure{{Path: "/users/@me", Hang: true}}})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", s.API()+"/v10/users/@me", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bot "+s.app.Token)
	req.Header.Set("User-Agent", "DiscordBot (https://openmates.org, 1)")
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
		t.Error("an answer came")
	}
	if status, _ := s.asBot(t, "GET", "/users/@me", nil); status != 200 {
		t.Errorf("afterwards: %d", status)
	}
}
