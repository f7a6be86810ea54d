package model

import "openmates"

// Errors of a Store.
var (
	ErrNoProvider = openmates.Missing(openmates.T("This provider"))

	ErrNameTaken error = openmates.Errorf(openmates.EConflict, "Another provider already has this name. Choose a different one.")
)
