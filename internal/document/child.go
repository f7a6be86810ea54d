package document

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/metrics"
	"slices"
	"strconv"
	"time"
)

// Reader reads files in a child process: the program itself, started again with
// Args, which calls Serve.
type Reader struct {
	Program  string        // path of the program
	Args     []string      // by which it knows that it is to call Serve
	Patience time.Duration // for one file; 0 = 20 s
	Memory   uint64        // bytes that the process may take; 0 = 400 MiB
}

// MostBytes is how large a file may be.
const MostBytes = 20 << 20

// The exit codes of the process.
const (
	exitCut    = 3 // there was more text than asked for
	exitBroken = 4
	exitMemory = 5
)

// Read returns up to most bytes of the text in a file, and whether there
// was more. Its errors are ErrKind, ErrBroken, or that of ctx.
func (r Reader) Read(ctx context.Context, data []byte, most int) (text string, cut bool, err error) {
	switch k, text := examine(data); k {
	case Text:
		text, cut = Clip(text, most)
		return text, cut, nil
	case PDF, Word, Sheet, Slides:
		return r.apart(ctx, k, data, most)
	case Picture:
		return "", false, ErrPicture
	default:
		return "", false, fmt.Errorf("%w: %s", ErrKind, cmp.Or(k, "of no known format"))
	}
}

// apart reads a file in a child process.
func (r Reader) apart(ctx context.Context, k Kind, data []byte, most int) (string, bool, error) {
	within, cancel := context.WithTimeout(ctx, cmp.Or(r.Patience, 20*time.Second))
	defer cancel()
	cmd := exec.CommandContext(within, r.Program, append(slices.Clip(r.Args), string(k), strconv.Itoa(most), strconv.FormatUint(cmp.Or(r.Memory, 400<<20), 10))...) //nolint:gosec // our own program
	cmd.Env = []string{}                                                                                                                                            // no secret of ours is in reach of a file
	cmd.Stdin = bytes.NewReader(data)
	var out bytes.Buffer
	cmd.Stdout = &out
	err := cmd.Run()
	if ctx.Err() != nil {
		return "", false, ctx.Err()
	}
	exit, _ := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil, exit != nil && exit.ExitCode() == exitCut:
		text, cut := Clip(out.String(), most)
		return text, cut || exit != nil, nil
	case exit != nil:
		return "", false, fmt.Errorf("%w: %s ended with %d", ErrBroken, k, exit.ExitCode())
	}
	return "", false, fmt.Errorf("%w: %w", ErrBroken, err)
}

// Serve is the process: args are what Read has added to Args. It reads the file
// from in, writes its text to out, and returns what to exit with.
func Serve(args []string, in io.Reader, out io.Writer) int {
	if len(args) != 3 {
		return exitBroken
	}
	most, err := strconv.Atoi(args[1])
	if err != nil {
		return exitBroken
	}
	memory, err := strconv.ParseUint(args[2], 10, 64)
	if err != nil {
		return exitBroken
	}
	go watchMemory(memory)
	data, err := io.ReadAll(io.LimitReader(in, MostBytes+1))
	if err != nil || len(data) > MostBytes {
		return exitBroken
	}
	b := &bounded{most: most}
	err = take(Kind(args[0]), data, b)
	_, _ = out.Write(b.b.Bytes())
	switch {
	case b.full():
		return exitCut
	case err != nil && b.b.Len() == 0:
		return exitBroken
	case err != nil:
		return exitCut // what was read before it broke is worth having
	}
	return 0
}

// take reads a file; a panic of a library is one more way for it to be broken.
func take(k Kind, data []byte, out *bounded) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	switch k {
	case PDF:
		return pages(data, out)
	case Word:
		return word(data, out)
	case Sheet:
		return sheets(data, out)
	case Slides:
		return slides(data, out)
	}
	return ErrKind
}

// watchMemory ends the process when it takes too much: a small file can unpack
// to gigabytes.
func watchMemory(most uint64) {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}}
	look := time.NewTicker(5 * time.Millisecond) // until the process ends
	for range look.C {
		if metrics.Read(sample); sample[0].Value.Uint64() > most {
			os.Exit(exitMemory)
		}
	}
}

// bounded takes text up to a number of bytes.
type bounded struct {
	b    bytes.Buffer
	most int
}

// Write never fails: what is too much is dropped.
func (b *bounded) Write(p []byte) (int, error) {
	b.b.Write(p[:min(len(p), max(b.most+1-b.b.Len(), 0))])
	return len(p), nil
}

func (b *bounded) write(s string) { _, _ = b.Write([]byte(s)) }

func (b *bounded) full() bool { return b.b.Len() > b.most }
