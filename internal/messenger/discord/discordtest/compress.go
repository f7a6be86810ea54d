package discordtest

import (
	"bytes"
	"io"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// compressor compresses one connection: one context for its lifetime, flushed
// after each payload (events/gateway, Transport Compression). A nil compressor
// doesn't change payloads.
type compressor struct {
	buf bytes.Buffer
	w   interface {
		io.Writer
		Flush() error
	}
}

func newCompressor(kind string) *compressor {
	c := &compressor{}
	switch kind {
	case "zlib-stream":
		w, err := zlib.NewWriterLevel(&c.buf, zlib.BestSpeed)
		if err != nil {
			return nil
		}
		c.w = w
	case "zstd-stream":
		w, err := zstd.NewWriter(&c.buf, zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(zstd.MinWindowSize<<5))
		if err != nil {
			return nil
		}
		c.w = w
	default:
		return nil
	}
	return c
}

// pack returns the compressed payload, which is valid until the next call.
// Writing to a buffer can't fail.
func (c *compressor) pack(payload []byte) []byte {
	c.buf.Reset()
	_, _ = c.w.Write(payload)
	_ = c.w.Flush()
	return c.buf.Bytes()
}
