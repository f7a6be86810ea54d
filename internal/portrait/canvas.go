package portrait

import (
	"image"
	"image/color"
	"math"
	"slices"
)

// canvas paints areas with smooth edges. scale and top lead from the drawing
// to pixels.
type canvas struct {
	img   *image.RGBA
	scale float64
	top   float64
}

// fine is how many lines each row of pixels is cut into; along a line, edges
// are exact.
const fine = 8

type edge struct {
	x0, y0, x1, y1 float64
	turn           int // +1 down, -1 up
}

type crossing struct {
	x    float64
	turn int
}

// fill paints what the lines enclose by the non-zero rule.
func (c *canvas) fill(lines []line, ink color.NRGBA) {
	edges := c.edges(lines)
	if len(edges) == 0 {
		return
	}
	b := c.img.Bounds()
	row := make([]float64, b.Dx())
	var cuts []crossing
	for y, near := range byRow(edges, b.Dy()) {
		if len(near) == 0 {
			continue
		}
		clear(row)
		some := false
		for s := range fine {
			at := float64(y) + (float64(s)+.5)/fine
			cuts = cuts[:0]
			for _, e := range near {
				if e.y0 <= at && at < e.y1 {
					cuts = append(cuts, crossing{e.x0 + (at-e.y0)/(e.y1-e.y0)*(e.x1-e.x0), e.turn})
				}
			}
			slices.SortFunc(cuts, func(a, b crossing) int {
				switch {
				case a.x < b.x:
					return -1
				case a.x > b.x:
					return 1
				}
				return 0
			})
			winding := 0
			for i, k := range cuts {
				if winding != 0 {
					some = true
					span(row, cuts[i-1].x, k.x)
				}
				winding += k.turn
			}
		}
		if some {
			c.blend(y, row, ink)
		}
	}
}

// byRow gives the edges that each row of pixels has to do with.
func byRow(edges []edge, rows int) [][]edge {
	out := make([][]edge, rows)
	for _, e := range edges {
		for y := max(int(e.y0), 0); y < rows && float64(y) < e.y1; y++ {
			out[y] = append(out[y], e)
		}
	}
	return out
}

func (c *canvas) edges(lines []line) []edge {
	var out []edge
	for _, l := range lines {
		last := l.points[len(l.points)-1]
		for _, p := range l.points { // an area is closed, whether its line is or not
			a, b, turn := last, p, 1
			last = p
			if a.y == b.y {
				continue
			}
			if a.y > b.y {
				a, b, turn = b, a, -1
			}
			out = append(out, edge{a.x * c.scale, (a.y - c.top) * c.scale, b.x * c.scale, (b.y - c.top) * c.scale, turn})
		}
	}
	return out
}

// span adds the part of each pixel between two points of a line.
func span(row []float64, from, to float64) {
	from, to = max(from, 0), min(to, float64(len(row)))
	for x := int(from); x < len(row) && float64(x) < to; x++ {
		row[x] += (min(to, float64(x+1)) - max(from, float64(x))) / fine
	}
}

func (c *canvas) blend(y int, row []float64, ink color.NRGBA) {
	over := func(under, ink uint8, a float64) uint8 {
		return uint8(math.Round(float64(under)*(1-a) + float64(ink)*a))
	}
	for x, cover := range row {
		if cover <= 0 {
			continue
		}
		a := min(cover, 1) * float64(ink.A) / 255
		i := c.img.PixOffset(x, y)
		p := c.img.Pix[i : i+4 : i+4]
		p[0], p[1], p[2] = over(p[0], ink.R, a), over(p[1], ink.G, a), over(p[2], ink.B, a)
		p[3] = over(p[3], 255, a)
	}
}
