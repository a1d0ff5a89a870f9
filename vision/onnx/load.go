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
// the graph into its final form:
//
//   - Every value has a static shape and a type. No node has only constant
//     inputs, unless it is one of those that take long (Conv, ConvTranspose,
//     pools, Resize). Unused nodes, Identity, Dropout, Constant, Shape and casts
//     to the same type are gone; but Identity stays where an output of the graph
//     is another output, or an input.
//   - Whatever an opset lets be an attribute or an input is an attribute here,
//     complete, with non-negative axes:
//     Reshape, Flatten, Squeeze, Unsqueeze: "Reshape" with one input, its output's
//     shape says the rest. Slice: starts, ends, axes, steps, of one length,
//     clamped, ends exclusive (-1 for one before the first). Split: axis, split.
//     Concat, Gather, Softmax: axis (Softmax always along one axis; constant
//     indices are non-negative). Pad: mode, pads (all sides), value, the input
//     one. Clip: min, max (infinite where absent). ReduceMean, ReduceMax, ...:
//     axes sorted, keepdims. Transpose: perm.
//     Resize, Upsample: "Resize" with one input, scales (all axes), mode,
//     coordinate_transformation_mode, nearest_mode, cubic_coeff_a,
//     exclude_outside. Conv, ConvTranspose, MaxPool, AveragePool: kernel_shape,
//     strides, dilations, pads (explicit: begins, then ends; a pool's output
//     shape has ceil_mode in it), group. Gemm: alpha, beta, transA, transB; alpha
//     and beta are 1 where B and C are constant.
//   - BatchNormalization is folded into a Conv, ConvTranspose or Gemm before it;
//     elsewhere it is a Mul and an Add.
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
