package wire

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

type seen struct{ Name, Data string }

func readAll(r io.Reader) ([]seen, error) {
	var all []seen
	d := NewReader(r)
	for {
		ev, err := d.Next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return all, err
		}
		all = append(all, seen{ev.Name, string(ev.Data)})
	}
}

func TestReader(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   string
		want []seen
	}{
		"plain":                 {"data: a\n\ndata: b\n\n", []seen{{"", "a"}, {"", "b"}}},
		"no space":              {"data:a\n\ndata:{\"x\":1}\n\n", []seen{{"", "a"}, {"", `{"x":1}`}}},
		"one space is dropped":  {"data:  a\n\n", []seen{{"", " a"}}},
		"named":                 {"event: error\ndata: x\n\ndata: y\n\n", []seen{{"error", "x"}, {"", "y"}}},
		"name without data":     {"event: ping\n\ndata: y\n\n", []seen{{"", "y"}}},
		"several data lines":    {"data: a\ndata: b\n\n", []seen{{"", "a\nb"}}},
		"crlf":                  {"data: a\r\n\r\ndata: b\r\n\r\n", []seen{{"", "a"}, {"", "b"}}},
		"cr":                    {"data: a\r\rdata: b\r\r", []seen{{"", "a"}, {"", "b"}}},
		"comments":              {": hi\n\n:\ndata: a\n: PROCESSING\n\n", []seen{{"", "a"}}},
		"other fields":          {"id: 7\nretry: 10\nfoo\ndata: a\n\n", []seen{{"", "a"}}},
		"empty data":            {"data\n\ndata:\n\n", []seen{{"", ""}, {"", ""}}},
		"byte order mark":       {"\xEF\xBB\xBFdata: a\n\n", []seen{{"", "a"}}},
		"no empty line at end":  {"data: a\n\ndata: b\n", []seen{{"", "a"}, {"", "b"}}},
		"no end of line at all": {"data: a\n\ndata: b", []seen{{"", "a"}, {"", "b"}}},
		"nothing":               {"", nil},
		"only empty lines":      {"\n\r\n\r", nil},
		"longer than a buffer":  {"data: " + strings.Repeat("ü", 9000) + "\n\n", []seen{{"", strings.Repeat("ü", 9000)}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for kind, r := range map[string]io.Reader{
				"at once":      strings.NewReader(c.in),
				"byte by byte": iotest.OneByteReader(strings.NewReader(c.in)),
				"with the EOF": iotest.DataErrReader(strings.NewReader(c.in)),
			} {
				got, err := readAll(r)
				if err != nil || !reflect.DeepEqual(got, c.want) {
					t.Errorf("%s: got %q, %v; want %q", kind, got, err, c.want)
				}
			}
		})
	}
}

// An event must be given as soon as its empty line is there, also when lines
// end with CR and the next byte is not yet sent.
func TestReaderDoesNotHoldBack(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"data: a\n\n", "data: a\r\r", "data: a\r\n\r\n"} {
		r, w := io.Pipe()
		go func() { _, _ = io.WriteString(w, in) }()
		ev, err := NewReader(r).Next()
		if err != nil || string(ev.Data) != "a" {
			t.Errorf("%q: got %q, %v", in, ev.Data, err)
		}
		_ = w.Close()
		_ = r.Close()
	}
}

func TestReaderGivesTheErrorOfTheConnection(t *testing.T) {
	t.Parallel()
	broken := io.MultiReader(strings.NewReader("data: a\n\ndata: b"), iotest.ErrReader(io.ErrUnexpectedEOF))
	got, err := readAll(broken)
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(got) != 1 {
		t.Fatalf("got %q, %v", got, err)
	}
}

func TestReaderBoundsAnEvent(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]io.Reader{
		"a line without an end":   io.MultiReader(strings.NewReader("data: "), &endless{line: strings.Repeat("x", 5000)}),
		"an event without an end": &endless{line: "data: " + strings.Repeat("y", 1000) + "\n"},
	} {
		if _, err := readAll(r); !errors.Is(err, errTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// endless repeats a line for ever.
type endless struct {
	line string
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.line[e.at:])
	e.at = (e.at + n) % len(e.line)
	return n, nil
}

func FuzzReader(f *testing.F) {
	for _, s := range []string{
		"data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\ndata: [DONE]\n\n",
		"event: message_start\r\ndata: {}\r\n\r\n", ": keep-alive\n\n", "data\rdata\r\r\n",
		"\xEF\xBB\xBFdata:x", "data: ü\nevent:y\ndata: z\n\n\n", "\r\n\r", "event\n\ndata: q\n\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		whole, err := readAll(strings.NewReader(in))
		if err != nil {
			t.Fatalf("a stream without a fault gave %v", err)
		}
		// How the network cuts the bytes must not matter.
		pieces, err := readAll(iotest.OneByteReader(strings.NewReader(in)))
		if err != nil || !reflect.DeepEqual(whole, pieces) {
			t.Fatalf("at once %q, byte by byte %q, %v", whole, pieces, err)
		}
		// Nothing is invented: what is given was in the stream.
		for _, ev := range whole {
			for line := range strings.SplitSeq(ev.Data, "\n") {
				if !strings.Contains(in, line) {
					t.Fatalf("%q is not in %q", line, in)
				}
			}
		}
	})
}
