package discord_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// cutMention splits a message into the mention at its beginning and the rest.
func cutMention(text string) (mention, rest string, ok bool) { return strings.Cut(text, " ") }

// bot.mjs is a bot on discord.js, the most used client of all.
func TestDiscordJSIsAnsweredAndResumes(t *testing.T) {
	t.Parallel()
	dir := nodePeers(t)
	s := newPeerScene(t)
	b := startNodeBot(t, dir, s)
	ready := b.until(t, "ready")
	if ready.Name != "Sophia" || !slices.Equal(ready.Guilds, []string{"Garden"}) {
		t.Errorf("discord.js takes itself for %q in %q", ready.Name, ready.Guilds)
	}
	// discord.js writes mentions out by name.
	s.answered(t, s.ask("hello"), "You said: @Sophia hello")
	s.answered(t, s.Say(s.guild.General, s.ann.ID, "<@&"+s.ManagedRole(s.guild.ID, s.app.ID)+"> by role"), "You said: @Sophia by role")

	faults := []struct {
		name string
		do   func()
	}{
		{"cut connection", func() { s.Drop(s.app.ID) }},
		{"op 7", func() { s.Reconnect(s.app.ID) }},
		{"op 9 resumable", func() { s.Invalidate(s.app.ID, true) }},
	}
	for i, fault := range faults {
		fault.do()
		missed := s.ask("after " + fault.name)
		b.until(t, "resumed")
		s.answered(t, missed, "You said: @Sophia after "+fault.name)
		if n := s.Resumes(s.app.ID); n != i+1 {
			t.Errorf("after %s: %d RESUMEs, want %d", fault.name, n, i+1)
		}
	}
	if n := s.Identifies(s.app.ID); n != 1 {
		t.Errorf("%d IDENTIFYs, want 1", n)
	}
	b.stop(t)
}

// nodePeers returns a folder in which bot.mjs can run. The test is skipped where
// node or discord.js is missing, unless OPENMATES_TEST_NODE=1 demands it; then
// discord.js is installed into a copy.
func nodePeers(t *testing.T) string {
	t.Helper()
	demanded := os.Getenv("OPENMATES_TEST_NODE") == "1"
	if _, err := exec.LookPath("node"); err != nil {
		if demanded {
			t.Fatal("OPENMATES_TEST_NODE=1, but there is no node")
		}
		t.Skip("there is no node")
	}
	if _, err := os.Stat("node_modules/discord.js"); err == nil {
		return "."
	}
	if !demanded {
		t.Skip("discord.js is not installed: run npm install in test/discord, or set OPENMATES_TEST_NODE=1")
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "bot.mjs"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+"/"+name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm install: %v\n%s", err, out)
	}
	return dir
}

// nodeLine is a line that bot.mjs prints.
type nodeLine struct {
	Event  string
	Name   string
	Text   string
	Guilds []string
}

type nodeBot struct {
	cmd   *exec.Cmd
	stdin io.Closer
	lines chan nodeLine // closed when the bot has ended
}

func startNodeBot(t *testing.T, dir string, s peerScene) *nodeBot {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", "bot.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DISCORD_API="+s.API(), "DISCORD_TOKEN="+s.app.Token)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b := &nodeBot{cmd, in, make(chan nodeLine, 1000)}
	go func() {
		defer close(b.lines)
		for sc := bufio.NewScanner(out); sc.Scan(); {
			var l nodeLine
			if json.Unmarshal(sc.Bytes(), &l) == nil {
				b.lines <- l
			}
		}
	}()
	return b
}

// until waits for an event of the bot.
func (b *nodeBot) until(t *testing.T, event string) nodeLine {
	t.Helper()
	late := time.NewTimer(30 * time.Second)
	defer late.Stop()
	for {
		select {
		case l, ok := <-b.lines:
			switch {
			case !ok:
				t.Fatalf("the bot ended before %q", event)
			case l.Event == "error":
				t.Errorf("discord.js: %s", l.Text)
			case l.Event == event:
				return l
			}
		case <-late.C:
			t.Fatalf("the bot does not come to %q", event)
		}
	}
}

func (b *nodeBot) stop(t *testing.T) {
	t.Helper()
	b.stdin.Close()
	for l := range b.lines {
		if l.Event == "error" {
			t.Errorf("discord.js: %s", l.Text)
		}
	}
	if err := b.cmd.Wait(); err != nil {
		t.Errorf("the bot ended badly: %v", err)
	}
}
