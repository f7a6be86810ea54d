package web

import (
	"context"
	"fmt"
	"html"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/messenger"
	"openmates/internal/messenger/discord/discordtest"
	"openmates/internal/polltest"
)

// await waits until a condition holds.
func (s *botScene) await(what string, ok func() bool, and ...func() string) {
	s.t.Helper()
	polltest.Until(s.t, what, ok, append(and, s.log.String)...)
}

// crew sets up a bot for each of these mates in addition to Sophia's.
func (s *botScene) crew(n int) (handles []string, apps []discordtest.Application) {
	s.t.Helper()
	for i := range n {
		name := fmt.Sprintf("Mate%d", i)
		m, app := s.mate(name), s.application(name)
		_, _, err := s.connect.SetBot(context.Background(), connect.Credentials{MateID: m.ID, Network: "discord",
			Values: openmates.Secrets{"app_id": openmates.Secret(app.ID), "token": openmates.Secret(app.Token), "secret": openmates.Secret(app.Secret)}})
		must(s.t, err)
		handles, apps = append(handles, m.Handle), append(apps, app)
	}
	return handles, apps
}

func (s *botScene) phase(handle string) messenger.Phase {
	m, err := s.connect.Mate(context.Background(), handle)
	must(s.t, err)
	return m.Bots[0].State.Phase
}

// Thirteen bots live in one process; one whose token is revoked is shown and
// alone affected.
func TestThirteenBots(t *testing.T) {
	t.Parallel()
	s := newBotScene(t, sceneConfig{})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	begun := time.Now()
	handles, apps := s.crew(13)
	s.await("all are connected", func() bool {
		for _, h := range handles {
			if s.phase(h) != messenger.Connected {
				return false
			}
		}
		return true
	})
	took := time.Since(begun)
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("13 bots checked, stored and connected in %v; heap and stacks of the whole process, with the simulator and tests beside: %d KiB before, %d KiB after",
		took.Round(time.Millisecond), (before.HeapInuse+before.StackInuse)>>10, (after.HeapInuse+after.StackInuse)>>10)
	if took > 30*time.Second { // one after the other, it is 5 s for each
		t.Errorf("it took %v", took)
	}

	const dead = 4
	s.sim.ResetToken(apps[dead].ID)
	s.sim.Drop(apps[dead].ID)
	s.shows("/server/bots/discord/"+handles[dead]+"/state", "Token rejected", "Discord rejected the bot token.", "enter the new one here")
	s.shows("/server/bots", "Token rejected")
	for i, app := range apps {
		if i == dead {
			continue
		}
		if s.phase(handles[i]) != messenger.Connected || s.sim.Identifies(app.ID) != 1 || s.sim.Resumes(app.ID) != 0 {
			t.Errorf("%s was disturbed: %s, %d IDENTIFYs, %d RESUMEs", handles[i], s.phase(handles[i]), s.sim.Identifies(app.ID), s.sim.Resumes(app.ID))
		}
	}
}

// A token can be replaced, and a listener restarted, paused and resumed, while
// the others keep their sessions.
func TestReplacingATokenDisturbsNobody(t *testing.T) {
	t.Parallel()
	s := newBotScene(t, sceneConfig{})
	s.perfect()
	handles, apps := s.crew(2)
	s.await("the others are connected", func() bool {
		return s.phase(handles[0]) == messenger.Connected && s.phase(handles[1]) == messenger.Connected
	})
	fresh := s.sim.ResetToken(s.app.ID)
	s.sim.Drop(s.app.ID)
	s.shows(sophiaAt+"/state", "Token rejected")
	got := s.ada.follow(sophiaAt, url.Values{"app_id": {""}, "token": {fresh}, "secret": {""}})
	wants(t, got, 200, "and is connecting now")
	s.listening()
	wants(t, s.again(), 200, "All checks passed")

	sessions := s.sim.Identifies(s.app.ID)
	wants(t, s.ada.follow(sophiaAt+"/restart", url.Values{}), 200, "is reconnecting")
	s.await("a new session", func() bool {
		return s.sim.Identifies(s.app.ID) == sessions+1 && s.phase("sophia") == messenger.Connected
	})
	wants(t, s.ada.confirms(sophiaAt+"/pause", url.Values{}), 200, "<button>Resume</button>", "The listener is paused")
	s.await("no connection", func() bool { return len(s.sim.Connections(s.app.ID)) == 0 })
	wants(t, s.ada.follow(sophiaAt+"/resume", url.Values{}), 200, `<button class="second">Pause</button>`)
	s.listening()
	for _, app := range apps {
		if s.sim.Identifies(app.ID) != 1 || s.sim.Resumes(app.ID) != 0 || len(s.sim.Connections(app.ID)) != 1 {
			t.Error("another bot lost its session")
		}
	}
	s.recorded("bot.set", "bot.dress", "bot.restart", "bot.pause", "bot.resume")
}

// recorded looks that each action on Sophia's bot is in the audit record, by
// Ada.
func (s *botScene) recorded(actions ...string) []openmates.AuditEntry {
	s.t.Helper()
	ada, err := s.db.UserByName(context.Background(), "ada")
	must(s.t, err)
	all, err := s.db.Audit(context.Background(), 0, 0, 100)
	must(s.t, err)
	for _, want := range actions {
		found := false
		for _, e := range all {
			found = found || e.Action == want && e.Target == "discord/sophia" && e.Actor == ada.ID
		}
		if !found {
			s.t.Errorf("no record of %s in %+v", want, all)
		}
	}
	return all
}

// What the process that listens said last is shown in every process, and that
// it fell silent.
func TestStatesOfAnotherProcess(t *testing.T) {
	t.Parallel()
	s := newBotScene(t, sceneConfig{})
	s.perfect()
	s.await("the state is stored", func() bool {
		all, err := s.db.BotReports(context.Background())
		return err == nil && len(all) == 1 && strings.Contains(string(all[0].State), `"connected"`)
	})
	later := time.Duration(0)
	other, err := connect.New(connect.Config{Store: s.db, Address: s.address, Log: s.web.log, Clock: func() time.Time { return time.Now().Add(later) }})
	must(t, err)
	m, err := other.Mate(t.Context(), "sophia")
	must(t, err)
	if st := m.Bots[0].State; st.Phase != messenger.Connected || st.Workspaces != 1 || st.Since.IsZero() {
		t.Errorf("another process sees %+v", st)
	}
	later = 2 * messenger.Stale
	m, err = other.Mate(t.Context(), "sophia")
	must(t, err)
	if st := m.Bots[0].State; st.Phase != messenger.NeedsAttention || !strings.Contains(st.Reason.String(), "hasn't reported since") || !strings.Contains(st.Reason.String(), "(test)") || st.Cure == "" {
		t.Errorf("when it fell silent: %+v", st)
	}
}

// The invitation follows the ticked permissions and is what teams use.
func TestInvitation(t *testing.T) {
	t.Parallel()
	s := newBotScene(t, sceneConfig{})
	s.perfect()
	wants(t, s.ada.get(sophiaAt), 200, "permissions=377957239872", "Read Message History", "value=\"1024\" checked")
	wants(t, s.ada.follow(sophiaAt+"/permissions", url.Values{"permission": {"1024", "2048", "65536"}}), 200, "its permissions don’t change", "permissions=68608")
	b, err := s.db.Bot(t.Context(), s.botID("sophia"))
	must(t, err)
	if b.Asks != "68608" || !strings.Contains(b.Invite, "permissions=68608") || strings.Contains(b.Invite, "state=") {
		t.Errorf("stored %s, %s", b.Asks, b.Invite)
	}
	got := s.ada.post("/teams/harbour/install", url.Values{"mate": {"sophia"}, "network": {"discord"}})
	if to := got.header.Get("Location"); !strings.Contains(to, "permissions=68608") || !strings.Contains(to, "state=") {
		t.Errorf("a team is sent to %s", to)
	}
	wants(t, s.ada.post(sophiaAt+"/permissions", url.Values{}), 422, "Tick at least the first ones")
	wants(t, s.ada.post(sophiaAt+"/permissions", url.Values{"permission": {"x"}}), 422, "Unknown permission")
	s.recorded("bot.permissions")
}

// The server's own application has the same screen with fewer checks.
func TestOwnApplication(t *testing.T) {
	t.Parallel()
	s := newBotScene(t, sceneConfig{})
	app := s.sim.AddApplication(s.ann.ID, "OpenMates")
	const at = "/server/bots/discord/openmates"
	wants(t, s.ada.get(at), 200, "developers/applications", "it only lets people prove who they are")
	f := typed(app)
	f.Set("app_id", "") // filled in from the token
	got := s.ada.follow(at, f)
	wants(t, got, 200, "is saved", "so no one can add the bot or link an account", app.ID)
	for _, not := range []string{"Public Bot", "Invitation", "Apply name and picture", "Pause"} {
		if strings.Contains(got.body, not) {
			t.Errorf("it shows %q", not)
		}
	}
	s.sim.Configure(app.ID, func(c *discordtest.Settings) { c.Redirects = []string{s.url + connect.RedirectPath} })
	wants(t, s.ada.follow(at+"/check", url.Values{}), 200, "All checks passed")
	wants(t, s.ada.get("/server/bots"), 200, "Set up")
}

// No credential is readable in the database's files, the log, the pages, or
// the audit record, whatever was typed.
func TestBotSecretsStayInside(t *testing.T) {
	t.Parallel()
	s := newBotScene(t, sceneConfig{})
	wrong := "MTIz.canary-wrong.canary-token"
	var pages []string
	see := func(got answer) { pages = append(pages, html.UnescapeString(got.body)) }
	see(s.set(with("token", wrong)))
	see(s.set(with("secret", "canary-wrong-secret")))
	see(s.set())
	s.listening()
	old := s.app.Token
	fresh := s.sim.ResetToken(s.app.ID)
	see(s.again())
	see(s.set(with("token", fresh)))
	see(s.ada.follow(sophiaAt+"/dress", url.Values{}))
	see(s.ada.follow(sophiaAt+"/permissions", url.Values{"permission": {"1024"}}))
	for _, path := range []string{sophiaAt, "/server/bots", "/mates/sophia", sophiaAt + "/state", "/"} {
		see(s.ada.get(path))
	}
	secrets := []string{wrong, "canary-wrong-secret", old, fresh, s.app.Secret}
	record := fmt.Sprintf("%+v", s.recorded("bot.set", "bot.dress", "bot.permissions"))
	if !strings.Contains(record, `"token":"(new)"`) || !strings.Contains(record, `"token":"(stored)"`) {
		t.Errorf("the record does not say that the token changed: %s", record)
	}
	holds := func(where, text string) {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %q", where, secret)
			}
		}
	}
	holds("the audit record", record)
	holds("the log", s.log.String())
	for _, p := range pages {
		holds("a page", p)
	}
	files := 0
	err := filepath.WalkDir(filepath.Dir(t.TempDir()), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		holds(path, string(b))
		files++
		return err
	})
	must(t, err)
	if files == 0 {
		t.Error("no file was looked into")
	}
}
