package connect

import (
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

// held are the credentials of an attempt that were not found wrong. Networks
// show a secret once: whoever mistypes one of the two must not need a new one
// of the other. They stay in the memory of this process.
type held struct {
	token, secret openmates.Secret
	until         time.Time
}

// Held reports which credentials of the actor's last attempt are still held,
// so that they may be left empty in the next one.
func (r *Room) Held(actor, mate openmates.ID, n openmates.Network) (token, secret bool) {
	h := r.heldBy(heldKey{actor, mate, n})
	return h.token != "", h.secret != ""
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
func (r *Room) filled(c Credentials) Credentials {
	h := r.heldBy(heldKey{c.Actor, c.MateID, c.Network})
	if c.Token == "" {
		c.Token = h.token
	}
	if c.Secret == "" {
		c.Secret = h.secret
	}
	return c
}

// hold keeps what of an attempt was not found wrong and could not be saved;
// nothing after one that was.
func (r *Room) hold(c Credentials, found Inspection, saved bool) {
	k := heldKey{c.Actor, c.MateID, c.Network}
	h := held{token: c.Token, secret: c.Secret, until: r.now().Add(heldFor)}
	if f := found.of(messenger.CheckToken); f != nil && f.State == messenger.FindingBad {
		h.token = ""
	}
	if f := found.of(messenger.CheckSecret); f != nil && f.State == messenger.FindingBad {
		h.secret = ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for old, x := range r.held {
		if r.now().After(x.until) {
			delete(r.held, old)
		}
	}
	if saved || c.Actor == 0 || h.token == "" && h.secret == "" {
		delete(r.held, k)
		return
	}
	r.held[k] = h
}
