package model

import (
	"strings"

	"openmates"
)

// parsePrices parses the three prices of a model. Without a price for cached
// input, it costs the same as other input.
func parsePrices(e Edit) (p openmates.Price, priced bool, err error) {
	in, cached, out := strings.TrimSpace(e.Input), strings.TrimSpace(e.Cached), strings.TrimSpace(e.Output)
	if in == "" && out == "" && cached == "" {
		return p, false, nil
	}
	if in == "" || out == "" {
		return p, false, openmates.Errorf(openmates.EInvalid, "The price of %s needs a number for input and one for output; leave all of them empty if you don't know them.", e.Model)
	}
	if cached == "" {
		cached = in
	}
	for _, f := range []struct {
		text string
		into *openmates.Micros
	}{{in, &p.Input}, {cached, &p.Cached}, {out, &p.Output}} {
		if *f.into, err = openmates.ParseMoney(f.text); err != nil {
			return openmates.Price{}, false, openmates.Errorf(openmates.EInvalid, "The price of %s: %s", e.Model, openmates.MessageOf(err))
		}
	}
	return p, true, nil
}
