package main_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"openmates/internal/messenger/discord/discordtest"
)

// The benchmarks run the product and a bare bot (test/barebot) in turn
// against the same Discord and the same model, and print what each costs and
// the ratios. docs/performance.md tells how to read them. They assert nothing:
// time on a shared machine proves nothing in a test.
//
// The Discord enforces its limits (5 messages in 5 s and channel, 50 requests
// per second and bot), so there are many bots in many channels where much is
// said.

// contender is one of the two programs.
type contender struct {
	name  string
	start func(testing.TB) *process // returns once all bots listen
}

// build compiles the program in folder as a release is compiled: that is what
// is measured. The folder may belong to another module.
func build(b *testing.B, folder string) string {
	b.Helper()
	out := filepath.Join(b.TempDir(), "program")
	cmd := exec.CommandContext(b.Context(), "go", "build", "-tags", "nodemo", "-ldflags", "-s -w", "-o", out, ".")
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("build %s: %v\n%s", folder, err, text)
	}
	return out
}

// figures are what was measured of one contender.
type figures struct {
	p50, p99 time.Duration
	rate     float64       // replies per second
	cpu      time.Duration // per reply, when busy
	calm     time.Duration // CPU per reply at 20/s
	rss      int64         // bytes, after the load
}

// BenchmarkProduct measures answering: latency at 20 mentions per second, then
// replies per second with 64 in flight.
func BenchmarkProduct(b *testing.B) {
	binary, bare := build(b, "."), build(b, "../../test/barebot")
	rounds := 3
	for b.Loop() {
		all := map[string][]figures{}
		for range rounds {
			for _, name := range []string{"bare", "product"} {
				all[name] = append(all[name], measure(b, name, binary, bare))
			}
		}
		report(b, median(all["bare"]), median(all["product"]))
	}
}

const (
	calmRate  = 20
	calmFor   = 10 * time.Second
	inFlight  = 64
	busyFor   = 5 * time.Second
	busyBots  = 150
	busyRooms = 40
)

func measure(b *testing.B, name, binary, bare string) figures {
	var f figures
	limits := discordtest.Config{RateLimits: true}
	calm := newWorld(b, plan{bots: 1, channels: 40, people: 8, discord: limits})
	c := contend(b, name, binary, bare, calm)
	p := c.start(b)
	f.p50, f.p99, f.calm = latency(b, calm, p)
	p.kill()

	busy := newWorld(b, plan{bots: busyBots, channels: busyRooms, people: 8, discord: limits})
	c = contend(b, name, binary, bare, busy)
	p = c.start(b)
	f.rate, f.cpu = flood(b, busy, p)
	f.rss = rss(p)
	p.kill()
	sayf("%-8s p50 %s  p99 %s  %.0f replies/s  CPU per reply %s (%s when calm)  RSS %d MB",
		name, short(f.p50), short(f.p99), f.rate, short(f.cpu), short(f.calm), f.rss>>20)
	return f
}

func contend(b testing.TB, name, binary, bare string, w *world) contender {
	all := func(p *process) { p.until(b, "connected", func() bool { return w.connected(w.apps) == len(w.apps) }) }
	if name == "bare" {
		return contender{name, func(t testing.TB) *process {
			p := startBare(t, bare, w, w.apps)
			all(p)
			return p
		}}
	}
	in := install(b, w, "")
	in.binary = binary
	in.flags = []string{"--no-stream"}
	return contender{name, func(t testing.TB) *process {
		p := in.start(t)
		p.ready(t)
		all(p)
		return p
	}}
}

func startBare(t testing.TB, binary string, w *world, apps []discordtest.Application) *process {
	tokens := make([]string, len(apps))
	for i, a := range apps {
		tokens[i] = a.Token
	}
	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), "BARE_API="+w.sim.API(), "BARE_MODEL="+w.model.URL(), "BARE_TOKENS="+strings.Join(tokens, ","))
	return run(t, cmd)
}

// latency asks at a steady rate and returns the times from mention to reply, as
// recorded by the simulated Discord.
func latency(b *testing.B, w *world, p *process) (p50, p99, cpu time.Duration) {
	n := int(calmFor/time.Second) * calmRate
	warm := 2 * len(w.places)
	ctx, cancel := context.WithTimeout(b.Context(), calmFor+60*time.Second)
	defer cancel()
	asked := map[string]time.Time{}
	var mu sync.Mutex
	var took []time.Duration
	done := make(chan struct{})
	go w.sim.Follow(ctx, func(m discordtest.Message) {
		if !m.Bot {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if at, ok := asked[m.ReplyTo]; ok {
			took = append(took, m.At.Sub(at))
			if len(took) == warm+n {
				close(done)
			}
		}
	})
	pace := time.NewTicker(time.Second / calmRate)
	defer pace.Stop()
	var before time.Duration
	for i := range warm + n {
		<-pace.C
		if i == warm {
			before = cpuOf(p)
		}
		mu.Lock() // the reply may come before ask returns
		m := w.ask(i)
		asked[m.ID] = m.At
		mu.Unlock()
	}
	select {
	case <-done:
	case <-ctx.Done():
		b.Fatalf("%d of %d answers came\n%s", len(took), warm+n, p.log)
	}
	cpu = (cpuOf(p) - before) / time.Duration(n)
	took = took[warm:]
	slices.Sort(took)
	return took[len(took)/2], took[len(took)*99/100], cpu
}

// flood keeps a fixed number of mentions unanswered and counts the answers.
func flood(b *testing.B, w *world, p *process) (rate float64, cpu time.Duration) {
	ctx, cancel := context.WithTimeout(b.Context(), busyFor+60*time.Second)
	defer cancel()
	answered := make(chan struct{}, 1<<16)
	go w.sim.Follow(ctx, func(m discordtest.Message) {
		if m.Bot {
			answered <- struct{}{}
		}
	})
	next := 0
	ask := func() { w.ask(next); next++ }
	for range inFlight {
		ask()
	}
	count := func(d time.Duration) (n int) {
		end := time.After(d)
		for {
			select {
			case <-answered:
				n++
				ask()
			case <-end:
				return n
			case <-ctx.Done():
				b.Fatalf("the flood dried up\n%s", p.log)
			}
		}
	}
	count(time.Second) // warm up
	before, begun := cpuOf(p), time.Now()
	n := count(busyFor)
	spent, took := cpuOf(p)-before, time.Since(begun)
	for range inFlight { // let what is under way end
		select {
		case <-answered:
		case <-ctx.Done():
			b.Fatalf("not all was answered\n%s", p.log)
		}
	}
	return float64(n) / took.Seconds(), spent / time.Duration(max(n, 1))
}

// BenchmarkProductIdle measures 1, 10 and 100 idle bots: memory, and the time
// from the start of the process until it serves and until all of them are
// connected.
func BenchmarkProductIdle(b *testing.B) {
	binary, bare := build(b, "."), build(b, "../../test/barebot")
	for b.Loop() {
		for _, n := range []int{1, 10, 100} {
			idle(b, "bare", n, binary, bare)
			memory, serves := idle(b, "product", n, binary, bare)
			if n == 100 {
				b.ReportMetric(memory, "MB/100bots")
				b.ReportMetric(float64(serves.Milliseconds()), "ms/start")
				sayf("targets: 100 idle bots in at most 60 MB: %s; serves within 300 ms: %s",
					verdict(memory <= 60), verdict(serves <= 300*time.Millisecond))
			}
		}
	}
}

func idle(b *testing.B, name string, bots int, binary, bare string) (memory float64, serves time.Duration) {
	w := newWorld(b, plan{bots: bots, channels: 10, people: 8})
	var p *process
	if name == "bare" {
		p = startBare(b, bare, w, w.apps)
	} else {
		in := install(b, w, "")
		in.binary = binary
		p = in.start(b)
		serves = p.ready(b)
	}
	p.until(b, "connected", func() bool { return w.connected(w.apps) == bots })
	connected := time.Since(p.begun)
	most := rss(p)
	before := cpuOf(p)
	const watched = 10 * time.Second
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for range watched / (100 * time.Millisecond) {
		<-look.C
		most = max(most, rss(p))
	}
	load := float64(cpuOf(p)-before) / float64(watched) * 100
	memory = float64(most) / (1 << 20)
	sayf("%-8s %3d bots: serves after %s, all listen after %s, at most %.1f MB and at last %.1f MB RSS in 10 s, %.1f %% of a core",
		name, bots, short(serves), short(connected), memory, float64(rss(p))/(1<<20), load)
	p.kill()
	return memory, serves
}

func verdict(ok bool) string {
	if ok {
		return "met"
	}
	return "MISSED"
}

// report prints the medians, the ratios and the targets.
func report(b *testing.B, bare, product figures) {
	b.Helper()
	over := func(x, y time.Duration) float64 { return float64(x) / float64(max(y, 1)) }
	var t strings.Builder
	line := func(what, bareText, productText string, ratio float64, target string, ok bool) {
		fmt.Fprintf(&t, "%-32s %12s %12s %8.2f  %s %s\n", what, bareText, productText, ratio, target, verdict(ok))
	}
	fmt.Fprintf(&t, "%-32s %12s %12s %8s  %s\n", fmt.Sprintf("medians, %d cores", runtime.NumCPU()), "bare", "product", "ratio", "target")
	p50 := over(product.p50, bare.p50)
	line("mention to reply at 20/s, p50", short(bare.p50), short(product.p50), p50, "<= 2.5", p50 <= 2.5)
	fmt.Fprintf(&t, "%-32s %12s %12s %8.2f\n", "mention to reply at 20/s, p99", short(bare.p99), short(product.p99), over(product.p99, bare.p99))
	rate := product.rate / bare.rate
	line("replies per second, 64 in flight", fmt.Sprintf("%.0f", bare.rate), fmt.Sprintf("%.0f", product.rate), rate, ">= 0.45", rate >= 0.45)
	fmt.Fprintf(&t, "%-32s %12s %12s %8.2f\n", "CPU per reply, busy", short(bare.cpu), short(product.cpu), over(product.cpu, bare.cpu))
	fmt.Fprintf(&t, "%-32s %12s %12s %8.2f\n", "CPU per reply at 20/s", short(bare.calm), short(product.calm), over(product.calm, bare.calm))
	fmt.Fprintf(&t, "%-32s %9d MB %9d MB %8.2f\n", "RSS after the flood", bare.rss>>20, product.rss>>20, float64(product.rss)/float64(max(bare.rss, 1)))
	sayf("\n%s", t.String())
	b.ReportMetric(p50, "p50-ratio")
	b.ReportMetric(rate, "rate-ratio")
}

// median returns the median of each figure over the rounds.
func median(all []figures) figures {
	mid := func(get func(figures) float64) float64 {
		v := make([]float64, len(all))
		for i, f := range all {
			v[i] = get(f)
		}
		slices.Sort(v)
		return v[len(v)/2]
	}
	return figures{
		p50:  time.Duration(mid(func(f figures) float64 { return float64(f.p50) })),
		p99:  time.Duration(mid(func(f figures) float64 { return float64(f.p99) })),
		rate: mid(func(f figures) float64 { return f.rate }),
		cpu:  time.Duration(mid(func(f figures) float64 { return float64(f.cpu) })),
		calm: time.Duration(mid(func(f figures) float64 { return float64(f.calm) })),
		rss:  int64(mid(func(f figures) float64 { return float64(f.rss) })),
	}
}

// sayf prints immediately; a benchmark's own log is cut after ten lines.
func sayf(format string, args ...any) {
	fmt.Fprintf(os.Stdout, format+"\n", args...)
}

func short(d time.Duration) string {
	return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 2, 64) + " ms"
}

// cpuOf is the CPU time of a process so far, from /proc (proc(5), stat: fields
// 14 and 15, in hundredths of a second); 0 where there is no /proc.
func cpuOf(p *process) time.Duration {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(raw), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// rss is the resident memory of a process, 0 where there is no /proc.
func rss(p *process) int64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(raw))
	if len(f) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(f[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
