package chat

import (
	"context"
	"fmt"
	"strings"

	"openmates"
)

// limitsInWords says what holds here and whose limit it is, one line for each
// layer that sets one. That only some mates, models or skills are allowed is
// told only where it takes away what this mate would else have.
func (r *Room) limitsInWords(ctx context.Context, o order, currency string) []string {
	var all []string
	choice, err := r.cfg.Model(ctx, o.asker.Mate)
	for _, l := range o.asker.Layers {
		var parts []string
		if n := l.Limits.PerMinute; n > 0 {
			parts = append(parts, requestsIn(n)+" a minute")
		}
		if m := l.Limits.PerMonth; m > 0 {
			parts = append(parts, fmt.Sprintf("%s %s a month", m.Shown(), currency))
		}
		if !l.Limits.Mates.Allows(o.asker.Mate.Handle) {
			parts = append(parts, "not this mate")
		}
		if lost := r.skillsLost(o.asker, l); len(lost) > 0 {
			parts = append(parts, "without "+strings.Join(lost, ", "))
		}
		if err == nil && !l.Limits.Allows(openmates.KindModel, choice.Name) {
			parts = append(parts, "not my model")
		}
		if len(parts) > 0 {
			all = append(all, layerWord(l)+": "+strings.Join(parts, "; "))
		}
	}
	return all
}

func requestsIn(n int) string {
	if n == 1 {
		return "1 request"
	}
	return fmt.Sprintf("%d requests", n)
}

// layerWord names a layer to the person whose limits are asked for.
func layerWord(l openmates.Layer) string {
	if l.Kind() == openmates.MemberLayer {
		return "For you"
	}
	return "For " + l.Name
}

// skillsLost names the skills that a layer takes from the mate. What the mate
// itself is not given, it never had.
func (r *Room) skillsLost(a openmates.Asker, l openmates.Layer) (names []string) {
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
