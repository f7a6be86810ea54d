package google

// Refusal is exported for the tests.
var Refusal = refusal
