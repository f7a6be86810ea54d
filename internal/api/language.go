package api

import (
	"context"
	"net/http"
	"reflect"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"openmates"
	"openmates/internal/locale"
)

// spoken answers in the language that the request asks for (RFC 9110, section
// 12.5.4), until it is known who sends it: see settle.
func (s *Server) spoken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept-Language")
		next.ServeHTTP(w, r.WithContext(s.settle(w, r, r.Context())))
	})
}

// settle chooses the language of an answer: the caller's preference, else what
// the request asks for, else English. A listener's credential has no
// preference: its texts are for the people it speaks for.
func (s *Server) settle(w http.ResponseWriter, r *http.Request, ctx context.Context) context.Context { //nolint:revive // ctx is newer than the one of r
	tag := s.book.Match(openmates.CallerOf(ctx).User.Language, r.Header.Get("Accept-Language"))
	w.Header().Set("Content-Language", tag)
	return openmates.WithLanguage(ctx, tag)
}

// voice is that of the request that ctx belongs to.
func (s *Server) voice(ctx context.Context) *locale.Voice {
	return s.book.Voice(openmates.CallerOf(ctx).Language)
}

// sentences is a huma.Transformer that returns an answer in which each
// openmates.Text is the sentence that it stands for, in the reader's language.
// What answers share, such as the guide of a network, is copied and not changed;
// an answer whose type holds no text is returned as it is.
func (s *Server) sentences(ctx huma.Context, _ string, v any) (any, error) {
	return s.shapes.said(s.voice(ctx.Context()), v), nil
}

// shapes remembers where types hold texts. It is safe for concurrent use.
type shapes struct{ known sync.Map } // reflect.Type → *shape

// shape is where a type holds texts.
type shape struct {
	here   bool  // the value is a text itself
	inside bool  // it may point to texts, or consist of them
	fields []int // of a struct: those that may hold texts
}

func (s *shape) holds() bool { return s.here || s.inside }

func (k *shapes) of(t reflect.Type) *shape {
	if known, ok := k.known.Load(t); ok {
		return known.(*shape) //nolint:forcetypeassert // nothing else is stored
	}
	s := k.find(t, map[reflect.Type]bool{})
	k.known.Store(t, s)
	return s
}

// find looks into a type. One that is within itself counts as holding texts.
func (k *shapes) find(t reflect.Type, within map[reflect.Type]bool) *shape {
	s := &shape{here: t == reflect.TypeFor[openmates.Text](), inside: within[t]}
	if s.holds() {
		return s
	}
	within[t] = true
	defer delete(within, t)
	switch t.Kind() {
	case reflect.Interface: // only the value tells
		s.inside = true
	case reflect.Pointer, reflect.Slice, reflect.Map:
		s.inside = k.find(t.Elem(), within).holds()
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && k.find(f.Type, within).holds() {
				s.fields = append(s.fields, i)
			}
		}
		s.inside = len(s.fields) > 0
	}
	return s
}

// said is say for what holds anything.
func (k *shapes) said(voice *locale.Voice, v any) any {
	if v == nil || !k.of(reflect.TypeOf(v)).holds() {
		return v
	}
	return k.say(voice, reflect.ValueOf(v)).Interface()
}

// say returns v, or a copy of it in which the texts are said.
func (k *shapes) say(voice *locale.Voice, v reflect.Value) reflect.Value {
	s := k.of(v.Type())
	switch {
	case s.here:
		text, _ := reflect.TypeAssert[openmates.Text](v)
		return reflect.ValueOf(openmates.Text(voice.Say(text)))
	case !s.inside:
		return v
	}
	switch v.Kind() {
	case reflect.Struct:
		c := reflect.New(v.Type()).Elem()
		c.Set(v)
		for _, i := range s.fields {
			c.Field(i).Set(k.say(voice, v.Field(i)))
		}
		return c
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			c.Index(i).Set(k.say(voice, v.Index(i)))
		}
		return c
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		c := reflect.MakeMapWithSize(v.Type(), v.Len())
		for at := v.MapRange(); at.Next(); {
			c.SetMapIndex(at.Key(), k.say(voice, at.Value()))
		}
		return c
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return v
		}
		inner := k.say(voice, v.Elem())
		if v.Kind() == reflect.Interface {
			return inner
		}
		p := reflect.New(v.Type().Elem())
		p.Elem().Set(inner)
		return p
	}
	return v
}
