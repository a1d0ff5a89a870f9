package onnx

// Options bound what a file may ask for; zero fields stand for the defaults.
type Options struct {
	// Inputs gives the shapes of inputs by name. It is needed for inputs whose
	// sides the file leaves open; an open first side (the batch) is 1 by
	// default.
	Inputs map[string][]int
	// Constants are inputs that are known in advance, by name; they are no
	// inputs of the graph any more.
	Constants map[string]*Tensor
	// AnySide takes 1 for sides that are open, for a look at a file whose shapes
	// do not matter.
	AnySide bool
	// MaxNodes bounds the nodes of the graph; default 16384.
	MaxNodes int
	// MaxConstBytes bounds the constants in memory, those computed at load
	// included; default 256 MiB.
	MaxConstBytes int
	// MaxElements bounds each value of the graph; default 1<<27.
	MaxElements int
	// MaxFold bounds the work of computing constants, in elements read and
	// written and multiply-adds; default 1<<28.
	MaxFold int
}

// Load parses a file, infers all shapes, computes what is constant and brings
// the graph into its final form. In that form:
//
//   - Every value has a static shape and a type. No node has constant inputs
//     alone, unless it is one of those that take long (Conv, ConvTranspose,
//     pools, Resize). Unused nodes, Identity, Dropout, Constant, Shape and casts
//     between floats are gone; but Identity stays where an output of the graph is
//     another output or an input, and a cast to 16 bits where it makes an output.
//   - Whatever an opset lets be an attribute or an input is an attribute,
//     complete, with non-negative axes. The operators that are left are these.
//
// One input each, shapes say the rest: Reshape (also what was Flatten, Squeeze,
// Unsqueeze, and a Transpose that moves no element), Exp, Sqrt, Sigmoid,
// HardSwish, Relu, Tanh; HardSigmoid (alpha, beta), LeakyRelu (alpha), Clip (min,
// max; infinite where there is no bound), Cast (to; from integers, or floats to
// integers), Transpose (perm), Softmax (axis; along one axis whatever the
// opset), ReduceMean and ReduceMax (axes, sorted, and keepdims; also what was
// GlobalAveragePool and GlobalMaxPool), Split (axis, split), Slice (starts,
// ends, axes, steps, of one length, clamped; a backward one may end at -1; also
// what was a Gather of neighbours), Pad (mode, always constant, pads of all
// sides, begins first, never negative, and value), MaxPool and AveragePool
// (kernel_shape, strides, dilations, pads; count_include_pad), Resize (scales of
// all sides, mode, coordinate_transformation_mode, nearest_mode: see
// [ResizeTaps]).
//
// Two inputs, which broadcast: Add, Sub, Mul, Div, Pow, PRelu (slope second;
// its result has the shape of the first); MatMul (two sides each at least);
// Gather (axis; constant indices are non-negative and no neighbours). Any
// number: Concat (axis). With two, or three: Conv and ConvTranspose
// (kernel_shape, strides, dilations, pads, group), Gemm (alpha, beta, transA,
// transB; alpha and beta are 1 where their operands are constant).
//
// Pictures have two sides: Conv, ConvTranspose, pools and Resize read and write
// N x C x H x W alone, and Resize changes only the last two. Lists and volumes
// are reshaped into pictures; other modes and sides of Resize, and Pad that
// repeats elements, become MatMul and Gather. Output shapes hold what ceil_mode,
// output_padding and automatic padding made of them, so that the last windows
// of a pool may reach beyond its pads: they are cut off there, but an
// AveragePool with count_include_pad always divides by its whole kernel.
//
// BatchNormalization, and any other constant factor and summand for each
// channel, is in the weights and bias of the Conv, ConvTranspose or Gemm before
// it; elsewhere it is a Mul and an Add. Zeros of a Pad are in the pads of the
// Conv or AveragePool behind it where that is the same.
//
// What it does not know it refuses with an [UnsupportedError].
func Load(data []byte, o Options) (*Model, error) {
	m, err := Parse(data, o)
	if err != nil {
		return nil, err
	}
	if err := m.Infer(o); err != nil {
		return nil, err
	}
	if err := m.Optimise(o); err != nil {
		return nil, err
	}
	return m, nil
}

// UnsupportedError says what of a valid file is not supported.
type UnsupportedError struct {
	Op        string // operator, with its domain where that is not the standard one
	Node      string // name of the node
	Attribute string // attribute, input or output at fault; "" where it is the operator
	Reason    string // value and rule
}

func (e *UnsupportedError) Error() string {
	s := "onnx: " + e.Op
	if e.Node != "" {
		s += " " + quote(e.Node)
	}
	if e.Attribute != "" {
		s += ": " + e.Attribute
	}
	return s + ": " + e.Reason
}
