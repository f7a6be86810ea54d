package openmates

// Member is a user in a team.
type Member struct {
	User User
	Role Role
}
