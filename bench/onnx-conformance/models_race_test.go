//go:build race

package main

// models leaves the large ones to the run without the race detector.
var models = []string{"fastestdet-352", "ultraface-rfb-320"}
