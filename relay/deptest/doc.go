// Package deptest holds the rules of who may import whom, as a table that its
// tests check against the source of the whole module, the browser's half
// included. It holds the other rules of layout too: every package says what it
// is, what it exports is documented, and no file grows too long. It has no code
// of its own and nothing imports it.
package deptest
