package shaders

// Operator is one dispatch of a neural kernel that is not a convolution.
type Operator struct {
	// Permutation is the shader's name for an arena of f32; with "_f16" behind it, for one of half precision.
	Permutation string
	// Params is the uniform at group 0 binding 0.
	Params []byte
	// Items are the invocations, or the workgroups if Shared.
	Items  int
	Shared bool
}

// maxGroups is WebGPU's default maxComputeWorkgroupsPerDimension.
const maxGroups = 65535

// Groups is the number of workgroups of a composed shader, spread over x and y.
func (o Operator) Groups(s *Shader) (x, y uint32) {
	n := uint32(o.Items)
	if e, _ := s.EntryPoint(Compute); !o.Shared {
		n = workgroups(o.Items, e.WorkgroupSize[0])
	}
	y = workgroups(int(n), maxGroups)
	return workgroups(int(n), max(y, 1)), y
}

// Size is a tensor's size in a view's four dimensions.
type Size [4]uint32

// Quads is the number of quads of a tensor.
func (s Size) Quads() int { return int(s[0]) * int(s[1]) * int(s[2]) * ((int(s[3]) + 3) / 4) }

// Elements is the number of elements.
func (s Size) Elements() int { return int(s[0]) * int(s[1]) * int(s[2]) * int(s[3]) }

// begin appends the size and the number of items.
func (s Size) begin(items int) []byte {
	return appendWords(make([]byte, 0, 256), s[0], s[1], s[2], s[3], uint32(items))
}

func appendInts(b []byte, values ...int) []byte {
	for _, v := range values {
		b = appendWords(b, uint32(v))
	}
	return b
}

// MapOperation is one of the MAP_ constants of nn_map.wgsl.
type MapOperation uint32

// The operations. Those from MapExp on, and MapCopy, have one operand.
const (
	MapCopy MapOperation = iota
	MapAdd
	MapSub
	MapMul
	MapDiv
	MapPow
	MapPRelu
	MapMin
	MapMax
	MapExp
	MapSqrt
	MapTruncate
)

// Map computes element by element (nn_map.wgsl): Operation of A, or of A and B, then Activation. An
// activation alone is a MapCopy with it, and so are copies of all kinds of views.
type Map struct {
	// Size is the target's; A and B are views of that size, with strides of 0 where they repeat.
	Size         Size
	Operation    MapOperation
	Activation   Activation
	Target, A, B TensorView
}

// Operator makes the dispatch.
func (m Map) Operator() Operator {
	n := m.Size.Quads()
	b := m.Activation.Append(appendWords(m.Size.begin(n), 0, 0, 0))
	second := formAny
	if m.Operation != MapCopy && m.Operation < MapExp {
		second = m.B.form(m.Size)
	}
	name := variant("nn_map", "OPERATION", uint32(m.Operation), "ACTIVATION", uint32(m.Activation.Kind), "A_FORM", m.A.form(m.Size), "B_FORM", second)
	return Operator{Permutation: name, Params: m.B.Append(m.A.Append(m.Target.Append(b))), Items: n}
}

// Pool takes the largest value, or with Average the mean, of windows of the last two dimensions
// (nn_pool.wgsl). Pairs are of rows and columns.
type Pool struct {
	// Size is the target's.
	Size                      Size
	SourceRows, SourceColumns int
	Kernel, Stride, Dilation  [2]int
	// PadBefore and PadAfter are what was put around the source.
	PadBefore, PadAfter [2]int
	Average, IncludePad bool
	Target, Source      TensorView
}

// Operator makes the dispatch.
func (p Pool) Operator() Operator {
	n, include, name := p.Size.Quads(), 0, "nn_pool_max"
	if p.IncludePad {
		include = 1
	}
	if p.Average {
		name = "nn_pool_average"
	}
	form := p.Source.form(Size{p.Size[0], p.Size[1], uint32(p.SourceRows), uint32(p.SourceColumns)})
	three, two, one := [2]int{3, 3}, [2]int{2, 2}, [2]int{1, 1}
	switch {
	case p.Dilation != one:
		name = variant(name+"_dilated", "SOURCE_FORM", form)
	case p.Kernel == three && p.Stride == two && p.PadBefore[1] <= 1:
		edge := uint32(1)
		if p.SourceColumns%8 == 0 && p.PadBefore[1] == 1 {
			edge = 0
		}
		name = variant(name+"_halve", "PAD", uint32(p.PadBefore[1]), "EDGE", edge, "SOURCE_FORM", form)
	default:
		name = variant(name, "SOURCE_FORM", form)
	}
	b := appendInts(p.Size.begin(n), include, p.SourceRows, p.SourceColumns, p.Kernel[0], p.Kernel[1], p.Stride[0], p.Stride[1],
		p.Dilation[0], p.Dilation[1], p.PadBefore[0], p.PadBefore[1],
		p.SourceRows+p.PadAfter[0], p.SourceColumns+p.PadAfter[1], 0, 0)
	return Operator{Permutation: name, Params: p.Source.Append(p.Target.Append(b)), Items: n}
}

// PoolChain takes three times in a row the largest value of windows of five by five, with a stride of 1
// and a padding of 2, and gives all three (nn_pool_chain.wgsl).
type PoolChain struct {
	// Size is the source's and the targets'.
	Size    Size
	Source  TensorView
	Targets [3]TensorView
}

// Operator makes the dispatch.
func (p PoolChain) Operator() Operator {
	n := p.Size.Quads()
	b := p.Source.Append(appendInts(p.Size.begin(n), 0, 0, 0))
	for _, t := range p.Targets {
		b = t.Append(b)
	}
	return Operator{Permutation: variant("nn_pool_chain", "SOURCE_FORM", p.Source.form(p.Size)), Params: b, Items: n}
}

// JoinParts is how many tensors one dispatch of Join takes.
const JoinParts = 8

// Join puts tensors one behind the other along a dimension (nn_join.wgsl).
type Join struct {
	// Size is the target's.
	Size   Size
	Axis   int
	Target TensorView
	// Parts are 1 to JoinParts views, Lengths their sizes along the axis.
	Parts   []TensorView
	Lengths []int
}

// Operator makes the dispatch.
func (j Join) Operator() Operator {
	n := j.Size.Quads()
	b := j.Target.Append(appendInts(j.Size.begin(n), j.Axis, len(j.Parts), 0))
	first, form := 0, j.form()
	for i := range JoinParts {
		if i >= len(j.Parts) {
			b = append(b, make([]byte, TensorViewSize+16)...)
			continue
		}
		b = appendInts(j.Parts[i].Append(b), first, first+j.Lengths[i], 0, 0)
		first += j.Lengths[i]
	}
	return Operator{Permutation: variant("nn_join", "AXIS", uint32(j.Axis), "SOURCE_FORM", form), Params: b, Items: n}
}

// form is the form of all parts, or formAny.
func (j Join) form() uint32 {
	form := formAny
	for i, part := range j.Parts {
		f := part.form(j.Size)
		if j.Axis == 3 && f == formQuads {
			f = formElements
		}
		if i > 0 && f != form {
			return formAny
		}
		form = f
	}
	return form
}

// PadMode is one of the PAD_ constants of nn_pad.wgsl.
type PadMode uint32

// The modes.
const (
	PadConstant PadMode = iota
	PadReflect
	PadEdge
	PadWrap
)

// Pad puts elements around a tensor, or cuts them off (nn_pad.wgsl).
type Pad struct {
	// Size is the target's.
	Size, SourceSize Size
	Mode             PadMode
	// Value is what PadConstant fills with.
	Value float32
	// Before is what is put before each dimension, or cut off if below zero.
	Before         [4]int
	Target, Source TensorView
}

// Operator makes the dispatch.
func (p Pad) Operator() Operator {
	n := p.Size.Quads()
	b := appendFloats(p.Size.begin(n), p.Value, 0, 0)
	b = appendInts(b, p.Before[:]...)
	b = appendWords(b, p.SourceSize[:]...)
	name := variant("nn_pad", "MODE", uint32(p.Mode), "SOURCE_FORM", p.Source.form(p.SourceSize))
	return Operator{Permutation: name, Params: p.Source.Append(p.Target.Append(b)), Items: n}
}

// Gather takes elements along a dimension by a table of indices (nn_gather.wgsl).
type Gather struct {
	// Size is the target's.
	Size Size
	Axis int
	// Table is the first word of the indices among the constants.
	Table          int
	Target, Source TensorView
}

// Operator makes the dispatch.
func (g Gather) Operator() Operator {
	n := g.Size.Quads()
	b := appendInts(g.Size.begin(n), g.Axis, g.Table, 0)
	return Operator{Permutation: variant("nn_gather", "SOURCE_FORM", g.Source.form(g.Size)), Params: g.Source.Append(g.Target.Append(b)), Items: n}
}

// Reduce takes the mean, or with Max the largest value, over some dimensions (nn_reduce.wgsl).
type Reduce struct {
	// Size is the target's, Source the view by its indices: those of the first elements.
	Size           Size
	Target, Source TensorView
	// Count and Stride are the dimensions that are reduced: how many elements (1 for those that are not
	// there), and how far apart.
	Count  Size
	Stride [4]uint32
	Max    bool
	// Sum leaves the sum undivided.
	Sum bool
}

// plane tells whether one workgroup may make each result: a good number of elements, rows that begin
// at quads, one result in a row.
func (r Reduce) plane() bool {
	return r.Size[3] == 1 && r.Count[0]*r.Count[1] == 1 && r.Count[2]*r.Count[3] >= 64 && r.Stride[3] == 1 &&
		(r.Count[2] == 1 || r.Stride[2]%4 == 0) && !r.Source.Constant && r.Source.Table == None && r.Source.aligned(r.Size)
}

// Operator makes the dispatch.
func (r Reduce) Operator() Operator {
	n, elements, name := r.Size.Quads(), r.Count.Elements(), "nn_reduce_mean"
	if r.Max {
		name = "nn_reduce_max"
	}
	o := Operator{Items: n, Shared: r.plane()}
	if o.Shared {
		name += "_plane"
	}
	o.Permutation = variant(name, "SOURCE_FORM", r.form())
	factor := float32(1)
	if !r.Sum && elements > 0 {
		factor = float32(1 / float64(elements))
	}
	b := appendFloats(r.Size.begin(n), factor, 0, 0)
	b = appendWords(appendWords(b, r.Count[:]...), r.Stride[:]...)
	o.Params = r.Source.Append(r.Target.Append(b))
	return o
}

// form is the form of the source: of quads only where every reduced element of a quad begins one.
func (r Reduce) form() uint32 {
	form := r.Source.form(r.Size)
	if form == formSame || form == formConstantSame {
		// Only the first result of a quad is there, or all are the same.
		form -= formSame - formElements
		if r.Source.Constant {
			form = formConstant
		}
	}
	if form == formQuads && !r.plane() {
		for k, n := range r.Count {
			if n > 1 && r.Stride[k]%4 != 0 {
				return formElements
			}
		}
	}
	return form
}

// Softmax computes the softmax along the second dimension, or with Rows along the last one
// (nn_softmax.wgsl).
type Softmax struct {
	// Size is the source's and the target's.
	Size           Size
	Rows           bool
	Target, Source TensorView
}

// Operator makes the dispatch.
func (s Softmax) Operator() Operator {
	o := Operator{Permutation: "nn_softmax", Items: Size{s.Size[0], 1, s.Size[2], s.Size[3]}.Quads()}
	if s.Rows {
		o = Operator{Permutation: "nn_softmax_rows", Items: int(s.Size[0]) * int(s.Size[1]) * int(s.Size[2])}
	}
	o.Permutation = variant(o.Permutation, "SOURCE_FORM", s.Source.form(s.Size))
	b := appendInts(s.Size.begin(o.Items), 0, 0, 0)
	o.Params = s.Source.Append(s.Target.Append(b))
	return o
}

// MatMul multiplies matrices: Alpha*A*B + Beta*C, then Activation, batched over the first two dimensions
// (nn_matmul.wgsl). MatMul is it with Alpha 1 and Beta 0, Gemm with views that transpose.
type MatMul struct {
	// Size is the target's. A is of Size[2] rows of Inner columns, B of Inner rows of Size[3] columns;
	// strides of 0 repeat.
	Size        Size
	Inner       int
	Alpha, Beta float32
	Activation  Activation
	// C is left out where Beta is 0.
	Target, A, B, C TensorView
}

// Operator makes the dispatch.
func (m MatMul) Operator() Operator {
	n := Size{m.Size[0], m.Size[1], (m.Size[2] + 3) / 4, m.Size[3]}.Quads()
	b := appendFloats(appendInts(m.Size.begin(n), m.Inner), m.Alpha, m.Beta)
	b = m.Activation.Append(b)
	for _, v := range []TensorView{m.Target, m.A, m.B, m.C} {
		b = v.Append(b)
	}
	withC, form := uint32(0), formAny
	if m.Beta != 0 {
		withC, form = 1, m.C.form(m.Size)
	}
	name := variant("nn_matmul", "ACTIVATION", uint32(m.Activation.Kind), "A_FORM", m.A.form(Size{m.Size[0], m.Size[1], m.Size[2], uint32(m.Inner)}),
		"B_FORM", m.B.form(Size{m.Size[0], m.Size[1], uint32(m.Inner), m.Size[3]}), "C_FORM", form, "WITH_C", withC)
	return Operator{Permutation: name, Params: b, Items: n}
}
