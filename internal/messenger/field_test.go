package messenger_test

import (
	"testing"

	"openmates"
	"openmates/internal/messenger"
)

// What is missing or can't be read is called as its network calls it.
func TestCredentialsAreNamedInTheWordsOfTheirNetwork(t *testing.T) {
	t.Parallel()
	info := messenger.Info{Fields: []messenger.Field{
		{Name: "id", Kind: messenger.ApplicationField, Label: openmates.T("App")},
		{Name: "a", Kind: messenger.SecretField, Label: openmates.T("Password")},
		{Name: "b", Kind: messenger.SecretField, Label: openmates.T("Signing secret")},
		{Name: "c", Kind: messenger.SecretField, Label: openmates.T("Seal"), Consent: true},
	}}
	b := openmates.Bot{Lost: []string{"a", "b", "c"}, Secrets: openmates.Secrets{}}
	if s := messenger.Unreadable(info.Unreadable(b)); s.Reason.String() != "Saved credentials can't be read because this server's key is missing or has changed: Password and Signing secret." || info.CanListen(b) {
		t.Errorf("the state is %+v", s)
	}
	if missing := info.Missing(b); len(missing) != 1 || missing[0] != openmates.T("Seal") || info.CanConsent(b) {
		t.Errorf("missing is %v", missing)
	}
	b = openmates.Bot{Secrets: openmates.Secrets{"c": "x"}}
	if !info.CanListen(b) || !info.CanConsent(b) {
		t.Error("a whole bot lacks something")
	}
}
