package chat

import "openmates"

// ErrNoTurn is a Store's error for a turn that was never accepted or is gone.
var ErrNoTurn = openmates.Missing(openmates.T("This turn"))
