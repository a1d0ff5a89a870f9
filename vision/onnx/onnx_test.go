package onnx_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sightline/testkit/onnxmodel"
	"sightline/vision/onnx"
)

func attr(name string, v any) onnxmodel.Attribute { return onnxmodel.Attribute{Name: name, Value: v} }

func node(op string, inputs, output string, attributes ...onnxmodel.Attribute) onnxmodel.Node {
	return onnxmodel.Node{Op: op, Name: "the " + op, Inputs: strings.Fields(strings.ReplaceAll(inputs, "-", "")), Outputs: []string{output}, Attributes: attributes}
}

// model has an input x of 1x4x6x6 and an output y.
func model(nodes ...onnxmodel.Node) onnxmodel.Model {
	return onnxmodel.Model{Nodes: nodes, Inputs: []onnxmodel.Value{{Name: "x", Shape: []int{1, 4, 6, 6}}}, Outputs: []onnxmodel.Value{{Name: "y", NoShape: true}}}
}

func with(m onnxmodel.Model, name string, t *onnx.Tensor) onnxmodel.Model {
	m.Initializers = append(slices.Clone(m.Initializers), onnxmodel.Initializer{Name: name, Tensor: t})
	return m
}

func scalar(v int64) *onnx.Tensor {
	return &onnx.Tensor{Type: onnx.Int64, Shape: []int{}, I64: []int64{v}}
}

// bad are files that are refused, with a part of the message.
func bad() []struct {
	name, want string
	file       []byte
} {
	relu := node("Relu", "x", "y")
	external := with(model(node("Add", "x c", "y")), "c", onnxmodel.Floats([]int{1}, 1)).Bytes()
	// data_location = EXTERNAL in the place of the raw data.
	external = []byte(strings.Replace(string(external), "J\x04\x00\x00\x80?", "p\x01j\x02\n\x00", 1))
	noGraph := []byte{8, 7}
	long := with(model(node("Add", "x c", "y")), "c", onnxmodel.Floats([]int{4}, 1))
	huge := with(model(node("Add", "x c", "y")), "c", onnxmodel.Floats([]int{1 << 20, 1 << 20, 1 << 20}, 1))
	many := with(model(node("Add", "x c", "y")), "c", onnxmodel.Floats([]int{1, 1, 1, 1, 1, 1, 1, 1, 1}, 1))
	text := with(model(node("Add", "x c", "y")), "c", &onnx.Tensor{Type: onnx.String, Shape: []int{0}})
	open := model(relu)
	open.Inputs[0].Shape = []int{1, 3, -1, 6}
	twice := model(relu, node("Relu", "x", "y"))
	listed := model(relu)
	listed.Inputs = append(listed.Inputs, listed.Inputs[0])
	of := func(m onnxmodel.Model, name string, t *onnx.Tensor) []byte { return with(m, name, t).Bytes() }
	foreign := model(relu)
	foreign.Nodes[0].Domain = "com.acme"
	old := model(relu)
	old.Opset = 22
	indices := model(node("MaxPool", "x", "y", attr("kernel_shape", []int{2, 2})))
	indices.Nodes[0].Outputs = []string{"y", "i"}
	return []struct {
		name, want string
		file       []byte
	}{
		{"empty", "empty file", nil},
		{"no protobuf", "cut off", []byte("\x0a\xffhello")},
		{"text", "onnx:", []byte("<html><body>Not found</body></html>")},
		{"no graph", "no graph", noGraph},
		{"new opset", "opset 22; 9 to 21 are supported", old.Bytes()},
		{"bad text", "no UTF-8", []byte(strings.Replace(string(model(relu).Bytes()), "the Relu", "the R\xff\xfeu", 1))},
		{"external data", `initializer "c": its data lies in another file`, external},
		{"short data", "has 4 bytes, but 4 of float32 needs 16", long.Bytes()},
		{"huge shape", `initializer "c": its shape 1048576x1048576x1048576 has more than`, huge.Bytes()},
		{"many sides", "8 are supported", many.Bytes()},
		{"strings", "string, which is not supported", text.Bytes()},
		{"open side", `input "x": its side 2 (side2) is open`, open.Bytes()},
		{"name twice", `output of node "the Relu" (Relu) "y": the name is already that of another value`, twice.Bytes()},
		{"input twice", `input "x" is listed twice`, listed.Bytes()},
		{"missing input", `Relu "the Relu": its input 0 "z" is made by nothing`, model(node("Relu", "z", "y")).Bytes()},
		{"missing output", `output "y" is made by nothing`, model(node("Relu", "x", "z")).Bytes()},
		{"cycle", "the graph has a cycle", model(node("Add", "x b", "a"), node("Relu", "a", "b"), node("Relu", "b", "y")).Bytes()},
		{"own output", "the graph has a cycle", model(node("Relu", "y", "y")).Bytes()},
		{"no inputs", `Relu "the Relu": it has 0 inputs`, model(node("Relu", "", "y")).Bytes()},
		{"many inputs", `Relu "the Relu": it has 2 inputs`, model(node("Relu", "x x", "y")).Bytes()},
		{"operator", `Erf "the Erf": the operator is not supported`, model(node("Erf", "x", "y")).Bytes()},
		{"domain", `com.acme.Relu "the Relu": operators of this domain`, foreign.Bytes()},
		{"attribute", `Relu "the Relu": slope: the attribute is not supported`, model(node("Relu", "x", "y", attr("slope", 2))).Bytes()},
		{"attribute type", `its attribute "axis" is of type 1, want 2`, model(node("Softmax", "x", "y", attr("axis", float32(1)))).Bytes()},
		{"indices", `MaxPool "the MaxPool": output 1 (Indices): only the maxima`, indices.Bytes()},
		{"training", `training_mode: it is 1`, with(with(with(with(model(node("BatchNormalization", "x a b c d", "y", attr("training_mode", 1))),
			"a", onnxmodel.Floats([]int{4}, 1, 1, 1, 1)), "b", onnxmodel.Floats([]int{4}, 1, 1, 1, 1)), "c", onnxmodel.Floats([]int{4}, 1, 1, 1, 1)),
			"d", onnxmodel.Floats([]int{4}, 1, 1, 1, 1)).Bytes()},
		{"shape unknown", `Reshape "the Reshape": input 1 (shape): it depends on the model's input`,
			model(node("Cast", "x", "s", attr("to", 7)), node("Reshape", "x s", "y")).Bytes()},
		{"load time only", `Floor "the Floor": the operator is computed at load alone`, model(node("Floor", "x", "y")).Bytes()},
		{"axis", "axis 4 is out of range for 4 sides", model(node("Softmax", "x", "y", attr("axis", 4))).Bytes()},
		{"broadcast", "shapes 1x4x6x6 and 5 do not go together", of(model(node("Add", "x c", "y")), "c", onnxmodel.Floats([]int{5}, 1, 2, 3, 4, 5))},
		{"types", "its operands are float32 and int64", of(model(node("Add", "x c", "y")), "c", scalar(1))},
		{"reshape", "has other elements than 1x4x6x6", of(model(node("Reshape", "x c", "y")), "c", onnxmodel.Ints(5, 5))},
		{"reshape two open", "cannot be", of(model(node("Reshape", "x c", "y")), "c", onnxmodel.Ints(-1, -1))},
		{"reshape overflow", "onnx: Reshape", of(model(node("Reshape", "x c", "y")), "c", onnxmodel.Ints(1<<62, 1<<62))},
		{"weights", "do not go with 1x4x6x6", of(model(node("Conv", "x c", "y")), "c", onnxmodel.Floats([]int{1, 2, 1, 1}, 1, 2))},
		{"kernel too large", "is larger than the padded picture", of(model(node("Conv", "x c", "y", attr("dilations", []int{9, 9}))), "c",
			onnxmodel.Floats([]int{1, 4, 1, 2}, 1, 2, 3, 4, 5, 6, 7, 8))},
		{"stride 0", "strides is [0, 1], want 2 numbers from 1 to 4096", model(node("MaxPool", "x", "y", attr("kernel_shape", []int{1, 1}), attr("strides", []int{0, 1}))).Bytes()},
		{"no kernel", "kernel_shape is []", model(node("MaxPool", "x", "y")).Bytes()},
		{"huge pads", "onnx: Pad", of(model(node("Pad", "x c", "y")), "c", onnxmodel.Ints(0, 0, 1<<29, 1<<29, 0, 0, 1<<29, 1<<29))},
		{"huge resize", "onnx: Resize", of(model(onnxmodel.Node{Op: "Resize", Inputs: []string{"x", "", "c"}, Outputs: []string{"y"}}), "c",
			onnxmodel.Floats([]int{4}, 1, 1, 1e6, 1e6))},
		{"negative scale", "is out of range", of(model(onnxmodel.Node{Op: "Resize", Inputs: []string{"x", "", "c"}, Outputs: []string{"y"}}), "c",
			onnxmodel.Floats([]int{4}, 1, 1, -1, float32(math.NaN())))},
		{"resize mode", `mode: "magic"`, of(model(onnxmodel.Node{Op: "Resize", Inputs: []string{"x", "", "c"}, Outputs: []string{"y"},
			Attributes: []onnxmodel.Attribute{attr("mode", "magic")}}), "c", onnxmodel.Floats([]int{4}, 1, 1, 2, 2))},
		{"huge constant", "onnx: ConstantOfShape", of(model(node("ConstantOfShape", "c", "y")), "c", onnxmodel.Ints(1<<40))},
		{"huge range", "too many elements", with(with(with(model(node("Range", "a b c", "y")), "a", scalar(0)), "b", scalar(1<<60)), "c", scalar(1)).Bytes()},
		{"range by 0", "delta is 0", with(with(with(model(node("Range", "a b c", "y")), "a", scalar(0)), "b", scalar(9)), "c", scalar(0)).Bytes()},
		{"huge tile", "onnx: Tile", with(with(model(node("Tile", "a b", "y")), "a", onnxmodel.Ints(1, 2)), "b", onnxmodel.Ints(1<<50)).Bytes()},
		{"long sum", "takes", with(with(model(node("ConstantOfShape", "a", "k"), node("MatMul", "k k", "y")), "a", onnxmodel.Ints(2000, 2000)), "b", scalar(0)).Bytes()},
		{"division by 0", "divided by 0", with(with(model(node("Div", "a b", "y")), "a", scalar(1)), "b", scalar(0)).Bytes()},
		{"index", "index 9 is out of range for a side of 4", of(model(node("Gather", "x c", "y", attr("axis", 1))), "c", scalar(9))},
		{"step 0", "step along axis 0 is 0", with(with(with(model(node("Slice", "x a b c a", "y")), "a", onnxmodel.Ints(0)), "b", onnxmodel.Ints(9)), "c", onnxmodel.Ints(0)).Bytes()},
		{"split", "does not fit", of(model(onnxmodel.Node{Op: "Split", Inputs: []string{"x", "c"}, Outputs: []string{"y", "z"}, Attributes: []onnxmodel.Attribute{attr("axis", 1)}}),
			"c", onnxmodel.Ints(3, 3))},
	}
}

func TestBadFiles(t *testing.T) {
	for _, c := range bad() {
		t.Run(c.name, func(t *testing.T) {
			_, err := onnx.Load(c.file, onnx.Options{})
			if err == nil {
				t.Fatal("it was taken")
			}
			if !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "onnx: ") {
				t.Errorf("error %q, want %q in it", err, c.want)
			}
		})
	}
}

// TestUnsupported looks at the fields of a refusal.
func TestUnsupported(t *testing.T) {
	_, err := onnx.Load(model(node("Relu", "x", "y", attr("slope", 2))).Bytes(), onnx.Options{})
	var u *onnx.UnsupportedError
	if !errors.As(err, &u) || u.Op != "Relu" || u.Node != "the Relu" || u.Attribute != "slope" {
		t.Errorf("error %#v", err)
	}
}

// good is a file with most of what a file can hold.
func good() []byte {
	m := model(
		node("Shape", "x", "s"), node("Gather", "s zero", "n"), node("Unsqueeze", "n axis", "n1"), node("Concat", "n1 rest", "to", attr("axis", 0)),
		node("Conv", "x w", "f", attr("pads", []int{1, 1, 1, 1}), attr("auto_pad", "NOTSET")),
		node("BatchNormalization", "f g g g g", "b", attr("epsilon", float32(1e-3))),
		node("Relu", "b", "r"), node("Reshape", "r to", "flat"), node("Identity", "flat", "y"))
	m = with(m, "zero", scalar(0))
	m = with(m, "axis", onnxmodel.Ints(0))
	m = with(m, "rest", onnxmodel.Ints(-1))
	w := &onnx.Tensor{Type: onnx.Float, Shape: []int{2, 4, 3, 3}}
	for i := range w.Len() {
		w.F32 = append(w.F32, float32(i%7)-3)
	}
	m = with(m, "w", w)
	m.Initializers = append(m.Initializers, onnxmodel.Initializer{Name: "g", Tensor: onnxmodel.Floats([]int{2}, 1, 2), Typed: true})
	// Files of old versions list initializers as inputs.
	m.Inputs = append(m.Inputs, onnxmodel.Value{Name: "w", Shape: []int{2, 4, 3, 3}})
	return m.Bytes()
}

func TestLoad(t *testing.T) {
	m, err := onnx.Load(good(), onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := m.Graph
	if len(g.Inputs) != 1 || g.Inputs[0].Name != "x" || len(g.Outputs) != 1 || g.Outputs[0].Name != "y" {
		t.Errorf("inputs %v, outputs %v", g.Inputs, g.Outputs)
	}
	var ops []string
	for _, n := range g.Nodes {
		ops = append(ops, n.Op)
	}
	if want := []string{"Conv", "Relu", "Reshape"}; !slices.Equal(ops, want) {
		t.Fatalf("operators %v, want %v", ops, want)
	}
	if got := g.Outputs[0].Shape; !slices.Equal(got, []int{1, 72}) {
		t.Errorf("shape %v", got)
	}
	conv := g.Nodes[0]
	if conv.Input(2) == nil || conv.Inputs[1].Const.F32[0] == -3 {
		t.Error("the normalisation is not in the weights")
	}
	if !slices.Equal(conv.Ints("kernel_shape", nil), []int{3, 3}) || !slices.Equal(conv.Ints("strides", nil), []int{1, 1}) || conv.Int("group", 0) != 1 {
		t.Errorf("attributes %+v", conv.Attributes)
	}
}

// TestTruncated cuts a file at each byte.
func TestTruncated(t *testing.T) {
	file := good()
	whole := 0
	for i := range file {
		if _, err := onnx.Load(file[:i], onnx.Options{}); err == nil {
			whole++
		}
	}
	// Behind the graph stands the opset, without which it is a file of opset 1.
	if whole > 1 {
		t.Errorf("%d cut files were taken", whole)
	}
}

func TestShapes(t *testing.T) {
	m := model(node("Relu", "x", "y"))
	m.Inputs[0].Shape = []int{-1, 3, -1, -1}
	if _, err := onnx.Load(m.Bytes(), onnx.Options{}); err == nil {
		t.Error("open sides were taken")
	}
	got, err := onnx.Load(m.Bytes(), onnx.Options{Inputs: map[string][]int{"x": {1, 3, 8, 9}}})
	if err != nil || !slices.Equal(got.Graph.Outputs[0].Shape, []int{1, 3, 8, 9}) {
		t.Errorf("%v", err)
	}
	for _, shape := range [][]int{{1, 4, 8, 9}, {1, 3, 8}, {1, 3, -1, 9}, {1, 3, 1 << 40, 9}} {
		if _, err := onnx.Load(m.Bytes(), onnx.Options{Inputs: map[string][]int{"x": shape}}); err == nil {
			t.Errorf("%v was taken", shape)
		}
	}
	if _, err := onnx.Load(m.Bytes(), onnx.Options{Inputs: map[string][]int{"z": {1}}}); err == nil {
		t.Error("a shape for an input that is not there was taken")
	}
	m.Inputs[0].Shape[2], m.Inputs[0].Shape[3] = 5, 5
	if got, err = onnx.Load(m.Bytes(), onnx.Options{}); err != nil || got.Graph.Inputs[0].Shape[0] != 1 {
		t.Errorf("the batch is not 1 by default: %v", err)
	}
}

// TestTensors reads each type in both of its forms.
func TestTensors(t *testing.T) {
	for _, c := range []*onnx.Tensor{
		{Type: onnx.Float, F32: []float32{1.5, -2, float32(math.Inf(1))}},
		{Type: onnx.Double, F32: []float32{1.5, -2, 1e30}},
		{Type: onnx.Float16, F32: []float32{1.5, -2, 0}},
		{Type: onnx.BFloat16, F32: []float32{1.5, -2, 1 << 30}},
		{Type: onnx.Int8, I64: []int64{1, -128, 127}}, {Type: onnx.Uint8, I64: []int64{1, 200, 255}},
		{Type: onnx.Int16, I64: []int64{1, -300, 300}}, {Type: onnx.Uint16, I64: []int64{1, 300, 65535}},
		{Type: onnx.Int32, I64: []int64{1, -1 << 31, 70000}}, {Type: onnx.Uint32, I64: []int64{1, 1<<32 - 1, 70000}},
		{Type: onnx.Int64, I64: []int64{1, -1 << 63, 1 << 40}}, {Type: onnx.Uint64, I64: []int64{1, 5, 1 << 40}},
		{Type: onnx.Bool, I64: []int64{1, 0, 1}},
	} {
		c.Shape = []int{3}
		for _, typed := range []bool{false, true} {
			name, got, err := onnx.ParseTensor(onnxmodel.Tensor("t", c, typed), onnx.Options{})
			if err != nil {
				t.Errorf("%v, typed %v: %v", c.Type, typed, err)
				continue
			}
			if name != "t" || got.Type != c.Type || !slices.Equal(got.F32, c.F32) || !slices.Equal(got.I64, c.I64) {
				t.Errorf("typed %v: %+v, want %+v", typed, got, c)
			}
		}
	}
}

// TestHalves checks all floats of 16 bits against what they are by definition.
func TestHalves(t *testing.T) {
	for v := range 1 << 16 {
		raw := []byte{byte(v), byte(v >> 8)}
		file := append([]byte{8, 1, 16, byte(onnx.Float16), 74, 2}, raw...)
		_, got, err := onnx.ParseTensor(file, onnx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		exponent, fraction := v>>10&31, float64(v&1023)
		want := math.Ldexp(1+fraction/1024, exponent-15)
		switch {
		case exponent == 0:
			want = math.Ldexp(fraction, -24)
		case exponent == 31 && fraction == 0:
			want = math.Inf(1)
		case exponent == 31:
			want = math.NaN()
		}
		if v>>15 != 0 {
			want = -want
		}
		if f := float64(got.F32[0]); f != want && (f == f || want == want) {
			t.Fatalf("%#x is %v, want %v", v, f, want)
		}
	}
}

// TestLimits checks that each limit is kept.
func TestLimits(t *testing.T) {
	file := good()
	for _, o := range []onnx.Options{{MaxNodes: 8}, {MaxConstBytes: 100}, {MaxElements: 100}, {MaxFold: 50}} {
		if _, err := onnx.Load(file, o); err == nil {
			t.Errorf("%+v is not kept", o)
		}
	}
}

// TestLongChain loads nodes in the wrong order, as deep as there may be.
func TestLongChain(t *testing.T) {
	const length = 16000
	var m onnxmodel.Model
	m.Inputs = []onnxmodel.Value{{Name: "v0", Shape: []int{2}}}
	m.Outputs = []onnxmodel.Value{{NoShape: true}}
	names := make([]string, length+1)
	for i := range names {
		names[i] = "v" + strconv.Itoa(i)
	}
	for i := length; i > 0; i-- {
		m.Nodes = append(m.Nodes, onnxmodel.Node{Op: "Relu", Inputs: []string{names[i-1]}, Outputs: []string{names[i]}})
	}
	m.Outputs[0].Name = names[length]
	got, err := onnx.Load(m.Bytes(), onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Graph.Nodes) != length || got.Graph.Nodes[0].Inputs[0] != got.Graph.Inputs[0] {
		t.Errorf("%d nodes", len(got.Graph.Nodes))
	}
}

// TestOutputsKeepTheirNames looks at outputs that are inputs, constants or each
// other.
func TestOutputsKeepTheirNames(t *testing.T) {
	m := model(node("Identity", "x", "a"), node("Relu", "x", "b"), node("Identity", "b", "c"), node("Identity", "b", "d"), node("Identity", "k", "e"))
	m = with(m, "k", onnxmodel.Floats([]int{1}, 5))
	m.Outputs = nil
	for _, name := range []string{"x", "a", "b", "c", "d", "e", "k"} {
		m.Outputs = append(m.Outputs, onnxmodel.Value{Name: name, NoShape: true})
	}
	got, err := onnx.Load(m.Bytes(), onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got.Graph.Outputs {
		if v.Name != m.Outputs[i].Name {
			t.Errorf("output %d is %q, want %q", i, v.Name, m.Outputs[i].Name)
		}
		if v.Const == nil && v.Producer == nil && v.Name != "x" {
			t.Errorf("output %q is made by nothing", v.Name)
		}
	}
}

// TestBoundedMemory loads files that ask for more than they hold, and files of
// many small things.
func TestBoundedMemory(t *testing.T) {
	type file struct {
		name string
		data []byte
	}
	var files []file
	for _, c := range bad() {
		files = append(files, file{c.name, c.file})
	}
	field := func(number int, b []byte) []byte {
		head := binary.AppendUvarint([]byte{byte(number<<3 | 2)}, uint64(len(b)))
		return append(head, b...)
	}
	repeat := func(number int, b []byte) []byte {
		one := field(number, b)
		return bytes.Repeat(one, 1<<20/len(one))
	}
	node := append(field(4, []byte("A")), field(2, []byte("b"))...)
	for name, graph := range map[string][]byte{
		"nodes":        repeat(1, node),
		"inputs":       field(1, append(repeat(1, nil), node...)),
		"attributes":   field(1, append(repeat(5, field(1, []byte("a"))), node...)),
		"integers":     field(1, append(field(5, append(field(1, []byte("a")), field(8, make([]byte, 1<<20))...)), node...)),
		"initializers": repeat(5, append([]byte{8, 0, 16, 1}, field(8, []byte("a"))...)),
		"values":       repeat(11, field(1, []byte("a"))),
		"sides":        field(11, field(2, field(1, field(2, repeat(1, nil))))),
		"int64_data":   field(5, append([]byte{16, 7}, field(7, make([]byte, 1<<20))...)),
	} {
		files = append(files, file{name, field(7, graph)})
	}
	for _, f := range files {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := onnx.Load(f.data, onnx.Options{}); err == nil {
			t.Errorf("%s: it was taken", f.name)
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 256<<20 {
			t.Errorf("%s: %d bytes were allocated for a file of %d", f.name, used, len(f.data))
		}
	}
}
