package shaders_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sightline/shaders"
	"sightline/shaders/ref"
)

// operatorCase is one operator on random tensors, with what it should write.
type operatorCase struct {
	name     string
	operator shaders.Operator
	memory   *memory
	targets  []shaders.HeadTensor
	wants    []ref.Dense
	half     bool
}

// operatorBench makes cases of one precision.
type operatorBench struct {
	random *rand.Rand
	memory *memory
	half   bool
	list   []operatorCase
}

// next begins another arena, at different places in the first words.
func (b *operatorBench) next() {
	b.memory = &memory{}
	for range b.random.IntN(3) {
		b.memory.add([4]int{1, 1, 1, 3}, []float32{9, 9, 9})
	}
	b.memory.constants = make([]uint32, b.random.IntN(5))
}

func (b *operatorBench) size() [4]int {
	return [4]int{1 + b.random.IntN(2), 1 + b.random.IntN(5), 1 + b.random.IntN(6), 1 + b.random.IntN(13)}
}

// dense makes a tensor of random values, -3 to 3 and now and then whole ones.
func (b *operatorBench) dense(size [4]int) ref.Dense {
	d := ref.NewDense(size)
	for i := range d.Data {
		d.Data[i] = b.random.Float32()*6 - 3
		if b.random.IntN(8) == 0 {
			d.Data[i] = float32(b.random.IntN(7) - 3)
		}
	}
	if b.half {
		d.Data = unhalf(float16s(d.Data))
	}
	return d
}

// unhalf is the values that half-precision ones are.
func unhalf(b []byte) []float32 {
	list := make([]float32, len(b)/2)
	for i := range list {
		h := binary.LittleEndian.Uint16(b[2*i:])
		list[i] = float32(math.Ldexp(float64(h&0x3ff|0x400), int(h>>10&31)-25))
		if h>>10&31 == 0 {
			list[i] = float32(math.Ldexp(float64(h&0x3ff), -24))
		}
		if h&0x8000 != 0 {
			list[i] = -list[i]
		}
	}
	return list
}

// view puts a tensor into memory, in one form of many, and gives the view of it; dimensions of size 1 repeat.
func (b *operatorBench) view(d ref.Dense) shaders.TensorView {
	v := b.form(d)
	if d.Size[1] == 1 && v.Table != shaders.None {
		// A table has an entry for each channel and repeats none.
		v = b.memory.add(d.Size, d.Data).View
	}
	for k, side := range d.Size {
		if side == 1 {
			v.Stride[k] = 0
		}
	}
	return v
}

func (b *operatorBench) form(d ref.Dense) shaders.TensorView {
	switch b.random.IntN(5) {
	case 0: // planes in any order, of one batch
		if d.Size[0] == 1 {
			return b.memory.scatter(b.random, d.Size, d.Data).View
		}
	case 1: // the last two dimensions the other way round
		size := [4]int{d.Size[0], d.Size[1], d.Size[3], d.Size[2]}
		turned := ref.NewDense(size)
		plane := size[2] * size[3]
		for at, v := range d.Data {
			in := at % plane
			turned.Data[at-in+in%d.Size[3]*size[3]+in/d.Size[3]] = v
		}
		v := b.memory.add(size, turned.Data).View
		v.Stride[2], v.Stride[3] = v.Stride[3], v.Stride[2]
		return v
	case 2: // constants
		v := shaders.TensorView{Offset: uint32(len(b.memory.constants)), Table: shaders.None, Constant: true, Stride: [4]uint32{
			uint32(d.Size[1] * d.Size[2] * d.Size[3]), uint32(d.Size[2] * d.Size[3]), uint32(d.Size[3]), 1}}
		for _, x := range d.Data {
			b.memory.constants = append(b.memory.constants, math.Float32bits(x))
		}
		return v
	}
	return b.memory.add(d.Size, d.Data).View
}

// table puts words into the constants.
func (b *operatorBench) table(words []uint32) int {
	b.memory.constants = append(b.memory.constants, words...)
	return len(b.memory.constants) - len(words)
}

// target makes room for what an operator writes.
func (b *operatorBench) target(size [4]int) shaders.HeadTensor {
	d := ref.NewDense(size)
	for i := range d.Data {
		d.Data[i] = 12345
	}
	return b.memory.add(size, d.Data)
}

func (b *operatorBench) add(name string, o shaders.Operator, target shaders.HeadTensor, want ref.Dense) {
	b.list = append(b.list, operatorCase{fmt.Sprintf("%s/%d", name, len(b.list)), o, b.memory, []shaders.HeadTensor{target}, []ref.Dense{want}, b.half})
	b.next()
}

func sizeOf(size [4]int) shaders.Size {
	return shaders.Size{uint32(size[0]), uint32(size[1]), uint32(size[2]), uint32(size[3])}
}

// Every operator writes what its twin does, whatever the form of its tensors, in f32 and in half
// precision; and it writes nothing else.
func TestOperatorsMatchTwins(t *testing.T) {
	var list []operatorCase
	for _, half := range []bool{false, true} {
		b := operatorBench{random: rand.New(rand.NewPCG(41, 42)), half: half}
		b.next()
		b.maps()
		b.pools()
		b.moves()
		b.sums()
		seen := map[string]bool{}
		for i, c := range b.list {
			// Half precision changes how memory is read, and nothing else: a part of the cases shows it.
			kernel := c.operator.Permutation[strings.LastIndex(c.operator.Permutation, "/")+1:]
			if !half || !seen[kernel] || i%6 == 0 {
				list = append(list, c)
			}
			seen[kernel] = true
		}
	}
	var jobs []job
	for _, c := range list {
		name := c.operator.Permutation
		if c.half {
			name += "_f16"
		}
		st, shader := newStep(t, name)
		st.Workgroups[0], st.Workgroups[1] = c.operator.Groups(shader)
		jobs = append(jobs, job{Steps: []step{st}, Outputs: map[string]string{"arena": ""}, Resources: map[string]resource{
			"params":    {Type: "buffer", Uniform: true, data: c.operator.Params},
			"arena":     {Type: "buffer", data: c.memory.bytes(c.half)},
			"constants": {Type: "buffer", data: c.memory.constantBytes()},
		}})
	}
	used := map[string]bool{}
	for _, j := range jobs {
		used[j.Steps[0].Name[strings.LastIndex(j.Steps[0].Name, "/")+1:]] = true
	}
	permutations, err := shaders.Permutations()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range permutations {
		if strings.HasPrefix(p.File, "nn_") && p.File != "nn_copy.wgsl" && !strings.HasPrefix(p.File, "nn_conv") && !used[p.Name] {
			t.Errorf("no case uses %s", p.Name)
		}
	}
	run := runGPU(t, jobs)
	for i, c := range list {
		name := c.name
		if c.half {
			name += " half"
		}
		t.Run(name, func(t *testing.T) {
			if e := run.Results[i].Error; e != "" {
				t.Fatal(e)
			}
			c.check(t, run.output(t, i, "arena"))
		})
	}
}

func (c operatorCase) check(t *testing.T, out []byte) {
	tolerance, before := 1e-3, c.memory.data
	var got []float32
	if c.half {
		tolerance, before = 2e-2, unhalf(float16s(before))
		got = unhalf(out)
	} else {
		for i := 0; i+4 <= len(out); i += 4 {
			got = append(got, math.Float32frombits(binary.LittleEndian.Uint32(out[i:])))
		}
	}
	written := make([]bool, len(got))
	for k, target := range c.targets {
		for at, want := range c.wants[k].Data {
			n, place := at, int(target.View.Offset)
			var index [4]int
			for d := 3; d >= 0; d-- {
				index[d] = n % target.Size[d]
				place += index[d] * int(target.View.Stride[d])
				n /= target.Size[d]
			}
			for e := range 4 {
				written[place&^3+e] = true
			}
			if c.half {
				want = min(max(want, -65504), 65504)
			}
			v := got[place]
			if d := math.Abs(float64(v) - float64(want)); !(d <= tolerance*max(1, math.Abs(float64(want)))) && !(v != v && want != want) && v != want {
				t.Fatalf("target %d of %v: element %v is %g, want %g", k, target.Size, index, v, want)
			}
		}
	}
	for i, w := range written {
		if i < len(before) && !w && got[i] != before[i] {
			t.Fatalf("element %d of the arena, which is not the target's, became %g, was %g", i, got[i], before[i])
		}
	}
	if len(c.wants) == 0 || slices.ContainsFunc(c.wants, func(d ref.Dense) bool { return len(d.Data) == 0 }) {
		t.Fatal("nothing was compared")
	}
}
