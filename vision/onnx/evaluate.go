package onnx

// Evaluates tells whether [Evaluate] computes an operator. The others, which
// are windows over pictures, are in package eval.
func Evaluates(op string) bool {
	switch op {
	case "Conv", "ConvTranspose", "MaxPool", "AveragePool", "Resize":
		return false
	}
	return true
}

// Evaluate computes a node in the form that [Load] describes. A left-out input
// is nil. The results may share memory with the inputs.
func Evaluate(n *Node, in []*Tensor) ([]*Tensor, error) {
	shape := n.Outputs[0].Shape
	one := func(t *Tensor, err error) ([]*Tensor, error) {
		if err != nil {
			return nil, err
		}
		return []*Tensor{t}, nil
	}
	x := in[0]
	switch n.Op {
	case "Identity", "Reshape":
		return one(&Tensor{Type: n.Outputs[0].Type, Shape: shape, F32: x.F32, I64: x.I64}, nil)
	case "Cast":
		return one(cast(x, n.Outputs[0].Type), nil)
	case "Concat":
		return one(concat(in, shape, n.Int("axis", 0)), nil)
	case "Split":
		return split(n, x), nil
	case "Slice":
		return one(sliced(n, x, shape), nil)
	case "Pad":
		return one(pad(n, x, shape), nil)
	case "Transpose":
		return one(transpose(x, n.Ints("perm", nil), shape), nil)
	case "Gather":
		return one(gather(n, x, in[1], shape))
	case "Expand":
		return one(strided(x, shape, spread(x.Shape, shape)), nil)
	case "Tile":
		return one(tile(x, shape), nil)
	case "Where":
		return one(where(in, shape), nil)
	case "Softmax":
		return one(softmax(n, x))
	case "ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum", "ReduceProd":
		return one(reduce(n, x, shape))
	case "MatMul":
		return one(matMul(n, in[0], in[1], shape))
	case "Gemm":
		return one(gemm(n, in, shape))
	case "Clip", "Exp", "Sqrt", "Sigmoid", "HardSigmoid", "HardSwish", "Relu", "LeakyRelu", "Tanh", "Not", "Abs", "Floor", "Ceil", "Round", "Log":
		return one(unary(n, x))
	}
	if len(in) == 2 {
		return one(binary(n, in[0], in[1], shape))
	}
	return nil, n.unsupported("", "it is not computed here")
}

// cost is the work of a node, in elements moved and multiply-adds; -1 for more
// than can be counted.
func cost(n *Node) int {
	const most = 1 << 40
	sum := 16
	for _, v := range n.Inputs {
		if v != nil {
			sum += v.Len()
		}
	}
	for _, v := range n.Outputs {
		if v != nil {
			sum += v.Len()
		}
	}
	if n.Op == "MatMul" || n.Op == "Gemm" {
		a := n.Inputs[0].Shape
		inner := a[len(a)-1]
		if n.Op == "Gemm" && n.Int("transA", 0) != 0 {
			inner = a[0]
		}
		if out := n.Outputs[0].Len(); inner > 0 && out > most/inner {
			return -1
		}
		sum += n.Outputs[0].Len() * inner
	}
	return sum
}

// like makes a tensor of the type.
//
//go:noinline
func like(x *Tensor, shape []int) *Tensor { return newTensor(x.Type, shape) }

// steps is how far each side's neighbour is.
//
//go:noinline
func steps(shape []int) []int {
	out := make([]int, len(shape))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		out[i] = step
		step *= shape[i]
	}
	return out
}

// spread is the steps of an operand inside a larger shape, 0 along the sides
// that it does not have.
//
//go:noinline
func spread(from, to []int) []int {
	out := make([]int, len(to))
	for i, s := range steps(from) {
		if from[i] != 1 {
			out[len(to)-len(from)+i] = s
		}
	}
	return out
}

// walk calls row for each row of a shape with the place of its first element in
// each operand, whose steps are given.
func walk(shape []int, operands [][]int, row func(out int, at []int)) {
	if count(shape) == 0 {
		return
	}
	rank := len(shape)
	at := make([]int, len(operands))
	if rank == 0 {
		row(0, at)
		return
	}
	index := make([]int, rank)
	for out := 0; ; out += shape[rank-1] {
		row(out, at)
		i := rank - 2
		for ; i >= 0; i-- {
			index[i]++
			for k, s := range operands {
				at[k] += s[i]
			}
			if index[i] < shape[i] {
				break
			}
			for k, s := range operands {
				at[k] -= s[i] * shape[i]
			}
			index[i] = 0
		}
		if i < 0 {
			return
		}
	}
}

//go:noinline
func lastOf(list []int) int {
	if len(list) == 0 {
		return 0
	}
	return list[len(list)-1]
}

// rowLength is the length of the last side.
//
//go:noinline
func rowLength(shape []int) int {
	if len(shape) == 0 {
		return 1
	}
	return shape[len(shape)-1]
}

// strided copies the elements at steps, beginning with the first.
func strided(x *Tensor, shape, by []int) *Tensor { return stridedFrom(x, shape, by, 0) }

func stridedFrom(x *Tensor, shape, by []int, first int) *Tensor {
	out := like(x, shape)
	length, step := rowLength(shape), lastOf(by)
	walk(shape, [][]int{by}, func(o int, at []int) {
		from := first + at[0]
		switch {
		case x.F32 != nil && step == 1:
			copy(out.F32[o:o+length], x.F32[from:])
		case x.F32 != nil:
			row := out.F32[o : o+length]
			for i := range row {
				row[i] = x.F32[from+i*step]
			}
		default:
			row := out.I64[o : o+length]
			for i := range row {
				row[i] = x.I64[from+i*step]
			}
		}
	})
	return out
}

func transpose(x *Tensor, perm, shape []int) *Tensor {
	from := steps(x.Shape)
	by := make([]int, len(perm))
	for i, p := range perm {
		by[i] = from[p]
	}
	return strided(x, shape, by)
}

func sliced(n *Node, x *Tensor, shape []int) *Tensor {
	by := steps(x.Shape)
	starts, strides := n.Ints("starts", nil), n.Ints("steps", nil)
	first := 0
	for i, axis := range n.Ints("axes", nil) {
		first += starts[i] * by[axis]
		by[axis] *= strides[i]
	}
	return stridedFrom(x, shape, by, first)
}

// place copies a whole tensor into a window of another one.
func (t *Tensor) place(x *Tensor, at []int) {
	by := steps(t.Shape)
	first := 0
	for i, a := range at {
		first += a * by[i]
	}
	length := rowLength(x.Shape)
	walk(x.Shape, [][]int{by}, func(from int, at []int) {
		to := first + at[0]
		if x.F32 != nil {
			copy(t.F32[to:to+length], x.F32[from:from+length])
		} else {
			copy(t.I64[to:to+length], x.I64[from:from+length])
		}
	})
}

func concat(in []*Tensor, shape []int, axis int) *Tensor {
	out := like(in[0], shape)
	at := make([]int, len(shape))
	for _, x := range in {
		out.place(x, at)
		at[axis] += x.Shape[axis]
	}
	return out
}

func split(n *Node, x *Tensor) []*Tensor {
	axis := n.Int("axis", 0)
	by := steps(x.Shape)
	out := make([]*Tensor, len(n.Outputs))
	first := 0
	for i, part := range n.Ints("split", nil) {
		shape := clone(x.Shape)
		shape[axis] = part
		out[i] = stridedFrom(x, shape, by, first)
		first += part * by[axis]
	}
	return out
}

func pad(n *Node, x *Tensor, shape []int) *Tensor {
	out := like(x, shape)
	value := n.Float("value", 0)
	for i := range out.F32 {
		out.F32[i] = value
	}
	for i := range out.I64 {
		out.I64[i] = int64(value)
	}
	out.place(x, n.Ints("pads", nil)[:len(shape)])
	return out
}

func tile(x *Tensor, shape []int) *Tensor {
	out := like(x, shape)
	at := make([]int, len(shape))
	if out.Len() == 0 {
		return out
	}
	for {
		out.place(x, at)
		i := len(at) - 1
		for ; i >= 0; i-- {
			if at[i] += x.Shape[i]; at[i] < shape[i] {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			return out
		}
	}
}

func gather(n *Node, x, index *Tensor, shape []int) (*Tensor, error) {
	axis := n.Int("axis", 0)
	out := like(x, shape)
	side, inner := x.Shape[axis], count(x.Shape[axis+1:])
	to := 0
	for outer := range count(x.Shape[:axis]) {
		for _, v := range index.I64 {
			if v < 0 {
				v += int64(side)
			}
			if v < 0 || v >= int64(side) {
				return nil, n.wrong("index % is out of range for a side of %", []int{int(v)}, []int{side})
			}
			from := (outer*side + int(v)) * inner
			if x.F32 != nil {
				copy(out.F32[to:to+inner], x.F32[from:])
			} else {
				copy(out.I64[to:to+inner], x.I64[from:])
			}
			to += inner
		}
	}
	return out, nil
}

func where(in []*Tensor, shape []int) *Tensor {
	which, a, b := in[0], in[1], in[2]
	out := like(a, shape)
	operands := [][]int{spread(which.Shape, shape), spread(a.Shape, shape), spread(b.Shape, shape)}
	walk(shape, operands, func(o int, at []int) {
		for i := range rowLength(shape) {
			from, k := a, 1
			if which.I64[at[0]+i*lastOf(operands[0])] == 0 {
				from, k = b, 2
			}
			place := at[k] + i*lastOf(operands[k])
			if from.F32 != nil {
				out.F32[o+i] = from.F32[place]
			} else {
				out.I64[o+i] = from.I64[place]
			}
		}
	})
	return out
}
