package shaders_test

import (
	"fmt"
	"math"

	"sightline/shaders"
	"sightline/shaders/ref"
)

var activations = []shaders.Activation{{}, {Kind: shaders.Relu}, {Kind: shaders.LeakyRelu, A: 0.2}, {Kind: shaders.Clip, A: -0.5, B: 1.5},
	{Kind: shaders.Sigmoid}, {Kind: shaders.SiLU}, {Kind: shaders.HardSigmoid, A: 0.2, B: 0.5}, {Kind: shaders.HardSwish}, {Kind: shaders.Tanh}}

func (b *operatorBench) maps() {
	for operation := shaders.MapCopy; operation <= shaders.MapTruncate; operation++ {
		for trial := range 4 {
			x, y := b.dense(b.size()), ref.Dense{}
			size := x.Size
			if operation != shaders.MapCopy && operation < shaders.MapExp {
				y = b.dense(b.broadcast(size))
				if trial == 1 {
					x, y = y, x
				}
			}
			switch operation {
			case shaders.MapDiv:
				for i, v := range y.Data {
					if v > -0.25 && v < 0.25 {
						y.Data[i] = 0.5
					}
				}
			case shaders.MapPow:
				for i := range y.Data {
					y.Data[i] = float32(math.Round(float64(y.Data[i])))
				}
				if trial == 2 || trial == 1 {
					for i, v := range x.Data {
						x.Data[i] = max(v, -v)
					}
				}
				for i, v := range x.Data {
					if v > -0.3 && v < 0.3 {
						x.Data[i] = 0
						if trial != 0 {
							x.Data[i] = 1
						}
					}
				}
				if trial == 0 {
					for i, v := range y.Data {
						y.Data[i] = max(v, 0)
					}
				}
			case shaders.MapSqrt:
				for i, v := range x.Data {
					x.Data[i] = v * v
				}
				if b.half {
					x.Data = unhalf(float16s(x.Data))
				}
			}
			activation := activations[b.random.IntN(len(activations))]
			if trial == 0 {
				activation = activations[0]
			}
			m := shaders.Map{Size: sizeOf(size), Operation: operation, Activation: activation, A: b.view(x)}
			if len(y.Data) > 0 {
				m.B = b.view(y)
			}
			target := b.target(size)
			m.Target = target.View
			b.add(fmt.Sprint("map ", operation), m.Operator(), target, ref.Map(size, operation, activation, x, y))
		}
	}
	for _, activation := range activations {
		x := b.dense(b.size())
		target := b.target(x.Size)
		m := shaders.Map{Size: sizeOf(x.Size), Activation: activation, Target: target.View, A: b.view(x)}
		b.add(fmt.Sprint("activation ", activation.Kind), m.Operator(), target, ref.Map(x.Size, shaders.MapCopy, activation, x, x))
	}
}

// broadcast is a size that repeats to another.
func (b *operatorBench) broadcast(size [4]int) [4]int {
	for k := range size {
		if b.random.IntN(3) == 0 {
			size[k] = 1
		}
	}
	return size
}

func (b *operatorBench) pools() {
	for trial := range 24 {
		source := b.dense([4]int{1 + b.random.IntN(2), 1 + b.random.IntN(3), 3 + b.random.IntN(9), 3 + b.random.IntN(14)})
		p := shaders.Pool{SourceRows: source.Size[2], SourceColumns: source.Size[3], Average: trial%2 == 1, IncludePad: trial%4 == 3}
		size := source.Size
		for k := range 2 {
			p.Kernel[k], p.Stride[k], p.Dilation[k] = 1+b.random.IntN(4), 1+b.random.IntN(3), 1+b.random.IntN(2)
			reach := (p.Kernel[k]-1)*p.Dilation[k] + 1
			p.PadBefore[k], p.PadAfter[k] = b.random.IntN(p.Kernel[k]), b.random.IntN(p.Kernel[k])
			room := source.Size[2+k] + p.PadBefore[k] + p.PadAfter[k] - reach
			if room < 0 {
				p.Kernel[k], p.PadBefore[k], p.PadAfter[k] = 1, 0, 0
				room = source.Size[2+k] - 1
			}
			size[2+k] = room/p.Stride[k] + 1
			// Rounded up, as long as a window begins within the source.
			if (size[2+k])*p.Stride[k] < source.Size[2+k]+p.PadBefore[k] && b.random.IntN(2) == 0 {
				size[2+k]++
			}
		}
		p.Size, p.Source = sizeOf(size), b.view(source)
		want := ref.Pool(size, p, source)
		for i, v := range want.Data {
			if math.IsInf(float64(v), -1) {
				want.Data[i] = -math.MaxFloat32
			}
		}
		target := b.target(size)
		p.Target = target.View
		b.add("pool", p.Operator(), target, want)
	}
	for trial := range 8 { // three by three, two apart
		source := b.dense([4]int{1, 2, 3 + b.random.IntN(9), 3 + b.random.IntN(20)})
		if trial%3 == 1 {
			source = b.dense([4]int{1, 2, 3 + b.random.IntN(9), 8 * (1 + b.random.IntN(3))})
		}
		pad := trial % 2
		p := shaders.Pool{SourceRows: source.Size[2], SourceColumns: source.Size[3], Average: trial%4 > 1, IncludePad: trial > 5,
			Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}, PadBefore: [2]int{pad, pad}, PadAfter: [2]int{1, 1}}
		size := source.Size
		for k := 2; k < 4; k++ {
			size[k] = (size[k]+pad+1-3)/2 + 1
		}
		p.Size, p.Source = sizeOf(size), b.view(source)
		want := ref.Pool(size, p, source)
		target := b.target(size)
		p.Target = target.View
		b.add("pool halve", p.Operator(), target, want)
	}
	for trial := range 4 {
		source := b.dense([4]int{1 + trial%2, 2, 4 + b.random.IntN(9), 1 + b.random.IntN(18)})
		c := shaders.PoolChain{Size: sizeOf(source.Size), Source: b.view(source)}
		var targets []shaders.HeadTensor
		var wants []ref.Dense
		last := source
		for k := range c.Targets {
			side, radius := 5, 2
			last = ref.Pool(source.Size, shaders.Pool{Kernel: [2]int{side, side}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1},
				PadBefore: [2]int{radius, radius}, PadAfter: [2]int{radius, radius}}, last)
			t := b.target(source.Size)
			targets, wants, c.Targets[k] = append(targets, t), append(wants, last), t.View
		}
		b.list = append(b.list, operatorCase{fmt.Sprint("pool chain/", len(b.list)), c.Operator(), b.memory, targets, wants, b.half})
		b.next()
	}
}

// taps makes a table's taps: of several elements each, some of them outside.
func (b *operatorBench) taps(source, target, n int, outside bool) []shaders.ResizeTap {
	var list []shaders.ResizeTap
	for range target {
		out := outside && b.random.IntN(4) == 0
		for range n {
			t := shaders.ResizeTap{Index: b.random.IntN(source), Share: b.random.Float32()}
			if n == 1 {
				t.Share = 1
			}
			if out {
				t.Index = -1
			}
			list = append(list, t)
		}
	}
	return list
}

func (b *operatorBench) moves() {
	for trial := range 8 {
		source := b.dense(b.size())
		size := source.Size
		size[2], size[3] = 1+b.random.IntN(9), 1+b.random.IntN(14)
		n := 1 + trial%3
		rows, columns := b.taps(source.Size[2], size[2], n, trial > 4), b.taps(source.Size[3], size[3], n, trial > 4)
		target := b.target(size)
		r := shaders.Resize{Size: sizeOf(size), RowTaps: n, ColumnTaps: n, Outside: 0.75, Source: b.view(source), Target: target.View,
			Rows: b.table(shaders.ResizeTable(rows)), Columns: b.table(shaders.ResizeTable(columns))}
		b.add("resize", r.Operator(), target, ref.Resize(size, rows, columns, 0.75, source))
	}
	for trial := range 12 {
		axis, size := trial%4, b.size()
		j := shaders.Join{Axis: axis}
		var parts []ref.Dense
		for range 1 + b.random.IntN(shaders.JoinParts) {
			size[axis] = 1 + b.random.IntN(7)
			d := b.dense(size)
			parts, j.Lengths = append(parts, d), append(j.Lengths, size[axis])
			j.Parts = append(j.Parts, b.view(d))
		}
		want := ref.Join(axis, parts...)
		target := b.target(want.Size)
		j.Size, j.Target = sizeOf(want.Size), target.View
		b.add(fmt.Sprint("join ", axis), j.Operator(), target, want)
	}
	for trial := range 12 {
		source := b.dense(b.size())
		p := shaders.Pad{Mode: shaders.PadMode(trial % 4), Value: 0.5, SourceSize: sizeOf(source.Size)}
		size := source.Size
		for k := range size {
			p.Before[k] = b.random.IntN(6) - 2
			size[k] = max(1, size[k]+p.Before[k]+b.random.IntN(6)-2)
			if p.Mode == shaders.PadReflect && source.Size[k] == 1 {
				p.Before[k], size[k] = 0, 1
			}
		}
		target := b.target(size)
		p.Size, p.Source, p.Target = sizeOf(size), b.view(source), target.View
		b.add(fmt.Sprint("pad ", p.Mode), p.Operator(), target, ref.Pad(size, p.Mode, 0.5, p.Before, source))
	}
	for trial := range 8 {
		source, axis := b.dense(b.size()), trial%4
		indices := make([]int, 1+b.random.IntN(9))
		words := make([]uint32, len(indices))
		for i := range indices {
			indices[i] = b.random.IntN(source.Size[axis])
			words[i] = uint32(indices[i])
		}
		want := ref.Gather(axis, indices, source)
		target := b.target(want.Size)
		g := shaders.Gather{Size: sizeOf(want.Size), Axis: axis, Table: b.table(words), Source: b.view(source), Target: target.View}
		b.add(fmt.Sprint("gather ", axis), g.Operator(), target, want)
	}
}

func (b *operatorBench) sums() {
	for trial := range 32 {
		size := b.size()
		if trial%2 == 1 { // enough to be shared
			size[2], size[3] = 10+b.random.IntN(8), 13+b.random.IntN(9)
		}
		source := b.dense(size)
		var axes [4]bool
		for k := range axes {
			axes[k] = b.random.IntN(2) == 0
			if trial%2 == 1 && trial%8 != 1 { // planes
				axes[k] = k >= 2
			}
		}
		r := shaders.Reduce{Max: trial%4 >= 2, Count: shaders.Size{1, 1, 1, 1}}
		want := ref.Reduce(axes, r.Max, source)
		v := b.memory.add(size, source.Data).View
		if trial%3 == 0 {
			v = b.form(source)
			if v.Table != shaders.None {
				v = b.memory.add(size, source.Data).View
			}
		}
		for k, reduced := range axes {
			if reduced {
				r.Count[k], r.Stride[k] = uint32(size[k]), v.Stride[k]
			}
		}
		target := b.target(want.Size)
		r.Size, r.Source, r.Target = sizeOf(want.Size), v, target.View
		b.add("reduce", r.Operator(), target, want)
	}
	for trial := range 12 {
		source := b.dense(b.size())
		for i := range source.Data {
			source.Data[i] *= 4
		}
		axis := 1 + 2*(trial%2)
		target := b.target(source.Size)
		s := shaders.Softmax{Size: sizeOf(source.Size), Rows: axis == 3, Source: b.view(source), Target: target.View}
		b.add(fmt.Sprint("softmax ", axis), s.Operator(), target, ref.Softmax(axis, source))
	}
	for trial := range 16 {
		size := b.size()
		inner := 1 + b.random.IntN(11)
		x, y, z := [4]int{size[0], size[1], size[2], inner}, [4]int{size[0], size[1], inner, size[3]}, b.broadcast(size)
		for k := range 2 {
			if trial%3 == k {
				x[k] = 1
			}
			if b.random.IntN(3) == 0 {
				y[k] = 1
			}
		}
		p, q, c := b.dense(x), b.dense(y), b.dense(z)
		m := shaders.MatMul{Size: sizeOf(size), Inner: inner, Alpha: 1, A: b.view(p), B: b.view(q), Activation: activations[trial%len(activations)]}
		if trial%2 == 1 {
			m.Alpha, m.Beta, m.C = 0.5, 1.5, b.view(c)
		}
		target := b.target(size)
		m.Target = target.View
		b.add("matmul", m.Operator(), target, ref.MatMul(size, inner, m.Alpha, m.Beta, m.Activation, p, q, c))
	}
}
