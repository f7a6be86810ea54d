package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"openmates"
	"openmates/internal/guard"
	"openmates/internal/spelling"
)

// lifetime is the maximum age of a session, however much it is used.
const lifetime = 14 * 24 * time.Hour

const (
	keyUser  = "user"
	keyFlash = "flash"
	keySince = "since" // when the person signed in
	keySeen  = "seen"  // when the last request came, approximately
	keyFrom  = "from"  // the address it came from
	keyAgent = "agent" // and how the browser identified itself

	keyEpoch  = "epoch"  // the person's epoch when they signed in, or started to
	keyProved = "proved" // when the person last proved who they are

	keyKept = "kept." // prefix of names that others keep; they survive a sign-in
)

func newSessions(s Sessions, secure bool, log *slog.Logger) *scs.SessionManager {
	m := scs.New()
	m.Store = sessionStore{s}
	m.Codec = jsonCodec{}
	m.HashTokenInStore = true
	m.Lifetime = lifetime
	m.Cookie.Name = "openmates_session"
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	m.Cookie.Secure = secure
	if secure {
		// Only this very host can set it, RFC 6265bis section 4.1.3.2.
		m.Cookie.Name = "__Host-" + m.Cookie.Name
	}
	m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		log.ErrorContext(r.Context(), "session", "err", err)
		status := http.StatusInternalServerError
		if openmates.CodeOf(err) == openmates.EUnavailable {
			status = http.StatusServiceUnavailable
		}
		http.Error(w, openmates.MessageOf(err), status)
	}
	return m
}

// Middleware loads the session and the caller of each request.
func (r *Room) Middleware(next http.Handler) http.Handler {
	within := r.sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		ctx := req.Context()
		id, err := openmates.ParseID(r.sessions.GetString(ctx, keyUser))
		if err != nil {
			next.ServeHTTP(w, req)
			return
		}
		u, err := r.store.User(ctx, id)
		switch openmates.CodeOf(err) {
		case "":
			if !r.current(ctx, u) { // a concurrent request wrote it while all sessions were being ended
				if err := r.sessions.Destroy(ctx); err != nil {
					r.log.WarnContext(ctx, "end a session", "err", err)
				}
				next.ServeHTTP(w, req)
				return
			}
			c := openmates.Caller{User: u, Session: loaded(ctx).hash}
			r.noteVisit(ctx)
			next.ServeHTTP(w, req.WithContext(openmates.WithCaller(ctx, c)))
		case openmates.ENotFound: // the account is gone, and its sessions with it
			if err := r.sessions.Destroy(ctx); err != nil {
				r.log.WarnContext(ctx, "end a session", "err", err)
			}
			next.ServeHTTP(w, req)
		default:
			r.sessions.ErrorFunc(w, req, fmt.Errorf("load the caller: %w", err))
		}
	}))
	return r.knowing(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		within.ServeHTTP(w, req.WithContext(context.WithValue(req.Context(), loadedKey{}, new(loadedSession))))
	}))
}

func epochText(n int64) string { return strconv.FormatInt(n, 10) }

// current reports whether the session was started in the person's current
// epoch.
func (r *Room) current(ctx context.Context, u openmates.User) bool {
	in := r.sessions.GetString(ctx, keyEpoch)
	return in == epochText(u.Epoch) || in == "" && u.Epoch == 0 // from before epochs existed
}

// SignIn checks a password and, if it is right, starts a session in ctx's
// request. from is the address of the attempt. The error is the same whether or
// not the account exists. If the account requires a second step, the error is a
// *SecondStepError and nobody is signed in yet.
func (r *Room) SignIn(ctx context.Context, from netip.Addr, username string, password openmates.Secret) (openmates.User, error) {
	username = spelling.Fold(username)
	free := r.byAddress.Allow(guard.Party(from), r.now())
	if !free && browserOf(ctx).given == "" { // before any query
		r.failures.Note(ctx, from, guard.WhyTooMany, 0)
		return openmates.User{}, guard.TooMany()
	}
	wrong := openmates.Errorf(openmates.EUnauthorized, "Wrong username or password. If you've lost your password, you can reset it on the sign-in page.")
	var phc string
	u, err := r.store.UserByName(ctx, username)
	if err == nil {
		phc, err = r.store.Password(ctx, u.ID)
	}
	if err != nil && openmates.CodeOf(err) != openmates.ENotFound {
		return openmates.User{}, fmt.Errorf("sign in: %w", err)
	}
	guess := guard.Try{Account: guard.Digest(username), From: from, Browser: r.known(ctx, u)}
	if !free && guess.Browser == "" || !r.byAccount.Allow(guess, r.now()) {
		r.failures.Note(ctx, from, guard.WhyTooMany, u.ID)
		return openmates.User{}, guard.TooMany()
	}
	if len(password) > maxPassword {
		password = "" // matches nobody
	}
	ok, stale, err := r.vault.check(ctx, password, phc)
	if err != nil {
		return openmates.User{}, fmt.Errorf("sign in: %w", err)
	}
	if !ok {
		why := guard.WhyPassword
		if u.ID == 0 {
			why = guard.WhyUnknown
		}
		r.failures.Note(ctx, from, why, u.ID)
		return openmates.User{}, wrong
	}
	r.byAccount.Forget(guess)
	if stale {
		r.rehash(ctx, u, phc, password)
	}
	p, err := r.store.Protection(ctx, u.ID)
	if err != nil {
		return openmates.User{}, fmt.Errorf("sign in: %w", err)
	}
	if p.TwoSteps() {
		return openmates.User{}, r.await(ctx, u, p)
	}
	return u, r.Begin(ctx, u)
}

// rehash stores the password with today's costs. A failure is no reason to
// reject the person.
func (r *Room) rehash(ctx context.Context, u openmates.User, old string, password openmates.Secret) {
	phc, err := r.vault.hash(ctx, password)
	if err == nil {
		err = r.store.Rehash(ctx, u.ID, old, phc)
	}
	if err != nil {
		r.log.WarnContext(ctx, "rehash a password", "user", u.ID, "err", err)
	}
}

// Begin signs u in without checks: only for somebody who has proved to be u in
// this request. The session gets a new token, so that an earlier one is
// invalid.
func (r *Room) Begin(ctx context.Context, u openmates.User) error {
	kept := map[string]string{} // survives the sign-in
	for _, key := range r.sessions.Keys(ctx) {
		if strings.HasPrefix(key, keyKept) {
			kept[key] = r.sessions.GetString(ctx, key)
		}
	}
	if err := r.sessions.Clear(ctx); err != nil {
		return fmt.Errorf("begin a session: %w", err)
	}
	if err := r.sessions.RenewToken(ctx); err != nil {
		return fmt.Errorf("begin a session: %w", err)
	}
	now := r.now().UTC().Format(time.RFC3339)
	r.sessions.Put(ctx, keyUser, u.ID.String())
	for key, text := range kept {
		r.sessions.Put(ctx, key, text)
	}
	r.sessions.Put(ctx, keyEpoch, epochText(u.Epoch))
	r.sessions.Put(ctx, keySince, now)
	r.sessions.Put(ctx, keySeen, now)
	r.sessions.Put(ctx, keyProved, now)
	r.recognise(ctx, u)
	r.putVisit(ctx)
	return nil
}

// SignOut ends the session in the browser and on the server.
func (r *Room) SignOut(ctx context.Context) error {
	if err := r.sessions.Destroy(ctx); err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	return nil
}

// SetFlash keeps a sentence for the next page of the session.
func (r *Room) SetFlash(ctx context.Context, sentence openmates.Text) {
	r.sessions.Put(ctx, keyFlash, string(sentence))
}

// Flash returns the sentence and removes it.
func (r *Room) Flash(ctx context.Context) openmates.Text {
	return openmates.Text(r.sessions.PopString(ctx, keyFlash))
}

// Keep stores a text in the session of ctx's request, which survives a sign-in.
// The name is the caller's own.
func (r *Room) Keep(ctx context.Context, name, text string) { r.sessions.Put(ctx, keyKept+name, text) }

// Kept returns a text stored by Keep, or "".
func (r *Room) Kept(ctx context.Context, name string) string {
	return r.sessions.GetString(ctx, keyKept+name)
}

// Forget deletes a text stored by Keep.
func (r *Room) Forget(ctx context.Context, name string) { r.sessions.Remove(ctx, keyKept+name) }

// loadedKey is the context key of the session that a request came with.
type loadedKey struct{}

// loadedSession is a session as it was at the start of its request.
type loadedSession struct {
	hash string
	data []byte
}

func loaded(ctx context.Context) *loadedSession {
	l, _ := ctx.Value(loadedKey{}).(*loadedSession)
	if l == nil {
		return new(loadedSession)
	}
	return l
}

// onlyNotes reports whether a session has changed only in its minor notes: when
// it was seen, and the sentence for the next page.
func (l *loadedSession) onlyNotes(now sessionData) bool {
	var was sessionData
	if json.Unmarshal(l.data, &was) != nil {
		return false
	}
	for _, values := range []map[string]string{was.Values, now.Values} {
		for _, note := range []string{keyFlash, keySeen, keyFrom, keyAgent} {
			delete(values, note)
		}
	}
	return maps.Equal(was.Values, now.Values)
}

// sessionStore adapts Sessions for scs. A session that a request came with is
// only ever updated, never created again, so one that was revoked during the
// request stays revoked. If the database can't be written to, a page doesn't
// fail because of a note.
type sessionStore struct{ Sessions }

func (s sessionStore) FindCtx(ctx context.Context, hash string) ([]byte, bool, error) {
	b, found, err := s.Session(ctx, hash)
	if found {
		l := loaded(ctx)
		l.hash, l.data = hash, b
	}
	return b, found, err
}

func (s sessionStore) CommitCtx(ctx context.Context, hash string, data []byte, expires time.Time) error {
	var d sessionData
	if err := json.Unmarshal(data, &d); err != nil {
		return err
	}
	id, _ := openmates.ParseID(d.Values[keyUser])
	if id == 0 { // who owes the second step; 0 = nobody
		id, _ = openmates.ParseID(d.Values[keyAwaited])
	}
	rec := SessionRecord{Hash: hash, UserID: id, Data: data, Expires: expires}
	was := loaded(ctx)
	if hash != was.hash {
		return s.AddSession(ctx, rec)
	}
	err := s.SaveSession(ctx, rec)
	if openmates.CodeOf(err) == openmates.EUnavailable && was.onlyNotes(d) {
		return nil
	}
	return err
}

func (s sessionStore) DeleteCtx(ctx context.Context, hash string) error {
	return s.DeleteSession(ctx, hash)
}

func (s sessionStore) Find(hash string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), hash)
}

func (s sessionStore) Commit(hash string, data []byte, expires time.Time) error {
	return s.CommitCtx(context.Background(), hash, data, expires)
}

func (s sessionStore) Delete(hash string) error { return s.DeleteCtx(context.Background(), hash) }

// jsonCodec encodes a session as JSON, which unlike gob is readable in the
// database and only contains strings.
type jsonCodec struct{}

type sessionData struct {
	Until  time.Time         `json:"until"`
	Values map[string]string `json:"values"`
}

func (jsonCodec) Encode(until time.Time, values map[string]any) ([]byte, error) {
	d := sessionData{Until: until, Values: make(map[string]string, len(values))}
	for k, v := range values {
		s, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("session value %q is no string", k)
		}
		d.Values[k] = s
	}
	return json.Marshal(d)
}

func (jsonCodec) Decode(b []byte) (time.Time, map[string]any, error) {
	var d sessionData
	if err := json.Unmarshal(b, &d); err != nil {
		return time.Time{}, nil, err
	}
	values := make(map[string]any, len(d.Values))
	for k, v := range d.Values {
		values[k] = v
	}
	return d.Until, values, nil
}

// CookieName returns the name of the session's cookie.
func (r *Room) CookieName() string { return r.sessions.Cookie.Name }
