package openai

// Refusal is exported for the tests.
var Refusal = refusal
