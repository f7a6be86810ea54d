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
	global  bool          // 429 of all routes
	shared  bool          // 429 that is not this bot's fault
	network bool          // no answer, or half of one
	limited bool          // a limit would have to be waited for too long
	broken  bool          // the breaker is open
	err     error
}

// Error is the text for the log.
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

// readError reads a refusal. The body's shape differs between Discord and the
// network in front of it, so everything in it is optional.
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
	// Never come back at once, even when told no time.
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

// sendError classes a failed call for the caller of Send and Edit.
func sendError(err error) error {
	kind, reason := classify(err)
	return &messenger.SendError{Kind: kind, Reason: reason, Err: err}
}

func classify(err error) (messenger.SendKind, openmates.Text) {
	e, ok := errors.AsType[*apiError](err)
	switch {
	case errors.Is(err, openmates.ErrLost):
		return messenger.SendLater, openmates.T("Another process of this server answers now.")
	case !ok && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)):
		return messenger.SendLater, openmates.T("There was not enough time to reach Discord.")
	case !ok:
		return messenger.SendInvalid, openmates.T("The message could not be written in the form that Discord asks for.")
	case e.broken:
		return messenger.SendLater, openmates.T("Discord refused so many requests of this server that it pauses to avoid being banned. Check the permissions of the bots.")
	case e.limited:
		return messenger.SendLater, openmates.T("Discord limits how fast the bot may write, and the wait is long.")
	case e.network:
		return messenger.SendLater, openmates.T("Discord does not answer.")
	}
	if kind, reason, ok := byCode(e.code); ok {
		return kind, reason
	}
	switch s := e.status; {
	case s == http.StatusUnauthorized:
		return messenger.SendBroken, openmates.T("Discord refuses the bot token. Reset it on the Bot page of the developer portal and enter the new one here.")
	case s == http.StatusForbidden:
		return messenger.SendDenied, openmates.T("Discord does not allow the bot to do this here. Check the bot's permissions in this channel.")
	case s == http.StatusNotFound:
		return messenger.SendGone, openmates.T("The channel or the message does not exist any more.")
	case s == http.StatusTooManyRequests:
		return messenger.SendLater, openmates.T("Discord limits how fast the bot may write.")
	case s >= 500:
		return messenger.SendLater, openmates.T("Discord has trouble on its side.")
	default:
		return messenger.SendInvalid, openmates.T("Discord refuses this message for good.")
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
		return messenger.SendGone, openmates.T("The channel does not exist any more."), true
	case 10004:
		return messenger.SendGone, openmates.T("The bot is not in this Discord server any more."), true
	case codeUnknownMessage:
		return messenger.SendGone, openmates.T("The message does not exist any more."), true
	case 20016:
		return messenger.SendLater, openmates.T("Slow mode is on in this channel and holds the bot back."), true
	case 20028:
		return messenger.SendLater, openmates.T("Discord limits how fast anybody may write in this channel."), true
	case 40333:
		return messenger.SendLater, openmates.T("The network in front of Discord blocks this server. Check whether a proxy changes the User-Agent."), true
	case 50001:
		return messenger.SendDenied, openmates.T("The bot cannot see this channel. Give it the permission View Channel there."), true
	case 50007:
		return messenger.SendDenied, openmates.T("This person does not accept direct messages from the bot."), true
	case 50013:
		return messenger.SendDenied, openmates.T("The bot may not write in this channel. Give it the permissions Send Messages and, for threads, Send Messages in Threads."), true
	case 50035:
		return messenger.SendInvalid, openmates.T("Discord refuses the form of this message."), true
	case 50083, 160005:
		return messenger.SendDenied, openmates.T("The thread is archived or locked. Unlock it, or give the bot the permission Manage Threads."), true
	case codeNoReply:
		return messenger.SendDenied, openmates.T("The bot may not reply in this channel. Give it the permission Read Message History there."), true
	case 200000, 200001:
		return messenger.SendInvalid, openmates.T("The automatic moderation of this Discord server blocks the message."), true
	}
	return 0, "", false
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}
