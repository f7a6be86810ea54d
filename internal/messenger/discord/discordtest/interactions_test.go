package discordtest

import (
	"strings"
	"testing"
	"time"
)

func TestInteractions(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := connectRaw(t, s, basicIntents)
	base := "/applications/" + s.app.ID + "/commands"
	status, b := s.asBot(t, "PUT", base, []map[string]any{{"name": "ask", "description": "Ask me", "options": []any{}}})
	if status != 200 || !strings.Contains(string(b), `"name":"ask"`) {
		t.Fatalf("got %d %s", status, b)
	}
	ask := func() (id, token string) {
		t.Helper()
		status, _, b := s.rest(t, s.ada.Token, "POST", "/interactions", map[string]any{
			"type": 2, "application_id": s.app.ID, "channel_id": s.guild.General, "guild_id": s.guild.ID,
			"data": map[string]any{"name": "ask", "options": []any{map[string]any{"name": "q", "type": 3, "value": "why?"}}},
		})
		if status != 204 {
			t.Fatalf("running a command gives %d %s", status, b)
		}
		var in struct {
			ID, Token string
			Member    struct{ User struct{ ID string } }
			Data      struct{ Options []struct{ Value string } }
		}
		mustDecode(t, c.event("INTERACTION_CREATE").D, &in)
		if in.Member.User.ID != s.ada.ID || len(in.Data.Options) != 1 || in.Data.Options[0].Value != "why?" {
			t.Errorf("the interaction is %+v", in)
		}
		return in.ID, in.Token
	}
	id, token := ask()
	callback := "/interactions/" + id + "/" + token + "/callback"
	if status, _, b := s.rest(t, "", "POST", callback, map[string]any{"type": 5}); status != 204 {
		t.Fatalf("deferring gives %d %s", status, b)
	}
	status, _, b = s.rest(t, "", "POST", callback, map[string]any{"type": 5})
	refused(t, status, b, 400, 40060)
	hook := "/webhooks/" + s.app.ID + "/" + token
	status, _, b = s.rest(t, "", "PATCH", hook+"/messages/@original", map[string]any{"content": "because"})
	if m := decodeSeen(t, b); status != 200 || m.Content != "because" || m.Type != typeCommand {
		t.Errorf("got %d %s", status, b)
	}
	if status, _, b = s.rest(t, "", "POST", hook, map[string]any{"content": "and so on"}); status != 200 {
		t.Errorf("a follow-up gives %d %s", status, b)
	}
	said := decodeSeen(t, b)
	s.Reply(s.guild.General, s.ada.ID, "answering an answer", said.ID, true)
	for {
		if m := c.message(); m.Author.ID == s.ada.ID {
			if m.Content != "" || len(m.Mentions) != 1 {
				t.Errorf("a reply to an answer to an interaction is %+v", m)
			}
			break
		}
	}
	s.clock.pass(16 * time.Minute)
	status, _, b = s.rest(t, "", "POST", hook, map[string]any{"content": "too late"})
	refused(t, status, b, 401, 50027)

	id, token = ask()
	s.clock.pass(4 * time.Second)
	status, _, b = s.rest(t, "", "POST", "/interactions/"+id+"/"+token+"/callback", map[string]any{"type": 4, "data": map[string]string{"content": "x"}})
	refused(t, status, b, 404, 10062)
}

func TestButton(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	c := connectRaw(t, s, basicIntents)
	_, b := s.asBot(t, "POST", "/channels/"+s.guild.General+"/messages", map[string]any{
		"content": "sure?", "components": []any{map[string]any{"type": 1, "components": []any{
			map[string]any{"type": 2, "style": 1, "label": "Yes", "custom_id": "yes"},
		}}},
	})
	m := decodeSeen(t, b)
	s.rest(t, s.ada.Token, "POST", "/interactions", map[string]any{
		"type": 3, "application_id": s.app.ID, "channel_id": s.guild.General, "message_id": m.ID,
		"data": map[string]any{"custom_id": "yes", "component_type": 2},
	})
	var in struct {
		ID, Token string
		Message   struct{ ID string }
	}
	mustDecode(t, c.event("INTERACTION_CREATE").D, &in)
	status, _, b := s.rest(t, "", "POST", "/interactions/"+in.ID+"/"+in.Token+"/callback?with_response=true",
		map[string]any{"type": 7, "data": map[string]any{"content": "done", "components": []any{}}})
	if status != 200 || in.Message.ID != m.ID || !strings.Contains(string(b), "done") {
		t.Errorf("got %d %s for a press on %s", status, b, in.Message.ID)
	}
	if got := s.Messages(s.guild.General); got[0].Content != "done" {
		t.Errorf("the message says %q", got[0].Content)
	}
}

func TestEphemeralAnswer(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	bob := s.AddPerson("Bob")
	s.Join(s.guild.ID, bob.ID)
	c := connectRaw(t, s, basicIntents)
	s.asBot(t, "POST", "/applications/"+s.app.ID+"/guilds/"+s.guild.ID+"/commands", map[string]any{"name": "hush", "description": "Quietly"})
	s.rest(t, s.ada.Token, "POST", "/interactions", map[string]any{
		"type": 2, "application_id": s.app.ID, "channel_id": s.guild.General, "data": map[string]any{"name": "hush"},
	})
	var in struct{ ID, Token string }
	mustDecode(t, c.event("INTERACTION_CREATE").D, &in)
	s.rest(t, "", "POST", "/interactions/"+in.ID+"/"+in.Token+"/callback",
		map[string]any{"type": 4, "data": map[string]any{"content": "only you", "flags": flagEphemeral}})
	path := "/channels/" + s.guild.General + "/messages"
	_, _, hers := s.rest(t, s.ada.Token, "GET", path, nil)
	_, _, his := s.rest(t, bob.Token, "GET", path, nil)
	if !strings.Contains(string(hers), "only you") || string(his) != "[]" {
		t.Errorf("Ada sees %s, Bob sees %s", hers, his)
	}
}

// TestNamesOfCommandsFollowDiscordsRule checks what
// interactions/application-commands, Application Command Naming, allows.
func TestNamesOfCommandsFollowDiscordsRule(t *testing.T) {
	t.Parallel()
	s := newScene(t, Config{})
	for name, want := range map[string]int{
		"ask": 201, "frag-mich_2": 201, "l'heure": 201, "質問": 201, "กำลัง": 201, "हिंदी": 201, strings.Repeat("é", 32): 201,
		"": 400, "two words": 400, "ask!": 400, "🙂": 400, strings.Repeat("a", 33): 400,
	} {
		status, b := s.asBot(t, "POST", "/applications/"+s.app.ID+"/commands", map[string]any{"name": name, "description": "Ask me"})
		if status != want {
			t.Errorf("the name %q gives %d %s, want %d", name, status, b, want)
		}
	}
}
