package intake

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"
)

// deepest is how deep objects and lists may be nested.
const deepest = 64

// JSON reads data into v like encoding/json, but rejects what encoding/json
// tolerates: a name in another case than v's, a duplicate name, an unknown
// name, text after the end, and invalid UTF-8. The error may be shown to the
// sender and contains no value.
func JSON(data []byte, v any) error {
	if err := check(data, reflect.TypeOf(v)); err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return plainly(err)
	}
	return nil
}

// Once rejects JSON with duplicate names, and anything else that JSON rejects
// in any text. It is for text that a library parses.
func Once(data []byte) error { return check(data, nil) }

func check(data []byte, t reflect.Type) error {
	if !utf8.Valid(data) {
		return errors.New("the text is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	w := walk{d}
	if err := w.value(t, 0); err != nil {
		return plainly(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something behind the end")
	}
	return nil
}

// plainly returns an error without the offending value.
func plainly(err error) error {
	if _, ok := errors.AsType[*json.SyntaxError](err); ok || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("this is not JSON")
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%q can't be a %s", e.Field, e.Value)
	}
	return err
}

// walk walks through a text and the type that it is read into.
type walk struct{ *json.Decoder }

// value reads one value; t is nil if its type isn't known.
func (w walk) value(t reflect.Type, depth int) error {
	if depth > deepest {
		return fmt.Errorf("more than %d levels are within one another", deepest)
	}
	token, err := w.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		return w.object(known(t), depth)
	case json.Delim('['):
		var of reflect.Type
		if t = known(t); t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) {
			of = t.Elem()
		}
		for w.More() {
			if err := w.value(of, depth+1); err != nil {
				return err
			}
		}
		_, err := w.Token()
		return err
	}
	return nil
}

func (w walk) object(t reflect.Type, depth int) error {
	var fields map[string]reflect.Type
	var of reflect.Type
	if t != nil && t.Kind() == reflect.Struct {
		fields = fieldsOf(t)
	} else if t != nil && t.Kind() == reflect.Map {
		of = t.Elem()
	}
	seen := map[string]bool{}
	for w.More() {
		token, err := w.Token()
		if err != nil {
			return err
		}
		name, ok := token.(string)
		if !ok {
			return errors.New("this is not JSON")
		}
		if seen[name] {
			return fmt.Errorf("%q is there twice", clip(name))
		}
		seen[name] = true
		next := of
		if fields != nil {
			if next, ok = fields[name]; !ok {
				return fmt.Errorf("there is no %q here; names are spelled exactly as they are described", clip(name))
			}
		}
		if err := w.value(next, depth+1); err != nil {
			return err
		}
	}
	_, err := w.Token()
	return err
}

// known returns the type whose fields the text must match, or nil if the type
// parses text itself or accepts any.
func known(t reflect.Type) reflect.Type {
	for t != nil {
		if own(t) || own(reflect.PointerTo(t)) {
			return nil
		}
		if t.Kind() != reflect.Pointer {
			break
		}
		t = t.Elem()
	}
	if t == nil || t.Kind() == reflect.Interface {
		return nil
	}
	return t
}

func own(t reflect.Type) bool {
	return t.Implements(reflect.TypeFor[json.Unmarshaler]()) || t.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// fieldsOf returns a struct's fields by their JSON names.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	all := map[string]reflect.Type{}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		switch {
		case f.Tag.Get("json") == "-":
		case f.Anonymous && name == "" && inner.Kind() == reflect.Struct:
			for n, is := range fieldsOf(inner) {
				if _, nearer := all[n]; !nearer {
					all[n] = is
				}
			}
		case !f.IsExported():
		case name != "":
			all[name] = f.Type
		default:
			all[f.Name] = f.Type
		}
	}
	return all
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
