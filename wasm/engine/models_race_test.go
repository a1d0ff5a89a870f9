//go:build race

package engine_test

// detectors leaves the large ones to the run without the race detector.
var detectors = []string{"fastestdet-352", "ultraface-rfb-320"}
