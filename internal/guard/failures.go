package guard

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"openmates"
)

// Failures records failed attempts to get in: all of them in the log, and some
// in the audit log, which somebody who tries all day must not be able to fill.
// It is safe for concurrent use.
type Failures struct {
	log   *slog.Logger
	audit openmates.Audit
	now   openmates.Clock

	lines     *Throttle // for the log, by network
	byAccount *Throttle // for the audit log
	byNetwork *Throttle
	all       *Throttle
	left      atomic.Int64 // failures that were left out of the audit log
}

// FailuresConfig configures Failures.
type FailuresConfig struct {
	Log   *slog.Logger
	Audit openmates.Audit // nil = no audit log
	Clock openmates.Clock // nil = the real one
}

// NewFailures returns a Failures.
func NewFailures(c FailuresConfig) (*Failures, error) {
	if c.Log == nil {
		return nil, errors.New("guard: FailuresConfig needs Log")
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return &Failures{
		log:       c.Log.With("pkg", "guard"),
		audit:     c.Audit,
		now:       c.Clock,
		lines:     NewThrottle(time.Second, 60, 10_000),
		byAccount: NewThrottle(10*time.Minute, 5, 10_000),
		byNetwork: NewThrottle(10*time.Minute, 5, 10_000),
		all:       NewThrottle(time.Minute, 60, 1),
	}, nil
}

// Why an attempt failed.
const (
	WhyTooMany  = "too many attempts"
	WhyUnknown  = "no such account"
	WhyPassword = "wrong password"
	WhyProof    = "wrong password when changing something"
	WhyCode     = "wrong code"
	WhyPasskey  = "wrong passkey"
	WhyToken    = "unknown token"
	WhyExpired  = "expired token"
	WhyMaker    = "token whose creator lost the right to it"
	WhySetup    = "wrong setup code"
	WhyReset    = "wrong or old link to a new password"
)

// Note records a failed attempt. userID is the account it was for, 0 if there
// is none or it isn't known. What was typed is never recorded, because people
// type passwords into every field.
func (f *Failures) Note(ctx context.Context, from netip.Addr, why string, userID openmates.ID) {
	now, network := f.now(), Network(from)
	if f.lines.Allow(network, now) {
		f.log.InfoContext(ctx, "a sign-in failed", "why", why, "from", from, "user", userID)
	}
	if !f.byNetwork.Allow(network, now) || userID != 0 && !f.byAccount.Allow(userID.String(), now) || !f.all.Allow("", now) {
		f.left.Add(1)
		return
	}
	after := map[string]any{"from": from.String(), "why": why}
	if n := f.left.Swap(0); n > 0 {
		after["not_recorded"] = n
	}
	e := openmates.AuditEntry{Action: "account.signin_failed"}
	if userID != 0 {
		e = e.AboutPerson(userID)
	}
	if err := f.audit.Record(ctx, e, nil, after); err != nil {
		f.log.ErrorContext(ctx, "a failed sign-in is not in the audit record", "err", err)
	}
}
