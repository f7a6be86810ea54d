package openmates

import "slices"

// Fact is one thing about a person that mates may be told.
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
	FactTopics   Fact = "topics" // what the person recently asked about
)

// Facts returns the facts in the order in which pages show them.
func Facts() []Fact {
	return []Fact{FactName, FactUsername, FactPlace, FactAnswers, FactAbout, FactProjects, FactGoals, FactLikes, FactDislikes, FactTopics}
}

// usually reports whether mates see a fact by default: they see what people
// enter for them, and nothing else.
func (f Fact) usually() bool {
	return f != FactUsername && f != FactTopics && slices.Contains(Facts(), f)
}

// Privacy is what a person lets mates see. The zero Privacy has only defaults.
type Privacy struct {
	Usual map[Fact]bool            `json:"usual,omitempty"` // for all mates
	Mates map[string]map[Fact]bool `json:"mates,omitempty"` // by handle: exceptions
}

// Usually reports whether mates see a fact, apart from exceptions.
func (p Privacy) Usually(f Fact) bool {
	if shown, ok := p.Usual[f]; ok {
		return shown
	}
	return f.usually()
}

// Shows reports whether the mate with this handle sees a fact.
func (p Privacy) Shows(mate string, f Fact) bool {
	if shown, ok := p.Mates[mate][f]; ok {
		return shown
	}
	return p.Usually(f)
}

// Seen is a person as a mate sees them: what the mate may not see is empty.
type Seen struct {
	Name        string
	Username    string
	Language    string
	TimeZone    string
	Preferences Preferences
	Topics      bool // it may be told what the person recently asked about
}

// SeenBy returns the person as the mate with this handle sees them.
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
