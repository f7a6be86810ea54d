package openmates

// Self is what a person says about themselves. Only the name is required.
type Self struct {
	Name        string
	Language    string // BCP 47, "" = the language of the message
	TimeZone    string // IANA, "" = UTC
	Preferences Preferences
}

// SelfOf returns the Self of an account.
func SelfOf(u User) Self {
	return Self{Name: u.DisplayName, Language: u.Language, TimeZone: u.TimeZone, Preferences: u.Preferences}
}

// With returns the account with another Self.
func (u User) With(s Self) User {
	u.DisplayName, u.Language, u.TimeZone, u.Preferences = s.Name, s.Language, s.TimeZone, s.Preferences
	return u
}

// Newcomer is what a person enters to create an account.
type Newcomer struct {
	Username string
	Email    string
	Password Secret
	Self     Self
}
