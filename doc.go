// Package openmates is the vocabulary of the product: the nouns that every
// other package speaks of, their rules that need no I/O, and the two-audience
// error.
//
// It promises to import nothing but the standard library and to know no
// network, database or model provider by name. Whoever reads this package
// knows the domain; docs/glossary.md says the same in prose.
package openmates
