package api

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// aliveEvery is how often a silent stream sends a comment, so that proxies
// don't close it while a model thinks.
const aliveEvery = 15 * time.Second

// answerJSON writes a whole reply.
func answerJSON(h huma.Context, r Reply) {
	h.SetHeader("Content-Type", "application/json")
	h.SetStatus(http.StatusOK)
	_ = json.NewEncoder(h.BodyWriter()).Encode(r) // this fails only if the client has disconnected
}

// events writes an event stream (HTML, section 9.2). Its methods may be called
// from several goroutines.
type events struct {
	mu   sync.Mutex
	w    io.Writer
	push func()
	sent string // of the text so far
}

// event writes one event; data never contains a line break outside of JSON
// strings.
func (e *events) event(name string, v any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.write(name, v)
}

func (e *events) write(name string, v any) {
	b, err := json.Marshal(v)
	if err != nil { // impossible: strings and numbers
		return
	}
	fmt.Fprintf(e.w, "event: %s\ndata: %s\n\n", name, b)
	e.push()
}

// grow sends what was added to the text.
func (e *events) grow(text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if text == e.sent {
		return
	}
	added, goesOn := strings.CutPrefix(text, e.sent)
	if !goesOn {
		e.write("reset", struct{}{})
		added = text
	}
	e.sent = text
	e.write("text", map[string]string{"text": added})
}

func (e *events) alive() {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, _ = io.WriteString(e.w, ": alive\n\n") // this fails only if the client has disconnected
	e.push()
}

// stream streams the answer to a question.
func (s *Server) stream(h huma.Context, q question) {
	ctx := h.Context()
	h.SetHeader("Content-Type", "text/event-stream")
	h.SetHeader("X-Accel-Buffering", "no") // otherwise nginx would buffer it
	h.SetStatus(http.StatusOK)
	e := &events{w: h.BodyWriter(), push: func() {}}
	if w, ok := e.w.(http.ResponseWriter); ok {
		c := http.NewResponseController(w)
		e.push = func() { _ = c.Flush() } // without flushing everything arrives at the end
	}
	e.alive()
	stop := make(chan struct{})
	var beat sync.WaitGroup
	beat.Go(func() {
		tick := time.NewTicker(aliveEvery)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				e.alive()
			}
		}
	})
	r, err := s.reply(ctx, q, e.grow)
	close(stop)
	beat.Wait()
	if err != nil {
		e.event("problem", s.problem(ctx, err))
		return
	}
	e.grow(r.Text)
	e.event("done", r)
}
