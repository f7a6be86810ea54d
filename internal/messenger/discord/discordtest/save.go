package discordtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// savedMessages is how many messages a saved file keeps.
const savedMessages = 20_000

// saveAfter is how long a change waits for others before it is written.
const saveAfter = time.Second

// saved is the file's content. Sessions, codes and Bearer tokens aren't saved:
// they end with the process.
type saved struct {
	Version  int            `json:"version"`
	Last     uint64         `json:"last"`
	Users    []*user        `json:"users"`
	Apps     []*application `json:"applications"`
	Guilds   []*guild       `json:"guilds"`
	Channels []*channel     `json:"channels"`
	Messages []*message     `json:"messages"`
}

const savedVersion = 1

// changed records that there are unsaved changes. It does not block.
func (s *Server) changed() {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

// saver saves shortly after changes, until Close, which saves once more.
func (s *Server) saver() {
	if s.cfg.File == "" {
		return
	}
	for {
		select {
		case <-s.done:
			return
		case <-s.dirty:
		}
		t := time.NewTimer(saveAfter)
		select {
		case <-s.done:
			t.Stop()
			return
		case <-t.C:
		}
		if err := s.save(); err != nil {
			s.log.Error("the simulated world could not be saved", "err", err)
		}
	}
}

// save writes a temporary file and renames it.
func (s *Server) save() error {
	if s.cfg.File == "" {
		return nil
	}
	b, err := s.marshal()
	if err != nil {
		return fmt.Errorf("save the simulated world: %w", err)
	}
	if err := replaceFile(s.cfg.File, b); err != nil {
		return fmt.Errorf("save the simulated world: %w", err)
	}
	return nil
}

func replaceFile(name string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".world-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // already gone if the rename worked
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

func (s *Server) marshal() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := saved{Version: savedVersion, Last: s.last, Messages: s.order}
	if n := len(s.order); n > savedMessages {
		w.Messages = s.order[n-savedMessages:]
	}
	for _, id := range sortedKeys(s.users) {
		w.Users = append(w.Users, s.users[id])
	}
	for _, id := range sortedKeys(s.apps) {
		w.Apps = append(w.Apps, s.apps[id])
	}
	for _, id := range sortedKeys(s.guilds) {
		w.Guilds = append(w.Guilds, s.guilds[id])
	}
	for _, id := range sortedKeys(s.channels) {
		w.Channels = append(w.Channels, s.channels[id])
	}
	return json.Marshal(w)
}

// load loads the file; a missing file means no data.
func (s *Server) load() error {
	s.allFaults = &appFaults{}
	if s.cfg.File == "" {
		return nil
	}
	b, err := os.ReadFile(s.cfg.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("load the simulated world: %w", err)
	}
	var w saved
	if err := json.Unmarshal(b, &w); err != nil {
		return fmt.Errorf("load the simulated world from %s: %w", s.cfg.File, err)
	}
	if w.Version != savedVersion {
		return fmt.Errorf("load the simulated world from %s: version %d is not known", s.cfg.File, w.Version)
	}
	s.restore(w)
	return nil
}

func (s *Server) restore(w saved) {
	s.last = w.Last
	for _, u := range w.Users {
		s.users[u.ID], s.tokens[u.Token] = u, u
	}
	for _, a := range w.Apps {
		a.faults = &appFaults{}
		if a.Commands == nil {
			a.Commands = map[string][]*command{}
		}
		s.apps[a.ID] = a
	}
	for _, g := range w.Guilds {
		for id := range g.Members {
			if u := s.users[id]; u != nil && u.Bot {
				g.bots = append(g.bots, id)
			}
		}
		s.guilds[g.ID] = g
	}
	for _, c := range w.Channels {
		if c.Overwrites == nil {
			c.Overwrites = map[string]overwrite{}
		}
		s.channels[c.ID] = c
		if c.direct() && len(c.Recipients) == 2 {
			s.dms[dmKey(c.Recipients[0], c.Recipients[1])] = c
		}
	}
	for _, m := range w.Messages {
		if c := s.channels[m.ChannelID]; c != nil {
			s.restoreMessage(c, m)
		}
	}
}

func (s *Server) restoreMessage(c *channel, m *message) {
	m.channel, m.nonceText = c, true
	m.num, _ = snowflake(m.ID)
	c.messages = append(c.messages, m)
	c.count++
	s.messages[m.ID] = m
	s.order = append(s.order, m)
	for _, a := range m.Attachments {
		s.files[a.ID] = a
	}
	if ref := s.messages[m.ReplyTo]; ref != nil {
		ref.replies = append(ref.replies, m)
	}
	s.snapshotLocked(m)
}
