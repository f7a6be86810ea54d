package document

// KindOf tells what a file holds.
func KindOf(data []byte) Kind {
	kind, _ := examine(data)
	return kind
}
