package openmates

import "slices"

// Fact is one thing about a person that a mate can be told.
type Fact string

// The facts.
const (
	FactName     Fact = "name"
	FactUsername Fact = "username"
	FactPlace    Fact = "place" // language and time zone
	FactAnswers  Fact = "answers"
	FactAbout    Fact = "about"
	FactProjects Fact = "projects"
	FactGoals    Fact = "goals"
	FactLikes    Fact = "likes"
	FactDislikes Fact = "dislikes"
	FactTopics   Fact = "topics" // what the person asked lately
)

// Facts lists the facts in the order in which pages show them.
func Facts() []Fact {
	return []Fact{FactName, FactUsername, FactPlace, FactAnswers, FactAbout, FactProjects, FactGoals, FactLikes, FactDislikes, FactTopics}
}

// usually says whether mates see a fact of a person who has settled nothing:
// what was typed for them, they see; what was not, they don't.
func (f Fact) usually() bool {
	return f != FactUsername && f != FactTopics && slices.Contains(Facts(), f)
}

// Privacy is what a person lets mates see. The zero Privacy settles nothing.
type Privacy struct {
	Usual map[Fact]bool            `json:"usual,omitempty"` // for every mate
	Mates map[string]map[Fact]bool `json:"mates,omitempty"` // by handle: where one differs
}

// Usually says whether mates see a fact as a rule.
func (p Privacy) Usually(f Fact) bool {
	if shown, ok := p.Usual[f]; ok {
		return shown
	}
	return f.usually()
}

// Shows says whether the mate with this handle sees a fact.
func (p Privacy) Shows(mate string, f Fact) bool {
	if shown, ok := p.Mates[mate][f]; ok {
		return shown
	}
	return p.Usually(f)
}

// Seen is a person as a mate sees them: what it may not see is empty.
type Seen struct {
	Name        string
	Username    string
	Language    string
	TimeZone    string
	Preferences Preferences
	Topics      bool // it may be told what the person asked lately
}

// SeenBy gives the person as the mate with this handle sees them.
func (u User) SeenBy(p Privacy, mate string) Seen {
	var s Seen
	for fact, show := range map[Fact]func(){
		FactName:     func() { s.Name = u.DisplayName },
		FactUsername: func() { s.Username = u.Username },
		FactPlace:    func() { s.Language, s.TimeZone = u.Language, u.TimeZone },
		FactAnswers: func() {
			s.Preferences.Tone, s.Preferences.Length, s.Preferences.Expertise = u.Preferences.Tone, u.Preferences.Length, u.Preferences.Expertise
		},
		FactAbout:    func() { s.Preferences.About = u.Preferences.About },
		FactProjects: func() { s.Preferences.Projects = u.Preferences.Projects },
		FactGoals:    func() { s.Preferences.Goals = u.Preferences.Goals },
		FactLikes:    func() { s.Preferences.Likes = u.Preferences.Likes },
		FactDislikes: func() { s.Preferences.Dislikes = u.Preferences.Dislikes },
		FactTopics:   func() { s.Topics = true },
	} {
		if p.Shows(mate, fact) {
			show()
		}
	}
	return s
}
