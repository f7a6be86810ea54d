// Package portrait draws the faces of mates.
//
// A handle always gets the same face: as SVG on the pages, and as PNG for
// messengers, painted from the SVG. No pictures are loaded: a face is made of a
// few traits and plain shapes.
package portrait

import (
	"fmt"
	"hash/fnv"
	"html"
	"strings"
)

// A portrait is drawn from a few traits. The catalogue's mates have fixed
// traits; for other handles they depend only on the handle, so a mate keeps its
// face.

type look struct {
	wall, skin, hair, cloth int // index into the palettes
	cut                     cut
	top                     garment
	glasses, beard, rings   bool
}

type cut int

const (
	crop cut = iota
	parted
	bob
	long
	bun
	afro
	tail
	scarf
	curls
	bald
	cuts // number of cuts
)

type garment int

const (
	crew garment = iota
	vneck
	blazer
	roll
	apron
	garments // number of garments
)

type pair struct{ base, shade string }

func walls() []pair {
	return []pair{
		{"#ecc9a2", "#f6e0c4"}, {"#b9cfb2", "#d6e4cf"}, {"#b5c8de", "#d3e0ee"}, {"#e9b9a9", "#f5d8cc"},
		{"#cfbfe0", "#e4d9ef"}, {"#efcf7f", "#f8e5b4"}, {"#a9d0ca", "#cde6e1"}, {"#d4bca6", "#e8d8c8"},
	}
}

func skins() []pair {
	return []pair{
		{"#f7d6bd", "#e8b896"}, {"#ecbd98", "#d89f75"}, {"#d7a074", "#bd8356"},
		{"#b37a4e", "#98623a"}, {"#8d5a38", "#734526"}, {"#6d4229", "#55311d"},
	}
}

func hairs() []string {
	return []string{"#2a2120", "#4f3426", "#87552b", "#cf9a4b", "#b44c2b", "#a39a94", "#6b4a3a"}
}

func cloths() []pair {
	return []pair{
		{"#2f4a5e", "#23394a"}, {"#a5452f", "#863522"}, {"#3d6b58", "#2e5344"}, {"#6b4b7d", "#543a63"},
		{"#d8a23f", "#b98527"}, {"#f4ede2", "#ddd2c1"}, {"#393433", "#282424"}, {"#4d78a8", "#3b5f89"},
	}
}

func looks() map[string]look {
	return map[string]look{
		"burton":    {wall: 7, skin: 1, hair: 5, cloth: 0, cut: parted, top: blazer, beard: true},
		"sophia":    {wall: 6, skin: 1, hair: 1, cloth: 1, cut: bob, top: crew, glasses: true},
		"mark":      {wall: 5, skin: 0, hair: 4, cloth: 2, cut: crop, top: vneck, beard: true},
		"elton":     {wall: 2, skin: 4, hair: 0, cloth: 4, cut: curls, top: crew, glasses: true},
		"finn":      {wall: 1, skin: 0, hair: 3, cloth: 0, cut: parted, top: blazer},
		"grace":     {wall: 3, skin: 5, hair: 0, cloth: 4, cut: afro, top: roll, rings: true},
		"leon":      {wall: 0, skin: 2, hair: 0, cloth: 6, cut: crop, top: blazer, glasses: true},
		"priscilla": {wall: 4, skin: 3, hair: 0, cloth: 5, cut: long, top: vneck, rings: true},
		"selma":     {wall: 5, skin: 2, hair: 1, cloth: 3, cut: scarf, top: crew},
		"makani":    {wall: 6, skin: 3, hair: 0, cloth: 7, cut: bun, top: apron, beard: true},
		"monika":    {wall: 3, skin: 0, hair: 4, cloth: 6, cut: long, top: roll},
		"melvin":    {wall: 2, skin: 5, hair: 0, cloth: 5, cut: bald, top: blazer, glasses: true, beard: true},
		"lisa":      {wall: 1, skin: 1, hair: 3, cloth: 3, cut: tail, top: vneck, rings: true},
	}
}

func lookOf(handle string) look {
	if l, ok := looks()[handle]; ok {
		return l
	}
	f := fnv.New64a()
	f.Write([]byte(handle)) // never fails
	n := f.Sum64()
	pick := func(of int) int {
		v := int(n % uint64(of))
		n = n/uint64(of) ^ n<<7
		return v
	}
	return look{
		wall: pick(len(walls())), skin: pick(len(skins())), hair: pick(len(hairs())), cloth: pick(len(cloths())),
		cut: cut(pick(int(cuts))), top: garment(pick(int(garments))), glasses: pick(3) == 0, rings: pick(4) == 0,
	}
}

// SVG returns a mate's portrait as an SVG file; name is its text for people who
// can't see it.
func SVG(handle, name string) string {
	l := lookOf(handle)
	wall, skin, hair, cloth := walls()[l.wall], skins()[l.skin], hairs()[l.hair], cloths()[l.cloth]
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 140" role="img" aria-label="%s">`, html.EscapeString(name))
	b.WriteString(`<clipPath id="a"><path d="M0 60a60 60 0 0 1 120 0v68a12 12 0 0 1-12 12H12a12 12 0 0 1-12-12z"/></clipPath><g clip-path="url(#a)">`)
	fmt.Fprintf(&b, `<path fill="%s" d="M0 0h120v140H0z"/><circle cx="60" cy="66" r="46" fill="%s"/>`, wall.base, wall.shade)
	b.WriteString(behind(l.cut, hair))
	b.WriteString(body(l.top, cloth, skin))
	if l.cut == scarf {
		b.WriteString(veil(cloths()[(l.cloth+1)%len(cloths())]))
	} else {
		fmt.Fprintf(&b, `<g fill="%s"><ellipse cx="37.5" cy="66" rx="4.5" ry="6"/><ellipse cx="82.5" cy="66" rx="4.5" ry="6"/></g>`, skin.shade)
	}
	fmt.Fprintf(&b, `<path fill="%s" d="M38 58c0-16 9-25 22-25s22 9 22 25c0 19-10 32-22 32S38 77 38 58z"/>`, skin.base)
	if l.beard {
		fmt.Fprintf(&b, `<path fill="%s" d="M38.2 62c.6 19 10.400 30.500 21.800 30.500S81.200 81 81.800 62c-2 7-5 9.500-9.800 10.200-4-1.700-8-2.200-12-2.200s-8 .5-12 2.200C43.200 71.500 40.200 69 38.200 62z"/>`, hair)
	}
	b.WriteString(face(l, skin, hair))
	b.WriteString(before(l.cut, hair))
	if l.glasses {
		b.WriteString(`<g fill="#fff" fill-opacity=".18" stroke="#3a2f2a" stroke-width="1.700"><circle cx="50.500" cy="62" r="7.200"/><circle cx="69.500" cy="62" r="7.200"/><path fill="none" d="M57.700 61.200c1.500-1 3.100-1 4.600 0M43.400 60.500l-5-1.500M76.600 60.500l5-1.500"/></g>`)
	}
	if l.rings {
		b.WriteString(`<g fill="#e3b34c"><circle cx="37" cy="74" r="2.300"/><circle cx="83" cy="74" r="2.300"/></g>`)
	}
	b.WriteString(`</g></svg>`)
	return b.String()
}

func face(l look, skin pair, hair string) string {
	brow, mouth := hair, "#8f3b34"
	if l.cut == bald || l.cut == scarf {
		brow = hairs()[0]
	}
	if l.skin >= 4 {
		mouth = "#4f1f1c"
	}
	if l.beard {
		mouth = "#f6e3d6"
	}
	return fmt.Sprintf(`<g fill="#2a2120"><ellipse cx="50.500" cy="62.500" rx="2.300" ry="2.800"/><ellipse cx="69.500" cy="62.500" rx="2.300" ry="2.800"/></g>`+
		`<g fill="#fff"><circle cx="51.300" cy="61.500" r=".8"/><circle cx="70.300" cy="61.500" r=".8"/></g>`+
		`<g fill="none" stroke-linecap="round"><path stroke="%s" stroke-width="2" d="M46 55.500c2.500-2 6-2.200 8.500-.8M65.500 54.700c2.500-1.400 6-1.200 8.500.8"/>`+
		`<path stroke="%s" stroke-width="1.800" d="M60 63.500c.8 2.500 1.500 4.500 1 5.500s-1.600 1-2.400.8"/>`+
		`<path stroke="%s" stroke-width="2" d="M53.500 76.500c3.500 3.600 9.500 3.600 13 0"/></g>`+
		`<g fill="#d9664e" fill-opacity=".22"><circle cx="45.500" cy="71" r="4.500"/><circle cx="74.500" cy="71" r="4.500"/></g>`,
		brow, skin.shade, mouth)
}

func body(g garment, c, skin pair) string {
	neck := fmt.Sprintf(`<path fill="%s" d="M50 80h20v20c0 8-20 8-20 0z"/>`, skin.shade)
	torso := fmt.Sprintf(`<path fill="%s" d="M10 142c0-24 14-34 40-40 5 7 15 7 20 0 26 6 40 16 40 40z"/>`, c.base)
	switch g {
	case vneck:
		return torso + neck + fmt.Sprintf(`<path fill="%s" d="M48 102.500 60 120l12-17.500-2-2.500c-5 7-15 7-20 0z"/><path fill="none" stroke="%s" stroke-width="2.500" d="M47.500 102.500 60 121l12.500-18.500"/>`, skin.base, c.shade)
	case blazer:
		return torso + neck + fmt.Sprintf(`<path fill="#fbf6ee" d="M49 101 60 122l11-21c-5 6-17 6-22 0z"/><path fill="%s" d="M48 102c-3 1-6 2-8 3l17 37h3v-20zM72 102c3 1 6 2 8 3l-17 37h-3v-20z"/>`, c.shade)
	case roll:
		return torso + neck + fmt.Sprintf(`<path fill="%s" d="M47 94c6 5 20 5 26 0l1 12c-7 6-21 6-28 0z"/>`, c.shade)
	case apron:
		return torso + neck + fmt.Sprintf(`<path fill="none" stroke="%s" stroke-width="3" d="M50 101c5 7 15 7 20 0"/><path fill="%s" d="M40 116h40v26H40z"/><path fill="none" stroke="%s" stroke-width="3" d="m41 117 7-14m31 14-7-14"/>`, c.shade, c.shade, c.shade)
	}
	return torso + neck + fmt.Sprintf(`<path fill="none" stroke="%s" stroke-width="3.500" d="M48.500 102c5 8 18 8 23 0"/>`, c.shade)
}

// behind draws the hair behind the shoulders.
func behind(c cut, hair string) string {
	d := ""
	switch c {
	case bob:
		d = `<path d="M33 60c-2-23 10-35 27-35s29 12 27 35l2 25c1 8-6 10-12 8H43c-6 2-13 0-12-8z"/>`
	case long:
		d = `<path d="M33 58c-1-22 10-33 27-33s28 11 27 33c1 19 8 31 6 51-9 8-16 4-19-4H46c-3 8-10 12-19 4-2-20 5-32 6-51z"/>`
	case afro:
		d = `<circle cx="60" cy="50" r="33"/><circle cx="34" cy="62" r="13"/><circle cx="86" cy="62" r="13"/><circle cx="40" cy="34" r="14"/><circle cx="80" cy="34" r="14"/><circle cx="60" cy="25" r="13"/>`
	case tail:
		d = `<path d="M78 40c20 2 25 24 19 50-1 5-6 7-8 4 1-14-2-22-11-30z"/>`
	case bun:
		d = `<circle cx="60" cy="24" r="12"/>`
	}
	if d == "" {
		return ""
	}
	return fmt.Sprintf(`<g fill="%s">%s</g>`, hair, d)
}

// before draws the hair over the head.
func before(c cut, hair string) string {
	d := ""
	switch c {
	case crop:
		d = `<path d="M37 60c-4-20 6-31 23-31s27 11 23 31c-1-6-3-10-6-13-10 2-24 2-34 0-3 3-5 7-6 13z"/>`
	case parted:
		d = `<path d="M36.500 62c-5-21 5-35 24-35 17 0 27 13 23 35-2-7-4-12-8-16-9 1-20-1-26-7-2 9-10 13-13 23z"/>`
	case bob:
		d = `<path d="M37 60c-1-17 8-28 23-28s24 11 23 28c-4-8-11-12-23-12s-19 4-23 12z"/>`
	case long:
		d = `<path d="M37 68c-3-22 6-36 24-37-3 12-17 15-24 37zM83 68c3-22-5-36-23-37 4 12 17 16 23 37z"/>`
	case bun, tail:
		d = `<path d="M37 59c-3-18 7-29 23-29s26 11 23 29c-3-9-9-15-23-15s-20 6-23 15z"/>`
	case afro:
		d = `<path d="M38 56c0-15 9-23 22-23s22 8 22 23c-4-8-11-12-22-12s-18 4-22 12z"/>`
	case curls:
		d = `<circle cx="40" cy="50" r="7"/><circle cx="43" cy="41" r="8"/><circle cx="51" cy="35" r="9"/><circle cx="61" cy="33" r="9"/><circle cx="71" cy="36" r="9"/><circle cx="78" cy="42" r="8"/><circle cx="81" cy="51" r="6"/><circle cx="55" cy="42" r="7"/><circle cx="66" cy="42" r="7"/>`
	}
	if d == "" {
		return ""
	}
	return fmt.Sprintf(`<g fill="%s">%s</g>`, hair, d)
}

func veil(c pair) string {
	return fmt.Sprintf(`<path fill="%s" d="M31 62c-2-26 12-38 29-38s31 12 29 38c0 18 4 26 12 38-8 14-24 18-41 18s-33-4-41-18c8-12 12-20 12-38z"/><path fill="none" stroke="%s" stroke-width="2.500" stroke-linecap="round" d="M38 92c10 12 32 14 46 4M34 100c12 12 38 14 54 2"/>`, c.base, c.shade)
}
