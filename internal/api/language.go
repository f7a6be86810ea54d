package api

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"openmates"
)

// sentences is a huma.Transformer that returns a copy of an answer in which each
// openmates.Text is the sentence that it stands for, in English. What answers
// share, such as the guide of a network, is not changed.
func (s *Server) sentences(_ huma.Context, _ string, v any) (any, error) {
	if v == nil {
		return v, nil
	}
	return spoken(reflect.ValueOf(v)).Interface(), nil
}

// spoken returns v, or a copy of it where it holds texts.
func spoken(v reflect.Value) reflect.Value {
	if text, is := reflect.TypeAssert[openmates.Text](v); is {
		return reflect.ValueOf(openmates.Text(text.String()))
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return v
		}
		inner := spoken(v.Elem())
		if v.Kind() == reflect.Interface {
			return inner
		}
		p := reflect.New(v.Type().Elem())
		p.Elem().Set(inner)
		return p
	case reflect.Struct:
		c := reflect.New(v.Type()).Elem()
		c.Set(v)
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				c.Field(i).Set(spoken(v.Field(i)))
			}
		}
		return c
	case reflect.Slice:
		if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
			return v
		}
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			c.Index(i).Set(spoken(v.Index(i)))
		}
		return c
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		c := reflect.MakeMapWithSize(v.Type(), v.Len())
		for at := v.MapRange(); at.Next(); {
			c.SetMapIndex(at.Key(), spoken(at.Value()))
		}
		return c
	default:
		return v
	}
}
