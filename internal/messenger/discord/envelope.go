package discord

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
)

// envelope is the outer object of every gateway payload (events/gateway-events,
// Payload Structure). data isn't decoded and points into the frame.
type envelope struct {
	op    int
	seq   int64 // 0 = none
	event string
	data  []byte
}

var errEnvelope = errors.New("not a gateway payload")

// parseEnvelope parses a frame without decoding its data: most events aren't
// for the mate and are dropped by name or after a byte search, so their data is
// never parsed.
func parseEnvelope(frame []byte) (envelope, error) {
	e := envelope{op: -1}
	b := bytes.TrimSpace(frame)
	if len(b) < 2 || b[0] != '{' || b[len(b)-1] != '}' {
		return e, errEnvelope
	}
	i := skipSpace(b, 1)
	var sawSeq, sawEvent bool
	for b[i] != '}' {
		end := skipString(b, i)
		if end < 0 {
			return e, errEnvelope
		}
		key := b[i:end]
		i = skipSpace(b, end)
		if b[i] != ':' {
			return e, errEnvelope
		}
		i = skipSpace(b, i+1)
		if string(key) == `"d"` && e.op >= 0 && sawSeq && sawEvent {
			// All other fields are known, and d comes last, as Discord sends
			// it.
			e.data = bytes.TrimSpace(b[i : len(b)-1])
			return e, nil
		}
		if end = skipValue(b, i); end < 0 {
			return e, errEnvelope
		}
		value := b[i:end]
		switch string(key) {
		case `"op"`:
			n, err := strconv.Atoi(string(value))
			if err != nil || n < 0 {
				return e, errEnvelope
			}
			e.op = n
		case `"s"`:
			sawSeq = true
			e.seq, _ = strconv.ParseInt(string(value), 10, 64)
		case `"t"`:
			sawEvent = true
			e.event = eventName(value)
		case `"d"`:
			e.data = value
		}
		i = skipSpace(b, end)
		if b[i] == ',' {
			i = skipSpace(b, i+1)
		}
	}
	if e.op < 0 {
		return e, errEnvelope
	}
	return e, nil
}

// eventName parses t. Frequent names are constants, so that they need no
// allocation.
func eventName(quoted []byte) string {
	switch string(quoted) {
	case "null":
		return ""
	case `"MESSAGE_CREATE"`:
		return "MESSAGE_CREATE"
	case `"MESSAGE_UPDATE"`:
		return "MESSAGE_UPDATE"
	case `"TYPING_START"`:
		return "TYPING_START"
	}
	var s string
	_ = json.Unmarshal(quoted, &s)
	return s
}

// The scanners below never run past the end: b ends with the brace of the outer
// object, and each returns -1 when it would have to cross that brace.

func skipSpace(b []byte, i int) int {
	for i < len(b)-1 && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return min(i, len(b)-1)
}

func skipString(b []byte, i int) int {
	if b[i] != '"' {
		return -1
	}
	for i++; i < len(b); i++ {
		switch b[i] {
		case '"':
			if i+1 >= len(b) {
				return -1
			}
			return i + 1
		case '\\':
			i++
		}
	}
	return -1
}

func skipValue(b []byte, i int) int {
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		depth := 0
		for i < len(b)-1 {
			switch b[i] {
			case '"':
				if i = skipString(b, i); i < 0 {
					return -1
				}
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
		return -1
	default:
		start := i
		for i < len(b)-1 && b[i] != ',' && b[i] != '}' && b[i] != ']' && b[i] > ' ' {
			i++
		}
		if i == start {
			return -1
		}
		return i
	}
}
