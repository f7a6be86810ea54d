package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"openmates"
)

func environOf(kv map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := kv[name]; return v, ok }
}

func TestSettingsComeFromFlagsAndEnvironment(t *testing.T) {
	t.Parallel()
	env := environOf(map[string]string{"OPENMATES_ADDR": "127.0.0.1:1", "OPENMATES_DISCORD_API": "http://127.0.0.1:9/api"})
	command, s, set, err := parse([]string{"--addr", "127.0.0.1:2"}, env, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if command != "serve" {
		t.Errorf("a bare openmates does %q", command)
	}
	if s.Addr != "127.0.0.1:2" || s.DiscordAPI != "http://127.0.0.1:9/api" {
		t.Errorf("addr %q, discord %q", s.Addr, s.DiscordAPI)
	}
	if !set["addr"] || !set["discord-api"] || set["data"] {
		t.Errorf("given settings: %v", set)
	}
}

func TestEmptyVariablesSetNothing(t *testing.T) {
	t.Parallel()
	env := map[string]string{"OPENMATES_ROLE": "", "OPENMATES_URL": "", "OPENMATES_PROXIES": "", "OPENMATES_BOT": "", "OPENMATES_ADDR": ""}
	_, s, set, err := parse(nil, environOf(env), &bytes.Buffer{})
	if err != nil || !s.does("web") || !s.does("work") || !s.does("listen") || s.Addr != "127.0.0.1:8080" || len(set) > 0 {
		t.Errorf("%v, roles %v, addr %q, given %v", err, s.Role, s.Addr, set)
	}
}

func TestProxiesAreNetworks(t *testing.T) {
	t.Parallel()
	_, s, _, err := parse([]string{"--role", "web,work"}, environOf(map[string]string{"OPENMATES_PROXIES": "10.1.2.3/8, 192.0.2.7,::1"}), &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.proxies()
	if err != nil || fmt.Sprint(all) != "[10.0.0.0/8 192.0.2.7/32 ::1/128]" {
		t.Errorf("%v %v", all, err)
	}
	if !s.does("web") || !s.does("work") || s.does("listen") {
		t.Errorf("roles %v", s.Role)
	}
}

func TestSecretsComeFromFiles(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("sk-canary\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, s, _, err := parse(nil, environOf(map[string]string{"OPENMATES_OPENAI_KEY_FILE": file}), &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if s.OpenAIKey != "sk-canary" {
		t.Error("the key was not read from its file")
	}
	if text := fmt.Sprintf("%v %+v %#v", s, s, s); strings.Contains(text, "canary") {
		t.Error("a printed setting shows the key")
	}
}

func TestWrongSettingsAreNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		args []string
		env  map[string]string
		want string
	}{
		{"no port", []string{"--addr", "localhost"}, nil, "OPENMATES_ADDR"},
		{"role", []string{"--role", "boss"}, nil, "--role"},
		{"number", nil, map[string]string{"OPENMATES_WORKERS": "many"}, "--workers"},
		{"address", nil, map[string]string{"OPENMATES_OPENAI_URL": "ftp://x"}, "OPENMATES_OPENAI_URL"},
		{"database", nil, map[string]string{"OPENMATES_DATABASE_URL": "mysql://x"}, "OPENMATES_DATABASE_URL"},
		{"nats alone", nil, map[string]string{"OPENMATES_NATS_URL": "nats://x"}, "OPENMATES_NATS_URL"},
		{"twice", nil, map[string]string{"OPENMATES_KEY": "a", "OPENMATES_KEY_FILE": "b"}, "OPENMATES_KEY"},
		{"no file", nil, map[string]string{"OPENMATES_KEY_FILE": "/nowhere/at/all"}, "OPENMATES_KEY_FILE"},
		{"bot", []string{"--bot", "sophia"}, nil, "OPENMATES_BOT"},
		{"bot of a process that also works", []string{"--role", "listen,work", "--bot", "sophia"}, nil, "OPENMATES_BOT"},
		{"one of two roles", []string{"--role", "web,boss"}, nil, "--role"},
		{"proxies", nil, map[string]string{"OPENMATES_PROXIES": "10.0.0.0/8,nonsense"}, "OPENMATES_PROXIES"},
		{"unknown flag", []string{"--colour"}, nil, "--colour"},
		{"workers", []string{"--workers", "0"}, nil, "OPENMATES_WORKERS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, _, _, err := parse(c.args, environOf(c.env), &bytes.Buffer{})
			if openmates.CodeOf(err) != openmates.EInvalid {
				t.Fatalf("error is %v", err)
			}
			if !strings.Contains(openmates.MessageOf(err), c.want) {
				t.Errorf("%q does not name %s", openmates.MessageOf(err), c.want)
			}
		})
	}
}

func TestConfigListsEverySettingWithASentence(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	printConfig(&out)
	for _, want := range []string{"OPENMATES_ADDR", "OPENMATES_DATA", "OPENMATES_DISCORD_API", "OPENMATES_DISCORD_AUTHORIZE", "OPENMATES_OPENAI_KEY_FILE", "default: 127.0.0.1:8080"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing", want)
		}
	}
	for _, d := range describe() {
		if !strings.HasSuffix(d.help, ".") {
			t.Errorf("%s has no finished sentence: %q", d.flag, d.help)
		}
	}
}

func TestUnknownSettingsAreNoticed(t *testing.T) {
	t.Parallel()
	got := unknownSettings([]string{"OPENMATES_ADRR=x", "OPENMATES_ADDR=y", "OPENMATES_KEY_FILE=z", "OPENMATES_TEST_X=1", "PATH=/bin"})
	if len(got) != 1 || got[0] != "OPENMATES_ADRR" {
		t.Errorf("unknown: %v", got)
	}
}
