package chat

import "openmates"

// says returns what a mate says to a person, in the language that they prefer
// where they are known, and else in English.
func (r *Room) says(u openmates.User, t openmates.Text) string {
	if r.cfg.Say == nil {
		return t.String()
	}
	return r.cfg.Say(u.Language, t)
}

// to says it to the person who asks.
func (r *Room) to(a openmates.Asker, t openmates.Text) string {
	if a.User.ID == 0 {
		return r.says(a.Outsider, t)
	}
	return r.says(a.User, t)
}
