package discord

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

const (
	dialTimeout = 15 * time.Second
	sendTimeout = 10 * time.Second
	// closeTimeout is how long the other side may take to answer a close frame.
	// A dead peer must not delay the next connection.
	closeTimeout = 500 * time.Millisecond
	// frameMost limits one payload. The GUILD_CREATE of a big community has a
	// few megabytes.
	frameMost = 32 << 20
	// bufferKeep is how much of the read buffer is kept between payloads: most
	// messages fit, and a hundred idle bots keep a hundred buffers.
	bufferKeep = 4 << 10
)

// link is one websocket connection and the goroutine that reads from it.
type link struct {
	conn   *websocket.Conn
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{} // the receiver is done with the last frame
}

// incoming is a frame from a link, or its end.
type incoming struct {
	from  *link
	frame []byte // valid until the receiver sends on from.done
	end   bool
	code  int // close code, -1 = none
	err   error
}

// dial connects. The link lives until shut is called.
func dial(ctx context.Context, c *http.Client, agent, url string) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPClient: c,
		HTTPHeader: http.Header{"User-Agent": {agent}},
	})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(frameMost)
	k := &link{conn: conn, done: make(chan struct{}, 1)}
	k.ctx, k.cancel = context.WithCancel(context.Background())
	return k, nil
}

// read passes on frames until the connection ends.
func (k *link) read(to chan<- incoming) {
	var buf []byte
	for {
		in := incoming{from: k}
		buf, in.err = k.next(buf[:0])
		in.frame = buf
		if in.err != nil {
			in.end, in.code = true, int(websocket.CloseStatus(in.err))
		}
		select {
		case to <- in:
		case <-k.ctx.Done():
			return
		}
		if in.end {
			return
		}
		select {
		case <-k.done:
		case <-k.ctx.Done():
			return
		}
		if cap(buf) > bufferKeep {
			buf = nil
		}
	}
}

// next reads one message into buf, growing it as needed.
func (k *link) next(buf []byte) ([]byte, error) {
	_, r, err := k.conn.Reader(k.ctx)
	if err != nil {
		return buf, err
	}
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
}

func (k *link) send(body []byte) error {
	ctx, cancel := context.WithTimeout(k.ctx, sendTimeout)
	defer cancel()
	return k.conn.Write(ctx, websocket.MessageText, body)
}

// shut closes the connection so that the session can be resumed.
func (k *link) shut() {
	t := time.AfterFunc(closeTimeout, k.cancel)
	_ = k.conn.Close(closeKeep, "") // the peer may already be gone
	t.Stop()
	k.cancel()
}
