package web_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"openmates"
	"openmates/internal/skill/web"
)

func convert(t testing.TB, text string) string {
	t.Helper()
	base, err := url.Parse("https://example.org/docs/page")
	if err != nil {
		t.Fatal(err)
	}
	got, err := web.Convert(t.Context(), text, base)
	if err != nil {
		return "refused: " + openmates.MessageOf(err)
	}
	return got
}

func TestHTMLBecomesMarkdown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"<title> A\n page </title><p>text</p>", "# A page\n\ntext"},
		{"<title>Same</title><h1>Same</h1>text", "# Same\n\ntext"},
		{"<h1>One</h1><h3>Three <em>x</em></h3><p>a<p>b", "# One\n\n### Three *x*\n\na\n\nb"},
		{"a   b\n\n c<br>d", "a b c\nd"},
		{"<b>bold</b><i> it </i><del>gone</del>", "**bold***it*~~gone~~"},
		{"<ul><li>a<li>b<ul><li>c</ul></ul>", "- a\n- b\n  - c"},
		{"<ol start=3><li>a<li><p>b</p><p>c</p></ol>", "3. a\n4. b\n\n   c"},
		{`<a href="other?q=1#x">link</a> <a href="#top">up</a> <a href="javascript:x()">js</a> <a href="mailto:a@b.c">mail</a>`,
			"[link](https://example.org/docs/other?q=1#x) up js mail"},
		{`<a href="/a_(b)">p</a>`, "[p](https://example.org/a_%28b%29)"},
		{`<base href="https://other.org/x/"><a href="y">z</a>`, "[z](https://other.org/x/y)"},
		{`<a href="/card"><h3>Title</h3><p>Text</p></a>`, "[Title Text](https://example.org/card)"},
		{`<b><a href="/x"><i>bold</i> link</a></b>`, "**[bold link](https://example.org/x)**"},
		{"<code>a`b</code> <kbd>Ctrl</kbd>", "``a`b`` `Ctrl`"},
		{"<pre><code class='hljs language-go'>func f() {\n\treturn\n\n\n}\n</code></pre>", "```go\nfunc f() {\n\treturn\n\n\n}\n```"},
		{"<pre>```\nx</pre>", "````\n```\nx\n````"},
		{"<blockquote><p>a<p>b</blockquote>", "> a\n>\n> b"},
		{"<table><tr><th>A<th>B<tr><td>1|2<td><b>x</b><br>y</table>", "| A | B |\n| --- | --- |\n| 1\\|2 | **x** y |"},
		{"<table><tr><td><p>layout</p><tr><td><ul><li>x</ul></table>", "layout\n\n- x"},
		{"<dl><dt>Term<dd>Meaning</dl>", "**Term**\n\nMeaning"},
		{`<img src=x alt="A cat"><img src=y>`, "[image: A cat]"},
		{"<hr>a", "---\n\na"},
		{"<nav>menu</nav><script>x()</script><style>y</style><p>text<noscript>no</noscript><footer>foot</footer>", "text"},
		{"<div hidden>a</div><div aria-hidden=true>b</div><div style='display: none'>c</div><div role=navigation>d</div>e", "e"},
		{"<form><input value=x><button>go</button></form><svg><title>icon</title><text>s</text></svg>e", "e"},
		{"<body>site<main>page</main>site", "page"},
		{"<body>site<article>page</article>site", "page"},
		{"<body><div><article>one</article><article>two</article></div>", "one\n\ntwo"},
		{"a\u0000b\u0007c", "abc"},
		{"", ""},
	} {
		if got := convert(t, c.in); got != c.want {
			t.Errorf("%s\n got %q\nwant %q", c.in, got, c.want)
		}
	}
}

// Pages that are made to keep a reader busy end in time and in bounds.
func TestTrickyPages(t *testing.T) {
	t.Parallel()
	const size = 256 << 10
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	for name, page := range map[string]string{
		"nested divs":    fill("<div>"),
		"nested lists":   strings.Repeat("<ul><li>", 200) + fill("a<br>"),
		"nested quotes":  strings.Repeat("<blockquote>", 200) + fill("a<br>"),
		"nested tables":  fill("<table><tr><td>a<td>"),
		"nested bold":    strings.Repeat("<b><i>", 100) + fill("a "),
		"open formats":   fill("<b><p>x"),
		"links":          fill("<a href=x>y</a>"),
		"many items":     fill("<li>x"),
		"wide table":     "<table><tr>" + strings.Repeat("<td>a", 40) + fill("<tr><td>b"),
		"backticks":      "<pre>" + fill("`"),
		"attributes":     "<p " + fill("a=b ") + ">x",
		"entities":       fill("&CounterClockwiseContourIntegral;"),
		"unclosed":       fill("<!--"),
		"alternating":    fill("<ul><li><blockquote>x"),
		"nested anchors": fill("<a href=x><b>"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			got := convert(t, page)
			if d := time.Since(begin); d > 20*time.Second {
				t.Errorf("it took %v", d)
			}
			if len(got) > 10<<20 {
				t.Errorf("%d bytes came out", len(got))
			}
		})
	}
}

func FuzzConvert(f *testing.F) {
	for _, s := range []string{
		"<title>x</title><h1>y</h1><p>z", "<ul><li>a<ol><li>b</ul>", "<table><tr><td>a<table><tr><td>b", "<pre>```</pre>", "<a href='//['>x</a>",
		"<svg><title>a</title></svg>", "<select><option>x<p>y", "<base href='::'><a href=x>y</a>", "<frameset>", "<template><p>x", "<math><mi><b>x",
		"<blockquote><pre>\n> ```\n</pre>", "<li>", "\xff\xfe<p>", "<h6><table><tr><td>x<td>y</h6>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, page string) {
		got := convert(t, strings.ToValidUTF8(page, "\ufffd"))
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\x00\x1b\r") {
			t.Errorf("%q became %q", page, got)
		}
		if len(got) > 200*len(page)+1000 {
			t.Errorf("%d bytes became %d", len(page), len(got))
		}
	})
}
