package connect

import (
	"maps"
	"slices"
	"time"

	"openmates"
	"openmates/internal/messenger"
)

// heldFor is how long a credential that couldn't be saved is kept.
const heldFor = 10 * time.Minute

// heldKey identifies an actor's attempt to set up a bot.
type heldKey struct {
	actor, mate openmates.ID
	network     openmates.Network
}

// held contains the secrets of a failed attempt that weren't rejected. Networks
// show a secret only once: if one of them was mistyped, the others shouldn't
// have to be created again. They stay in this process's memory.
type held struct {
	secrets openmates.Secrets
	until   time.Time
}

// Held lists the fields whose secrets are kept from the actor's last attempt,
// so that they may be left empty in the next one.
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

// filled fills empty fields with the kept secrets.
func (r *Room) filled(c Credentials, info messenger.Info) Credentials {
	h := r.heldBy(heldKey{c.Actor, c.MateID, c.Network})
	for _, f := range info.Fields {
		if f.Kind == messenger.SecretField && c.Values[f.Name] == "" {
			c.Values = c.Values.With(f.Name, h.secrets[f.Name])
		}
	}
	return c
}

// hold keeps the secrets of an attempt that weren't rejected but couldn't be
// saved. After a successful attempt it keeps nothing.
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
