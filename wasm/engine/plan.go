package engine

import "sightline/shaders"

// Plan is a network ready to run: kernels by the names of their permutations, memory, and dispatches.
// Group 0 of all dispatches holds the uniform with a dynamic offset (binding 0, ParamsWindow
// bytes) and the constants (1), group 1 the arena (0) and the detections (1).
type Plan struct {
	// Kernels are permutations of package shaders.
	Kernels []string
	// Dispatches are in order; each sees what those before it wrote.
	Dispatches []Dispatch
	// Params is the content of the uniform buffer, Constants that of the constants' buffer.
	Params, Constants []byte
	// Arena and Detections are the sizes of those buffers in bytes, which begin as zeros. Result is how much
	// of the beginning of the detections is to be read back.
	Arena, Detections, Result int
	// Inputs and Outputs are where tensors lie in the arena, in the order of the graph.
	Inputs, Outputs []Region
	// Half says that the arena holds half-precision values.
	Half bool

	head *shaders.Head
}

// Dispatch is one kernel's run.
type Dispatch struct {
	// Kernel is the index in Plan.Kernels.
	Kernel int
	// Params is the dynamic offset of the uniform.
	Params int
	// X and Y are the workgroups.
	X, Y uint32
	// Label names the nodes that the dispatch computes.
	Label string
	// key and each are what a choice was about, and what it was; empty for what is not chosen.
	key  string
	each int
}

// Region is a tensor in the arena: rows of the last dimension, each Pitch elements from the last.
type Region struct {
	Name  string
	Shape []int
	// Offset is in bytes, Pitch in elements.
	Offset, Pitch int
}

// Rows is how many rows the tensor has.
func (r Region) Rows() int {
	if len(r.Shape) == 0 {
		return 1
	}
	return count(r.Shape[:len(r.Shape)-1])
}

// Width is the length of a row.
func (r Region) Width() int {
	if len(r.Shape) == 0 {
		return 1
	}
	return r.Shape[len(r.Shape)-1]
}

// Bytes is the GPU memory that the plan takes.
func (p *Plan) Bytes() int {
	return len(p.Params) + len(p.Constants) + p.Arena + p.Detections
}

const (
	// ParamsWindow is how many bytes of the uniform a dispatch sees from its offset on.
	ParamsWindow = 2048
	// paramsAlignment is what WebGPU's default minUniformBufferOffsetAlignment asks for.
	paramsAlignment = 256
	// maxWorkgroups is WebGPU's default maxComputeWorkgroupsPerDimension.
	maxWorkgroups = 65535
	// workgroupSize is what all kernels of one dimension have.
	workgroupSize = 64
)
