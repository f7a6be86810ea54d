// Package openmates is the vocabulary of the product: the nouns that all other
// packages use, their rules that need no I/O, and the error type with two
// audiences.
//
// It imports only the standard library and names no network, database or model
// provider. Read this package to learn the domain; docs/glossary.md says the
// same in prose.
package openmates
