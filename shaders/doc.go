// Package shaders owns every line of WGSL of the client: the kernels (*.wgsl), their shared parts
// (lib), the list of their permutations, and the byte layouts of their parameters.
//
// Compose turns a permutation's name into WGSL text and the bindings, entry points and workgroup
// sizes read from that text, from which the client makes its bind group layouts. FrameParams,
// TensorParams, View and Shape hold what the uniforms and storage buffers of the kernels hold.
//
// It is pure Go and knows neither a GPU API nor a browser. The Go twins of the compute kernels, the
// oracle of their tests, are in shaders/ref.
package shaders
