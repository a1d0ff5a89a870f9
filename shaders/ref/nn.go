package ref

import (
	"math"

	"sightline/shaders"
)

// Dense is a tensor of a view's four dimensions, in row-major order.
type Dense struct {
	Size [4]int
	Data []float32
}

// NewDense makes a tensor of zeros.
func NewDense(size [4]int) Dense {
	return Dense{size, make([]float32, size[0]*size[1]*size[2]*size[3])}
}

// index is the place of an element.
func (d Dense) index(i [4]int) int {
	return ((i[0]*d.Size[1]+i[1])*d.Size[2]+i[2])*d.Size[3] + i[3]
}

// At is an element; where a dimension has a size of 1 it repeats.
func (d Dense) At(i [4]int) float32 {
	for k, side := range d.Size {
		if side == 1 {
			i[k] = 0
		}
	}
	return d.Data[d.index(i)]
}

// fill makes a tensor of a size, element by element.
func fill(size [4]int, f func(i [4]int) float64) Dense {
	d := NewDense(size)
	for at := range d.Data {
		d.Data[at] = float32(f(indexOf(at, size)))
	}
	return d
}

func indexOf(at int, size [4]int) (i [4]int) {
	for k := 3; k >= 0; k-- {
		i[k] = at % size[k]
		at /= size[k]
	}
	return i
}

// Activate is nn_activate of lib/nn_activation.wgsl.
func Activate(v float64, a shaders.Activation) float64 {
	p, q := float64(a.A), float64(a.B)
	switch a.Kind {
	case shaders.Relu:
		return max(v, 0)
	case shaders.LeakyRelu:
		if v < 0 {
			return p * v
		}
	case shaders.Clip:
		return min(max(v, p), q)
	case shaders.Sigmoid:
		return 1 / (1 + math.Exp(-v))
	case shaders.SiLU:
		return v / (1 + math.Exp(-v))
	case shaders.HardSigmoid:
		return min(max(p*v+q, 0), 1)
	case shaders.HardSwish:
		return v * min(max(v/6+0.5, 0), 1)
	case shaders.Tanh:
		return math.Tanh(v)
	}
	return v
}

// Map is nn_map.wgsl; a and b repeat where they have a size of 1.
func Map(size [4]int, operation shaders.MapOperation, activation shaders.Activation, a, b Dense) Dense {
	return fill(size, func(i [4]int) float64 {
		x, y := float64(a.At(i)), 0.0
		if operation != shaders.MapCopy && operation < shaders.MapExp {
			y = float64(b.At(i))
		}
		switch operation {
		case shaders.MapAdd:
			x += y
		case shaders.MapSub:
			x -= y
		case shaders.MapMul:
			x *= y
		case shaders.MapDiv:
			x /= y
		case shaders.MapPow:
			x = math.Pow(x, y)
		case shaders.MapPRelu:
			if x < 0 {
				x *= y
			}
		case shaders.MapMin:
			x = min(x, y)
		case shaders.MapMax:
			x = max(x, y)
		case shaders.MapExp:
			x = math.Exp(x)
		case shaders.MapSqrt:
			x = math.Sqrt(x)
		case shaders.MapTruncate:
			x = math.Trunc(x)
		}
		return Activate(x, activation)
	})
}

// Pool is nn_pool.wgsl; sizes and views of p are not used.
func Pool(size [4]int, p shaders.Pool, source Dense) Dense {
	return fill(size, func(i [4]int) float64 {
		best, sum, inside, padded := math.Inf(-1), 0.0, 0, 0
		for ky := range p.Kernel[0] {
			for kx := range p.Kernel[1] {
				y, x := i[2]*p.Stride[0]+ky*p.Dilation[0]-p.PadBefore[0], i[3]*p.Stride[1]+kx*p.Dilation[1]-p.PadBefore[1]
				if y < source.Size[2]+p.PadAfter[0] && x < source.Size[3]+p.PadAfter[1] {
					padded++
				}
				if y >= 0 && x >= 0 && y < source.Size[2] && x < source.Size[3] {
					v := float64(source.Data[source.index([4]int{i[0], i[1], y, x})])
					best, sum, inside = max(best, v), sum+v, inside+1
				}
			}
		}
		switch {
		case !p.Average:
			return best
		case p.IncludePad:
			return sum / float64(max(padded, 1))
		}
		return sum / float64(max(inside, 1))
	})
}

// Resize is nn_resize.wgsl; taps of an index below zero stand for what lies outside.
func Resize(size [4]int, rows, columns []shaders.ResizeTap, outside float32, source Dense) Dense {
	high, wide := len(rows)/size[2], len(columns)/size[3]
	return fill(size, func(i [4]int) float64 {
		sum := 0.0
		for _, r := range rows[i[2]*high:][:high] {
			for _, c := range columns[i[3]*wide:][:wide] {
				if r.Index < 0 || c.Index < 0 {
					return float64(outside)
				}
				sum += float64(r.Share) * float64(c.Share) * float64(source.Data[source.index([4]int{i[0], i[1], r.Index, c.Index})])
			}
		}
		return sum
	})
}

// Join is nn_join.wgsl.
func Join(axis int, parts ...Dense) Dense {
	size := parts[0].Size
	size[axis] = 0
	for _, p := range parts {
		size[axis] += p.Size[axis]
	}
	return fill(size, func(i [4]int) float64 {
		n := 0
		for i[axis] >= parts[n].Size[axis] {
			i[axis] -= parts[n].Size[axis]
			n++
		}
		return float64(parts[n].Data[parts[n].index(i)])
	})
}

// Pad is nn_pad.wgsl.
func Pad(size [4]int, mode shaders.PadMode, value float32, before [4]int, source Dense) Dense {
	return fill(size, func(i [4]int) float64 {
		for k, n := range source.Size {
			i[k] -= before[k]
			if i[k] >= 0 && i[k] < n {
				continue
			}
			switch mode {
			case shaders.PadConstant:
				return float64(value)
			case shaders.PadEdge:
				i[k] = min(max(i[k], 0), n-1)
			case shaders.PadWrap:
				i[k] = (i[k]%n + n) % n
			case shaders.PadReflect:
				for i[k] < 0 || i[k] >= n {
					if i[k] < 0 {
						i[k] = -i[k]
					} else {
						i[k] = 2*(n-1) - i[k]
					}
				}
			}
		}
		return float64(source.Data[source.index(i)])
	})
}

// Gather is nn_gather.wgsl.
func Gather(axis int, indices []int, source Dense) Dense {
	size := source.Size
	size[axis] = len(indices)
	return fill(size, func(i [4]int) float64 {
		i[axis] = indices[i[axis]]
		return float64(source.Data[source.index(i)])
	})
}

// Reduce is nn_reduce.wgsl over the axes that are true; those keep a size of 1.
func Reduce(axes [4]bool, largest bool, source Dense) Dense {
	size, n := source.Size, 1
	for k, reduced := range axes {
		if reduced {
			n *= size[k]
			size[k] = 1
		}
	}
	out := fill(size, func([4]int) float64 {
		if largest {
			return math.Inf(-1)
		}
		return 0
	})
	sums := make([]float64, len(out.Data))
	for at, v := range source.Data {
		i := indexOf(at, source.Size)
		for k, reduced := range axes {
			if reduced {
				i[k] = 0
			}
		}
		to := out.index(i)
		sums[to] += float64(v)
		if largest {
			out.Data[to] = max(out.Data[to], v)
		} else {
			out.Data[to] = float32(sums[to] / float64(n))
		}
	}
	return out
}

// Softmax is nn_softmax.wgsl along an axis.
func Softmax(axis int, source Dense) Dense {
	var axes [4]bool
	axes[axis] = true
	largest := Reduce(axes, true, source)
	sums := make([]float64, len(largest.Data))
	part := func(i [4]int) (e float64, to int) {
		i0 := i
		i0[axis] = 0
		to = largest.index(i0)
		return math.Exp(float64(source.Data[source.index(i)]) - float64(largest.Data[to])), to
	}
	for at := range source.Data {
		e, to := part(indexOf(at, source.Size))
		sums[to] += e
	}
	return fill(source.Size, func(i [4]int) float64 {
		e, to := part(i)
		return e / sums[to]
	})
}

// MatMul is nn_matmul.wgsl; a, b and c repeat where they have a size of 1.
func MatMul(size [4]int, inner int, alpha, beta float32, activation shaders.Activation, a, b, c Dense) Dense {
	return fill(size, func(i [4]int) float64 {
		sum := 0.0
		for k := range inner {
			sum += float64(a.At([4]int{i[0], i[1], i[2], k})) * float64(b.At([4]int{i[0], i[1], k, i[3]}))
		}
		sum *= float64(alpha)
		if beta != 0 {
			sum += float64(beta) * float64(c.At(i))
		}
		return Activate(sum, activation)
	})
}
