package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// apiError is a failed REST call.
type apiError struct {
	status  int
	code    int // Discord's JSON error code (topics/opcodes-and-status-codes)
	text    string
	wait    time.Duration // 429
	global  bool          // 429 for all routes
	shared  bool          // 429 that isn't this bot's fault
	network bool          // no response, or only part of one
	limited bool          // a rate limit would take too long
	broken  bool          // the breaker is open
	err     error
}

// Error returns the text for the log.
func (e *apiError) Error() string {
	switch {
	case e.err != nil:
		return fmt.Sprintf("%s: %v", e.text, e.err)
	case e.status == 0:
		return e.text
	default:
		return fmt.Sprintf("status %d, code %d: %s", e.status, e.code, e.text)
	}
}

// Unwrap returns the cause.
func (e *apiError) Unwrap() error { return e.err }

// again reports whether the same call may succeed soon.
func (e *apiError) again() bool {
	return e.network || e.status == http.StatusTooManyRequests || e.status >= 500
}

// readError reads an error response. Its shape differs between Discord and the
// proxies in front of it, so all fields are optional.
func readError(resp *http.Response, raw []byte) *apiError {
	var body struct {
		Message    text     `json:"message"`
		Code       number   `json:"code"`
		RetryAfter *float64 `json:"retry_after"`
		Global     flag     `json:"global"`
	}
	_ = decode(raw, &body)
	e := &apiError{status: resp.StatusCode, code: int(body.Code), text: clip(string(body.Message), 200)}
	if e.status != http.StatusTooManyRequests {
		return e
	}
	e.global = bool(body.Global) || resp.Header.Get("X-RateLimit-Global") == "true" || resp.Header.Get("X-RateLimit-Scope") == "global"
	e.shared = resp.Header.Get("X-RateLimit-Scope") == "shared"
	// Never retry immediately, even without a given time.
	e.wait = time.Second
	if after, ok := seconds(resp.Header.Get("Retry-After")); ok {
		e.wait = after
	}
	if body.RetryAfter != nil {
		if after, ok := pause(*body.RetryAfter); ok {
			e.wait = after
		}
	}
	e.wait = max(e.wait, 50*time.Millisecond)
	return e
}

// sendError classifies a failed call for callers of Send and Edit.
func sendError(err error) error {
	kind, reason := classify(err)
	return &messenger.SendError{Kind: kind, Reason: reason, Err: err}
}

func classify(err error) (messenger.SendKind, openmates.Text) {
	e, ok := errors.AsType[*apiError](err)
	switch {
	case errors.Is(err, openmates.ErrLost):
		return messenger.SendLater, openmates.T("Another process of this server is answering now.")
	case !ok && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)):
		return messenger.SendLater, openmates.T("There wasn't enough time to reach Discord.")
	case !ok:
		return messenger.SendInvalid, openmates.T("The message couldn't be converted to Discord's format.")
	case e.broken:
		return messenger.SendLater, openmates.T("Discord rejected so many requests that this server is pausing to avoid a ban. Check the permissions of the bots.")
	case e.limited:
		return messenger.SendLater, openmates.T("The bot has hit Discord's rate limit, and the wait is long.")
	case e.network:
		return messenger.SendLater, openmates.T("Discord isn't responding.")
	}
	if kind, reason, ok := byCode(e.code); ok {
		return kind, reason
	}
	switch s := e.status; {
	case s == http.StatusUnauthorized:
		return messenger.SendBroken, openmates.T("Discord rejected the bot token. Reset it on the Bot page of the developer portal and enter the new one here.")
	case s == http.StatusForbidden:
		return messenger.SendDenied, openmates.T("Discord doesn't allow the bot to do this here. Check the bot's permissions in this channel.")
	case s == http.StatusNotFound:
		return messenger.SendGone, openmates.T("The channel or the message no longer exists.")
	case s == http.StatusTooManyRequests:
		return messenger.SendLater, openmates.T("The bot has hit Discord's rate limit.")
	case s >= 500:
		return messenger.SendLater, openmates.T("Discord is having problems.")
	default:
		return messenger.SendInvalid, openmates.T("Discord rejected this message.")
	}
}

const (
	codeUnknownMessage = 10008
	codeNoReply        = 160002 // Cannot reply without permission to read message history
)

// byCode maps Discord's JSON error codes.
func byCode(code int) (messenger.SendKind, openmates.Text, bool) {
	switch code {
	case 10003:
		return messenger.SendGone, openmates.T("The channel no longer exists."), true
	case 10004:
		return messenger.SendGone, openmates.T("The bot is no longer in this Discord server."), true
	case codeUnknownMessage:
		return messenger.SendGone, openmates.T("The message no longer exists."), true
	case 20016:
		return messenger.SendLater, openmates.T("Slow mode is on in this channel."), true
	case 20028:
		return messenger.SendLater, openmates.T("This channel has a rate limit."), true
	case 40333:
		return messenger.SendLater, openmates.T("The network in front of Discord is blocking this server. Check whether a proxy changes the User-Agent."), true
	case 50001:
		return messenger.SendDenied, openmates.T("The bot can't see this channel. Give it the View Channel permission there."), true
	case 50007:
		return messenger.SendDenied, openmates.T("This person doesn't accept direct messages from the bot."), true
	case 50013:
		return messenger.SendDenied, openmates.T("The bot can't write in this channel. Give it the Send Messages permission and, for threads, Send Messages in Threads."), true
	case 50035:
		return messenger.SendInvalid, openmates.T("Discord rejected the format of this message."), true
	case 50083, 160005:
		return messenger.SendDenied, openmates.T("The thread is archived or locked. Unlock it, or give the bot the Manage Threads permission."), true
	case codeNoReply:
		return messenger.SendDenied, openmates.T("The bot can't reply in this channel. Give it the Read Message History permission there."), true
	case 200000, 200001:
		return messenger.SendInvalid, openmates.T("AutoMod on this Discord server blocked the message."), true
	}
	return 0, "", false
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}
