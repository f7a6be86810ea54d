package main

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"openmates/internal/catalogue"
)

// The files that start the server in containers can't be run by a test, but
// what they say to the program can be checked against it.
func TestContainersNameSettingsThatExist(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, d := range describe() {
		known[d.env] = true
		known[d.env+"_FILE"] = d.secret
	}
	for _, name := range []string{"Dockerfile", "compose.yaml"} {
		found := regexp.MustCompile(`\bOPENMATES_[A-Z_]+`).FindAllString(fileAtRoot(t, name), -1)
		if len(found) < 2 {
			t.Errorf("%s sets only %v", name, found)
		}
		for _, env := range found {
			if !known[env] {
				t.Errorf("%s names %s, which is no setting", name, env)
			}
		}
	}
}

func TestContainersRunCommandsThatExist(t *testing.T) {
	t.Parallel()
	compose, docker := fileAtRoot(t, "compose.yaml"), fileAtRoot(t, "Dockerfile")
	check := func(line, role, want string) {
		t.Helper()
		args := regexp.MustCompile(`[\w./-]+`).FindAllString(line, -1)
		if len(args) > 0 && args[0] == "/openmates" {
			args = args[1:]
		}
		env := map[string]string{"OPENMATES_ROLE": role, "OPENMATES_ADDR": "0.0.0.0:8080", "OPENMATES_DATA": "/data", "OPENMATES_URL": "", "OPENMATES_PROXIES": ""}
		command, s, _, err := parse(args, environOf(env), &bytes.Buffer{})
		if err != nil || command != want {
			t.Errorf("%s: command %q, %v", line, command, err)
		}
		if role != "all" && s.does("web") != strings.Contains(role, "web") {
			t.Errorf("%s with the role %s has the wrong one", line, role)
		}
	}
	var bots []string
	for _, m := range regexp.MustCompile(`(?m)^  listener-(\w+): .*command: \[(.*)\]`).FindAllStringSubmatch(compose, -1) {
		check(m[2], "listen", "serve")
		if !strings.HasSuffix(m[2], " "+m[1]) {
			t.Errorf("the listener of %s runs %s", m[1], m[2])
		}
		bots = append(bots, m[1])
	}
	ready, err := catalogue.Mates()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range ready {
		if !slices.Contains(bots, m.Handle) {
			t.Errorf("compose.yaml has no listener for %s", m.Handle)
		}
	}
	for _, role := range []string{"all", "web,work"} {
		check("serve", role, "serve")
	}
	for _, m := range regexp.MustCompile(`(?:test: \["CMD",|CMD) ?\[?("/openmates", "health")`).FindAllStringSubmatch(compose+docker, -1) {
		check(strings.ReplaceAll(m[1], `"`, ""), "all", "health")
	}
}

// What the image promises: nothing but the binary, and no rights.
func TestTheImageIsSmallAndHarmless(t *testing.T) {
	t.Parallel()
	docker, compose := fileAtRoot(t, "Dockerfile"), fileAtRoot(t, "compose.yaml")
	for _, want := range []string{"FROM scratch AS base", "USER 65532:65532", "VOLUME /data", "COPY --from=folder --chmod=0700 --chown=65532:65532 / /", `["/openmates", "health"]`, "CGO_ENABLED=0", "-trimpath", "FROM base AS prebuilt"} {
		if !strings.Contains(docker, want) {
			t.Errorf("the Dockerfile lacks %q", want)
		}
	}
	if _, prebuilt, ok := strings.Cut(docker, "FROM base AS prebuilt"); !ok || strings.Contains(prebuilt, "RUN ") || strings.Contains(prebuilt, "ADD ") {
		t.Error("a stage of the image runs something")
	}
	for _, want := range []string{"read_only: true", "cap_drop: [ALL]", "no-new-privileges:true", "restart: unless-stopped", "healthcheck:", "profiles: [listeners]"} {
		if !strings.Contains(compose, want) {
			t.Errorf("compose.yaml lacks %q", want)
		}
	}
}

func fileAtRoot(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
