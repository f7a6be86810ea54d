package openmates_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"openmates"
)

const token = "MTIz.verysecret.abc"

// hidden fails the test when out holds the token in clear, in hex or as bytes.
func hidden(t *testing.T, how, out string) {
	t.Helper()
	for _, form := range []string{token, fmt.Sprintf("%x", token), fmt.Sprintf("%X", token), fmt.Sprintf("%d", []byte(token))} {
		if strings.Contains(out, form) {
			t.Errorf("%s gives the secret away: %s", how, out)
		}
	}
}

func TestASecretIsNotPrinted(t *testing.T) {
	t.Parallel()
	s := openmates.Secret(token)
	holders := map[string]any{
		"value": s, "pointer": &s, "slice": []openmates.Secret{s}, "map": map[string]openmates.Secret{"a": s},
		"field": struct{ Token openmates.Secret }{s}, "bot": openmates.Bot{Secrets: openmates.Secrets{"token": s, "secret": s}},
	}
	verbs := []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%c", "%U", "%e", "%20s", "%-20v", "%y"}
	for name, holder := range holders {
		for _, verb := range verbs {
			hidden(t, name+" "+verb, fmt.Sprintf(verb, holder))
		}
	}
	if got := fmt.Sprint(s); got == "" || got != s.String() {
		t.Errorf("Sprint = %q, want the mask", got)
	}
	if got := fmt.Sprint(openmates.Secret("")); got != "" {
		t.Errorf("an unset secret prints %q; the reader must see that it is unset", got)
	}
	hidden(t, "error", fmt.Errorf("check bot: %v", s).Error())
}

func TestASecretIsNotLogged(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	bot := openmates.Bot{Name: "ada", Secrets: openmates.Secrets{"token": token, "secret": token}}
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("checked", "token", bot.Secrets["token"], "bot", bot, "ptr", &bot.Secrets)
	}
	if !strings.Contains(out.String(), "ada") {
		t.Fatal("nothing was logged")
	}
	hidden(t, "slog", out.String())
}

func TestASecretIsNotMarshalled(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(openmates.Bot{Name: "ada", Secrets: openmates.Secrets{"token": token, "secret": token}})
	if err != nil {
		t.Fatal(err)
	}
	hidden(t, "json", string(b))
	if !strings.Contains(string(b), `"Secrets":{"secret":"","token":""}`) {
		t.Errorf("a marshalled secret is not empty: %s", b)
	}
}

func TestASecretIsRevealedAndRead(t *testing.T) {
	t.Parallel()
	var in struct{ Token openmates.Secret }
	if err := json.Unmarshal([]byte(`{"Token":"`+token+`"}`), &in); err != nil {
		t.Fatal(err)
	}
	if in.Token.Reveal() != token {
		t.Error("Reveal does not give what was typed")
	}
}
