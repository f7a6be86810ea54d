package openmates

// Member is a user as a team sees them.
type Member struct {
	User User
	Role Role
}
