package connect_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"openmates"
	"openmates/internal/connect"
	"openmates/internal/connect/connecttest"
	"openmates/internal/messenger"
)

// add connects a workspace through the consent page and opens a channel there.
func (h *house) add(who connect.Who, team openmates.Team, mate, app, workspace string) {
	h.t.Helper()
	_, err := h.Finish(h.t.Context(), who, "", h.install(who, team, mate, workspace))
	must(h.t, err)
	h.net.Open(app, openmates.WorkspaceID(workspace), messenger.Survey{Channels: []messenger.ChannelView{
		{ID: "c1", Name: "#general", Seen: true}, {ID: "c2", Name: "#news", Seen: true, Missing: []openmates.Text{openmates.T("Send Messages")}},
	}})
}

func (h *house) bot(mate string) openmates.Bot {
	h.t.Helper()
	m, err := h.Mate(h.t.Context(), mate)
	must(h.t, err)
	b, err := h.db.BotOf(h.t.Context(), m.ID, connecttest.Name)
	must(h.t, err)
	return b
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.add(h.ada, h.harbour, "sophia", "1001", "w1")
	p, err := h.PlaceOf(t.Context(), h.harbour, connecttest.Name, "w1")
	must(t, err)
	if next, ok := p.Next(); !ok || next.Mate.Handle != "mark" || p.In() != 1 || len(p.Guests) != 2 {
		t.Fatalf("%+v", p)
	}
	h.add(h.ada, h.harbour, "mark", "1002", "w1")
	must(t, h.db.LeftWorkspace(t.Context(), h.bot("sophia").ID, "w1"))
	p, err = h.PlaceOf(t.Context(), h.harbour, connecttest.Name, "w1")
	must(t, err)
	if _, ok := p.Next(); ok || p.Guests[1].Presence != connect.Left || p.Guests[0].Presence != connect.Present {
		t.Errorf("after a kick: %+v", p)
	}
	if _, err := h.PlaceOf(t.Context(), h.lighthouse, connecttest.Name, "w1"); openmates.CodeOf(err) != openmates.ENotFound {
		t.Errorf("another team sees it: %v", err)
	}
}

func TestTestMessages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.add(h.ada, h.harbour, "sophia", "1001", "w1")
	send := func(team openmates.Team, channel string) error {
		_, err := h.SendTest(t.Context(), team, connecttest.Name, "w1", "sophia", openmates.ChannelID(channel))
		return err
	}
	for _, c := range []struct {
		team    openmates.Team
		channel string
		code    openmates.Code
	}{
		{h.lighthouse, "c1", openmates.ENotFound}, {h.harbour, "c9", openmates.EInvalid}, {h.harbour, "c2", openmates.EInvalid},
		{h.harbour, "c1", ""}, {h.harbour, "c1", openmates.ELimit},
	} {
		if err := send(c.team, c.channel); openmates.CodeOf(err) != c.code {
			t.Errorf("%s in %s: %v, want %q", c.team.Slug, c.channel, err, c.code)
		}
	}
	h.pass(time.Minute)
	must(t, send(h.harbour, "c1"))
	if sent := h.net.Sent(); len(sent) != 2 || sent[0].Channel != "c1" {
		t.Errorf("sent %+v", sent)
	}
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}

func TestRemoveAndDisconnect(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.add(h.ada, h.harbour, "sophia", "1001", "w1")
	h.add(h.ada, h.harbour, "mark", "1002", "w1")
	if _, err := h.Remove(t.Context(), h.eve.UserID, h.lighthouse, connecttest.Name, "w1", "mark"); openmates.CodeOf(err) != openmates.ENotFound {
		t.Errorf("another team removes a mate: %v", err)
	}
	if _, _, err := h.Disconnect(t.Context(), h.eve.UserID, h.lighthouse, connecttest.Name, "w1"); openmates.CodeOf(err) != openmates.ENotFound {
		t.Errorf("another team disconnects: %v", err)
	}
	_, err := h.Remove(t.Context(), h.ada.UserID, h.harbour, connecttest.Name, "w1", "mark")
	must(t, err)
	name, stayed, err := h.Disconnect(t.Context(), h.ada.UserID, h.harbour, connecttest.Name, "w1")
	must(t, err)
	if name != "Place w1" || len(stayed) != 0 || !slices.Equal(h.net.Leaves(), []string{"1002 w1", "1001 w1"}) {
		t.Errorf("%q, %v, leaves %v", name, stayed, h.net.Leaves())
	}
	h.add(h.eve, h.lighthouse, "mark", "1002", "w1") // it is free for others now
	_, err = h.Remove(t.Context(), h.eve.UserID, h.lighthouse, connecttest.Name, "w1", "mark")
	must(t, err)
	h.add(h.ada, h.harbour, "mark", "1002", "w1") // and with the last mate it was let go
}

// What was added in vain leaves again, but never what a team has there.
func TestRetreat(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.add(h.eve, h.lighthouse, "mark", "1002", "theirs")
	for _, mate := range []string{"sophia", "mark"} {
		if _, err := h.Finish(t.Context(), h.ada, "", h.install(h.ada, h.harbour, mate, "theirs")); openmates.CodeOf(err) != openmates.EConflict {
			t.Errorf("%s: %v", mate, err)
		}
	}
	q := h.install(h.ada, h.harbour, "sophia", "w")
	must(t, h.db.RemoveMember(t.Context(), h.harbour.ID, h.ada.UserID))
	if out, err := h.Finish(t.Context(), h.ada, "", q); openmates.CodeOf(err) != openmates.EForbidden || out.Team.ID != 0 {
		t.Errorf("%+v, %v", out, err)
	}
	if got := h.net.Leaves(); !slices.Equal(got, []string{"1001 theirs", "1001 w"}) {
		t.Errorf("leaves %v: only Sophia may have gone", got)
	}
}

func TestGreetStrangers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.add(h.ada, h.harbour, "sophia", "1001", "ours")
	told := func(mate, app, workspace string) { // what the gateway reports about an added bot
		_, err := h.db.AddInstallation(t.Context(), openmates.Installation{BotID: h.bot(mate).ID, Workspace: openmates.WorkspaceID(workspace), Name: "W"})
		must(t, err)
		h.net.Open(app, openmates.WorkspaceID(workspace), messenger.Survey{Channels: []messenger.ChannelView{
			{ID: "shut", Seen: true, Missing: []openmates.Text{openmates.T("Send Messages")}}, {ID: openmates.ChannelID("open-" + workspace), Seen: true},
		}})
	}
	told("mark", "1002", "ours") // a bare link, but the place is a team's
	told("mark", "1002", "bare")
	told("sophia", "1001", "bare")
	must(t, h.GreetStrangers(t.Context()))
	if sent := h.net.Sent(); len(sent) != 0 {
		t.Fatalf("at once said %+v", sent)
	}
	h.pass(2 * time.Minute)
	for range 3 {
		must(t, h.GreetStrangers(t.Context()))
		h.pass(time.Hour)
	}
	must(t, h.db.LeftWorkspace(t.Context(), h.bot("mark").ID, "bare"))
	told("mark", "1002", "bare")
	h.pass(time.Hour)
	must(t, h.GreetStrangers(t.Context()))
	sent := h.net.Sent()
	if len(sent) != 2 {
		t.Fatalf("said %+v", sent)
	}
	for _, s := range sent {
		if s.Channel != "open-bare" || !strings.Contains(s.Text, "https://mates.example") {
			t.Errorf("%+v", s)
		}
	}
}
