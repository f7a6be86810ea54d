// Package document reads the text in files that people show to a mate: plain
// text of any kind, PDF, and the XML formats of office programs. It also makes
// pictures small enough for a model.
//
// What a file is, its bytes say, not its name. Files are untrusted: those whose
// format is more than text are taken apart in a process of their own, which has
// no environment, bounded time and bounded memory, and whose end is the worst
// that a file can cause.
//
// It refuses to run anything in a file, to follow a link in it, and to recognise
// text in pictures.
package document

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	textunicode "golang.org/x/text/encoding/unicode"
)

// Kind is what a file holds.
type Kind string

// The kinds.
const (
	Other   Kind = ""        // nothing that this package reads
	Text    Kind = "text"    // text, code, CSV, JSON, Markdown, logs …
	PDF     Kind = "pdf"     // ISO 32000
	Word    Kind = "docx"    // Office Open XML (ECMA-376) of a word processor
	Sheet   Kind = "xlsx"    // of a spreadsheet
	Slides  Kind = "pptx"    // of a presentation
	Picture Kind = "picture" // PNG, JPEG, GIF or WebP
	Sound   Kind = "sound"
	Video   Kind = "video"
)

// The errors of reading.
var (
	// ErrKind: the file is of a kind that has no text to read.
	ErrKind = errors.New("document: no text can be read from this kind of file")
	// ErrPicture is ErrKind for a picture, which Show can show.
	ErrPicture = fmt.Errorf("%w: it is a picture", ErrKind)
	// ErrBroken: the file can't be read as what it says it is. It is damaged,
	// encrypted, or asks for more time or memory than a file may have.
	ErrBroken = errors.New("document: the file can't be read")
)

// examine tells what a file holds, and its text if it is text.
func examine(data []byte) (kind Kind, text string) {
	switch {
	case bytes.HasPrefix(data, []byte("%PDF-")):
		return PDF, ""
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return office(data), ""
	}
	switch media, _, _ := strings.Cut(http.DetectContentType(data), ";"); {
	case media == "image/png", media == "image/jpeg", media == "image/gif", media == "image/webp":
		return Picture, ""
	case strings.HasPrefix(media, "audio/"), media == "application/ogg":
		return Sound, ""
	case strings.HasPrefix(media, "video/"):
		return Video, ""
	}
	if text, ok := decoded(data); ok {
		return Text, text
	}
	return Other, ""
}

// decoded is the text of a plain file: UTF-8, UTF-16 with a byte order mark, or,
// as old files have it, Windows-1252. ok is false where it holds what no text
// does.
func decoded(data []byte) (text string, ok bool) {
	wide := bytes.HasPrefix(data, []byte("\xFF\xFE")) || bytes.HasPrefix(data, []byte("\xFE\xFF"))
	switch {
	case wide:
		data, _ = textunicode.UTF16(textunicode.LittleEndian, textunicode.UseBOM).NewDecoder().Bytes(data[:len(data)&^1])
	case utf8.Valid(data):
		data = bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
	default:
		data, _ = charmap.Windows1252.NewDecoder().Bytes(data)
	}
	text = string(data)
	// UTF-16 that is none has halves of characters, which are replaced.
	return text, !strings.ContainsFunc(text, binary) && !(wide && strings.ContainsRune(text, unicode.ReplacementChar))
}

// binary reports whether a character is in no text.
func binary(r rune) bool {
	return unicode.IsControl(r) && !strings.ContainsRune("\t\n\v\f\r\x1b\b", r) && (r < 0x80 || r > 0x9f)
}

// Clip holds a text to a number of bytes, at a line's end where there is one in
// the last tenth, and reports whether it was longer.
func Clip(text string, most int) (string, bool) {
	if len(text) <= most {
		return text, false
	}
	text = text[:most]
	for len(text) > 0 && !utf8.ValidString(text[max(0, len(text)-utf8.UTFMax):]) {
		text = text[:len(text)-1]
	}
	if i := strings.LastIndexByte(text, '\n'); i > most-most/10 {
		text = text[:i+1]
	}
	return text, true
}
