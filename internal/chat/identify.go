package chat

import (
	"context"

	"openmates"
	"openmates/internal/messenger"
)

// The first step: who asks, according to the database now.

func (s fromMessenger) identify(ctx context.Context, in messenger.Inbound) (openmates.Asker, error) {
	a, err := s.room.askers.of(ctx, in)
	a.AccountLanguage = in.Author.Language
	return a, err
}

// identify looks up everybody again: meanwhile the author may have left the
// team, or the mate may have been disabled.
func (s fromAPI) identify(ctx context.Context, _ messenger.Inbound) (openmates.Asker, error) {
	a, err := s.room.cfg.Store.AskerOf(ctx, s.Team, s.User, s.Mate)
	a.AccountLanguage = s.Language
	return a, err
}
