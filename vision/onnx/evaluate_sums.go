package onnx

import "math"

func softmax(n *Node, x *Tensor) (*Tensor, error) {
	if x.F32 == nil {
		return nil, n.wrong("it takes no $", []int{int(x.Type)})
	}
	axis := n.Int("axis", 0)
	out := like(x, x.Shape)
	side, inner := x.Shape[axis], count(x.Shape[axis+1:])
	for outer := range count(x.Shape[:axis]) {
		for i := range inner {
			first := outer*side*inner + i
			top := float32(math.Inf(-1))
			for k := range side {
				top = max(top, x.F32[first+k*inner])
			}
			sum := 0.0
			for k := range side {
				e := math.Exp(float64(x.F32[first+k*inner] - top))
				out.F32[first+k*inner] = float32(e)
				sum += e
			}
			for k := range side {
				out.F32[first+k*inner] = float32(float64(out.F32[first+k*inner]) / sum)
			}
		}
	}
	return out, nil
}

func reduce(n *Node, x *Tensor, shape []int) (*Tensor, error) {
	axes := n.Ints("axes", nil)
	// The output with its lost sides put back as sides of length 1.
	kept := clone(x.Shape)
	for _, a := range axes {
		kept[a] = 1
	}
	out := like(x, shape)
	if x.F32 == nil {
		return out, reduceInts(n, x, out, spread(kept, x.Shape))
	}
	sums := make([]float64, out.Len())
	switch n.Op {
	case "ReduceMax":
		fill(sums, math.Inf(-1))
	case "ReduceMin":
		fill(sums, math.Inf(1))
	case "ReduceProd":
		fill(sums, 1)
	}
	by := spread(kept, x.Shape)
	step, length := lastOf(by), rowLength(x.Shape)
	walk(x.Shape, [][]int{by}, func(from int, at []int) {
		to := at[0]
		for i := range length {
			v := float64(x.F32[from+i])
			switch n.Op {
			case "ReduceMax":
				sums[to] = max(sums[to], v)
			case "ReduceMin":
				sums[to] = min(sums[to], v)
			case "ReduceProd":
				sums[to] *= v
			default:
				sums[to] += v
			}
			to += step
		}
	})
	by1 := 1.0
	if n.Op == "ReduceMean" {
		by1 = float64(x.Len() / max(out.Len(), 1))
	}
	for i, s := range sums {
		out.F32[i] = float32(s / by1)
	}
	return out, nil
}

func fill(list []float64, v float64) {
	for i := range list {
		list[i] = v
	}
}

func reduceInts(n *Node, x, out *Tensor, by []int) error {
	first := make([]bool, out.Len())
	if n.Op == "ReduceProd" {
		for i := range out.I64 {
			out.I64[i] = 1
		}
	}
	walk(x.Shape, [][]int{by}, func(from int, at []int) {
		for i := range rowLength(x.Shape) {
			to, v := at[0]+i*lastOf(by), x.I64[from+i]
			switch n.Op {
			case "ReduceMax", "ReduceMin":
				if !first[to] || (v > out.I64[to]) == (n.Op == "ReduceMax") {
					out.I64[to] = v
				}
				first[to] = true
			case "ReduceProd":
				out.I64[to] *= v
			default:
				out.I64[to] += v
			}
		}
	})
	for i := range out.I64 {
		if n.Op == "ReduceMean" {
			out.I64[i] /= int64(x.Len() / max(out.Len(), 1))
		}
		out.I64[i] = out.Type.wrap(out.I64[i])
	}
	return nil
}

// product adds a b to out, which is rows x columns; a is rows x inner. Each
// row of a is multiplied with whole rows of b.
func product(out, a, b []float32, rows, inner, columns int) {
	for r := range rows {
		to := out[r*columns : r*columns+columns]
		for k, v := range a[r*inner : r*inner+inner] {
			from := b[k*columns : k*columns+columns]
			for i, w := range from {
				to[i] += v * w
			}
		}
	}
}

func matMul(n *Node, a, b *Tensor, shape []int) (*Tensor, error) {
	out := like(a, shape)
	ra, rb, rank := len(a.Shape), len(b.Shape), len(shape)
	rows, inner, columns := a.Shape[ra-2], a.Shape[ra-1], b.Shape[rb-1]
	batch := shape[:rank-2]
	operands := [][]int{spread(a.Shape[:ra-2], batch), spread(b.Shape[:rb-2], batch)}
	// The steps of whole matrices.
	for i := range batch {
		operands[0][i] *= rows * inner
		operands[1][i] *= inner * columns
	}
	each := rows * columns
	walk(batch, operands, func(o int, at []int) {
		for i := range rowLength(batch) {
			to := (o + i) * each
			fromA, fromB := at[0]+i*lastOf(operands[0]), at[1]+i*lastOf(operands[1])
			if a.F32 != nil {
				product(out.F32[to:], a.F32[fromA:], b.F32[fromB:], rows, inner, columns)
				continue
			}
			for r := range rows {
				for c := range columns {
					var sum int64
					for k := range inner {
						sum += a.I64[fromA+r*inner+k] * b.I64[fromB+k*columns+c]
					}
					out.I64[to+r*columns+c] = out.Type.wrap(sum)
				}
			}
		}
	})
	return out, nil
}

func gemm(n *Node, in []*Tensor, shape []int) (*Tensor, error) {
	if in[0].F32 == nil {
		return nil, n.wrong("it takes no $", []int{int(in[0].Type)})
	}
	a, b := in[0], in[1]
	turned := func(x *Tensor, name string) *Tensor {
		if n.Int(name, 0) == 0 {
			return x
		}
		return transpose(x, []int{1, 0}, []int{x.Shape[1], x.Shape[0]})
	}
	a, b = turned(a, "transA"), turned(b, "transB")
	out := like(a, shape)
	product(out.F32, a.F32, b.F32, shape[0], a.Shape[1], shape[1])
	if alpha := n.Float("alpha", 1); alpha != 1 {
		for i := range out.F32 {
			out.F32[i] *= alpha
		}
	}
	if len(in) > 2 && in[2] != nil {
		beta, by := n.Float("beta", 1), spread(in[2].Shape, shape)
		for r := range shape[0] {
			for c := range shape[1] {
				out.F32[r*shape[1]+c] += beta * in[2].F32[r*by[0]+c*by[1]]
			}
		}
	}
	return out, nil
}
