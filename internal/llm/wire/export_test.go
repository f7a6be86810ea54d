package wire

// HideRuns is hideRuns for tests.
func HideRuns(text string, private []string) string { return hideRuns(text, private) }
