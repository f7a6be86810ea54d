package server

import "openmates"

// ErrSetUp is a Store's error for a setup code that is no longer the open one:
// somebody else was first.
var ErrSetUp error = openmates.Errorf(openmates.EConflict, "Someone else has just set up this server. Sign in instead.")
