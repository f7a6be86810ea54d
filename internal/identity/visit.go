package identity

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"openmates"
)

// seenEvery is how often a session records that it is in use.
const seenEvery = 10 * time.Minute

// Visit is what a door knows about where a request comes from. It may be
// forged, and is only shown to the owner of a session.
type Visit struct {
	From  netip.Addr
	Agent string // how the browser identifies itself
}

type visitKey struct{}

// WithVisit returns a context with the visit of its request.
func WithVisit(ctx context.Context, v Visit) context.Context {
	return context.WithValue(ctx, visitKey{}, v)
}

func visitOf(ctx context.Context) Visit {
	v, _ := ctx.Value(visitKey{}).(Visit)
	return v
}

func (r *Room) putVisit(ctx context.Context) {
	v := visitOf(ctx)
	if v.From.IsValid() {
		r.sessions.Put(ctx, keyFrom, v.From.String())
	}
	r.sessions.Put(ctx, keyAgent, string(agent(v.Agent)))
}

// noteVisit records approximately when and where a session was last used, so
// that not every request writes.
func (r *Room) noteVisit(ctx context.Context) {
	now := r.now().UTC()
	if now.Sub(instant(r.sessions.GetString(ctx, keySeen))) < seenEvery {
		return
	}
	r.sessions.Put(ctx, keySeen, now.Format(time.RFC3339))
	r.putVisit(ctx)
}

func instant(s string) time.Time {
	t, _ := time.Parse(time.RFC3339, s)
	return t
}

// Session is one of a person's sessions.
type Session struct {
	ID    string         // not a credential
	Here  bool           // the session of this request
	Agent openmates.Text // "Firefox on Linux"
	From  string         // address
	Since time.Time
	Seen  time.Time // approximate
}

// SessionsOf lists the caller's sessions: this one first, then the most
// recently used.
func (r *Room) SessionsOf(ctx context.Context, c openmates.Caller) ([]Session, error) {
	if err := c.RequireSignIn(); err != nil {
		return nil, err
	}
	stored, err := r.store.SessionsOf(ctx, c.User.ID)
	if err != nil {
		return nil, err
	}
	here := loaded(ctx).hash
	var all []Session
	for _, rec := range stored {
		_, values, err := jsonCodec{}.Decode(rec.Data)
		if err != nil {
			continue // an unreadable session signs nobody in
		}
		get := func(key string) string { s, _ := values[key].(string); return s }
		if get(keyUser) == "" {
			continue // it waits for the second step
		}
		all = append(all, Session{
			ID: rec.Hash, Here: rec.Hash == here, Agent: openmates.Text(get(keyAgent)), From: get(keyFrom),
			Since: instant(get(keySince)), Seen: instant(get(keySeen)),
		})
	}
	slices.SortStableFunc(all, func(a, b Session) int {
		if a.Here != b.Here {
			if a.Here {
				return -1
			}
			return 1
		}
		return b.Seen.Compare(a.Seen)
	})
	return all, nil
}

// LastSeen returns when a person last used a session; zero = never.
func (r *Room) LastSeen(ctx context.Context, userID openmates.ID) (last time.Time, err error) {
	sessions, err := r.SessionsOf(ctx, openmates.Caller{User: openmates.User{ID: userID}})
	for _, s := range sessions {
		if s.Seen.After(last) {
			last = s.Seen
		}
	}
	return last, err
}

// EndSession ends one of the caller's sessions. Another person's session is
// ENotFound.
func (r *Room) EndSession(ctx context.Context, c openmates.Caller, id string) error {
	if err := c.RequireSignIn(); err != nil {
		return err
	}
	if id == loaded(ctx).hash {
		return r.SignOut(ctx)
	}
	return r.store.Within(ctx, func(ctx context.Context) error {
		if err := r.store.EndSession(ctx, c.User.ID, id); err != nil {
			return err
		}
		return r.audit.Record(ctx, ownEntry(c.User, "account.session_end"), nil, nil)
	})
}

// EndSessions signs the caller out everywhere else or, with here, everywhere.
// It also ends everything pending in any session (a second step, a code, a
// consent), and revokes the tokens that they have made, and their open invites
// for admins. With keepShared, tokens for a team or a listener are kept.
func (r *Room) EndSessions(ctx context.Context, c openmates.Caller, here, keepShared bool) error {
	if err := c.RequireSignIn(); err != nil {
		return err
	}
	if _, err := r.endAccess(ctx, c, "account.sessions_end", AccessEnd{KeepShared: keepShared}); err != nil || !here {
		return err
	}
	return r.SignOut(ctx)
}

// sign identifies a browser or system by a word in its header.
type sign struct{ in, is string }

// aProgram stands for anything but a browser.
const aProgram = "program"

// agent summarises how a browser identifies itself: its name and its system.
// Browsers name each other, so the order matters.
func agent(header string) openmates.Text {
	find := func(names []sign) string {
		for _, n := range names {
			if strings.Contains(header, n.in) {
				return n.is
			}
		}
		return ""
	}
	browser := find([]sign{
		{in: "Edg/", is: "Edge"}, {in: "EdgA/", is: "Edge"}, {in: "EdgiOS/", is: "Edge"}, {in: "OPR/", is: "Opera"}, {in: "Vivaldi/", is: "Vivaldi"},
		{in: "SamsungBrowser/", is: "Samsung Internet"}, {in: "Firefox/", is: "Firefox"}, {in: "FxiOS/", is: "Firefox"}, {in: "CriOS/", is: "Chrome"},
		{in: "Chrome/", is: "Chrome"}, {in: "Safari/", is: "Safari"}, {in: "curl/", is: "curl"}, {in: "Go-http-client/", is: aProgram},
	})
	system := find([]sign{
		{in: "iPhone", is: "iPhone"}, {in: "iPad", is: "iPad"}, {in: "Android", is: "Android"}, {in: "CrOS", is: "ChromeOS"}, {in: "Windows", is: "Windows"},
		{in: "Mac OS X", is: "macOS"}, {in: "Linux", is: "Linux"}, {in: "FreeBSD", is: "FreeBSD"},
	})
	switch {
	case browser == "" && system == "":
		return openmates.T("An unknown browser")
	case browser == "":
		return openmates.T("%s on %s", openmates.T("A browser"), system)
	case browser == aProgram && system == "":
		return openmates.T("A program")
	case browser == aProgram:
		return openmates.T("%s on %s", openmates.T("A program"), system)
	case system == "":
		return openmates.T("%s", browser)
	}
	return openmates.T("%s on %s", browser, system)
}
