package openmates

// Self is what a person says about themselves. All but the name is optional.
type Self struct {
	Name        string
	Language    string // BCP 47, "" = that of the messages
	TimeZone    string // IANA, "" = UTC
	Preferences Preferences
}

// SelfOf returns what an account says.
func SelfOf(u User) Self {
	return Self{Name: u.DisplayName, Language: u.Language, TimeZone: u.TimeZone, Preferences: u.Preferences}
}

// With returns the account with what its person says about themselves.
func (u User) With(s Self) User {
	u.DisplayName, u.Language, u.TimeZone, u.Preferences = s.Name, s.Language, s.TimeZone, s.Preferences
	return u
}

// Newcomer is what a person says to get an account.
type Newcomer struct {
	Username string
	Email    string
	Password Secret
	Self     Self
}
