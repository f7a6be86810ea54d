package document

import (
	"bytes"
	"fmt"

	"github.com/ledongthuc/pdf"
)

// pages reads the text of a PDF, page by page.
func pages(data []byte, out *bounded) error {
	r, err := pdf.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	fonts := map[string]*pdf.Font{}
	for n := 1; n <= r.NumPage() && !out.full(); n++ {
		p := r.Page(n)
		if p.V.IsNull() {
			continue
		}
		for _, name := range p.Fonts() {
			if _, known := fonts[name]; !known {
				f := p.Font(name)
				fonts[name] = &f
			}
		}
		text, err := p.GetPlainText(fonts)
		if err != nil {
			return fmt.Errorf("page %d: %w", n, err)
		}
		if n > 1 {
			fmt.Fprintf(out, "\n--- page %d ---\n", n)
		}
		out.write(text)
	}
	return nil
}
