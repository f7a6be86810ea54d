package portrait

import (
	"image"
	"image/color"

	"golang.org/x/image/vector"
)

// canvas paints areas with smooth edges. scale and top convert from the drawing
// to pixels.
type canvas struct {
	img    *image.RGBA
	raster vector.Rasterizer
	scale  float64
	top    float64
}

// fill paints the area enclosed by the lines, by the non-zero rule. Open lines
// are closed.
func (c *canvas) fill(lines []line, ink color.NRGBA) {
	box := c.bounds(lines)
	if box.Empty() {
		return
	}
	c.raster.Reset(box.Dx(), box.Dy())
	for _, l := range lines {
		for i, p := range l.points {
			x, y := c.pixel(p)
			x, y = x-float32(box.Min.X), y-float32(box.Min.Y)
			if i == 0 {
				c.raster.MoveTo(x, y)
			} else {
				c.raster.LineTo(x, y)
			}
		}
		c.raster.ClosePath()
	}
	c.raster.Draw(c.img, box, image.NewUniform(ink), image.Point{})
}

func (c *canvas) pixel(p point) (x, y float32) {
	return float32(p.x * c.scale), float32((p.y - c.top) * c.scale)
}

// bounds returns the part of the picture that the lines cover; only that is
// painted.
func (c *canvas) bounds(lines []line) image.Rectangle {
	var box image.Rectangle
	for _, l := range lines {
		for _, p := range l.points {
			x, y := c.pixel(p)
			box = box.Union(image.Rect(int(x)-1, int(y)-1, int(x)+2, int(y)+2))
		}
	}
	return box.Intersect(c.img.Bounds())
}
