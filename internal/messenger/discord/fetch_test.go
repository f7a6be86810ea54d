package discord

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/messenger/discord/discordtest"
)

// A file that a person posts is fetched from the network, and from nowhere else.
func TestFilesAreFetchedFromTheNetworkAlone(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{})
	s.listen()
	s.ready()
	data := []byte("what went wrong\n")
	m := s.sim.SayWith(s.guild.General, s.ann.ID, "<@"+s.app.BotID+"> why does this fail?", discordtest.File{Name: "message.txt", Data: data})
	s.received([]string{keyOf(s.bot, m.ID)})
	s.host.mu.Lock()
	files := s.host.seen[keyOf(s.bot, m.ID)].Files
	s.host.mu.Unlock()
	if len(files) != 1 || files[0].Name != "message.txt" || files[0].Size != int64(len(data)) {
		t.Fatalf("files %+v", files)
	}
	f := files[0]
	if got, err := s.d.Fetch(t.Context(), via(s.bot), f, 100); err != nil || !bytes.Equal(got, data) {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := s.d.Fetch(t.Context(), via(s.bot), f, 3); openmates.CodeOf(err) != openmates.EInvalid {
		t.Errorf("too large: %v", err)
	}
	lying := f
	lying.Size = 0
	if _, err := s.d.Fetch(t.Context(), via(s.bot), lying, 3); openmates.CodeOf(err) != openmates.EInvalid {
		t.Errorf("larger than it says: %v", err)
	}
	gone := f
	gone.URL = strings.Replace(f.URL, "hm=", "hm=0", 1)
	_, err := s.d.Fetch(t.Context(), via(s.bot), gone, 100)
	if openmates.CodeOf(err) != openmates.ENotFound || strings.Contains(err.Error(), "hm=") {
		t.Errorf("gone: %v", err)
	}
}

func TestAddressesOfFiles(t *testing.T) {
	t.Parallel()
	reached := false
	foreign := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	t.Cleanup(foreign.Close)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, foreign.URL+"/attachments/1/2/x", http.StatusFound)
	}))
	t.Cleanup(api.Close)
	d, err := New(Config{API: api.URL + "/api", Authorize: api.URL + "/authorize", HTTP: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}})
	if err != nil {
		t.Fatal(err)
	}
	for address, ok := range map[string]bool{
		"https://cdn.discordapp.com/attachments/1/2/a.png?ex=1": true, "https://media.discordapp.net/attachments/1/2/a.png": true,
		api.URL + "/attachments/1/2/a": true, foreign.URL + "/attachments/1/2/a": false, "http://cdn.discordapp.com/attachments/1/2/a.png": false,
		"https://cdn.discordapp.com.evil.example/attachments/1/2/a": false, "https://cdn.discordapp.com@evil.example/attachments/1/2/a": false,
		"https://cdn.discordapp.com/emojis/1.png": false, "file:///attachments/etc/passwd": false, "": false, "http://169.254.169.254/attachments/": false,
	} {
		if d.isFile(address) != ok {
			t.Errorf("%s: %t", address, !ok)
		}
	}
	for _, address := range []string{foreign.URL + "/attachments/1/2/a", api.URL + "/attachments/1/2/a"} {
		if data, err := d.Fetch(t.Context(), messenger.Via{}, messenger.File{Name: "a", URL: address}, 100); err == nil {
			t.Errorf("%s: %q", address, data)
		}
	}
	if reached {
		t.Error("a file was fetched from elsewhere")
	}
}
