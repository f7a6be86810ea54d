package chat

import "openmates"

// says returns what a mate says to a person in their own language, else in the
// one that the network tells of them, else in English.
func (r *Room) says(u openmates.User, network string, t openmates.Text) string {
	if r.cfg.Say == nil {
		return t.String()
	}
	return r.cfg.Say(t, u.Language, network)
}

// to says it to the person who asks.
func (r *Room) to(a openmates.Asker, t openmates.Text) string {
	if a.User.ID == 0 {
		return r.says(a.Outsider, a.AccountLanguage, t)
	}
	return r.says(a.User, a.AccountLanguage, t)
}
