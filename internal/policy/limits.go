package policy

import "openmates"

// Thing is what an asker wants to use.
type Thing struct {
	Kind openmates.Kind
	Name string
	Off  bool // it is switched off or archived: nobody may use it
}

// Mate is a mate as a thing to ask.
func Mate(m openmates.Mate) Thing {
	return Thing{Kind: openmates.KindMate, Name: m.Handle, Off: !m.Works()}
}

// Named is an app, a skill, a provider or a model.
func Named(k openmates.Kind, name string) Thing { return Thing{Kind: k, Name: name} }

// Why says why an asker may not use a thing.
type Why string

// The reasons, in the order in which they are checked.
const (
	Off       Why = "off"        // it is switched off
	NoRight   Why = "no_right"   // the asker is not a member of the team
	Forbidden Why = "not_in_set" // a layer doesn't allow it
)

// MayUse reports whether an asker may use a thing. If not, why says the reason,
// and by is the widest layer that forbids it where the reason is Forbidden.
// Without a team (a trial on the server) no membership is required.
func MayUse(a openmates.Asker, t Thing) (ok bool, by openmates.Layer, why Why) {
	if t.Off {
		return false, by, Off
	}
	if a.Team.ID != 0 && !Allowed(a.User, a.Role, AskMates) {
		return false, by, NoRight
	}
	if by, forbidden := openmates.Forbidding(a.Layers, t.Kind, t.Name); forbidden {
		return false, by, Forbidden
	}
	return true, by, ""
}

// TeamMayUse reports whether a team may have a mate, whoever of it asks: whether
// the mate can be added to the team's workspaces.
func TeamMayUse(t openmates.Team, m openmates.Mate) bool {
	return m.Works() && TeamAllows(t, Mate(m))
}

// TeamAllows reports whether the limits of a team allow a thing, whoever of it
// asks and whether or not the thing is switched on.
func TeamAllows(t openmates.Team, x Thing) bool { return t.Limits.Allows(x.Kind, x.Name) }
