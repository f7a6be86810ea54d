package portrait

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// all are the mates with traits of their own and some without.
func all() []string {
	return append(slices.Sorted(maps.Keys(looks())), "nora", "x", "kim-2", "somebody_else", "zoe", "ravi", "uma", "pablo")
}

func TestEveryFaceIsPainted(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, handle := range all() {
		b, err := PNG(handle, 64)
		if err != nil {
			t.Errorf("%s: %v", handle, err)
			continue
		}
		img, err := png.Decode(bytes.NewReader(b))
		if err != nil || img.Bounds().Dx() != 64 || img.Bounds().Dy() != 64 {
			t.Fatalf("%s: %v, %v", handle, img, err)
		}
		colours := map[[3]uint32]bool{}
		for y := range 64 {
			for x := range 64 {
				r, g, b, a := img.At(x, y).RGBA()
				if a != 0xffff {
					t.Fatalf("%s: a hole at %d, %d", handle, x, y)
				}
				colours[[3]uint32{r, g, b}] = true
			}
		}
		if len(colours) < 40 {
			t.Errorf("%s has only %d colours", handle, len(colours))
		}
		if other := seen[string(b)]; other != "" {
			t.Errorf("%s and %s have one face", handle, other)
		}
		seen[string(b)] = handle
		if again, _ := PNG(handle, 64); !bytes.Equal(again, b) {
			t.Errorf("%s changed its face", handle)
		}
	}
	if dir := os.Getenv("OPENMATES_TEST_PORTRAITS"); dir != "" { // to look at them
		for _, handle := range all() {
			b, _ := PNG(handle, 256)
			if err := os.WriteFile(filepath.Join(dir, handle+".png"), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// testdata holds faces that somebody has looked at. Rasterisers differ a little
// at edges, never in what is drawn where.
func TestFacesLookAsTheyDid(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.png")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d pictures, %v", len(files), err)
	}
	decoded := func(b []byte, err error) image.Image {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		return img
	}
	for _, file := range files {
		want := decoded(os.ReadFile(file))
		size := want.Bounds().Dx()
		got := decoded(PNG(strings.TrimSuffix(filepath.Base(file), ".png"), size))
		sum, far := 0, 0
		for y := range size {
			for x := range size {
				a, b := color.RGBAModel.Convert(want.At(x, y)).(color.RGBA), color.RGBAModel.Convert(got.At(x, y)).(color.RGBA)
				d := apart(a.R, b.R) + apart(a.G, b.G) + apart(a.B, b.B)
				sum += d
				if d > 3*48 {
					far++
				}
			}
		}
		if mean := float64(sum) / float64(3*size*size); mean > .5 || far > size*size/1000 {
			t.Errorf("%s: a colour differs by %.2f of 255 on average, and %d pixels by a lot", file, mean, far)
		}
	}
}

func apart(a, b uint8) int { return max(int(a), int(b)) - min(int(a), int(b)) }

// The colours stand where the shapes are.
func TestPaint(t *testing.T) {
	t.Parallel()
	b, err := PNG("sophia", 120)
	if err != nil {
		t.Fatal(err)
	}
	img, _ := png.Decode(bytes.NewReader(b))
	near := func(x, y int, hex string) {
		t.Helper()
		want, _, _ := parseColor(hex, 1)
		r, g, b, _ := img.At(x, y).RGBA()
		for _, d := range []int{int(r>>8) - int(want.R), int(g>>8) - int(want.G), int(b>>8) - int(want.B)} {
			if d < -3 || d > 3 {
				t.Errorf("at %d, %d there is %02x%02x%02x, want %s", x, y, r>>8, g>>8, b>>8, hex)
				return
			}
		}
	}
	l := lookOf("sophia")
	near(3, 3, walls()[l.wall].base)
	near(60, 82-4, skins()[l.skin].base)
	near(60, 135-4-12, cloths()[l.cloth].base)
}

func TestWhatIsNotDrawnWithIsRefused(t *testing.T) {
	t.Parallel()
	for _, d := range []string{"Q1 2 3 4", "M1", "M1 x", "M1 1L", "M0 0a1 1 0 0 1 1 1"} {
		if got, err := parsePath(d); err == nil {
			t.Errorf("path %q became %v", d, got)
		}
	}
	c := &canvas{}
	for _, svg := range []string{`<svg><rect/></svg>`, `<svg><circle cx="1"/></svg>`, `<svg><path fill="red" d="M0 0h1v1z"/></svg>`, `<svg>`, `<svg stroke-width="x"/>`} {
		if err := c.paint(svg); err == nil {
			t.Errorf("%s was painted", svg)
		}
	}
	for _, size := range []int{0, 15, 4096} {
		if _, err := PNG("sophia", size); err == nil {
			t.Errorf("%d pixels were painted", size)
		}
	}
	if !strings.Contains(SVG("sophia", `a"b`), "a&#34;b") {
		t.Error("the name is not escaped")
	}
}

func FuzzPath(f *testing.F) {
	f.Add("M38 58c0-16 9-25 22-25s22 9 22 25z")
	f.Add("m1.5.5-2H3v-4S1 2 3 4")
	f.Fuzz(func(_ *testing.T, d string) {
		if len(d) < 1000 {
			_, _ = parsePath(d) // must end and not panic
		}
	})
}

func BenchmarkPNG(b *testing.B) {
	for b.Loop() {
		if _, err := PNG("sophia", 512); err != nil {
			b.Fatal(err)
		}
	}
}

func TestPortraits(t *testing.T) {
	t.Parallel()
	faces := map[string]string{}
	for handle := range looks() {
		p := SVG(handle, handle)
		if other, ok := faces[strings.ReplaceAll(p, handle, "")]; ok {
			t.Errorf("%s and %s look the same", handle, other)
		}
		faces[strings.ReplaceAll(p, handle, "")] = handle
		if p != SVG(handle, handle) || len(p) > 8<<10 {
			t.Errorf("%s: %d bytes", handle, len(p))
		}
	}
	if strings.Contains(SVG("x", `"><script>`), "<script>") {
		t.Error("a name breaks out of the portrait")
	}
}

func FuzzPortrait(f *testing.F) {
	f.Add("sophia")
	f.Add("")
	f.Fuzz(func(t *testing.T, handle string) {
		if p := SVG(handle, handle); !strings.HasSuffix(p, "</svg>") {
			t.Errorf("portrait of %q: %s", handle, p)
		}
	})
}
