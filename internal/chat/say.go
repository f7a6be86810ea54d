package chat

import "openmates"

// says returns a text in a person's own language, or in the one that the
// network reports, or in English.
func (r *Room) says(u openmates.User, network string, t openmates.Text) string {
	if r.cfg.Say == nil {
		return t.String()
	}
	return r.cfg.Say(t, u.Language, network)
}

// to returns the text for the asker.
func (r *Room) to(a openmates.Asker, t openmates.Text) string {
	if a.User.ID == 0 {
		return r.says(a.Outsider, a.AccountLanguage, t)
	}
	return r.says(a.User, a.AccountLanguage, t)
}
