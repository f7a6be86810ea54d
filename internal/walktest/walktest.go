// Package walktest is for tests that use the whole program as people do: the
// program itself, a Discord, a model, and browsers without JavaScript.
//
// The program has ended when the test ends, and every wait has a limit. A func
// starts the program, either in the test's process or in a separate one.
package walktest

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"openmates/internal/polltest"
)

// Run runs the program until ctx ends and returns its exit code.
type Run func(ctx context.Context, out, log io.Writer) int

// Program is the running program.
type Program struct {
	*testing.T
	Web, Discord string // the addresses that it printed; Discord is the demo's
	Lines        []string
	Later        <-chan string // what it prints after its addresses
	Log          *Log
	Stop         func() int // asks it to stop and returns its exit code
}

// Start runs the program and waits until it has printed its addresses. The demo
// prints more of them than a server.
func Start(t *testing.T, demo bool, run Run) *Program {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	p := &Program{T: t, Log: &Log{}}
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, in, p.Log)
		in.Close()
	}()
	p.Stop = sync.OnceValue(func() int {
		cancel()
		select {
		case c := <-code:
			return c
		case <-time.After(polltest.Patience):
			t.Error("the program did not stop")
			return -1
		}
	})
	t.Cleanup(func() {
		if c := p.Stop(); c != 0 {
			t.Errorf("exit code %d; %s", c, p.Log)
		}
	})
	p.read(bufio.NewScanner(out), demo)
	return p
}

func (p *Program) read(out *bufio.Scanner, demo bool) {
	p.Helper()
	last := "web"
	if demo {
		last = "Open"
	}
	later := make(chan string, 100)
	p.Later = later
	for out.Scan() {
		word, rest, _ := strings.Cut(out.Text(), " ")
		p.Lines = append(p.Lines, out.Text())
		switch word {
		case "web":
			p.Web = rest
		case "discord":
			p.Discord = rest
		}
		if word == last {
			go func() {
				for out.Scan() { // nothing may block on an unread pipe
					select {
					case later <- out.Text():
					default:
					}
				}
			}()
			return
		}
	}
	p.Fatalf("it ended before it printed its addresses: %s", p.Log)
}

// SetupLink waits for the link that the first start prints.
func (p *Program) SetupLink() string {
	p.Helper()
	select {
	case line := <-p.Later:
		if link := regexp.MustCompile(`http\S+/setup\?code=\w+`).FindString(line); link != "" {
			return link
		}
		p.Fatalf("it printed %q, which holds no link", line)
	case <-time.After(polltest.Patience):
		p.Fatalf("no setup link came: %s", p.Log)
	}
	return ""
}

// Log is the program's log, which may be read while it runs.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends to the log.
func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

// String returns the log.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
