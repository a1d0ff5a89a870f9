// Package ref holds the Go twins of the compute kernels in shaders: same parameters, same result,
// written to be read. They are the oracle of the kernels' tests and know no GPU.
package ref
