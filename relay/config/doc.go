// Package config holds the relay's configuration: one struct per section with
// its defaults and rules, and a strict loader that names the line, the key and
// the rule of every mistake, all at once.
//
// It knows the form of the configuration only: it starts nothing, opens no
// camera, and has no table of source protocols. Each section goes to the one
// package that uses it; nobody but the wiring sees the whole [Config].
package config

//go:generate go run ./gendoc -o ../../docs/configure.md
