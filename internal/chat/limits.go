package chat

import (
	"context"

	"openmates"
)

// limitsInWords describes the limits and who sets them, one line per layer with
// a limit. Restrictions to some mates, models or skills are only mentioned if
// they affect this mate.
func (r *Room) limitsInWords(ctx context.Context, o order, currency string) []openmates.Text {
	var all []openmates.Text
	choice, err := r.cfg.Model(ctx, o.asker.Mate)
	for _, l := range o.asker.Layers {
		var parts []openmates.Text
		if n := l.Limits.PerMinute; n > 0 {
			parts = append(parts, perMinute(n))
		}
		if m := l.Limits.PerMonth; m > 0 {
			parts = append(parts, openmates.T("%s a month", openmates.Money{Amount: m, Currency: currency}))
		}
		if !l.Limits.Mates.Allows(o.asker.Mate.Handle) {
			parts = append(parts, openmates.T("not this mate"))
		}
		if lost := r.skillsLost(o.asker, l); len(lost) > 0 {
			parts = append(parts, openmates.T("without %s", openmates.List(lost)))
		}
		if err == nil && !l.Limits.Allows(openmates.KindModel, choice.Name) {
			parts = append(parts, openmates.T("not my model"))
		}
		if len(parts) > 0 {
			line := openmates.T("- %s: %s", layerWord(l), parts[0])
			for _, p := range parts[1:] {
				line = openmates.T("%s; %s", line, p)
			}
			all = append(all, line)
		}
	}
	return all
}

func perMinute(n int) openmates.Text {
	if n == 1 {
		return openmates.T("1 request a minute")
	}
	return openmates.T("%d requests a minute", n)
}

// layerWord names a layer for the person who asks for their limits.
func layerWord(l openmates.Layer) openmates.Text {
	if l.Kind() == openmates.MemberLayer {
		return openmates.T("For you")
	}
	return openmates.T("For %s", l.Name)
}

// skillsLost returns the skills that a layer forbids, out of those that the
// mate itself has.
func (r *Room) skillsLost(a openmates.Asker, l openmates.Layer) (names []openmates.Text) {
	if r.cfg.Skills == nil || l.Kind() == openmates.MateLayer {
		return nil
	}
	for _, offer := range r.cfg.Skills.Offers() {
		if a.Mate.Limits.Allows(openmates.KindSkill, offer.Name) && !l.Limits.Allows(openmates.KindSkill, offer.Name) {
			names = append(names, offer.Label)
		}
	}
	return names
}
