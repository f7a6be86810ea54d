package discordtest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"openmates/internal/messenger/discord/discordtest"
	"openmates/internal/polltest"
)

// chatScene is a guild with a person and an installed bot.
type chatScene struct {
	*discordtest.Server
	ann   discordtest.Person
	app   discordtest.Application
	guild discordtest.Guild
}

// seedPermissions are what the product asks for: view, send, embed, attach,
// history, threads, reactions.
const seedPermissions = 377957239872

func newChatScene(t *testing.T) chatScene {
	t.Helper()
	s := discordtest.Start(t, discordtest.Config{})
	ann := s.AddPerson("Ann")
	g := s.AddGuild(ann.ID, "Garden")
	app := s.AddApplication(ann.ID, "Sophia")
	s.Install(g.ID, app.ID, seedPermissions)
	return chatScene{s, ann, app, g}
}

func chatAt(s chatScene, channel, person string) string {
	return "/channels/" + s.guild.ID + "/" + channel + "?as=" + person
}

func TestChatWithoutScript(t *testing.T) {
	t.Parallel()
	s := newChatScene(t)
	thread := s.AddThread(s.guild.General, s.ann.ID, "Roses")
	m := s.Say(s.guild.General, s.ann.ID, "<b>not bold</b> <@"+s.app.BotID+">")
	s.Reply(s.guild.General, s.app.BotID, "an answer", m.ID, false)
	v := newVisitor(t, s.Server)
	page, at := v.do(t, "/", nil, 200)
	if at.Path != "/channels/"+s.guild.ID+"/"+s.guild.General || at.Query().Get("as") != s.ann.ID {
		t.Errorf("/ leads to %s", at)
	}
	for _, want := range []string{
		"&lt;b&gt;not bold&lt;/b&gt; @Sophia", `data-message-id="` + m.ID + `"`, `data-author="Sophia"`, "an answer",
		`href="#m` + m.ID + `"`, `data-thread="Roses"`, "BOT", `id="composer"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	get(t, s.URL()+chatAt(s, thread.ID, s.ann.ID), 200)

	page, _ = v.do(t, "/sim/say", url.Values{"as": {s.ann.ID}, "channel": {thread.ID}, "content": {"@sophia hello, <x> a@Sophia"}}, 200)
	if !strings.Contains(page, "@Sophia hello") {
		t.Error("the message is not on the page")
	}
	said := s.Messages(thread.ID)
	if len(said) != 1 || said[0].Content != "<@"+s.app.BotID+"> hello, <x> a@Sophia" || said[0].AuthorID != s.ann.ID {
		t.Errorf("posted %+v", said)
	}
}

func TestChatPlacesAndForms(t *testing.T) {
	t.Parallel()
	s := newChatScene(t)
	bob := s.AddPerson("Bob")
	v := newVisitor(t, s.Server)
	v.do(t, chatAt(s, s.guild.General, bob.ID), nil, 404)
	v.do(t, "/sim/say", url.Values{"as": {bob.ID}, "channel": {s.guild.General}, "content": {"hi"}}, 400)
	v.do(t, "/sim/channels", url.Values{"as": {bob.ID}, "guild": {s.guild.ID}, "name": {"x"}}, 400)
	if page, _ := v.do(t, "/?as="+bob.ID, nil, 200); !strings.Contains(page, "not in any guild yet") {
		t.Error("somebody without a guild is not welcomed")
	}
	v.do(t, "/sim/join", url.Values{"as": {s.ann.ID}, "guild": {s.guild.ID}, "user": {bob.ID}}, 200)
	v.do(t, chatAt(s, s.guild.General, bob.ID), nil, 200)

	page, at := v.do(t, "/sim/channels", url.Values{"as": {s.ann.ID}, "guild": {s.guild.ID}, "name": {"The Roses"}}, 200)
	if !strings.Contains(page, `data-channel="the-roses"`) {
		t.Errorf("the new channel is not at %s", at)
	}
	page, at = v.do(t, "/sim/dms", url.Values{"as": {s.ann.ID}, "user": {s.app.BotID}}, 200)
	if !strings.HasPrefix(at.Path, "/channels/@me/") || !strings.Contains(page, "your talk with Sophia") {
		t.Errorf("the direct message is at %s", at)
	}
	_, at = v.do(t, "/sim/guilds", url.Values{"as": {bob.ID}, "name": {"Bob's"}}, 200)
	if !strings.HasPrefix(at.Path, "/channels/") || strings.Contains(at.Path, s.guild.ID) {
		t.Errorf("the new guild is at %s", at)
	}
	_, at = v.do(t, "/sim/threads", url.Values{"as": {bob.ID}, "channel": {s.guild.General}, "name": {"Bees"}}, 200)
	if !strings.HasPrefix(at.Path, "/channels/"+s.guild.ID) {
		t.Errorf("the new thread is at %s", at)
	}
}

func TestPersonsAndPlace(t *testing.T) {
	t.Parallel()
	s := newChatScene(t)
	var persons []struct{ ID, Name, Token string }
	getJSON(t, s.URL()+"/sim/persons", &persons)
	if len(persons) != 1 || persons[0].Token != s.ann.Token || persons[0].Name != "Ann" {
		t.Errorf("persons = %+v", persons)
	}
	var place struct {
		Me      struct{ ID string }
		Targets []struct{ ID, Name, Kind string }
	}
	getJSON(t, s.URL()+"/sim/place?as="+s.ann.ID+"&channel="+s.guild.General, &place)
	if place.Me.ID != s.ann.ID || len(place.Targets) != 3 {
		t.Errorf("place = %+v, want Ann, Sophia and Sophia's role", place)
	}
}

func getJSON(t *testing.T, url string, into any) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// The stream carries what the person sees, and nothing else.
func TestEventStream(t *testing.T) {
	t.Parallel()
	s := newChatScene(t)
	bob := s.AddPerson("Bob")
	s.Join(s.guild.ID, bob.ID)
	secret := s.AddChannel(s.guild.ID, "secret")
	s.SetOverwrite(secret.ID, bob.ID, 0, 1<<10)

	ctx, cancel := context.WithTimeout(t.Context(), polltest.Patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", s.URL()+"/sim/events?token="+url.QueryEscape(bob.Token), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Scan() // the first line comes when the stream listens
	s.Say(secret.ID, s.ann.ID, "not for Bob")
	s.Say(s.guild.General, s.ann.ID, "for all")
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var e struct {
			T string
			D struct{ Content string }
		}
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			t.Fatal(err)
		}
		if e.T == "MESSAGE_CREATE" {
			if e.D.Content != "for all" {
				t.Errorf("Bob hears %q", e.D.Content)
			}
			return
		}
	}
	t.Errorf("the stream ended: %v", lines.Err())
}

func TestEventStreamNeedsToken(t *testing.T) {
	t.Parallel()
	s := discordtest.Start(t, discordtest.Config{})
	resp, err := http.Get(s.URL() + "/sim/events?token=x")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("status %d", resp.StatusCode)
	}
}
