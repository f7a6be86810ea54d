package account

import (
	"context"
	"net/netip"
	"sync/atomic"
	"time"

	"openmates"
)

// failures notes who tried in vain to get in: each in the log, and some in the
// audit record, which somebody who tries all day must not be able to fill.
type failures struct {
	lines     *throttle // of the log, by network
	byAccount *throttle // of the record
	byNetwork *throttle
	all       *throttle
	left      atomic.Int64 // lines that were left out of the record
}

func newFailures() *failures {
	return &failures{
		lines:     newThrottle(time.Second, 60, 10_000),
		byAccount: newThrottle(10*time.Minute, 5, 10_000),
		byNetwork: newThrottle(10*time.Minute, 5, 10_000),
		all:       newThrottle(time.Minute, 60, 1),
	}
}

// Why a try failed.
const (
	whyTooMany  = "too many tries"
	whyUnknown  = "no such account"
	whyPassword = "wrong password"
	whyProof    = "wrong password, to change something"
	whyCode     = "wrong code"
	whyPasskey  = "wrong passkey"
	whyToken    = "unknown token"
	whyExpired  = "expired token"
	whyMaker    = "token whose maker may not make it any more"
	whySetup    = "wrong setup code"
	whyReset    = "wrong or old link to a new password"
)

// failed notes a try that failed. userID is whose account it is, 0 = nobody's,
// or it is not known: what was typed is never noted, as people type passwords
// into every field.
func (r *Room) failed(ctx context.Context, from netip.Addr, why string, userID openmates.ID) {
	now, network := r.now(), networkKey(from)
	if r.failures.lines.allow(network, now) {
		r.log.InfoContext(ctx, "a sign-in failed", "why", why, "from", from, "user", userID)
	}
	if !r.failures.byNetwork.allow(network, now) || userID != 0 && !r.failures.byAccount.allow(userID.String(), now) || !r.failures.all.allow("", now) {
		r.failures.left.Add(1)
		return
	}
	after := map[string]any{"from": from.String(), "why": why}
	if n := r.failures.left.Swap(0); n > 0 {
		after["not_recorded"] = n
	}
	e := openmates.AuditEntry{Action: "account.signin_failed"}
	if userID != 0 {
		e = e.AboutPerson(userID)
	}
	if err := r.record(ctx, e, nil, after); err != nil {
		r.log.ErrorContext(ctx, "a failed sign-in is not in the audit record", "err", err)
	}
}
