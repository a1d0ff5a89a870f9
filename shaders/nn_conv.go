package shaders

import "math"

// ConvProblems is how many independent convolutions one dispatch takes at most.
const ConvProblems = 8

// Block is how many output channels an invocation of most convolution kernels makes.
const Block = 8

// HalfChannel marks an entry of a source's table: the channel has half the width and height, and its
// pixels are repeated (nn_conv_1x1_table alone).
const HalfChannel = 0x80000000

// ConvProblem is one convolution; lib/nn_conv.wgsl explains the fields. Places and distances are in
// quads of four elements.
type ConvProblem struct {
	// First is the first workgroup; Problems, in the first of a dispatch's list, is the list's length.
	First, Problems uint32
	// Items are invocations, Tiles those of one block of channels.
	Items, Tiles                                  uint32
	Source, SourcePlane, SourceTable, SourcePitch uint32
	SourceWidth, SourceHeight                     uint32
	Target, TargetPlane, TargetPitch              uint32
	TargetHeight                                  uint32
	Weights, Bias                                 uint32
	Channels, TargetChannels                      uint32
	Residual, ResidualPlane, ResidualTable        uint32
	Kernel, Stride, Dilation, Pad                 [2]uint32
	Before, After                                 Activation
	// Any says that the permutation takes any activation (its name ends in _any).
	Any bool
}

// ConvProblemSize is what a ConvProblem takes in the uniform.
const ConvProblemSize = 128

// ConvParamsSize is the uniform's size: ConvProblems of them.
const ConvParamsSize = ConvProblems * ConvProblemSize

// linear is an activation as max(v, x*v+y) below z; false where it has no such form.
func (a Activation) linear() (x, y, z float32, ok bool) {
	const most = math.MaxFloat32
	switch {
	case a.Kind == NoActivation:
		return 1, 0, most, true
	case a.Kind == Relu:
		return 0, 0, most, true
	case a.Kind == LeakyRelu && a.A <= 1:
		return a.A, 0, most, true
	case a.Kind == Clip && a.A <= a.B:
		return 0, a.A, a.B, true
	}
	return 0, 0, 0, false
}

// ConvVariant is what the name of a convolution's permutation ends in for its activations, and a
// residual if it has one.
func ConvVariant(before, after Activation, residual bool) string {
	_, _, _, linear := before.linear()
	_, _, _, then := after.linear()
	name := ""
	switch {
	case linear && then:
	case before.Kind == SiLU && then:
		name = "_silu"
	default:
		return "_any"
	}
	if residual {
		name += "_residual"
	}
	return name
}

// Append appends the struct ConvProblem, whose 32 words are in the order of the fields here; pairs and
// kinds of activations share a word.
func (p ConvProblem) Append(b []byte) []byte {
	pair := func(v [2]uint32) uint32 { return v[0] | v[1]<<16 }
	b = appendWords(b, p.First, p.Problems, p.Items, p.Tiles, p.Source, p.SourcePlane, p.SourceTable, p.SourcePitch,
		p.SourceWidth, p.SourceHeight, p.Target, p.TargetPlane, p.TargetPitch, p.TargetHeight,
		p.Weights, p.Bias, p.Channels, p.TargetChannels, p.Residual, p.ResidualPlane, p.ResidualTable,
		pair(p.Kernel), pair(p.Stride), pair(p.Dilation), pair(p.Pad),
		uint32(p.Before.Kind)|uint32(p.After.Kind)<<16)
	for _, a := range []Activation{p.Before, p.After} {
		x, y, z := a.A, a.B, float32(0)
		if !p.Any {
			x, y, z, _ = a.linear()
		}
		b = appendFloats(b, x, y, z)
	}
	return b
}

// PackConvWeights brings weights of [groups*out][in][taps] into the order of the kernels that make
// blocks of channels: [group][block of out][in][tap][block], padded with zeros.
func PackConvWeights(weights []float32, groups, out, in, taps, block int) []float32 {
	blocks := (out + block - 1) / block
	packed := make([]float32, groups*blocks*in*taps*block)
	for g := range groups {
		for o := range out {
			for i := range in {
				for t := range taps {
					packed[(((g*blocks+o/block)*in+i)*taps+t)*block+o%block] = weights[((g*out+o)*in+i)*taps+t]
				}
			}
		}
	}
	return packed
}

// PackConvBias brings biases of [groups*out] into the order of the blocks.
func PackConvBias(bias []float32, groups, out, block int) []float32 {
	blocks := (out + block - 1) / block
	packed := make([]float32, groups*blocks*block)
	for g := range groups {
		for o := range out {
			packed[(g*blocks)*block+o] = bias[g*out+o]
		}
	}
	return packed
}

// PackDepthwiseWeights brings weights of [channels][rows][columns] into rows of four (up to four columns)
// or eight.
func PackDepthwiseWeights(weights []float32, channels, rows, columns int) []float32 {
	pitch := (columns + 3) &^ 3
	packed := make([]float32, channels*rows*pitch)
	for r := range channels * rows {
		copy(packed[r*pitch:], weights[r*columns:(r+1)*columns])
	}
	return packed
}
