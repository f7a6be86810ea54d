package web

import (
	"fmt"
	"image/color"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// quiet is the margin that a QR code needs around it, in modules (ISO/IEC
// 18004).
const quiet = 4

// qrCode is a QR code as one path of SVG, which stands in the page itself: the
// page loads no picture from anywhere.
type qrCode struct {
	Size int // modules of a side, with the margin
	Path string
}

func newQR(text string) (qrCode, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return qrCode{}, fmt.Errorf("draw a QR code: %w", err)
	}
	var b strings.Builder
	n := code.Bounds().Dx()
	dark := func(x, y int) bool {
		return color.GrayModel.Convert(code.At(x, y)).(color.Gray).Y < 128 //nolint:forcetypeassert // the model gives nothing else
	}
	for y := range n {
		for x := 0; x < n; x++ {
			from := x
			for x < n && dark(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
			}
		}
	}
	return qrCode{Size: n + 2*quiet, Path: b.String()}, nil
}

// inFours puts a space after each four characters, so that a person can type
// them.
func inFours(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}
