package portrait

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"strconv"
	"strings"
)

// The part of the 120 × 140 drawing that becomes the square picture: the face
// is a little above the middle, which looks best in the circle that messengers
// cut out.
const (
	drawn   = 120.0
	fromTop = 4.0
)

// PNG returns a mate's portrait as a square picture of size × size pixels,
// without the rounded corners that it has on the pages.
func PNG(handle string, size int) ([]byte, error) {
	if size < 16 || size > 2048 {
		return nil, errors.New("portrait: a picture has 16 to 2048 pixels on each side")
	}
	c := &canvas{img: image.NewRGBA(image.Rect(0, 0, size, size)), scale: float64(size) / drawn, top: fromTop}
	if err := c.paint(SVG(handle, handle)); err != nil {
		return nil, fmt.Errorf("portrait of %s: %w", handle, err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, c.img); err != nil {
		return nil, fmt.Errorf("portrait of %s: %w", handle, err)
	}
	return b.Bytes(), nil
}

// style is what an element inherits (SVG 2, sections 13.2 and 13.5).
type style struct {
	fill, stroke  string
	width         float64
	fillOpacity   float64
	strokeOpacity float64
	round         bool // stroke-linecap
}

// paint draws the few elements that the drawings consist of.
func (c *canvas) paint(svg string) error {
	dec := xml.NewDecoder(strings.NewReader(svg))
	stack := []style{{fill: "#000", stroke: "none", width: 1, fillOpacity: 1, strokeOpacity: 1}}
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch e := token.(type) {
		case xml.StartElement:
			if e.Name.Local == "clipPath" {
				if err := dec.Skip(); err != nil {
					return err
				}
				continue
			}
			a := attributes(e)
			s, err := stack[len(stack)-1].with(a)
			if err != nil {
				return err
			}
			stack = append(stack, s)
			if err := c.element(e.Name.Local, a, s); err != nil {
				return err
			}
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		}
	}
}

func attributes(e xml.StartElement) map[string]string {
	m := make(map[string]string, len(e.Attr))
	for _, a := range e.Attr {
		m[a.Name.Local] = a.Value
	}
	return m
}

func (s style) with(a map[string]string) (style, error) {
	if v, ok := a["fill"]; ok {
		s.fill = v
	}
	if v, ok := a["stroke"]; ok {
		s.stroke = v
	}
	s.round = s.round || a["stroke-linecap"] == "round"
	for name, into := range map[string]*float64{"stroke-width": &s.width, "fill-opacity": &s.fillOpacity, "stroke-opacity": &s.strokeOpacity} {
		if v, ok := a[name]; ok {
			n, err := strconv.ParseFloat(v, 64)
			if err != nil {
				return s, fmt.Errorf("%s: %w", name, err)
			}
			*into = n
		}
	}
	return s, nil
}

func (c *canvas) element(name string, a map[string]string, s style) error {
	var lines []line
	switch name {
	case "svg", "g":
		return nil
	case "path":
		var err error
		if lines, err = parsePath(a["d"]); err != nil {
			return err
		}
	case "circle", "ellipse":
		if name == "circle" {
			a["rx"], a["ry"] = a["r"], a["r"]
		}
		var n [4]float64
		for i, k := range []string{"cx", "cy", "rx", "ry"} {
			v, err := strconv.ParseFloat(a[k], 64)
			if err != nil {
				return fmt.Errorf("%s of %s: %w", k, name, err)
			}
			n[i] = v
		}
		lines = []line{ellipse(n[0], n[1], n[2], n[3])}
	default:
		return fmt.Errorf("no element %q is painted", name)
	}
	if ink, ok, err := parseColor(s.fill, s.fillOpacity); err != nil {
		return err
	} else if ok {
		c.fill(lines, ink)
	}
	if ink, ok, err := parseColor(s.stroke, s.strokeOpacity); err != nil {
		return err
	} else if ok {
		c.fill(outline(lines, s.width/2, s.round), ink)
	}
	return nil
}

// parseColor reads #rgb and #rrggbb; ok is false for none.
func parseColor(s string, opacity float64) (ink color.NRGBA, ok bool, err error) {
	if s == "none" {
		return ink, false, nil
	}
	h := strings.TrimPrefix(s, "#")
	if len(h) == 3 {
		h = string([]byte{h[0], h[0], h[1], h[1], h[2], h[2]})
	}
	n, err := strconv.ParseUint(h, 16, 32)
	if err != nil || len(h) != 6 {
		return ink, false, fmt.Errorf("%q is no colour", s)
	}
	return color.NRGBA{R: uint8(n >> 16), G: uint8(n >> 8), B: uint8(n), A: uint8(opacity*255 + .5)}, true, nil
}
