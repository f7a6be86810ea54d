package mate

import "openmates"

// Errors of a Store.
var (
	ErrNoVersion = openmates.Missing(openmates.T("This version"))

	ErrHandleTaken error = openmates.Errorf(openmates.EConflict, "Another mate already has this handle. Choose a different one.")
)

// ChangedError is a Store's error for a change of a version that isn't the
// newest any more.
type ChangedError struct {
	Name    string // of the mate
	Version int64  // the newest
}

// Error returns the text for the log.
func (e *ChangedError) Error() string { return e.told().Error() }

// Unwrap returns the openmates.EConflict.
func (e *ChangedError) Unwrap() error { return e.told() }

func (e *ChangedError) told() *openmates.Error {
	return openmates.Errorf(openmates.EConflict, "%s was changed by someone else in the meantime: version %d is now the newest. Review it and make your change again.", e.Name, e.Version)
}
