package portrait

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

type point struct{ x, y float64 }

// line is a series of straight segments.
type line struct {
	points []point
	closed bool
}

// parsePath reads path data (SVG 2, section 9.3) and flattens its curves. It
// doesn't support arcs and quadratic curves, which the drawings don't use.
func parsePath(d string) ([]line, error) {
	p := &path{rest: d}
	for {
		p.space()
		if p.rest == "" {
			p.cut(false)
			return p.lines, nil
		}
		cmd := p.rest[0]
		if strings.IndexByte("MmLlHhVvCcSsZz", cmd) < 0 {
			return nil, fmt.Errorf("path: no command %q", cmd)
		}
		p.rest = p.rest[1:]
		for first := true; first || p.more(); first = false {
			if err := p.command(cmd); err != nil {
				return nil, err
			}
			switch cmd { // further pairs after a move are lines
			case 'M':
				cmd = 'L'
			case 'm':
				cmd = 'l'
			}
			if cmd == 'Z' || cmd == 'z' {
				break
			}
		}
	}
}

type path struct {
	rest        string
	lines       []line
	now         []point
	at, control point
	start       point
	curved      bool // the last command was a curve, which S reflects
}

func (p *path) space() { p.rest = strings.TrimLeft(p.rest, " ,\n\t") }

// more reports whether another set of numbers follows.
func (p *path) more() bool {
	p.space()
	return p.rest != "" && strings.IndexByte("+-.0123456789", p.rest[0]) >= 0
}

// number reads one number; "1.5.5" is two numbers, and so is "1-2".
func (p *path) number() (float64, error) {
	p.space()
	n, dot := 0, false
	for n < len(p.rest) {
		c := p.rest[n]
		if c == '.' && dot || c != '.' && (c < '0' || c > '9') && (n > 0 || c != '-' && c != '+') {
			break
		}
		dot = dot || c == '.'
		n++
	}
	v, err := strconv.ParseFloat(p.rest[:n], 64)
	if err != nil {
		return 0, fmt.Errorf("path: %w", err)
	}
	p.rest = p.rest[n:]
	return v, nil
}

// pair reads a point, relative to the current one if the command is in lower
// case.
func (p *path) pair(relative bool) (point, error) {
	x, err := p.number()
	if err != nil {
		return point{}, err
	}
	y, err := p.number()
	if relative {
		x, y = x+p.at.x, y+p.at.y
	}
	return point{x, y}, err
}

func (p *path) command(cmd byte) (err error) {
	relative := cmd >= 'a'
	curved := false
	switch cmd {
	case 'M', 'm':
		var to point
		if to, err = p.pair(relative); err == nil {
			p.cut(false)
			p.at, p.start, p.now = to, to, []point{to}
		}
	case 'L', 'l':
		var to point
		if to, err = p.pair(relative); err == nil {
			p.to(to)
		}
	case 'H', 'h', 'V', 'v':
		var n float64
		if n, err = p.number(); err == nil {
			p.to(p.straight(cmd, n))
		}
	case 'C', 'c', 'S', 's':
		curved = true
		err = p.curve(cmd, relative)
	default: // Z
		p.cut(true)
		p.at = p.start
	}
	p.curved = curved
	return err
}

func (p *path) straight(cmd byte, n float64) point {
	switch cmd {
	case 'H':
		return point{n, p.at.y}
	case 'h':
		return point{p.at.x + n, p.at.y}
	case 'V':
		return point{p.at.x, n}
	}
	return point{p.at.x, p.at.y + n}
}

func (p *path) curve(cmd byte, relative bool) error {
	a := p.at
	if p.curved {
		a = point{2*p.at.x - p.control.x, 2*p.at.y - p.control.y}
	}
	var err error
	if cmd == 'C' || cmd == 'c' {
		if a, err = p.pair(relative); err != nil {
			return err
		}
	}
	b, err := p.pair(relative)
	if err != nil {
		return err
	}
	end, err := p.pair(relative)
	if err != nil {
		return err
	}
	const pieces = 24
	from := p.at
	for i := 1; i <= pieces; i++ {
		t := float64(i) / pieces
		u := 1 - t
		f0, f1, f2, f3 := u*u*u, 3*u*u*t, 3*u*t*t, t*t*t
		p.to(point{f0*from.x + f1*a.x + f2*b.x + f3*end.x, f0*from.y + f1*a.y + f2*b.y + f3*end.y})
	}
	p.control = b
	return nil
}

func (p *path) to(at point) {
	if len(p.now) == 0 {
		p.now = []point{p.at}
	}
	p.now = append(p.now, at)
	p.at = at
}

func (p *path) cut(closed bool) {
	if len(p.now) > 1 {
		p.lines = append(p.lines, line{p.now, closed})
	}
	p.now = nil
}

func ellipse(cx, cy, rx, ry float64) line {
	const pieces = 72
	l := line{closed: true}
	for i := range pieces {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / pieces)
		l.points = append(l.points, point{cx + rx*cos, cy + ry*sin})
	}
	return l
}

// outline returns the area that a pen of radius r covers along lines, with
// round joins. Ends are round or butt.
func outline(lines []line, r float64, round bool) []line {
	var out []line
	for _, l := range lines {
		pts := slices.Compact(slices.Clone(l.points))
		if l.closed && len(pts) > 2 {
			if pts[0] != pts[len(pts)-1] {
				pts = append(pts, pts[0])
			}
			there, back := side(pts, r, true), slices.Clone(pts)
			slices.Reverse(back)
			out = append(out, line{there, true}, line{side(back, r, true), true})
			continue
		}
		if len(pts) < 2 {
			continue
		}
		back := slices.Clone(pts)
		slices.Reverse(back)
		all := side(pts, r, false)
		if round {
			all = turn(all, pts[len(pts)-1], r, normal(back[1], back[0]), math.Pi)
		}
		all = append(all, side(back, r, false)...)
		if round {
			all = turn(all, pts[0], r, normal(pts[1], pts[0]), math.Pi)
		}
		out = append(out, line{all, true})
	}
	return out
}

// side returns the line at the distance r on one side of pts.
func side(pts []point, r float64, closed bool) []point {
	var out []point
	last := normal(pts[0], pts[1])
	if closed {
		last = normal(pts[len(pts)-2], pts[0])
	}
	for i := 1; i < len(pts); i++ {
		n := normal(pts[i-1], pts[i])
		out = turn(out, pts[i-1], r, last, math.Remainder(n-last, 2*math.Pi))
		out = append(out, around(pts[i], r, n))
		last = n
	}
	return out
}

// normal returns the direction perpendicular to the way from a to b.
func normal(a, b point) float64 { return math.Atan2(b.y-a.y, b.x-a.x) - math.Pi/2 }

func around(p point, r, angle float64) point {
	sin, cos := math.Sincos(angle)
	return point{p.x + r*cos, p.y + r*sin}
}

// turn adds an arc around p.
func turn(out []point, p point, r, from, by float64) []point {
	pieces := 1 + int(math.Abs(by)/(math.Pi/24))
	for i := range pieces + 1 {
		out = append(out, around(p, r, from+by*float64(i)/float64(pieces)))
	}
	return out
}
