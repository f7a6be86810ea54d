package discord

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"openmates"
	"openmates/internal/messenger"
	"openmates/internal/messenger/discord/discordtest"
)

// Thirteen bots start side by side: their limits are their own, so none waits
// for another.
func TestManyBotsStartTogether(t *testing.T) {
	t.Parallel()
	s := newScene(t, discordtest.Config{MaxConcurrency: 1}) // as Discord has it
	s.d.pace = defaultPace()
	var bots []openmates.Bot
	for i := range 13 {
		app := s.sim.AddApplication(s.ann.ID, fmt.Sprint("Mate ", i))
		s.sim.Install(s.guild.ID, app.ID, int64(Default))
		bots = append(bots, botOf(openmates.ID(i+1), app))
	}
	begin := time.Now()
	hosts := make([]*memory, len(bots))
	for i, b := range bots {
		hosts[i] = newMemory()
		start(t, s.d, b, hosts[i])
	}
	for _, h := range hosts {
		h.until(t, "the start", func(h *memory) bool {
			return slices.ContainsFunc(h.states, func(s messenger.State) bool { return s.Phase == messenger.Connected })
		})
	}
	took := time.Since(begin)
	t.Logf("13 bots were connected after %v", took)
	if took > 30*time.Second { // one after the other, it is 5 s for each
		t.Errorf("13 bots took %v", took)
	}
}

// BenchmarkIdleBots tells what an idle bot costs. It runs in the process of
// the simulator, so the heap before the bots is taken off; RSS is of both.
func BenchmarkIdleBots(b *testing.B) {
	const n = 100
	sim := discordtest.Start(b, discordtest.Config{})
	ann := sim.AddPerson("Ann")
	guild := sim.AddGuild(ann.ID, "Guild")
	var bots []openmates.Bot
	for i := range n {
		app := sim.AddApplication(ann.ID, fmt.Sprint("Mate ", i))
		sim.Install(guild.ID, app.ID, int64(Default))
		bots = append(bots, botOf(openmates.ID(i+1), app))
	}
	d := connectorTo(b, sim)
	for b.Loop() {
		before, goroutines := inUse(), runtime.NumGoroutine()
		begin := time.Now()
		ctx, cancel := context.WithCancel(b.Context())
		var wg sync.WaitGroup
		for _, bot := range bots {
			h := newMemory()
			wg.Go(func() { _ = d.Listen(ctx, bot, h) })
			b.Cleanup(func() { runtime.KeepAlive(h) })
			h.until(b, "the start", func(h *memory) bool { return len(h.changes) > 1 })
		}
		b.ReportMetric(float64(time.Since(begin).Milliseconds()), "ms/start")
		b.ReportMetric(float64(inUse()-before)/n/1024, "KiB/bot+server")
		b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/n, "goroutines/bot+server")
		b.ReportMetric(rss(), "MiB-RSS")
		cancel()
		wg.Wait()
	}
}

func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

func rss() float64 {
	raw, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(raw)) {
		var kb float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kb); err == nil {
			return kb / 1024
		}
	}
	return 0
}
