package main

import (
	"os"
	"testing"
)

// TestMain lets the test's binary be the product, for tests that kill it.
func TestMain(m *testing.M) {
	if os.Getenv("OPENMATES_TEST_CHILD") == "openmates" {
		main()
		return
	}
	os.Exit(m.Run())
}
