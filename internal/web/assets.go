package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"openmates/internal/portrait"
)

//go:embed static
var staticFiles embed.FS

// assets serves the files of static/. Each URL contains a checksum of the
// content, so browsers may cache it forever.
type assets struct {
	byName map[string]asset
}

type asset struct {
	content []byte
	sum     string
	kind    string
}

func newAssets() (*assets, error) {
	a := &assets{byName: map[string]asset{}}
	files, err := fs.ReadDir(staticFiles, "static")
	if err != nil {
		return nil, fmt.Errorf("web: list assets: %w", err)
	}
	kinds := map[string]string{
		".css": "text/css; charset=utf-8",
		".js":  "text/javascript; charset=utf-8",
		".svg": "image/svg+xml",
	}
	for _, f := range files {
		b, err := staticFiles.ReadFile("static/" + f.Name())
		if err != nil {
			return nil, fmt.Errorf("web: read assets: %w", err)
		}
		kind := kinds[path.Ext(f.Name())]
		if kind == "" {
			return nil, fmt.Errorf("web: static/%s is of a kind that is not served", f.Name())
		}
		a.byName[f.Name()] = asset{content: b, sum: checksum(b), kind: kind}
	}
	return a, nil
}

func checksum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6])
}

// url returns the URL of a file. A missing file is a bug in a template, which
// the test that renders every page finds.
func (a *assets) url(name string) string {
	f, ok := a.byName[name]
	if !ok {
		panic("web: no asset " + name)
	}
	return "/static/" + f.sum + "/" + name
}

func (a *assets) serve(w http.ResponseWriter, r *http.Request) {
	f, ok := a.byName[r.PathValue("name")]
	if !ok || f.sum != r.PathValue("sum") {
		plain(w, http.StatusNotFound, "This file doesn’t exist. Reload the page.")
		return
	}
	w.Header().Set("Content-Type", f.kind)
	forever(w)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.content))
}

func forever(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
}

// portraitURL returns the URL of a mate's portrait. It changes with the
// drawing.
func portraitURL(handle string) string {
	return "/portraits/" + checksum([]byte(portrait.SVG(handle, handle))) + "/" + handle + ".svg"
}

func (s *Server) servePortrait(w http.ResponseWriter, r *http.Request) {
	handle, ok := strings.CutSuffix(r.PathValue("file"), ".svg")
	if !ok || handle == "" || len(handle) > 64 || strings.ContainsFunc(handle, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_')
	}) {
		plain(w, http.StatusNotFound, "This portrait doesn’t exist.")
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	forever(w)
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(portrait.SVG(handle, handle)))
}
