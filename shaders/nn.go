package shaders

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
