package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxEvent limits the size of an event in memory. Chunks of text are small; the
// limit is for a server that never ends its line.
const maxEvent = 4 << 20

// errTooLarge is returned for an event above maxEvent.
var errTooLarge = fmt.Errorf("an event of more than %d bytes", maxEvent)

// Event is a server-sent event. Data is valid until the next call of Next.
type Event struct {
	Name string // the event field; "" = none
	Data []byte
}

// Reader splits a stream into events by the WHATWG HTML standard (section
// 9.2.6, "Interpreting an event stream"): lines end with LF, CRLF or CR, a
// space after the colon is optional, and comments keep the connection alive and
// are ignored.
//
// It differs from the standard in one point: an event at the end of the stream
// without an empty line is returned, too, because some servers close right
// after their last line.
type Reader struct {
	r     *bufio.Reader
	data  []byte
	name  []byte
	begun bool // the byte order mark has been handled
	skip  bool // the last line ended with CR, so skip a LF
}

// NewReader returns a Reader that reads from r.
func NewReader(r io.Reader) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, 4<<10)}
}

// Next returns the next event with data, io.EOF at a clean end, or the error of
// the underlying reader.
func (d *Reader) Next() (Event, error) {
	d.data, d.name = d.data[:0], d.name[:0]
	seen := false
	for {
		line, err := d.line()
		if err != nil {
			if errors.Is(err, io.EOF) && seen {
				return d.event(), nil
			}
			return Event{}, err
		}
		if len(line) == 0 {
			if seen {
				return d.event(), nil
			}
			d.name = d.name[:0]
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "data":
			if seen {
				d.data = append(d.data, '\n')
			}
			if len(d.data)+len(value) > maxEvent {
				return Event{}, errTooLarge
			}
			d.data, seen = append(d.data, value...), true
		case "event":
			d.name = append(d.name[:0], value...)
		}
	}
}

func (d *Reader) event() Event { return Event{Name: string(d.name), Data: d.data} }

// line returns a line without its end, valid until the next call. A last line
// without an end is returned before io.EOF.
func (d *Reader) line() ([]byte, error) {
	if err := d.start(); err != nil {
		return nil, err
	}
	var long []byte // the line so far, if it is longer than the buffer
	for {
		if _, err := d.r.Peek(1); err != nil {
			if errors.Is(err, io.EOF) && long != nil {
				return long, nil
			}
			return nil, err
		}
		part, _ := d.r.Peek(d.r.Buffered())
		if i := bytes.IndexAny(part, "\r\n"); i >= 0 {
			d.skip = part[i] == '\r'
			_, _ = d.r.Discard(i + 1)
			if long == nil {
				return part[:i], nil
			}
			return append(long, part[:i]...), nil
		}
		if len(long)+len(part) > maxEvent {
			return nil, errTooLarge
		}
		long = append(long, part...)
		_, _ = d.r.Discard(len(part))
	}
}

// start skips what may precede a line: a byte order mark at the start of the
// stream, and the LF of a CRLF whose CR ended the last line. It is called only
// for the next line, so that a line is never held back until the byte after it
// arrives.
func (d *Reader) start() error {
	if !d.begun {
		d.begun = true
		if b, err := d.r.Peek(1); err == nil && b[0] == 0xEF {
			if b, err := d.r.Peek(3); err == nil && bytes.Equal(b, []byte("\xEF\xBB\xBF")) {
				_, _ = d.r.Discard(3)
			}
		}
	}
	if d.skip {
		b, err := d.r.Peek(1)
		if err != nil {
			return err
		}
		d.skip = false
		if b[0] == '\n' {
			_, _ = d.r.Discard(1)
		}
	}
	return nil
}
