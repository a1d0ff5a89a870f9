// Package onnx turns an ONNX file into a graph that can be planned: it reads
// the protobuf, infers every shape, computes what is constant, folds batch
// normalisation and brings the operators of opsets 9 to 21 into one form each
// (see [Load]). It knows no device, no kernels and no detector heads; package
// eval beside it computes graphs in plain Go.
package onnx

// Model is a parsed file.
type Model struct {
	// Opset is the version of the standard operators that the file asks for.
	// After [Load] every operator has one form whatever the version was.
	Opset int
	Graph *Graph
}

// Graph is a list of nodes between inputs and outputs.
type Graph struct {
	Name string
	// Inputs are what the caller feeds; initializers are no inputs even where
	// the file lists them as such.
	Inputs []*Value
	// Outputs are in the order of the file. One may be a constant, or an input.
	Outputs []*Value
	// Nodes are in topological order.
	Nodes []*Node
}

// Value is a tensor between nodes: known in advance (Const), fed by the caller,
// or made by a node.
type Value struct {
	Name string
	Type DataType
	// Shape is complete and static after [Load]; a scalar has none.
	Shape []int
	// Const is nil unless the value is known at load.
	Const *Tensor
	// Producer is the node that makes the value; nil for inputs and constants.
	Producer *Node
}

// Len is how many elements the value has.
func (v *Value) Len() int { return count(v.Shape) }

// Tensor is a constant. Floating-point types are held in F32, integers and
// booleans, widened, in I64; the other of the two is nil.
type Tensor struct {
	Type  DataType
	Shape []int
	F32   []float32
	I64   []int64
}

// Len is how many elements the tensor has.
func (t *Tensor) Len() int { return count(t.Shape) }

// count multiplies the sides of a shape; a scalar's is 1.
//
//go:noinline
func count(shape []int) int {
	n := 1
	for _, s := range shape {
		n *= s
	}
	return n
}

// DataType is an element type, numbered as TensorProto.DataType in onnx.proto.
type DataType uint8

// The element types that are known.
const (
	Undefined DataType = 0
	Float     DataType = 1
	Uint8     DataType = 2
	Int8      DataType = 3
	Uint16    DataType = 4
	Int16     DataType = 5
	Int32     DataType = 6
	Int64     DataType = 7
	String    DataType = 8 // named only: tensors of strings are refused
	Bool      DataType = 9
	Float16   DataType = 10
	Double    DataType = 11
	Uint32    DataType = 12
	Uint64    DataType = 13
	BFloat16  DataType = 16
)

// IsFloat tells whether tensors of the type are held in F32.
//
//go:noinline
func (t DataType) IsFloat() bool {
	return t == Float || t == Float16 || t == Double || t == BFloat16
}

// IsInt tells whether tensors of the type are held in I64.
func (t DataType) IsInt() bool {
	return t >= Uint8 && t <= Int64 || t == Bool || t == Uint32 || t == Uint64
}

// Node is one operator.
type Node struct {
	// Op is the operator, such as "Conv".
	Op string
	// Name is the node's own name; where the file gives none, that of its first
	// output.
	Name string
	// Domain is the operator set; "" is the standard one, the only one that
	// [Load] lets through.
	Domain string
	// Inputs may hold nil for an optional input that is left out; the last one
	// is never nil.
	Inputs []*Value
	// Outputs may hold nil for an optional output that nobody wants; the first
	// one is never nil.
	Outputs []*Value
	// Attributes are sorted by nothing: there are few. Use the getters.
	Attributes []Attribute
}

// Input is the i-th input, nil where it is left out.
//
//go:noinline
func (n *Node) Input(i int) *Value {
	if i < len(n.Inputs) {
		return n.Inputs[i]
	}
	return nil
}

// AttributeKind says which field of an [Attribute] holds its value, numbered as
// AttributeProto.AttributeType in onnx.proto.
type AttributeKind uint8

// The kinds of attributes. Graphs and kinds without a name here are kept by
// name alone.
const (
	KindFloat  AttributeKind = 1
	KindInt    AttributeKind = 2
	KindString AttributeKind = 3
	KindTensor AttributeKind = 4
	KindGraph  AttributeKind = 5
	KindFloats AttributeKind = 6
	KindInts   AttributeKind = 7
	KindTexts  AttributeKind = 8
)

// Attribute is a named constant of a node.
type Attribute struct {
	Name   string
	Kind   AttributeKind
	Float  float32
	Int    int
	String string
	Tensor *Tensor
	Floats []float32
	Ints   []int
}

// Attribute is the attribute of that name, nil where there is none.
//
//go:noinline
func (n *Node) Attribute(name string) *Attribute {
	for i := range n.Attributes {
		if n.Attributes[i].Name == name {
			return &n.Attributes[i]
		}
	}
	return nil
}

// Int is the integer attribute of that name, or def where there is none. That
// attributes are of the kind their operator asks for is checked by [Load].
//
//go:noinline
func (n *Node) Int(name string, def int) int {
	if a := n.Attribute(name); a != nil && a.Kind == KindInt {
		return a.Int
	}
	return def
}

// Ints is the list of integers of that name, or def where there is none.
//
//go:noinline
func (n *Node) Ints(name string, def []int) []int {
	if a := n.Attribute(name); a != nil && a.Kind == KindInts {
		return a.Ints
	}
	return def
}

// Float is the number of that name, or def where there is none.
//
//go:noinline
func (n *Node) Float(name string, def float32) float32 {
	if a := n.Attribute(name); a != nil && a.Kind == KindFloat {
		return a.Float
	}
	return def
}

// Floats is the list of numbers of that name, or def where there is none.
//
//go:noinline
func (n *Node) Floats(name string, def []float32) []float32 {
	if a := n.Attribute(name); a != nil && a.Kind == KindFloats {
		return a.Floats
	}
	return def
}

// String is the text of that name, or def where there is none.
//
//go:noinline
func (n *Node) String(name, def string) string {
	if a := n.Attribute(name); a != nil && a.Kind == KindString {
		return a.String
	}
	return def
}

// Tensor is the tensor of that name, or nil.
func (n *Node) Tensor(name string) *Tensor {
	if a := n.Attribute(name); a != nil && a.Kind == KindTensor {
		return a.Tensor
	}
	return nil
}

// Set puts an attribute in the place of the one of its name.
func (n *Node) Set(a Attribute) {
	if old := n.Attribute(a.Name); old != nil {
		*old = a
		return
	}
	n.Attributes = append(n.Attributes, a)
}

// Consumers lists for each value the nodes that read it, in order; a node that
// reads it twice is there once.
func (g *Graph) Consumers() map[*Value][]*Node {
	users := make(map[*Value][]*Node)
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if v == nil {
				continue
			}
			if l := users[v]; len(l) == 0 || l[len(l)-1] != n {
				users[v] = append(l, n)
			}
		}
	}
	return users
}
