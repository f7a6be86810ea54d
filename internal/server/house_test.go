package server_test

import (
	"context"
	"net/netip"
	"testing"

	"openmates"
	"openmates/internal/identity"
	"openmates/internal/server"
	"openmates/internal/store/roomtest"
	"openmates/internal/team"
)

const goodPassword = "three quiet lighthouses"

// The rooms around the one that is tested, under names of their own.
type (
	people = identity.Room
	teams  = team.Room
)

// house is the room over a real database, with the rooms around it.
type house struct {
	*server.Room
	*people
	*teams
	*roomtest.Ground
}

func newHouse(t *testing.T) *house {
	t.Helper()
	return newHouseAt(t, "http://mates.example", true)
}

// newHouseAt is newHouse with a public address, which somebody has chosen or not.
func newHouseAt(t *testing.T, url string, chosen bool) *house {
	t.Helper()
	h := &house{Ground: roomtest.New(t, url, chosen)}
	var err error
	h.people, err = identity.New(identity.Config{Store: h.DB, Log: h.Logger, Failures: h.Failures, Post: h.Mail, Address: h.Public, Audit: h.Record, Clock: h.Clock,
		ServerName: func(ctx context.Context) (string, error) { return server.StoredName(ctx, h.DB) },
		Cost:       identity.Cost{Memory: 64, Time: 1, Threads: 1}}) // the tests are about what happens around the hashes
	must(t, err)
	h.Room, err = server.New(server.Config{Store: h.DB, Log: h.Logger, Accounts: h.people, Failures: h.Failures, Post: h.Mail, Address: h.Public, Audit: h.Record, Clock: h.Clock, Reach: h.Out()})
	must(t, err)
	h.teams, err = team.New(team.Config{Store: h.DB, Log: h.Logger, Accounts: h.people, Session: h.people, SignUp: h.Room, Post: h.Mail, Audit: h.Record, Clock: h.Clock})
	must(t, err)
	return h
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func code(t *testing.T, err error, want openmates.Code) {
	t.Helper()
	if got := openmates.CodeOf(err); got != want {
		t.Fatalf("code %q (%v), want %q", got, err, want)
	}
}

func from(n int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}) }

func founder(c openmates.Secret) server.Founder {
	return server.Founder{Code: c, Name: "Ada", Username: "ada", Password: goodPassword, Team: "Harbour"}
}
