package skill

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// schema is the part of JSON Schema that skills use.
type schema struct {
	Type                 string             `json:"type"`
	Properties           map[string]*schema `json:"properties"`
	Required             []string           `json:"required"`
	AdditionalProperties *bool              `json:"additionalProperties"`
	Items                *schema            `json:"items"`
	Enum                 []string           `json:"enum"`
	MinLength            *int               `json:"minLength"`
	MaxLength            *int               `json:"maxLength"`
	MinItems             *int               `json:"minItems"`
	MaxItems             *int               `json:"maxItems"`
	Minimum              *float64           `json:"minimum"`
	Maximum              *float64           `json:"maximum"`

	Title       string `json:"title"`
	Description string `json:"description"`
	Default     any    `json:"default"`
	Examples    []any  `json:"examples"`
}

// parseSchema reads the schema of a skill's parameters.
func parseSchema(text json.RawMessage) (*schema, error) {
	var s schema
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return nil, err
	}
	if s.Type != "object" {
		return nil, errors.New("parameters are an object")
	}
	return &s, s.valid("parameters")
}

func (s *schema) valid(at string) error {
	if s == nil {
		return fmt.Errorf("%s has no schema", at)
	}
	switch s.Type {
	case "object":
		if s.AdditionalProperties == nil || *s.AdditionalProperties {
			return fmt.Errorf("%s must set additionalProperties to false", at)
		}
		for _, name := range s.Required {
			if s.Properties[name] == nil {
				return fmt.Errorf("%s requires %q, which it does not describe", at, name)
			}
		}
		for name, p := range s.Properties {
			if err := p.valid(at + "." + name); err != nil {
				return err
			}
		}
		return nil
	case "array":
		return s.Items.valid(at + "[]")
	case "string", "number", "integer", "boolean":
		return nil
	}
	return fmt.Errorf("%s has the type %q", at, s.Type)
}

// check says in words for a model what of its arguments does not fit, and gives
// those that do as they were understood: each member once. An empty text counts
// as an object without members, since some models send it so.
func (s *schema) check(args json.RawMessage) (json.RawMessage, error) {
	if len(args) > MaxArguments {
		return nil, fmt.Errorf("they are longer than %d bytes", MaxArguments)
	}
	if len(bytes.TrimSpace(args)) == 0 {
		args = json.RawMessage("{}")
	}
	if !utf8.Valid(args) {
		return nil, errors.New("they are not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(args))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("they are not valid JSON (%s)", Clip(err.Error(), 200))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something stands behind the JSON object")
	}
	if err := s.fits("the arguments", v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// fits compares a decoded value with the schema.
func (s *schema) fits(at string, v any) error {
	switch s.Type {
	case "object":
		return s.fitsObject(at, v)
	case "array":
		return s.fitsArray(at, v)
	case "string":
		return s.fitsString(at, v)
	case "boolean":
		if _, ok := v.(bool); !ok {
			return fmt.Errorf("%s must be true or false", at)
		}
		return nil
	}
	return s.fitsNumber(at, v)
}

func (s *schema) fitsObject(at string, v any) error {
	object, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%s must be a JSON object", at)
	}
	for _, name := range s.Required {
		if _, ok := object[name]; !ok {
			return fmt.Errorf("%q is missing", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		p := s.Properties[name]
		if p != nil && object[name] == nil && !slices.Contains(s.Required, name) {
			continue // some models write null for what they leave out
		}
		if p == nil {
			known := strings.Join(slices.Sorted(maps.Keys(s.Properties)), ", ")
			return fmt.Errorf("%q is not known; known are: %s", Clip(name, 60), known)
		}
		if err := p.fits(fmt.Sprintf("%q", name), object[name]); err != nil {
			return err
		}
	}
	return nil
}

func (s *schema) fitsArray(at string, v any) error {
	list, ok := v.([]any)
	if !ok {
		return fmt.Errorf("%s must be a list", at)
	}
	if s.MinItems != nil && len(list) < *s.MinItems {
		return fmt.Errorf("%s needs at least %d items", at, *s.MinItems)
	}
	if s.MaxItems != nil && len(list) > *s.MaxItems {
		return fmt.Errorf("%s takes at most %d items", at, *s.MaxItems)
	}
	for i, item := range list {
		if err := s.Items.fits(fmt.Sprintf("item %d of %s", i+1, at), item); err != nil {
			return err
		}
	}
	return nil
}

func (s *schema) fitsString(at string, v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("%s must be a string", at)
	}
	n := utf8.RuneCountInString(text)
	switch {
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, text):
		return fmt.Errorf("%s must be one of: %s", at, strings.Join(s.Enum, ", "))
	case s.MinLength != nil && n < *s.MinLength:
		return fmt.Errorf("%s must not be shorter than %d characters", at, *s.MinLength)
	case s.MaxLength != nil && n > *s.MaxLength:
		return fmt.Errorf("%s must not be longer than %d characters", at, *s.MaxLength)
	}
	return nil
}

func (s *schema) fitsNumber(at string, v any) error {
	number, ok := v.(json.Number)
	if !ok {
		return fmt.Errorf("%s must be a number", at)
	}
	f, err := number.Float64()
	switch {
	case err != nil:
		return fmt.Errorf("%s is too large", at)
	case s.Type == "integer" && !isInteger(number):
		return fmt.Errorf("%s must be an integer, written without point and exponent", at)
	case s.Minimum != nil && f < *s.Minimum:
		return fmt.Errorf("%s must be at least %v", at, *s.Minimum)
	case s.Maximum != nil && f > *s.Maximum:
		return fmt.Errorf("%s must be at most %v", at, *s.Maximum)
	}
	return nil
}

func isInteger(n json.Number) bool {
	_, err := strconv.ParseInt(string(n), 10, 64)
	return err == nil
}
