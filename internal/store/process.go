package store

import (
	"context"

	"openmates"
)

// AddTurn records a question that is answered at once and by nobody but its
// asker's own request: the queue never sees it. It is a soft write, as the
// asker who gets no answer asks again.
func (db *DB) AddTurn(ctx context.Context, key, conversation string) error {
	_, err := db.exec(ctx, soft, `INSERT INTO turns (id, key, lane, body, open, accepted) VALUES ($1, $2, $3, '', FALSE, $4)
		ON CONFLICT (key) DO NOTHING`, db.ids.next(), key, conversation, db.now())
	return err
}

// Layers lists the limits that hold for a person who asks a mate within a
// team, see chat.Store.
func (db *DB) Layers(ctx context.Context, a openmates.Asker) ([]openmates.Layer, error) {
	server, err := db.ServerLimits(ctx)
	if err != nil {
		return nil, err
	}
	var member openmates.Limits
	if a.Team.ID != 0 {
		if member, err = db.MemberLimits(ctx, a.Team.ID, a.User.ID); err != nil {
			return nil, err
		}
	}
	s, m := encodeLimits(server), encodeLimits(member)
	return layers(a, &s, &m)
}
