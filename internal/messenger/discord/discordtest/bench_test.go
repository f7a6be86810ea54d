package discordtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// openBench is a scene without a test clock.
func openBench(b *testing.B) (*Server, Person, Application, Guild) {
	b.Helper()
	s := Start(b, Config{MaxConcurrency: 1000})
	ada := s.AddPerson("Ada")
	app := s.AddApplication(ada.ID, "Sophia")
	g := s.AddGuild(ada.ID, "Guild")
	s.Install(g.ID, app.ID, seedPerms)
	return s, ada, app, g
}

// BenchmarkReplies is one mention over the gateway and one posted answer.
func BenchmarkReplies(b *testing.B) {
	s, ada, app, g := openBench(b)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, s.gatewayURL()+"/?v=10&encoding=json", nil)
	if err != nil {
		b.Fatal(err)
	}
	defer ws.CloseNow()
	ws.SetReadLimit(-1)
	ws.Write(ctx, websocket.MessageText, mustJSON(map[string]any{"op": 2, "d": map[string]any{"token": app.Token, "intents": basicIntents}}))
	for range 3 { // HELLO, READY, GUILD_CREATE
		if _, _, err := ws.Read(ctx); err != nil {
			b.Fatal(err)
		}
	}
	arrived := make(chan struct{}, 1<<16)
	go func() {
		for {
			_, data, err := ws.Read(ctx)
			if err != nil {
				return
			}
			if bytes.Contains(data[:60], []byte("MESSAGE_CREATE")) && bytes.Contains(data, []byte("a question")) {
				arrived <- struct{}{}
			}
		}
	}()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	defer client.CloseIdleConnections()
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			m := s.Say(g.General, ada.ID, "<@"+app.BotID+"> a question")
			select {
			case <-arrived:
			case <-ctx.Done():
				return
			}
			body := fmt.Sprintf(`{"content":"an answer","nonce":"%s","enforce_nonce":true,"message_reference":{"message_id":"%s"}}`, m.ID, m.ID)
			req, _ := http.NewRequestWithContext(ctx, "POST", s.API()+"/v10/channels/"+g.General+"/messages", bytes.NewReader([]byte(body)))
			req.Header.Set("Authorization", "Bot "+app.Token)
			req.Header.Set("User-Agent", "DiscordBot (https://example.org, 1)")
			req.Header.Set("Content-Type", "application/json")
			resp, err := client.Do(req)
			if err != nil {
				b.Error(err)
				return
			}
			if resp.StatusCode != 200 {
				b.Errorf("status %d", resp.StatusCode)
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "replies/s")
}

// BenchmarkIdleSockets reports what 300 idle sockets cost, both ends of them.
func BenchmarkIdleSockets(b *testing.B) {
	for b.Loop() {
		s, _, app, _ := openBench(b)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		ctx, cancel := context.WithCancel(context.Background())
		for range 300 {
			ws, _, err := websocket.Dial(ctx, s.gatewayURL()+"/?v=10&encoding=json", nil)
			if err != nil {
				b.Fatal(err)
			}
			ws.SetReadLimit(-1)
			ws.Write(ctx, websocket.MessageText, mustJSON(map[string]any{"op": 2, "d": map[string]any{"token": app.Token, "intents": basicIntents}}))
			for range 3 {
				if _, _, err := ws.Read(ctx); err != nil {
					b.Fatal(err)
				}
			}
			defer ws.CloseNow()
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc+after.StackInuse-before.HeapAlloc-before.StackInuse)/300/1024, "KiB/socket(both-ends)")
		cancel()
	}
}
