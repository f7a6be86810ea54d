//go:build race

package walk

// raced reports whether the race detector is on, which is then built into the
// program, too. A race that it finds there is in the exit code.
const raced = true
