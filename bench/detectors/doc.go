// Package detectors measures the detectors that need no model, on recorded and on rendered pictures,
// with the Go twins of their kernels: the tests of package shaders hold the kernels to the twins bit by
// bit.
package detectors
