package connect

import (
	"maps"
	"slices"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// heldFor is how long a credential that could not be saved yet is held.
const heldFor = 10 * time.Minute

// heldKey says whose attempt at which bot it was.
type heldKey struct {
	actor, mate openmates.ID
	network     openmates.Network
}

// held are the secrets of an attempt that were not found wrong. Networks show a
// secret once: if one of them was mistyped, the others must not have to be made
// again. They stay in the memory of this process.
type held struct {
	secrets openmates.Secrets
	until   time.Time
}

// Held lists the fields whose secrets of the actor's last attempt are still
// held, so that they may be left empty in the next one.
func (r *Room) Held(actor, mate openmates.ID, n openmates.Network) []string {
	return slices.Sorted(maps.Keys(r.heldBy(heldKey{actor, mate, n}).secrets))
}

func (r *Room) heldBy(k heldKey) held {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.held[k]
	if r.now().After(h.until) {
		delete(r.held, k)
		return held{}
	}
	return h
}

// filled puts what is held into the fields that were left empty.
func (r *Room) filled(c Credentials, info messenger.Info) Credentials {
	h := r.heldBy(heldKey{c.Actor, c.MateID, c.Network})
	for _, f := range info.Fields {
		if f.Kind == messenger.SecretField && c.Values[f.Name] == "" {
			c.Values = c.Values.With(f.Name, h.secrets[f.Name])
		}
	}
	return c
}

// hold keeps those secrets of an attempt that were not found wrong and could not
// be saved; nothing after one that was.
func (r *Room) hold(c Credentials, info messenger.Info, found Inspection, saved bool) {
	k := heldKey{c.Actor, c.MateID, c.Network}
	h := held{until: r.now().Add(heldFor)}
	for _, f := range info.Fields {
		bad := found.of(f.Name)
		if f.Kind == messenger.SecretField && c.Values[f.Name] != "" && (bad == nil || bad.State != messenger.FindingBad) {
			h.secrets = h.secrets.With(f.Name, c.Values[f.Name])
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for old, x := range r.held {
		if r.now().After(x.until) {
			delete(r.held, old)
		}
	}
	if saved || c.Actor == 0 || len(h.secrets) == 0 {
		delete(r.held, k)
		return
	}
	r.held[k] = h
}
