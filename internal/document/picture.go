package document

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // they register themselves as what image.Decode knows
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // registers the decoder
)

const (
	// longEdge is the longest edge that models look at; what is larger they make
	// smaller themselves, and bill or refuse ("Vision" in Anthropic's and
	// OpenAI's documentation).
	longEdge = 1568
	// mostPixels bounds what a picture may unpack to.
	mostPixels = 40_000_000
	// plainBytes is how large a picture may be that is passed on as it is.
	plainBytes = 3 << 20
)

// Shown is a picture in a form that every model takes.
type Shown struct {
	Type string // media type
	Data []byte
}

// Show makes a picture fit for a model: one that is large is made smaller, and
// written as JPEG, or as PNG where it has holes. Its error wraps ErrBroken.
func Show(data []byte) (Shown, error) {
	cfg, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return Shown{}, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if cfg.Width <= 0 || cfg.Height <= 0 || cfg.Width > mostPixels/cfg.Height {
		return Shown{}, fmt.Errorf("%w: a picture of %d by %d", ErrBroken, cfg.Width, cfg.Height)
	}
	if cfg.Width <= longEdge && cfg.Height <= longEdge && len(data) <= plainBytes {
		return Shown{"image/" + format, data}, nil
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return Shown{}, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return small(img)
}

func small(img image.Image) (Shown, error) {
	size := img.Bounds().Size()
	if long := max(size.X, size.Y); long > longEdge {
		size = image.Pt(max(size.X*longEdge/long, 1), max(size.Y*longEdge/long, 1))
	}
	to := image.NewRGBA(image.Rectangle{Max: size})
	draw.CatmullRom.Scale(to, to.Bounds(), img, img.Bounds(), draw.Src, nil)
	var out bytes.Buffer
	if !to.Opaque() {
		if err := png.Encode(&out, to); err != nil {
			return Shown{}, errors.Join(ErrBroken, err)
		}
		return Shown{"image/png", out.Bytes()}, nil
	}
	if err := jpeg.Encode(&out, to, &jpeg.Options{Quality: 85}); err != nil {
		return Shown{}, errors.Join(ErrBroken, err)
	}
	return Shown{"image/jpeg", out.Bytes()}, nil
}
