package web

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	maxNesting = 200     // nesting of elements that is followed; deeper is an attack
	maxIndent  = 12      // nesting of lists and quotes that is indented
	maxWritten = 8 << 20 // bytes, counted again each time they are copied
)

// convert converts an HTML page to Markdown. It keeps what carries meaning
// (headings, lists, links, code, tables, quotes) and drops what belongs to the
// site and not the page (navigation, scripts, forms, hidden text).
func convert(ctx context.Context, text string, base *url.URL) (string, error) {
	doc, err := html.Parse(&patient{ctx, strings.NewReader(text)})
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return "", wrong("The HTML of that page is too tangled to be read.")
	}
	w := &writer{ctx: ctx, base: base, left: new(int)}
	*w.left = maxWritten
	title := ""
	if n := find(doc, func(n *html.Node) bool { return n.DataAtom == atom.Title && n.Namespace == "" }); n != nil {
		title = oneLine(textOf(n))
	}
	if b := find(doc, func(n *html.Node) bool { return n.DataAtom == atom.Base }); b != nil {
		if u, err := base.Parse(attr(b, "href")); err == nil {
			w.base = u
		}
	}
	w.children(content(doc), 0)
	body := tidy(printable(w.b.String()))
	if title != "" && !strings.HasPrefix(body, "# "+title) {
		body = "# " + title + "\n\n" + body
	}
	return strings.TrimSpace(printable(body)), nil
}

// patient reads in small pieces and ends with ctx, because the parser can't be
// stopped, and some pages are made to keep it busy.
type patient struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (p *patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.r.Read(b[:min(len(b), 4096)])
}

// content returns the part of a document with the page itself: main, the only
// article, or else the body.
func content(doc *html.Node) *html.Node {
	if n := find(doc, func(n *html.Node) bool { return n.DataAtom == atom.Main || attr(n, "role") == "main" }); n != nil {
		return n
	}
	isArticle := func(n *html.Node) bool { return n.DataAtom == atom.Article }
	if n := find(doc, isArticle); n != nil {
		for m := range n.Parent.Descendants() {
			if isArticle(m) && m != n && m.Parent == n.Parent {
				return bodyOf(doc)
			}
		}
		return n
	}
	return bodyOf(doc)
}

func bodyOf(doc *html.Node) *html.Node {
	if n := find(doc, func(n *html.Node) bool { return n.DataAtom == atom.Body }); n != nil {
		return n
	}
	return doc
}

func find(n *html.Node, is func(*html.Node) bool) *html.Node {
	for m := range n.Descendants() {
		if m.Type == html.ElementNode && is(m) {
			return m
		}
	}
	return nil
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name && a.Namespace == "" {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// textOf returns the plain text in a node.
func textOf(n *html.Node) string {
	var b strings.Builder
	for m := range n.Descendants() {
		if m.Type == html.TextNode {
			b.WriteString(m.Data)
		}
	}
	return b.String()
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// dropped reports whether an element isn't part of a page's content.
func dropped(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Head, atom.Nav, atom.Aside, atom.Footer, atom.Form,
		atom.Iframe, atom.Object, atom.Embed, atom.Canvas, atom.Svg, atom.Math, atom.Audio, atom.Video, atom.Button,
		atom.Select, atom.Input, atom.Textarea, atom.Dialog, atom.Menu, atom.Map:
		return true
	}
	if has(n, "hidden") || attr(n, "aria-hidden") == "true" {
		return true
	}
	switch attr(n, "role") {
	case "navigation", "banner", "contentinfo", "complementary", "search", "dialog", "menu":
		return true
	}
	style := strings.ReplaceAll(strings.ToLower(attr(n, "style")), " ", "")
	return strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden")
}

// writer builds the Markdown.
type writer struct {
	ctx    context.Context
	base   *url.URL
	left   *int // bytes that may still be written, shared with inner writers
	b      strings.Builder
	list   []int // the open lists; -1 = bullets, else the next number
	plain  bool  // in a link, a heading or a cell: no blocks
	marked bool  // in emphasis, which isn't nested
	linked bool  // in a link, which isn't nested
	indent int   // number of enclosing lists and quotes
}

// inner returns a writer for a part of this text.
func (w *writer) inner(plain bool) *writer {
	return &writer{ctx: w.ctx, base: w.base, left: w.left, plain: plain, marked: w.marked, linked: w.linked, indent: w.indent}
}

// take returns the text of an inner writer, truncated to what may still be
// written.
func (w *writer) take(in *writer) string {
	if *w.left -= in.b.Len(); *w.left < 0 {
		return ""
	}
	return in.b.String()
}

func (w *writer) children(n *html.Node, depth int) {
	if depth > maxNesting || *w.left < w.b.Len() || w.ctx.Err() != nil {
		return
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.node(c, depth+1)
	}
}

func (w *writer) node(n *html.Node, depth int) {
	switch n.Type {
	case html.TextNode:
		w.text(n.Data)
	case html.ElementNode:
		if !dropped(n) {
			w.element(n, depth)
		}
	}
}

// text writes text, with white space collapsed like in a browser.
func (w *writer) text(s string) {
	words := strings.Fields(s)
	begins := s != "" && strings.ContainsAny(s[:1], " \t\r\n\f")
	ends := s != "" && strings.ContainsAny(s[len(s)-1:], " \t\r\n\f")
	if begins || len(words) == 0 && s != "" {
		w.space()
	}
	w.b.WriteString(strings.Join(words, " "))
	if ends && len(words) > 0 {
		w.space()
	}
}

func (w *writer) space() {
	if s := w.b.String(); s != "" && !strings.HasSuffix(s, " ") && !strings.HasSuffix(s, "\n") {
		w.b.WriteByte(' ')
	}
}

// block starts a new block.
func (w *writer) block() {
	if w.plain {
		w.space()
		return
	}
	w.b.WriteString("\n\n")
}

func (w *writer) element(n *html.Node, depth int) {
	switch n.DataAtom {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.heading(n, depth)
	case atom.Br:
		w.lineBreak()
	case atom.Hr:
		w.block()
		w.b.WriteString("---")
		w.block()
	case atom.A:
		w.link(n, depth)
	case atom.Img:
		if alt := oneLine(attr(n, "alt")); alt != "" {
			fmt.Fprintf(&w.b, "[image: %s]", alt)
		}
	case atom.Strong, atom.B:
		w.around(n, "**", depth)
	case atom.Em, atom.I:
		w.around(n, "*", depth)
	case atom.Del, atom.S:
		w.around(n, "~~", depth)
	case atom.Code, atom.Kbd, atom.Samp, atom.Tt:
		w.code(n)
	case atom.Pre:
		w.pre(n)
	case atom.Ul, atom.Ol:
		w.listOf(n, depth)
	case atom.Li:
		w.item(n, depth)
	case atom.Blockquote:
		w.quote(n, depth)
	case atom.Table:
		w.table(n, depth)
	case atom.Dt:
		w.block()
		w.around(n, "**", depth)
	case atom.P, atom.Div, atom.Section, atom.Article, atom.Header, atom.Main, atom.Figure, atom.Figcaption, atom.Details,
		atom.Summary, atom.Dl, atom.Dd, atom.Address, atom.Fieldset, atom.Center, atom.Hgroup, atom.Body, atom.Html:
		w.block()
		w.children(n, depth)
		w.block()
	default:
		w.children(n, depth)
	}
}

func (w *writer) lineBreak() {
	if w.plain {
		w.space()
		return
	}
	w.b.WriteByte('\n')
}

// inline returns the one-line text of an element.
func (w *writer) inline(in *writer, n *html.Node, depth int) string {
	in.children(n, depth)
	return oneLine(w.take(in))
}

func (w *writer) heading(n *html.Node, depth int) {
	w.block()
	if w.plain {
		w.children(n, depth)
	} else if text := w.inline(w.inner(true), n, depth); text != "" {
		w.b.WriteString(strings.Repeat("#", int(n.Data[1]-'0')) + " " + text)
	}
	w.block()
}

func (w *writer) around(n *html.Node, mark string, depth int) {
	if w.marked {
		w.children(n, depth)
		return
	}
	in := w.inner(true)
	in.marked = true
	if text := w.inline(in, n, depth); text != "" {
		w.b.WriteString(mark + text + mark)
	}
}

// link keeps the address if it leads to another page.
func (w *writer) link(n *html.Node, depth int) {
	if w.linked {
		w.children(n, depth)
		return
	}
	in := w.inner(true)
	in.linked = true
	text := w.inline(in, n, depth)
	if text == "" {
		return
	}
	href := strings.TrimSpace(attr(n, "href"))
	u, err := w.base.Parse(href)
	if err != nil || href == "" || strings.HasPrefix(href, "#") || u.Scheme != "http" && u.Scheme != "https" || len(href) > maxURL {
		w.b.WriteString(text)
		return
	}
	to := strings.NewReplacer("(", "%28", ")", "%29").Replace(u.String())
	fmt.Fprintf(&w.b, "[%s](%s)", text, to)
}

func (w *writer) code(n *html.Node) {
	text := oneLine(textOf(n))
	if text == "" {
		return
	}
	fence := strings.Repeat("`", longestRun(text)+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	w.b.WriteString(fence + text + fence)
}

func (w *writer) pre(n *html.Node) {
	text := strings.Trim(textOf(n), "\r\n")
	if w.plain {
		w.b.WriteString(oneLine(text))
		return
	}
	fence := strings.Repeat("`", max(3, longestRun(text)+1))
	fmt.Fprintf(&w.b, "\n\n%s%s\n%s\n%s\n\n", fence, language(n), text, fence)
}

// longestRun returns the longest run of backticks.
func longestRun(s string) int {
	longest, run := 0, 0
	for _, r := range s {
		if r == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return longest
}

// language is named by a class such as "language-go", by convention of the
// HTML standard (the code element).
func language(n *html.Node) string {
	class := regexp.MustCompile(`(?:^|\s)(?:language|lang|highlight-source)-([\w+#-]{1,20})`)
	for m := n; m != nil; m = m.FirstChild {
		if found := class.FindStringSubmatch(attr(m, "class")); found != nil {
			return found[1]
		}
	}
	return ""
}

func (w *writer) listOf(n *html.Node, depth int) {
	next := -1
	if n.DataAtom == atom.Ol {
		next = 1
		if start, err := strconv.Atoi(attr(n, "start")); err == nil && start >= 0 && start < 1_000_000 {
			next = start
		}
	}
	if len(w.list) == 0 {
		w.block()
	}
	w.list = append(w.list, next)
	w.children(n, depth)
	w.list = w.list[:len(w.list)-1]
	if len(w.list) == 0 {
		w.block()
	}
}

// item writes its text behind a mark; what goes on in it is indented.
func (w *writer) item(n *html.Node, depth int) {
	mark := "- "
	if len(w.list) > 0 {
		if last := &w.list[len(w.list)-1]; *last >= 0 {
			mark = strconv.Itoa(*last) + ". "
			*last++
		}
	}
	if w.plain {
		w.space()
		w.children(n, depth)
		w.b.WriteString(";")
		return
	}
	if w.indent >= maxIndent {
		w.b.WriteString("\n" + mark)
		w.children(n, depth)
		return
	}
	in := w.inner(false)
	in.indent++
	in.list = slices.Clone(w.list) // so that a list in it knows that it is one in a list
	in.children(n, depth)
	text := tidy(w.take(in))
	if text == "" {
		return
	}
	w.b.WriteString("\n" + mark + strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", len(mark))))
}

func (w *writer) quote(n *html.Node, depth int) {
	if w.plain || w.indent >= maxIndent {
		w.children(n, depth)
		return
	}
	in := w.inner(false)
	in.indent++
	in.children(n, depth)
	if text := tidy(w.take(in)); text != "" {
		w.b.WriteString("\n\n> " + strings.ReplaceAll(text, "\n", "\n> ") + "\n\n")
	}
}
