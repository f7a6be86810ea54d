package policy

import "openmates"

// Thing is something that an asker wants to use.
type Thing struct {
	Kind openmates.Kind
	Name string
	Off  bool // it is disabled or archived: nobody may use it
}

// Mate returns a mate as a Thing.
func Mate(m openmates.Mate) Thing {
	return Thing{Kind: openmates.KindMate, Name: m.Handle, Off: !m.Works()}
}

// Named returns an app, a skill, a provider or a model as a Thing.
func Named(k openmates.Kind, name string) Thing { return Thing{Kind: k, Name: name} }

// Why is the reason why an asker may not use a thing.
type Why string

// The reasons, in the order in which they are checked.
const (
	Off       Why = "off"        // it is disabled
	NoRight   Why = "no_right"   // the asker is not a member of the team
	Forbidden Why = "not_in_set" // a layer doesn't allow it
)

// MayUse reports whether an asker may use a thing. If not, why is the reason,
// and if the reason is Forbidden, by is the widest layer that forbids it.
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

// TeamMayUse reports whether a team may have a mate, whoever asks: whether the
// mate can be added to the team's workspaces.
func TeamMayUse(t openmates.Team, m openmates.Mate) bool {
	return m.Works() && TeamAllows(t, Mate(m))
}

// TeamAllows reports whether a team's limits allow a thing, whoever asks and
// whether or not the thing is enabled.
func TeamAllows(t openmates.Team, x Thing) bool { return t.Limits.Allows(x.Kind, x.Name) }
