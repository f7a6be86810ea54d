package discordtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Gateway opcodes (topics/opcodes-and-status-codes, Gateway Opcodes).
const (
	opHeartbeat      = 1
	opIdentify       = 2
	opPresence       = 3
	opVoice          = 4
	opResume         = 6
	opReconnect      = 7
	opMembers        = 8
	opInvalidSession = 9
	opHello          = 10
	opHeartbeatACK   = 11
	opSoundboard     = 31
)

func (c *conn) hello() {
	c.post(fmt.Appendf(nil, `{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":%d,"_trace":["[\"simulator\"]"]}}`,
		c.s.cfg.HeartbeatInterval.Milliseconds()))
}

func (c *conn) invalid(resumable bool) {
	c.post(fmt.Appendf(nil, `{"t":null,"s":null,"op":9,"d":%t}`, resumable))
}

// receive handles one payload of the client.
func (c *conn) receive(data []byte) {
	var p struct {
		Op *int            `json:"op"`
		D  json.RawMessage `json:"d"`
	}
	if len(data) > largestPayload {
		c.closeWith(closeDecode, "Error while decoding payload.")
		return
	}
	if err := json.Unmarshal(data, &p); err != nil || p.Op == nil {
		c.closeWith(closeDecode, "Error while decoding payload.")
		return
	}
	if now := c.s.cfg.Clock(); now.Sub(c.window) >= time.Minute {
		c.window, c.sends = now, 0
	}
	if c.sends++; c.sends > sendsPerMinute {
		c.closeWith(closeTooFast, "Rate limited.")
		return
	}
	c.mu.Lock()
	ready := c.ready
	c.mu.Unlock()
	switch *p.Op {
	case opHeartbeat:
		c.heartbeat()
	case opIdentify:
		if ready {
			c.closeWith(closeIdentifiedTwo, "Already authenticated.")
			return
		}
		c.identify(p.D)
	case opResume:
		if ready {
			c.closeWith(closeIdentifiedTwo, "Already authenticated.")
			return
		}
		c.resume(p.D)
	case opPresence, opVoice, opMembers, opSoundboard:
		if !ready {
			c.closeWith(closeNotIdentified, "Not authenticated.")
		}
	default:
		c.closeWith(closeUnknownOpcode, "Unknown opcode.")
	}
}

func (c *conn) heartbeat() {
	c.beat.Reset(time.Duration(silentBeatsAllowed * float64(c.s.cfg.HeartbeatInterval)))
	_, ss := c.peek()
	if ss == nil || !ss.faults.silent.Load() {
		c.post([]byte(`{"t":null,"s":null,"op":11,"d":null}`))
	}
}

func (c *conn) peek() (bool, *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ready, c.ss
}

type identifyData struct {
	Token      string          `json:"token"`
	Intents    *int64          `json:"intents"`
	Properties json.RawMessage `json:"properties"`
	Shard      []uint64        `json:"shard"`
}

func (c *conn) identify(d json.RawMessage) {
	var in identifyData
	if json.Unmarshal(d, &in) != nil {
		c.closeWith(closeDecode, "Error while decoding payload.")
		return
	}
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.tokens[strings.TrimPrefix(in.Token, "Bot ")]
	if u == nil || !u.Bot {
		c.closeWith(closeBadToken, "Authentication failed.")
		return
	}
	app := s.apps[u.AppID]
	if code := app.faults.FatalClose; code != 0 {
		c.closeWith(code, "")
		return
	}
	if code, reason := checkIdentify(in, app.Settings); code != 0 {
		c.closeWith(code, reason)
		return
	}
	if !s.mayStartLocked(app) {
		c.invalid(false)
		return
	}
	ss := &session{
		id: hexText(16), token: u.Token, app: app, userID: u.ID, intents: *in.Intents,
		compress: c.kind, faults: app.faults,
	}
	if len(in.Shard) == 2 {
		ss.shard = [2]uint64{in.Shard[0], in.Shard[1]}
	}
	app.identified++
	for _, old := range slices.Clone(s.byUser[u.ID]) {
		if s.expiredLocked(old) {
			s.endSessionLocked(old)
		}
	}
	s.sessions[ss.id] = ss
	s.byUser[u.ID] = append(s.byUser[u.ID], ss)
	c.carryLocked(ss, false, 0)
	s.readyLocked(ss, u, app)
}

// checkIdentify returns the close code for an invalid IDENTIFY.
func checkIdentify(in identifyData, set Settings) (int, string) {
	if in.Shard != nil && (len(in.Shard) != 2 || in.Shard[0] >= in.Shard[1]) {
		return closeBadShard, "Invalid shard."
	}
	if in.Intents == nil || *in.Intents < 0 || *in.Intents&^intentsKnown != 0 {
		return closeBadIntents, "Invalid intent(s)."
	}
	i := *in.Intents
	if i&intentMessageContent != 0 && !set.ContentIntent || i&intentMembers != 0 && !set.MembersIntent ||
		i&intentPresences != 0 && !set.PresenceIntent {
		return closeDeniedIntents, "Disallowed intent(s)."
	}
	return 0, ""
}

// mayStartLocked counts an IDENTIFY towards max_concurrency and the daily
// limit. Exceeding the latter ends all sessions of the application and resets
// its token (events/gateway, Session Start Limit).
func (s *Server) mayStartLocked(app *application) bool {
	now := s.cfg.Clock()
	for len(app.starts) > 0 && now.Sub(app.starts[0]) >= 24*time.Hour {
		app.starts = app.starts[1:]
	}
	recent := 0
	for i := len(app.starts) - 1; i >= 0 && now.Sub(app.starts[i]) < 5*time.Second; i-- {
		recent++
	}
	if len(app.starts) >= s.cfg.Identifies {
		s.resetTokenLocked(app)
		for _, ss := range slices.Clone(s.byUser[app.BotID]) {
			s.endSessionLocked(ss)
		}
		return false
	}
	if recent >= s.cfg.MaxConcurrency {
		return false
	}
	app.starts = append(app.starts, now)
	return true
}

// carryLocked binds a session to the connection; replay is the number of the
// RESUMED that ends the replay.
func (c *conn) carryLocked(ss *session, resumed bool, replay int64) {
	c.mu.Lock()
	c.ss, c.ready, c.resumed, c.replay = ss, true, resumed, replay
	c.mu.Unlock()
	ss.mu.Lock()
	old := ss.attachLocked(c)
	ss.mu.Unlock()
	if old != nil && old != c {
		old.closeWith(closeServerReplaces, "Session was resumed elsewhere.")
	}
	c.signal()
}

// readyLocked sends READY with stubs, then each guild as it becomes available
// (events/gateway-events, Ready and Guild Create).
func (s *Server) readyLocked(ss *session, u *user, app *application) {
	stubs := []stubJSON{}
	var guilds []*guild
	for _, g := range s.guildsOfLocked(u.ID) {
		if ss.hasGuild(g.ID) {
			stubs = append(stubs, stubJSON{ID: g.ID, Unavailable: true})
			guilds = append(guilds, g)
		}
	}
	ready := map[string]any{
		"v": 10, "user": selfJSON(u), "guilds": stubs, "session_id": ss.id, "session_type": "normal",
		"resume_gateway_url": s.gatewayURL(), "private_channels": []any{}, "relationships": []any{},
		"presences": []any{}, "user_settings": map[string]any{}, "guild_join_requests": []any{},
		"geo_ordered_rtc_regions": []any{}, "_trace": []string{"[\"simulator\"]"},
		"application": map[string]any{"id": app.ID, "flags": app.flags()},
	}
	if app.faults.ResumeHostDead {
		ready["resume_gateway_url"] = deadGateway
	}
	if ss.shard[1] > 0 {
		ready["shard"] = ss.shard
	}
	s.pushLocked(ss, "READY", mustJSON(ready))
	if ss.intents&intentGuilds == 0 {
		return
	}
	for _, g := range guilds {
		s.pushLocked(ss, "GUILD_CREATE", mustJSON(s.guildCreateJSON(g, u.ID)))
	}
}

func (c *conn) resume(d json.RawMessage) {
	var in struct {
		Token   string `json:"token"`
		Session string `json:"session_id"`
		Seq     int64  `json:"seq"`
	}
	if json.Unmarshal(d, &in) != nil {
		c.closeWith(closeDecode, "Error while decoding payload.")
		return
	}
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.tokens[strings.TrimPrefix(in.Token, "Bot ")]
	if u == nil || !u.Bot {
		c.closeWith(closeBadToken, "Authentication failed.")
		return
	}
	app := s.apps[u.AppID]
	if code := app.faults.FatalClose; code != 0 {
		c.closeWith(code, "")
		return
	}
	ss := s.sessions[in.Session]
	if ss != nil && s.expiredLocked(ss) {
		s.endSessionLocked(ss)
		ss = nil
	}
	if ss == nil || ss.userID != u.ID || app.faults.RefuseResume {
		c.invalid(false)
		return
	}
	ss.mu.Lock()
	last := ss.seq
	reaches := in.Seq <= last && ss.rewindLocked(in.Seq)
	if reaches {
		ss.appendLocked(entry{t: "RESUMED", d: []byte(`{"_trace":["[\"simulator\"]"]}`)}, false)
	}
	end := ss.seq
	ss.mu.Unlock()
	if in.Seq > last {
		c.closeWith(closeBadSeq, "Invalid seq.")
		return
	}
	if !reaches {
		s.endSessionLocked(ss)
		c.invalid(false)
		return
	}
	app.resumed++
	c.carryLocked(ss, true, end)
}
