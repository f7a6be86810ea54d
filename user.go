package openmates

import (
	"strings"
	"time"
)

// User is a person's account on this server.
type User struct {
	ID          ID
	Username    string // unique, lower case
	DisplayName string
	Email       string
	Admin       bool // server admin
	Language    string
	TimeZone    string
	Preferences Preferences
	Created     time.Time
	Epoch       int64 // grows with each new password and each "sign out everywhere", which invalidates everything started before
}

// Skeleton returns the common form of usernames that look alike, in the spirit
// of UTS 39; only one account can have it. Usernames are ASCII, so only ASCII
// characters are considered.
func Skeleton(username string) string {
	for _, alike := range [][2]string{{"0", "o"}, {"1", "l"}, {"rn", "m"}, {"vv", "w"}, {".", "-"}, {"_", "-"}} {
		username = strings.ReplaceAll(username, alike[0], alike[1])
	}
	return username
}

// Preferences are what a person tells mates about themselves and about the
// answers they like. All fields are optional.
type Preferences struct {
	Tone      string `json:"tone,omitempty"`
	Length    string `json:"length,omitempty"`
	Expertise string `json:"expertise,omitempty"`
	About     string `json:"about,omitempty"`
	Projects  string `json:"projects,omitempty"`
	Goals     string `json:"goals,omitempty"`
	Likes     string `json:"likes,omitempty"`
	Dislikes  string `json:"dislikes,omitempty"`
}

// Role is what a user may do in a team.
type Role string

// The roles, from most to least.
const (
	RoleAdmin  Role = "admin"
	RoleMember Role = "member"
)

// Membership is a user's role in a team.
type Membership struct {
	TeamID ID
	UserID ID
	Role   Role
}

// FormerMember is how a person is shown after their account is deleted.
const FormerMember = "a former member"
