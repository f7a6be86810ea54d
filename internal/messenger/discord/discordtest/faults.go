package discordtest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path"
	"sync/atomic"
	"time"
)

// Faults are the permanent faults of an application.
type Faults struct {
	DropInReplayAfter int           // cut the socket after this many replayed events, once
	ResumeHostDead    bool          // READY names a resume_gateway_url where nobody listens
	RefuseResume      bool          // every RESUME gets op 9 d=false
	IllTyped          bool          // events have fields of unexpected types and unknown fields
	Duplicate         bool          // every dispatch is sent twice, alternately with the same and with the next number
	Reorder           bool          // pairs of MESSAGE_CREATE swap places
	Delay             time.Duration // before every dispatch
	Fail              []Failure     // REST faults in order, each used Times times
	FatalClose        int           // close code in response to IDENTIFYs and RESUMEs
	BareToken         bool          // the token response has no guild
}

// Failure is a REST call that fails.
type Failure struct {
	Method, Path     string // Path: path.Match pattern below /api/vN; "" = any
	Status           int
	RetryAfter       float64 // seconds
	Global, NoBucket bool
	AfterEffect      bool // do the work, then fail: the response is lost
	Hang             bool // no response until the caller gives up
	Times            int  // 0 = once
}

// appFaults are the faults of one application. Server.mu guards Faults; the
// sockets' writers read the switches.
type appFaults struct {
	Faults
	frozen, silent atomic.Bool
}

// Faults replaces the permanent faults of an application, or of all if appID is
// "".
func (s *Server) Faults(appID string, f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, af := range s.faultsOfLocked(appID) {
		af.Faults = f
		af.Fail = append([]Failure(nil), f.Fail...)
	}
}

func (s *Server) faultsOfLocked(appID string) []*appFaults {
	if appID != "" {
		if app := s.apps[appID]; app != nil {
			return []*appFaults{app.faults}
		}
		return nil
	}
	list := []*appFaults{s.allFaults}
	for _, app := range s.apps {
		list = append(list, app.faults)
	}
	return list
}

// newFaultsLocked returns the faults of a new application.
func (s *Server) newFaultsLocked() *appFaults {
	f := &appFaults{Faults: s.allFaults.Faults}
	f.Fail = append([]Failure(nil), f.Fail...)
	f.frozen.Store(s.allFaults.frozen.Load())
	f.silent.Store(s.allFaults.silent.Load())
	return f
}

// Drop cuts the gateway connections of an application without a close frame.
func (s *Server) Drop(appID string) {
	for _, c := range s.connsOf(appID) {
		if _, ss := c.peek(); ss != nil {
			ss.detach(c, s.cfg.Clock())
		}
		c.cut()
	}
}

// CloseWith closes the gateway connections of an application with a code.
func (s *Server) CloseWith(appID string, code int) {
	for _, c := range s.connsOf(appID) {
		if _, ss := c.peek(); ss != nil && (code == closeBadSeq || code == closeTimedOut) {
			s.mu.Lock()
			ss.mu.Lock()
			ss.conn = nil
			ss.mu.Unlock()
			s.endSessionLocked(ss)
			s.mu.Unlock()
		}
		c.closeWith(code, "")
	}
}

// Reconnect asks the clients of an application to reconnect and resume (op 7).
func (s *Server) Reconnect(appID string) {
	for _, c := range s.connsOf(appID) {
		c.post([]byte(`{"t":null,"s":null,"op":7,"d":null}`))
	}
}

// Invalidate sends op 9. If not resumable, the sessions are deleted.
func (s *Server) Invalidate(appID string, resumable bool) {
	for _, c := range s.connsOf(appID) {
		ready, ss := c.peek()
		c.invalid(resumable)
		if !ready || ss == nil {
			continue
		}
		s.mu.Lock()
		ss.detach(c, s.cfg.Clock())
		if !resumable {
			s.endSessionLocked(ss)
		}
		s.mu.Unlock()
		c.mu.Lock()
		c.ready, c.ss = false, nil // the client may IDENTIFY or RESUME on this socket
		c.mu.Unlock()
	}
}

// Beat asks the clients of an application for an immediate heartbeat (op 1).
func (s *Server) Beat(appID string) {
	for _, c := range s.connsOf(appID) {
		c.post([]byte(`{"t":null,"s":null,"op":1,"d":null}`))
	}
}

// Freeze stops all dispatches of an application while its heartbeats are still
// acknowledged; events are kept for replay.
func (s *Server) Freeze(appID string, on bool) {
	s.mu.Lock()
	for _, f := range s.faultsOfLocked(appID) {
		f.frozen.Store(on)
	}
	s.mu.Unlock()
	for _, c := range s.connsOf(appID) {
		c.signal()
	}
}

// Silence stops acknowledging heartbeats.
func (s *Server) Silence(appID string, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faultsOfLocked(appID) {
		f.silent.Store(on)
	}
}

func (s *Server) connsOf(appID string) []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*conn
	for c := range s.conns {
		if _, ss := c.peek(); appID == "" || ss != nil && ss.app.ID == appID {
			list = append(list, c)
		}
	}
	return list
}

// failureLocked takes the first permanent REST fault that matches a call.
func (f *appFaults) failureLocked(method, p string) *Failure {
	for i := range f.Fail {
		x := &f.Fail[i]
		if x.Method != "" && x.Method != method {
			continue
		}
		if ok, err := path.Match(x.Path, p); x.Path != "" && (err != nil || !ok) {
			continue
		}
		got := *x
		if x.Times--; x.Times <= 0 {
			f.Fail = append(f.Fail[:i:i], f.Fail[i+1:]...)
		}
		return &got
	}
	return nil
}

// answer writes the failed response.
func (x *Failure) answer(w http.ResponseWriter) {
	h := w.Header()
	if x.NoBucket || x.Global {
		h.Del("X-RateLimit-Bucket")
	}
	if x.Status != http.StatusTooManyRequests {
		writeJSON(w, x.Status, map[string]any{"message": http.StatusText(x.Status), "code": 0})
		return
	}
	tooMany(w, time.Duration(x.RetryAfter*float64(time.Second)), x.Global)
}

// illTyped changes the types of an event's fields in ways that were seen in
// servers with Discord's protocol and in Discord's own announced changes.
func illTyped(t string, d []byte) []byte {
	var v any
	dec := json.NewDecoder(bytes.NewReader(d))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		return d
	}
	bend(v)
	if o, ok := v.(map[string]any); ok {
		if t == "CHANNEL_CREATE" || t == "CHANNEL_UPDATE" || t == "THREAD_CREATE" {
			bendChannel(o)
		}
		if t == "MESSAGE_CREATE" || t == "MESSAGE_UPDATE" {
			o["application_id"] = nil
		}
	}
	return mustJSON(v)
}

func bend(v any) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			bend(x)
		}
	case map[string]any:
		for _, x := range v {
			bend(x)
		}
		for _, list := range []string{"channels", "threads"} {
			items, _ := v[list].([]any)
			for _, x := range items {
				if o, ok := x.(map[string]any); ok {
					bendChannel(o)
				}
			}
		}
		for _, k := range []string{"public_flags", "accent_color"} {
			if n, ok := v[k].(json.Number); ok {
				v[k] = n.String()
			}
		}
		v["field_of_tomorrow"] = map[string]any{"kind": []any{1, "two", nil}}
	}
}

func bendChannel(o map[string]any) {
	if n, ok := o["type"].(json.Number); ok {
		o["type"] = n.String()
	}
	o["application_id"] = nil
}
