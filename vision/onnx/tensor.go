package onnx

import (
	"math"
	"strconv"
)

// maxRank bounds the sides of a tensor.
const maxRank = 8

func (t DataType) String() string {
	names := [...]string{"undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool",
		"float16", "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16"}
	if int(t) < len(names) {
		return names[t]
	}
	return "type " + itoa(int(t))
}

// width is how many bytes an element takes in raw_data; 0 for types that are
// not known.
//
//go:noinline
func (t DataType) width() int {
	switch t {
	case Uint8, Int8, Bool:
		return 1
	case Uint16, Int16, Float16, BFloat16:
		return 2
	case Float, Int32, Uint32:
		return 4
	case Double, Int64, Uint64:
		return 8
	}
	return 0
}

// wrap cuts an integer to what the type holds.
//
//go:noinline
func (t DataType) wrap(v int64) int64 {
	switch t {
	case Uint8:
		return int64(uint8(v))
	case Int8:
		return int64(int8(v))
	case Uint16:
		return int64(uint16(v))
	case Int16:
		return int64(int16(v))
	case Int32:
		return int64(int32(v))
	case Uint32:
		return int64(uint32(v))
	case Bool:
		if v != 0 {
			return 1
		}
		return 0
	}
	return v
}

// sized counts the elements of a shape that is not trusted, up to limit.
func sized(shape []int, limit int) (int, error) {
	if len(shape) > maxRank {
		return 0, fail("it has ", itoa(len(shape)), " sides; ", itoa(maxRank), " are supported")
	}
	n := 1
	empty := false
	for _, s := range shape {
		if s < 0 {
			return 0, fail("its side ", itoa(s), " is negative")
		}
		if s == 0 {
			empty = true
			continue
		}
		if s > limit || n > limit/s {
			return 0, fail("its shape ", shapeText(shape), " has more than ", itoa(limit), " elements")
		}
		n *= s
	}
	if empty {
		return 0, nil
	}
	return n, nil
}

// newTensor makes a tensor of zeros.
func newTensor(t DataType, shape []int) *Tensor {
	out := &Tensor{Type: t, Shape: shape}
	if t.IsFloat() {
		out.F32 = make([]float32, out.Len())
	} else {
		out.I64 = make([]int64, out.Len())
	}
	return out
}

// ParseTensor reads a TensorProto, such as a file of ONNX's backend tests, and
// gives its name as well. Of the options it uses the bounds.
func ParseTensor(data []byte, o Options) (string, *Tensor, error) {
	p := parser{limits: o.withDefaults()}
	name, t, err := p.tensor(&message{rest: data})
	if err != nil {
		return "", nil, fail("onnx: tensor ", quote(name), ": ", err.Error())
	}
	return name, t, nil
}

// tensor reads a TensorProto.
func (p *parser) tensor(m *message) (string, *Tensor, error) {
	var (
		name     string
		dims     []int64
		kind     int64
		raw      []byte
		hasRaw   bool
		floats   []float32
		ints     []int64
		external bool
	)
	// Lists are longer than the bytes they came from by eight at the most.
	budget := p.limits.MaxConstBytes / 8
	for m.next() {
		switch m.field {
		case 1:
			dims = m.varints(dims, maxRank+1)
		case 2:
			kind = m.int()
		case 3:
			return name, nil, fail("it is a segment of a tensor, which is not supported")
		case 4:
			if len(m.bytes) > p.limits.MaxConstBytes {
				return name, nil, p.tooMuch()
			}
			floats = m.floats(floats)
		case 5, 7, 11:
			ints = m.varints(ints, budget)
		case 8:
			name = m.text()
		case 9:
			if m.is(wireBytes) {
				raw, hasRaw = m.bytes, true
			}
		case 10:
			if len(m.bytes) > p.limits.MaxConstBytes {
				return name, nil, p.tooMuch()
			}
			floats = m.doubles(floats)
		case 13:
			external = true
		case 14:
			external = external || m.int() == 1
		}
	}
	if m.err != nil {
		return name, nil, m.err
	}
	if external {
		return name, nil, fail("its data lies in another file, which is not supported: save the model as one file")
	}
	t := &Tensor{Type: DataType(kind), Shape: make([]int, len(dims))}
	if kind < 0 || kind > 255 || t.Type.width() == 0 {
		if kind < 0 || kind > 255 {
			return name, nil, fail("its element type is ", strconv.FormatInt(kind, 10), ", which is none of ONNX")
		}
		return name, nil, fail("its elements are ", t.Type.String(), ", which is not supported")
	}
	for i, d := range dims {
		if d < 0 || d > math.MaxInt32 {
			return name, nil, fail("its side ", strconv.FormatInt(d, 10), " is out of range")
		}
		t.Shape[i] = int(d)
	}
	n, err := sized(t.Shape, p.limits.MaxElements)
	if err != nil {
		return name, nil, err
	}
	if hasRaw {
		if len(raw) != n*t.Type.width() {
			return name, nil, fail("its raw_data has ", itoa(len(raw)), " bytes, but ", shapeText(t.Shape), " of ",
				t.Type.String(), " needs ", itoa(n*t.Type.width()))
		}
		if err := p.spend(t.Type, n); err != nil {
			return name, nil, err
		}
		t.decode(raw, n)
		return name, t, nil
	}
	if err := p.spend(t.Type, n); err != nil {
		return name, nil, err
	}
	have := len(ints)
	if t.Type == Float || t.Type == Double {
		have = len(floats)
	}
	if have != n {
		return name, nil, fail("it has ", itoa(have), " elements, but its shape ", shapeText(t.Shape), " needs ", itoa(n))
	}
	t.adopt(floats, ints)
	return name, t, nil
}

// decode fills a tensor from raw_data, which is little-endian.
func (t *Tensor) decode(raw []byte, n int) {
	if t.Type.IsFloat() {
		t.F32 = make([]float32, n)
	} else {
		t.I64 = make([]int64, n)
	}
	switch t.Type {
	case Float:
		for i := range t.F32 {
			t.F32[i] = math.Float32frombits(little32(raw[4*i:]))
		}
	case Double:
		for i := range t.F32 {
			t.F32[i] = float32(math.Float64frombits(uint64(little32(raw[8*i:])) | uint64(little32(raw[8*i+4:]))<<32))
		}
	case Float16, BFloat16:
		for i := range t.F32 {
			t.F32[i] = half(t.Type, uint16(raw[2*i])|uint16(raw[2*i+1])<<8)
		}
	default:
		width := t.Type.width()
		for i := range t.I64 {
			var v uint64
			for k := width - 1; k >= 0; k-- {
				v = v<<8 | uint64(raw[width*i+k])
			}
			t.I64[i] = t.Type.wrap(int64(v))
		}
	}
}

// adopt fills a tensor from the typed fields, whose length is right.
func (t *Tensor) adopt(floats []float32, ints []int64) {
	switch t.Type {
	case Float, Double:
		t.F32 = floats
		if t.F32 == nil {
			t.F32 = []float32{}
		}
	case Float16, BFloat16:
		t.F32 = make([]float32, len(ints))
		for i, v := range ints {
			t.F32[i] = half(t.Type, uint16(v))
		}
	default:
		t.I64 = ints
		if t.I64 == nil {
			t.I64 = []int64{}
		}
		for i, v := range ints {
			t.I64[i] = t.Type.wrap(v)
		}
	}
}

// half widens a 16-bit float of either layout.
func half(t DataType, v uint16) float32 {
	if t == BFloat16 {
		return math.Float32frombits(uint32(v) << 16)
	}
	sign, exponent, fraction := uint32(v)>>15<<31, uint32(v)>>10&31, uint32(v)&1023
	switch exponent {
	case 0:
		f := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 31:
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}
