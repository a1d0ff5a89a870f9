package onnx

import "math"

func sigmoid(v float32) float32 { return float32(1 / (1 + math.Exp(-float64(v)))) }

func unary(n *Node, x *Tensor) (*Tensor, error) {
	out := like(x, n.Outputs[0].Shape)
	if x.F32 == nil {
		return out, unaryInts(n, x.I64, out.I64)
	}
	alpha, beta := n.Float("alpha", 0), n.Float("beta", 0)
	to := out.F32[:len(x.F32)]
	switch n.Op {
	case "Relu":
		for i, v := range x.F32 {
			// NaN stays NaN.
			if v < 0 {
				v = 0
			}
			to[i] = v
		}
	case "LeakyRelu":
		for i, v := range x.F32 {
			if v < 0 {
				v *= alpha
			}
			to[i] = v
		}
	case "Sigmoid":
		for i, v := range x.F32 {
			to[i] = sigmoid(v)
		}
	case "HardSigmoid":
		for i, v := range x.F32 {
			to[i] = min(max(alpha*v+beta, 0), 1)
		}
	case "HardSwish":
		for i, v := range x.F32 {
			to[i] = v * min(max(v/6+0.5, 0), 1)
		}
	case "Clip":
		low, high := n.Float("min", 0), n.Float("max", 0)
		for i, v := range x.F32 {
			to[i] = min(max(v, low), high)
		}
	case "Abs":
		for i, v := range x.F32 {
			to[i] = float32(math.Abs(float64(v)))
		}
	default:
		var f func(float64) float64
		switch n.Op {
		case "Exp":
			f = math.Exp
		case "Sqrt":
			f = math.Sqrt
		case "Tanh":
			f = math.Tanh
		case "Floor":
			f = math.Floor
		case "Ceil":
			f = math.Ceil
		case "Round":
			f = math.RoundToEven
		case "Log":
			f = math.Log
		default:
			return nil, n.wrong("it takes no $", []int{int(x.Type)})
		}
		for i, v := range x.F32 {
			to[i] = float32(f(float64(v)))
		}
	}
	return out, nil
}

func unaryInts(n *Node, x, to []int64) error {
	low, high := n.Float("min", 0), n.Float("max", 0)
	for i, v := range x {
		switch n.Op {
		case "Relu":
			v = max(v, 0)
		case "Abs":
			v = max(v, -v)
		case "Not":
			v = 1 - v
		case "Clip":
			if float32(v) < low {
				v = int64(low)
			}
			if float32(v) > high {
				v = int64(high)
			}
		default:
			return n.wrong("it takes no integers")
		}
		to[i] = v
	}
	return nil
}

// cast converts to another type. Of floats too large for an integer the result
// is the nearest integer that there is.
func cast(x *Tensor, to DataType) *Tensor {
	if x.Type == to {
		return x
	}
	out := newTensor(to, x.Shape)
	switch {
	case x.F32 != nil && to.IsFloat():
		for i, v := range x.F32 {
			out.F32[i] = narrow(to, v)
		}
	case x.F32 != nil:
		for i, v := range x.F32 {
			switch {
			case to == Bool:
				if v != 0 {
					out.I64[i] = 1
				}
			case v != v:
			case v >= math.MaxInt64:
				out.I64[i] = to.wrap(math.MaxInt64)
			case v <= math.MinInt64:
				out.I64[i] = to.wrap(math.MinInt64)
			default:
				out.I64[i] = to.wrap(int64(v))
			}
		}
	case to.IsFloat():
		for i, v := range x.I64 {
			f := float32(v)
			if x.Type == Uint64 {
				f = float32(uint64(v))
			}
			out.F32[i] = narrow(to, f)
		}
	default:
		for i, v := range x.I64 {
			out.I64[i] = to.wrap(v)
		}
	}
	return out
}

// narrow rounds to what a type of 16 bits holds.
func narrow(t DataType, v float32) float32 {
	bits := math.Float32bits(v)
	switch t {
	case BFloat16:
		if v == v {
			bits += 0x7fff + bits>>16&1
		}
		return math.Float32frombits(bits &^ 0xffff)
	case Float16:
		a := math.Abs(float64(v))
		switch {
		case a >= 65520:
			if math.IsInf(float64(v), 0) || v != v {
				return v
			}
			return float32(math.Copysign(math.Inf(1), float64(v)))
		case a < 1.0/(1<<14): // steps of the smallest float
			return float32(math.RoundToEven(float64(v)*(1<<24)) / (1 << 24))
		}
		if v != v {
			return v
		}
		bits += 0xfff + bits>>13&1
		return math.Float32frombits(bits &^ 0x1fff)
	}
	return v
}

// floatRow computes one row of two operands, whose elements are sa and sb
// apart.
func floatRow(op string, to, a, b []float32, sa, sb int) bool {
	// Branches outside of the loops, which are most of the work of a model that
	// has no fused kernels.
	switch op {
	case "Add":
		for i := range to {
			to[i] = a[i*sa] + b[i*sb]
		}
	case "Sub":
		for i := range to {
			to[i] = a[i*sa] - b[i*sb]
		}
	case "Mul":
		for i := range to {
			to[i] = a[i*sa] * b[i*sb]
		}
	case "Div":
		for i := range to {
			to[i] = a[i*sa] / b[i*sb]
		}
	case "Pow":
		for i := range to {
			to[i] = float32(math.Pow(float64(a[i*sa]), float64(b[i*sb])))
		}
	case "PRelu":
		for i := range to {
			v := a[i*sa]
			if v < 0 {
				v *= b[i*sb]
			}
			to[i] = v
		}
	case "Min":
		for i := range to {
			to[i] = min(a[i*sa], b[i*sb])
		}
	case "Max":
		for i := range to {
			to[i] = max(a[i*sa], b[i*sb])
		}
	case "Mod":
		for i := range to {
			to[i] = float32(math.Mod(float64(a[i*sa]), float64(b[i*sb])))
		}
	default:
		return false
	}
	return true
}

func intOf(op string, a, b int64, fmod bool) (int64, bool) {
	truth := func(v bool) (int64, bool) {
		if v {
			return 1, true
		}
		return 0, true
	}
	switch op {
	case "Add":
		return a + b, true
	case "Sub":
		return a - b, true
	case "Mul":
		return a * b, true
	case "Div":
		if b == 0 {
			return 0, false
		}
		return a / b, true
	case "Mod":
		if b == 0 {
			return 0, false
		}
		m := a % b
		if !fmod && m != 0 && (m < 0) != (b < 0) {
			m += b
		}
		return m, true
	case "Pow":
		if b < 0 {
			return 0, a != 0
		}
		p := int64(1)
		for ; b > 0; b >>= 1 {
			if b&1 != 0 {
				p *= a
			}
			a *= a
		}
		return p, true
	case "Min":
		return min(a, b), true
	case "Max":
		return max(a, b), true
	case "And":
		return a & b, true
	case "Or":
		return a | b, true
	case "Equal":
		return truth(a == b)
	case "Less":
		return truth(a < b)
	case "LessOrEqual":
		return truth(a <= b)
	case "Greater":
		return truth(a > b)
	case "GreaterOrEqual":
		return truth(a >= b)
	}
	return 0, false
}

func compare(op string, a, b float32) int64 {
	var v bool
	switch op {
	case "Equal":
		v = a == b
	case "Less":
		v = a < b
	case "LessOrEqual":
		v = a <= b
	case "Greater":
		v = a > b
	case "GreaterOrEqual":
		v = a >= b
	}
	if v {
		return 1
	}
	return 0
}

func binary(n *Node, a, b *Tensor, shape []int) (*Tensor, error) {
	out := newTensor(n.Outputs[0].Type, shape)
	operands := [][]int{spread(a.Shape, shape), spread(b.Shape, shape)}
	sa, sb, length := lastOf(operands[0]), lastOf(operands[1]), rowLength(shape)
	ok, fmod := true, n.Int("fmod", 0) != 0
	row := func(o int, at []int) {
		switch {
		case a.F32 != nil && out.F32 != nil:
			ok = floatRow(n.Op, out.F32[o:o+length], a.F32[at[0]:], b.F32[at[1]:], sa, sb) && ok
		case a.F32 != nil:
			for i := range length {
				out.I64[o+i] = compare(n.Op, a.F32[at[0]+i*sa], b.F32[at[1]+i*sb])
			}
		default:
			for i := range length {
				v, fine := intOf(n.Op, a.I64[at[0]+i*sa], b.I64[at[1]+i*sb], fmod)
				out.I64[o+i], ok = out.Type.wrap(v), ok && fine
			}
		}
	}
	if len(a.F32) == len(out.F32) && len(a.F32) == len(b.F32) && len(a.F32) > 0 {
		ok = floatRow(n.Op, out.F32, a.F32, b.F32, 1, 1)
	} else {
		walk(shape, operands, row)
	}
	if !ok {
		return nil, n.wrong("it cannot be computed of $; integers may be divided by 0", []int{int(a.Type)})
	}
	return out, nil
}
