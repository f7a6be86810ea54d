package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"openmates"
	"openmates/internal/guard"
	"openmates/internal/policy"
	"openmates/internal/spelling"
)

// TokenStore is the part of the database that AccessTokens needs. It stores
// tokens by their hash.
type TokenStore interface {
	Transactions
	policy.Makers
	// AddAccessToken returns ErrTooManyTokens if the owner already has most.
	AddAccessToken(ctx context.Context, k openmates.AccessToken, hash string, most int) (openmates.AccessToken, error)
	// AccessToken also returns the hash as it is stored.
	AccessToken(ctx context.Context, hash string) (k openmates.AccessToken, stored string, err error)
	// AccessTokens lists those of a team (userID 0), a person (teamID 0), or
	// listeners (both 0).
	AccessTokens(ctx context.Context, userID, teamID openmates.ID) ([]openmates.AccessToken, error)
	DropAccessToken(ctx context.Context, userID, teamID, id openmates.ID) (openmates.AccessToken, error)
	// TokensBy lists the tokens that somebody has made, whatever they are for.
	TokensBy(ctx context.Context, maker openmates.ID) ([]openmates.AccessToken, error)
	DropTokenBy(ctx context.Context, maker, id openmates.ID) (openmates.AccessToken, error)
	TouchAccessToken(ctx context.Context, id openmates.ID, at time.Time) error
}

// AccessTokens are the tokens with which programs act for people, and the
// listeners' credentials. A program may never do more than the creator of its
// token.
type AccessTokens struct {
	store    TokenStore
	log      *slog.Logger
	now      openmates.Clock
	audit    openmates.Audit
	failures *guard.Failures
	// confirm asks for the password unless the person has just signed in.
	confirm func(ctx context.Context, c openmates.Caller, password openmates.Secret) error

	byCall     *guard.Throttle // calls of the API
	byListener *guard.Throttle // calls of a listener
	byBadToken *guard.Throttle // wrong tokens
}

func newAccessTokens(c Config, log *slog.Logger) *AccessTokens {
	return &AccessTokens{
		store: c.Store, log: log, now: c.Clock, audit: c.Audit, failures: c.Failures,
		byCall:     guard.NewThrottle(50*time.Millisecond, 300, 10_000),
		byListener: guard.NewThrottle(time.Millisecond, 2_000, 1_000),
		byBadToken: guard.NewThrottle(2*time.Second, 30, 10_000),
	}
}

// TokenPrefix is the prefix of all tokens, so that people and scanners
// recognise them.
const TokenPrefix = "om_"

const (
	mostTokens  = 50  // per owner
	usualDays   = 90  // default validity of a token
	longestDays = 366 // maximum for a person's or team's token
	touchEvery  = time.Minute
)

// NewToken is a token to create.
type NewToken struct {
	Name   string
	Scopes []openmates.Scope
	Days   int // 0 = 90, or unlimited for a listener's
	// Password is required if the caller didn't sign in recently, because a
	// token outlives the session in which it was created.
	Password openmates.Secret
}

// AddToken creates a token with the caller's rights in all their teams, limited
// by its scopes. The secret is only shown now.
func (a *AccessTokens) AddToken(ctx context.Context, c openmates.Caller, n NewToken) (openmates.AccessToken, openmates.Secret, error) {
	return a.addToken(ctx, c, openmates.AccessToken{UserID: c.User.ID}, n)
}

// AddTeamToken creates a token with the caller's rights in one team only, which
// all the team's admins can see and revoke. It becomes invalid when the caller
// stops being the team's admin.
func (a *AccessTokens) AddTeamToken(ctx context.Context, c openmates.Caller, p policy.Place, n NewToken) (openmates.AccessToken, openmates.Secret, error) {
	return a.addToken(ctx, c, openmates.AccessToken{UserID: c.User.ID, TeamID: p.Team.ID}, n)
}

// AddListenerToken creates a token for a program that listens on a messenger:
// it looks up, by the messenger's IDs, whose message it is, and asks mates for
// that person. It becomes invalid when the caller stops being a server admin.
func (a *AccessTokens) AddListenerToken(ctx context.Context, c openmates.Caller, n NewToken) (openmates.AccessToken, openmates.Secret, error) {
	if err := policy.Require(c, policy.RunServer); err != nil {
		return openmates.AccessToken{}, "", err
	}
	n.Scopes = []openmates.Scope{openmates.ScopeListener}
	return a.addToken(ctx, c, openmates.AccessToken{}, n)
}

func (a *AccessTokens) addToken(ctx context.Context, c openmates.Caller, k openmates.AccessToken, n NewToken) (openmates.AccessToken, openmates.Secret, error) {
	if err := c.InPerson(); err != nil {
		return k, "", err
	}
	var err error
	if k.Name, err = spelling.Name(n.Name, openmates.T("a name for the token, such as what it is for"), spelling.Longest); err != nil {
		return k, "", err
	}
	listener := k.UserID == 0
	if k.Scopes, err = validScopes(n.Scopes, listener); err != nil {
		return k, "", err
	}
	k.By, k.Created = c.User.ID, a.now().UTC().Truncate(time.Millisecond)
	switch {
	case n.Days < 0 || n.Days > longestDays:
		return k, "", openmates.Errorf(openmates.EInvalid, "A token is valid for 1 to %d days.", longestDays)
	case n.Days == 0 && !listener:
		n.Days = usualDays
	}
	if err := a.confirm(ctx, c, n.Password); err != nil {
		return k, "", err
	}
	if n.Days > 0 {
		k.Expires = k.Created.AddDate(0, 0, n.Days)
	}
	secret := TokenPrefix + rand.Text() // 130 bits
	k.Hint = secret[len(secret)-4:]
	made := k
	err = a.store.Within(ctx, func(ctx context.Context) (err error) {
		if made, err = a.store.AddAccessToken(ctx, k, guard.Digest(secret), mostTokens); err != nil {
			return err
		}
		after := map[string]any{"name": made.Name, "scopes": made.Scopes, "expires": made.Expires}
		return a.audit.Record(ctx, tokenEntry(c, made, "token.add"), nil, after)
	})
	if err != nil {
		return k, "", err
	}
	a.log.InfoContext(ctx, "a token was made", "token", made.ID, "user", c.User.ID, "team", made.TeamID)
	return made, openmates.Secret(secret), nil
}

func tokenEntry(c openmates.Caller, k openmates.AccessToken, action string) openmates.AuditEntry {
	return openmates.AuditEntry{Actor: c.User.ID, TeamID: k.TeamID, Action: action, Target: "token " + k.ID.String()}
}

func validScopes(scopes []openmates.Scope, listener bool) ([]openmates.Scope, error) {
	var all []openmates.Scope
	for _, s := range []openmates.Scope{openmates.ScopeRead, openmates.ScopeWrite, openmates.ScopeAdmin, openmates.ScopeListener} {
		if slices.Contains(scopes, s) && (s == openmates.ScopeListener) == listener {
			all = append(all, s)
		}
	}
	known := slices.Compact(slices.Sorted(slices.Values(scopes)))
	if len(all) == 0 || len(all) != len(known) {
		return nil, openmates.Errorf(openmates.EInvalid, "Choose what the token can do: read, write or admin. A listener's credential is created by a server admin.")
	}
	return all, nil
}

// Tokens lists the tokens that the caller has made: for themselves, for teams
// and for listeners.
func (a *AccessTokens) Tokens(ctx context.Context, c openmates.Caller) ([]openmates.AccessToken, error) {
	if err := c.RequireSignIn(); err != nil {
		return nil, err
	}
	return a.store.TokensBy(ctx, c.User.ID)
}

// TeamTokens lists a team's tokens.
func (a *AccessTokens) TeamTokens(ctx context.Context, p policy.Place) ([]openmates.AccessToken, error) {
	return a.store.AccessTokens(ctx, 0, p.Team.ID)
}

// ListenerTokens lists the listeners' credentials.
func (a *AccessTokens) ListenerTokens(ctx context.Context, c openmates.Caller) ([]openmates.AccessToken, error) {
	if err := policy.Require(c, policy.RunServer); err != nil {
		return nil, err
	}
	return a.store.AccessTokens(ctx, 0, 0)
}

// RevokeToken revokes a token that the caller has made.
func (a *AccessTokens) RevokeToken(ctx context.Context, c openmates.Caller, id openmates.ID) error {
	if err := c.RequireSignIn(); err != nil {
		return err
	}
	return a.dropToken(ctx, c, func(ctx context.Context) (openmates.AccessToken, error) {
		return a.store.DropTokenBy(ctx, c.User.ID, id)
	})
}

// RevokeTeamToken revokes a team's token.
func (a *AccessTokens) RevokeTeamToken(ctx context.Context, c openmates.Caller, p policy.Place, id openmates.ID) error {
	return a.dropToken(ctx, c, func(ctx context.Context) (openmates.AccessToken, error) {
		return a.store.DropAccessToken(ctx, 0, p.Team.ID, id)
	})
}

// RevokeListenerToken revokes a listener's credential.
func (a *AccessTokens) RevokeListenerToken(ctx context.Context, c openmates.Caller, id openmates.ID) error {
	if err := policy.Require(c, policy.RunServer); err != nil {
		return err
	}
	return a.dropToken(ctx, c, func(ctx context.Context) (openmates.AccessToken, error) {
		return a.store.DropAccessToken(ctx, 0, 0, id)
	})
}

func (a *AccessTokens) dropToken(ctx context.Context, c openmates.Caller, drop func(context.Context) (openmates.AccessToken, error)) error {
	var k openmates.AccessToken
	err := a.store.Within(ctx, func(ctx context.Context) (err error) {
		if k, err = drop(ctx); err != nil {
			return err
		}
		return a.audit.Record(ctx, tokenEntry(c, k, "token.revoke"), map[string]any{"name": k.Name, "scopes": k.Scopes}, nil)
	})
	if err != nil {
		return err
	}
	a.log.InfoContext(ctx, "a token was revoked", "token", k.ID, "user", c.User.ID)
	return nil
}

// Bearer returns the caller for a token. Whatever is wrong with it, the error
// is the same.
func (a *AccessTokens) Bearer(ctx context.Context, from netip.Addr, token openmates.Secret) (openmates.Caller, error) {
	wrong := openmates.Errorf(openmates.EUnauthorized, "This token isn't valid: it's mistyped, revoked or expired. Create a new one.")
	text := token.Reveal()
	if !strings.HasPrefix(text, TokenPrefix) || len(text) != len(TokenPrefix)+26 {
		return openmates.Caller{}, a.badToken(ctx, from, guard.WhyToken, openmates.AccessToken{}, wrong)
	}
	hash := guard.Digest(text)
	k, stored, err := a.store.AccessToken(ctx, hash)
	if openmates.CodeOf(err) == openmates.ENotFound || err == nil && subtle.ConstantTimeCompare([]byte(hash), []byte(stored)) != 1 {
		return openmates.Caller{}, a.badToken(ctx, from, guard.WhyToken, openmates.AccessToken{}, wrong)
	}
	if err != nil {
		return openmates.Caller{}, fmt.Errorf("look for a token: %w", err)
	}
	if !k.Expires.IsZero() && !a.now().Before(k.Expires) {
		return openmates.Caller{}, a.badToken(ctx, from, guard.WhyExpired, k, wrong)
	}
	if x, ok := tokenRemains(k); ok {
		holds, err := x.Holds(ctx, a.store, a.now())
		if err != nil {
			return openmates.Caller{}, fmt.Errorf("look for the maker of a token: %w", err)
		}
		if !holds {
			return openmates.Caller{}, a.badToken(ctx, from, guard.WhyMaker, k, wrong)
		}
	}
	c := openmates.Caller{Token: k, Session: guard.Digest("token:" + k.ID.String())}
	if k.UserID != 0 {
		c.User, err = a.store.User(ctx, k.UserID)
		if openmates.CodeOf(err) == openmates.ENotFound {
			return openmates.Caller{}, a.badToken(ctx, from, guard.WhyMaker, k, wrong)
		}
		if err != nil {
			return openmates.Caller{}, fmt.Errorf("load the caller: %w", err)
		}
	}
	if now := a.now(); now.Sub(k.Used) >= touchEvery {
		if err := a.store.TouchAccessToken(ctx, k.ID, now); err != nil {
			a.log.WarnContext(ctx, "note that a token is in use", "token", k.ID, "err", err)
		}
	}
	return c, nil
}

// badToken counts a wrong token for the address it came from.
func (a *AccessTokens) badToken(ctx context.Context, from netip.Addr, why string, k openmates.AccessToken, wrong error) error {
	if !a.byBadToken.Allow(guard.Party(from), a.now()) {
		a.failures.Note(ctx, from, guard.WhyTooMany, 0)
		return guard.TooMany()
	}
	a.failures.Note(ctx, from, why, k.By)
	return wrong
}

// Admit counts an API call towards the limit of its caller: a person, however
// many tokens they have, a listener's credential, or an address.
func (a *AccessTokens) Admit(c openmates.Caller, from netip.Addr) error {
	limit, key := a.byCall, c.User.ID.String()
	switch {
	case c.IsListener():
		limit, key = a.byListener, c.Token.ID.String()
	case !c.SignedIn():
		key = guard.Party(from)
	}
	if !limit.Allow(key, a.now()) {
		return openmates.Errorf(openmates.ELimit, "Too many requests in a short time. Wait a few seconds between them.")
	}
	return nil
}

// tokenRemains returns the rule for a token; ok is false if it has its maker's
// own rights, which are checked anyway.
func tokenRemains(k openmates.AccessToken) (x policy.Remain, ok bool) {
	switch {
	case k.TeamID != 0:
		return policy.Remain{Maker: k.By, Team: k.TeamID, Right: policy.RunTeam}, true
	case k.UserID == 0:
		return policy.Remain{Maker: k.By, Right: policy.RunServer}, true
	}
	return policy.Remain{}, false
}
