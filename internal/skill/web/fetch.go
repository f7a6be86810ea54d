package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"

	"openmates/internal/skill"
)

// fetch loads one page.
func (r *reader) fetch(ctx context.Context, u *url.URL) (*page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	req.Header.Set("User-Agent", r.cfg.UserAgent)
	req.Header.Set("Accept", "text/html, text/markdown, text/plain, application/json;q=0.9, */*;q=0.1")
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	p := &page{url: resp.Request.URL, status: resp.StatusCode, header: resp.Header.Get("Content-Type")}
	p.kind, _, err = mime.ParseMediaType(p.header)
	if err != nil {
		p.kind = ""
	}
	if p.kind != "" && !readable(p.kind) {
		return p, nil
	}
	// The limit applies to decompressed data, so that a small response can't
	// become a large one.
	p.body, err = io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil && len(p.body) == 0 {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	if p.cut = err != nil || len(p.body) > maxBody; p.cut {
		p.body = p.body[:min(len(p.body), maxBody)]
	}
	if p.kind == "" {
		p.header = http.DetectContentType(p.body)
		p.kind, _, _ = strings.Cut(p.header, ";")
	}
	return p, nil
}

func isHTML(kind string) bool { return kind == "text/html" || kind == "application/xhtml+xml" }

func isJSON(kind string) bool { return kind == "application/json" || strings.HasSuffix(kind, "+json") }

// readable reports whether a media type is text that a model can read.
func readable(kind string) bool {
	switch kind {
	case "application/xml", "application/yaml", "application/x-yaml", "application/toml", "application/javascript":
		return true
	}
	return isHTML(kind) || isJSON(kind) || strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "+xml") && kind != "image/svg+xml"
}

// markdown returns the text of the page.
func (p *page) markdown(ctx context.Context) (string, error) {
	if !readable(p.kind) {
		return "", wrong("That address holds no text but %q, which can't be read.", skill.Clip(p.kind, 60))
	}
	text, err := p.decode()
	if err != nil {
		return "", err
	}
	switch {
	case isHTML(p.kind):
		return convert(ctx, text, p.url)
	case isJSON(p.kind):
		var pretty bytes.Buffer
		if json.Indent(&pretty, []byte(text), "", "  ") == nil {
			text = pretty.String()
		}
	}
	return strings.TrimSpace(printable(text)), nil
}

// decode converts the page to UTF-8 from its declared or detected encoding.
func (p *page) decode() (string, error) {
	if utf8.Valid(p.body) {
		return strings.TrimPrefix(string(p.body), "\ufeff"), nil
	}
	from, err := charset.NewReader(bytes.NewReader(p.body), p.header)
	if err != nil {
		return "", wrong("The text of that page is in an encoding that can't be read.")
	}
	text, err := io.ReadAll(io.LimitReader(from, 2*maxBody))
	if err != nil {
		return "", wrong("The text of that page is in an encoding that can't be read.")
	}
	return strings.ToValidUTF8(string(text), "\ufffd"), nil
}

// printable removes control characters.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\r' || r != '\n' && r != '\t' && r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}
