package shaders

import "math"

// None stands for a table or tensor that a kernel does without.
const None = 0xffffffff

// TensorView is how a neural kernel reads or writes a tensor of any form; lib/nn_view.wgsl explains it. All
// numbers count elements.
type TensorView struct {
	Offset uint32
	// Table is the first word of the channels' table among the constants, or None.
	Table uint32
	// Constant says that the view is of constants.
	Constant bool
	Stride   [4]uint32
}

// TensorViewSize is what a TensorView takes in a uniform.
const TensorViewSize = 32

// Append appends the struct TensorView: offset (0), table (4), constant (8), 4 bytes of padding, stride (16).
func (v TensorView) Append(b []byte) []byte {
	constant := uint32(0)
	if v.Constant {
		constant = 1
	}
	b = appendWords(b, v.Offset, v.Table, constant, 0)
	return appendWords(b, v.Stride[:]...)
}

// ActivationKind is one of the ACTIVATION_ constants of lib/nn_activation.wgsl.
type ActivationKind uint32

// The activations.
const (
	NoActivation ActivationKind = iota
	Relu
	LeakyRelu
	Clip
	Sigmoid
	SiLU
	HardSigmoid
	HardSwish
	Tanh
)

// Activation is a kind with its numbers: the slope of LeakyRelu (A), the bounds of Clip (A, B), slope
// and offset of HardSigmoid (A, B).
type Activation struct {
	Kind ActivationKind
	A, B float32
}

// ActivationSize is what an Activation takes in a uniform.
const ActivationSize = 16

// Append appends the struct Activation: kind (0), a (4), b (8) and 4 bytes of padding.
func (a Activation) Append(b []byte) []byte {
	b = appendWords(b, uint32(a.Kind))
	return appendFloats(b, a.A, a.B, 0)
}

// AppendWords appends 32-bit words as the GPU reads them.
func AppendWords(b []byte, words []uint32) []byte { return appendWords(b, words...) }

// AppendFloats appends f32 values as the GPU reads them.
func AppendFloats(b []byte, values []float32) []byte { return appendFloats(b, values...) }

// AppendHalves appends values in half precision, to whole words; the last half may be padding. Values
// beyond half precision become its largest.
func AppendHalves(b []byte, values []float32) []byte {
	for i, v := range values {
		h := Half(v)
		b = append(b, byte(h), byte(h>>8))
		if i == len(values)-1 && i%2 == 0 {
			b = append(b, 0, 0)
		}
	}
	return b
}

// Half rounds a value to half precision (IEEE 754 binary16), to the nearest, ties to even.
func Half(v float32) uint16 {
	const largest = 65504
	bits := math.Float32bits(v)
	sign := uint16(bits >> 16 & 0x8000)
	switch magnitude := math.Float32frombits(bits &^ (1 << 31)); {
	case v != v:
		return sign | 0x7e00
	case magnitude >= largest:
		return sign | 0x7bff
	case magnitude < 1.0/(1<<14): // subnormal: multiples of 2^-24
		return sign | uint16(math.RoundToEven(float64(magnitude)*(1<<24)))
	}
	exponent := bits >> 23 & 0xff
	mantissa := bits & 0x7fffff
	h := (exponent-112)<<10 | mantissa>>13
	if rest := mantissa & 0x1fff; rest > 0x1000 || rest == 0x1000 && h&1 != 0 {
		h++
	}
	return sign | uint16(h)
}
