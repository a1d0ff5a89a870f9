// Package store keeps what the relay has to know after a restart: events and
// the snapshots that belong to them, in one SQLite file bounded in age and
// size. Writing never makes a caller wait: what cannot be written is counted
// and stated as a condition, and the pictures go on. It knows no stream and
// takes events as they are given.
//
// The driver is modernc.org/sqlite, SQLite translated to Go: the relay stays
// free of a second C library and is built and raced like the rest.
package store
